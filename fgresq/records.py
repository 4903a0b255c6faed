"""The forms of records that one step writes as JSON and others read."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from fgresq.measures import MeasureName


class SourceRecord(TypedDict):
    """What a source yields: an item of sources.json.

    `status` is "present" or "absent", `absent` the code, reason and next step where it is absent;
    `tasks` counts the images of each task; `manifest` digests all images; `measure` is what the
    simulated observers of made images see, a key of MEASURES.
    """

    source: str
    title: str
    licence: str
    score_kind: str
    label_origin: str
    status: str
    absent: dict[str, str] | None
    images: int
    contents: int
    families: int
    groups: int
    algorithms: int
    tasks: dict[str, int]
    supplied_pairs: int
    notes: list[str]
    manifest: str
    measure: NotRequired[MeasureName]


def absence_of_source(record: SourceRecord) -> dict[str, str]:
    """Give code, reason and next step of a source that is absent."""
    absent = record["absent"]
    assert absent is not None, f"source '{record['source']}' is present"
    return absent


class Step(TypedDict):
    """What is left of a source's pairs after a step of the funnel."""

    step: str
    pairs: int
    images: int


class Funnel(TypedDict):
    """How the pairs of a source were filtered: an item of funnel.json.

    `tau` is by data set; `without_pairs` has reason and next step where no pair is left; `by_task`
    and `by_dataset` count the pairs after each step.
    """

    source: str
    tau: dict[str, float]
    threshold: float | None
    images: int
    groups: int
    groups_of_one: list[str]
    without_pairs: dict[str, str] | None
    steps: list[Step]
    by_task: dict[str, dict[str, int]]
    by_dataset: dict[str, dict[str, int]]
    supplied_pairs: int
    label_origin: str
    preferences: dict[str, int]


class Leak(TypedDict):
    """How many test images occur in training pairs too; `share` is null without a test image."""

    test_images: int
    also_in_train: int
    share: float | None


class FileRow(TypedDict):
    """A file of a fetched item: path below its folder; bytes are null where none were recorded."""

    path: str
    bytes: int | None
    sha256: str
