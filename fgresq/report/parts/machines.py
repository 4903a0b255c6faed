"""Sentences of the report on what may move between processors, from what was measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fgresq.files import read_json
from fgresq.measures import MEASURES, MeasureName

UNMEASURED = (
    "How far numbers move between processors was not measured for this preset: what is chosen by "
    "name or read (images, samples, splits) is the same, the last digits of what is computed may "
    "differ, and with them a pair or a label that lies at a border."
)


def read_machines(path: str | Path | None) -> dict[str, Any]:
    """Read the record of `make check-machines`; empty where there is none."""
    return read_json(path) if path and Path(path).exists() else {}


def machines_sentences(
    record: dict[str, Any], preset: str, measure: MeasureName | None
) -> list[str]:
    """Say which numbers may move between processors, and by how much.

    Args:
        record: as workflow/check_machines.py keeps it; empty where nothing was measured.
        preset: of the run shown.
        measure: that its simulated observers see; what was measured of another says nothing.
    """
    if record.get("preset") != preset or record.get("measure") != measure:
        return [UNMEASURED]
    changed = record["pairs_in"] + record["pairs_out"] + record["labels_changed"]
    return [
        "The data and the pairs were made once more under the lowest instruction set (no AVX) and "
        f"compared. Of {record['images']:,} images {record['images_differing']:,} differ in some "
        f"bytes, by at most {record['gray_levels']} of 255 gray levels.",
        f"Label quality ({MEASURES[record['measure']].title}) moves by at most "
        f"{record['quality']:g}, scores in [0, 1] by "
        f"{record['score']:g}, the SSIM of {record['candidates']:,} pairs by {record['ssim']:g}, "
        f"the median SSIM that gives the JND threshold by {record['jnd_median']:g}, the rounded "
        f"threshold by {record['threshold']:g}.",
        "The sample, the pairs and the labels are the same."
        if not changed
        else f"Of {record['pairs']:,} pairs {record['pairs_out']} fall out and "
        f"{record['pairs_in']} come in; {record['labels_changed']} labels or vote shares change.",
        metrics_sentence(record.get("metrics")),
    ]


def metrics_sentence(metrics: dict[str, float] | None) -> str:
    """Say how far the numbers of this page move; or that this was not measured."""
    if metrics is None:
        return (
            "Further numbers of this page, and those of trained methods most, may move by what "
            "follows from that; it was not measured."
        )
    parts = []
    for side in ("untrained", "trained"):
        own = {kind: by for kind, by in metrics.items() if kind.startswith(f"{side} ")}
        single = [by for kind, by in own.items() if kind == f"{side} acc"]
        most = max(own.values(), default=0.0)
        parts.append(
            f"{side} methods: pair accuracy and its interval by at most "
            f"{max(single, default=0.0):g}, any number by {most:g}"
        )
    return f"All methods scored and trained anew: {'; '.join(parts)}."
