"""Triplets in which F and N disagree, with lambda and whom D follows: to look at."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import pandas as pd

from fgresq.comparisons import ALIKE, STANDARD
from fgresq.errors import UserError
from fgresq.images import read_rgb
from fgresq.report.imperfect_results import Imperfect
from fgresq.report.parts.cells import Made, Row, Table, decimal, head, number, text, whole
from fgresq.report.parts.thumbnails import data_address, most_different

SIDE = 144  # pixels of a window
EACH = 2  # examples of each kind
PARTS = {
    "F": "scaled_fidelity",
    "N": "scaled_naturalness",
    "D": "distance",
}
KINDS = ((True, False, True), (True, False, False), (False, True, True), (False, True, False))
VALUES = ("scaled_fidelity", "scaled_naturalness", "weight", "distance")


@dataclass(frozen=True)
class Example:
    """A triplet to look at.

    Args:
        told: which of F, N and D are right.
        preferred: A or B, by the label.
        verdicts: of F, N and D: name, the image it takes for better, whether that is right.
        names: of the reference, A and B.
        values: of A and of B: F_s, N_s, lambda, D, as texts.
        reference: N_s of the reference, as text.
        windows: data addresses of the reference, A and B; empty where there are no pictures.
        width, height: of the windows, pixels.
        absent: why there are no pictures.
    """

    told: str
    preferred: str
    verdicts: list[tuple[str, str, bool]]
    names: tuple[str, str, str]
    values: dict[str, list[str]]
    reference: str
    windows: tuple[str, ...] = ()
    width: int = 0
    height: int = 0
    absent: str = ""


def judged_triplets(imperfect: Imperfect) -> pd.DataFrame:
    """Give the decided triplets with an imperfect reference, and whether F, N and D are right.

    Returns:
        The columns of triplets, `VALUES` and `reference_naturalness` of both images with _a and
        _b, and F, N and D: true where it takes the image that the label prefers; of the first
        backbone that has values. Without rows where the phase was not run here.
    """
    values, judged = imperfect.table("values"), imperfect.judged
    if judged is None or values.empty:
        return pd.DataFrame()
    own = values[values["backbone"].eq(values["backbone"].iloc[0])]
    own = own[["image", "reference", "reference_naturalness", *VALUES]]
    table = judged[1]
    table = table[table["type"].ne(STANDARD) & table["a_over_b"].ne(ALIKE)]
    for side in ("a", "b"):
        named = own.rename(columns={name: f"{name}_{side}" for name in own if name != "reference"})
        table = table.merge(named, on=[f"image_{side}", "reference"], how="inner")
    for part, column in PARTS.items():
        a_ahead = table[f"{column}_a"] < table[f"{column}_b"]
        b_ahead = table[f"{column}_b"] < table[f"{column}_a"]
        table[part] = a_ahead.where(table["a_over_b"].gt(ALIKE), b_ahead)
    return table


def agreement_table(triplets: pd.DataFrame) -> Table | None:
    """Count in how many triplets F and N are right or wrong, and D in each case."""
    if triplets.empty:
        return None
    frame = (
        triplets.groupby(["F", "N"], sort=True)["D"]
        .agg(["size", "mean"])
        .rename(columns={"size": "triplets", "mean": "D right"})
        .reset_index()
    )
    words = {True: "right", False: "wrong"}
    frame["weight"] = [
        triplets[triplets["F"].eq(f) & triplets["N"].eq(n)][["weight_a", "weight_b"]]
        .stack()
        .median()
        for f, n in zip(frame["F"], frame["N"], strict=True)
    ]
    rows = [
        Row([text(words[f]), text(words[n]), whole(size), number(right), number(weight, 2)])
        for f, n, size, right, weight in frame.itertuples(index=False, name=None)
    ]
    columns = head("F", "N", "Triplets", ("D right", "share"), ("λ", "median of both images"))
    caption = "Whom D follows: triplets with an imperfect reference, by whether F and N are right."
    made = Made("reports/afine/values.csv", "make afine")
    return Table("imperfect_agreement", caption, columns, rows, frame, made=made)


def examples(imperfect: Imperfect, triplets: pd.DataFrame) -> list[Example]:
    """Draw examples of each way in which F and N disagree, by a hash of names: no value chooses."""
    if triplets.empty or imperfect.judged is None:
        return []
    comparisons = imperfect.judged[0]
    paths = dict(zip(comparisons["image"], comparisons["path"], strict=True))
    paths |= dict(zip(comparisons["reference"], comparisons["reference_path"], strict=True))
    order = triplets[["reference", "image_a", "image_b"]].agg(" ".join, axis=1).map(digest)
    found = []
    for kind in KINDS:
        own = triplets[(triplets[list(PARTS)] == list(kind)).all(axis=1)]
        first = own.loc[order[own.index].sort_values(kind="stable").index[:EACH]]
        found += [example(line, paths) for line in first.to_dict("records")]
    return found


def digest(words: str) -> str:
    """Give what triplets are drawn by."""
    return hashlib.sha256(words.encode()).hexdigest()


def example(line: dict[str, Any], paths: dict[str, str]) -> Example:
    """Make an example of a triplet."""
    preferred = "A" if line["a_over_b"] > ALIKE else "B"
    other = "B" if preferred == "A" else "A"
    verdicts = [(part, preferred if line[part] else other, bool(line[part])) for part in PARTS]
    names = (line["reference"], line["image_a"], line["image_b"])
    values = {
        side.upper(): [decimal(line[f"{name}_{side}"], 2) for name in VALUES] for side in ("a", "b")
    }
    told = ", ".join(f"{part} {'right' if right else 'wrong'}" for part, _, right in verdicts)
    reference = decimal(line["reference_naturalness_a"], 2)
    try:
        windows, width, height = windows_of([paths[name] for name in names])
    except UserError as error:
        return Example(told, preferred, verdicts, names, values, reference, absent=str(error))
    return Example(told, preferred, verdicts, names, values, reference, windows, width, height)


def windows_of(paths: list[str]) -> tuple[tuple[str, ...], int, int]:
    """Cut the reference and both images through one window, where the latter differ most.

    Raises:
        UserError: one cannot be read.
    """
    images = [read_rgb(path) for path in paths]
    height, width = (min(image.shape[axis] for image in images) for axis in (0, 1))
    images = [image[:height, :width] for image in images]
    top, left = most_different(images[1], images[2], SIDE)
    cut = [image[top : top + SIDE, left : left + SIDE] for image in images]
    return tuple(map(data_address, cut)), cut[0].shape[1], cut[0].shape[0]
