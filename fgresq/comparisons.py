"""Tables in which an image meets several references, and a reference may itself be tested.

In the image table an image has one reference or none. Where the reference need not be perfect, one
image is judged by several, and an original stands among the images that are compared, with itself
as its reference. So what is judged here is a comparison: an image and a reference.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from fgresq.errors import UserError, unknown
from fgresq.tables import check_numbers, read_scores, read_table, write_scores, write_table

BETTER, SIMILAR, WORSE = "Positive", "Similar", "Negative"  # an image against its reference
LABELS = (BETTER, SIMILAR, WORSE)
# First letters: how the images stand to the reference, P(ositive), S(imilar) or N(egative); Y is
# the reference. In a type of one letter the second image is the reference itself.
TYPES = ("PSY", "PNY", "SNY", "SSY", "PYY", "SYY", "NYY")
STANDARD = "standard"  # the type of triplets whose reference is perfect
ALIKE = 0.5  # a label: neither image is better

COMPARISON_COLUMNS: dict[str, type] = {
    "image": str,  # identifier: SOURCE/relative path
    "reference": str,  # identifier; that of the image itself where a reference is tested
    "path": str,
    "reference_path": str,
    "sha256": str,  # of the image file
    "reference_sha256": str,
    "source": str,
    "content": str,
    "family": str,  # what must not be split: the photograph
    "label": str,  # one of LABELS, by people or simulated observers; or empty
}
TRIPLET_COLUMNS: dict[str, type] = {
    "source": str,
    "type": str,  # one of TYPES, or STANDARD
    "image_a": str,  # never the reference, but in STANDARD
    "image_b": str,  # the reference itself in types that end in YY
    "reference": str,
    "a_over_b": float,  # 1: A is better, 0: B, 0.5: alike
    "a_over_reference": float,
    "b_over_reference": float,
    "content": str,
    "family": str,
}
COMPARED_COLUMNS: dict[str, type] = {  # a score table whose rows are comparisons
    "image": str,
    "reference": str,  # empty: the method looks at the image alone
    "method": str,
    "split": str,  # all: untrained, or trained elsewhere; family: trained on other families
    "value": float,  # empty where there is none
    "reason": str,  # why there is no value, else empty
}
MEND = "Mend the row, or leave it out"


def write_comparisons(path: str | Path, table: pd.DataFrame) -> None:
    """Write comparisons, in order of references and images."""
    write_table(path, table.sort_values(["reference", "image"]), COMPARISON_COLUMNS)


def read_comparisons(path: str | Path) -> pd.DataFrame:
    """Read comparisons.

    Raises:
        UserError: as `read_table` says, an image meets a reference twice, or a label is none.
    """
    table = read_table(path, COMPARISON_COLUMNS)
    twice = table[table.duplicated(["image", "reference"])]
    if len(twice):
        row = twice.iloc[0]
        problem = f"'{row['image']}' against '{row['reference']}' stands twice"
        raise UserError(path, problem, "Remove one of the rows")
    for label in table["label"].unique():
        if label not in ("", *LABELS):
            raise unknown(path, "label", label, LABELS)
    return table


def write_triplets(path: str | Path, table: pd.DataFrame) -> None:
    """Write triplets in their order."""
    write_table(path, table, TRIPLET_COLUMNS)


def read_triplets(path: str | Path, comparisons: pd.DataFrame) -> pd.DataFrame:
    """Read triplets.

    Args:
        path: of the table.
        comparisons: that they are made of.

    Raises:
        UserError: as `read_table` says; a type or a label is none; an image meets the reference in
            no comparison; or two rows contradict each other.
    """
    table = read_table(path, TRIPLET_COLUMNS)
    for kind in table["type"].unique():
        if kind not in (*TYPES, STANDARD):
            raise unknown(path, "type", kind, (*TYPES, STANDARD))
    for column in ("a_over_b", "a_over_reference", "b_over_reference"):
        check_numbers(table[column], table[column].isin((0, ALIKE, 1)), "label (0, 0.5, 1)", path)
    known = set(zip(comparisons["image"], comparisons["reference"], strict=True))
    for row, line in enumerate(table.itertuples(index=False), start=2):
        for image in (line.image_a, line.image_b):
            if (image, line.reference) not in known:
                problem = f"'{image}' against '{line.reference}' is no comparison"
                raise UserError(f"{path}, row {row}", problem, MEND)
    check_contradictions(table, path)
    return table


def check_contradictions(table: pd.DataFrame, path: str | Path) -> None:
    """Raise a UserError where the same two images are labelled one way and the other."""
    said: dict[tuple[str, str, str], tuple[float, int]] = {}
    for row, line in enumerate(table.itertuples(index=False), start=2):
        x, a, b = line.reference, line.image_a, line.image_b
        labels = (
            (a, b, line.a_over_b),
            (a, x, line.a_over_reference),
            (b, x, line.b_over_reference),
        )
        for first, second, label in labels:
            for one, other, told in ((first, second, label), (second, first, 1 - label)):
                before, at = said.setdefault((x, one, other), (told, row))
                if before != told:
                    problem = f"it contradicts row {at}: '{first}' against '{second}'"
                    raise UserError(f"{path}, row {row}", problem, MEND)


def write_compared(path: str | Path, scores: pd.DataFrame) -> None:
    """Write scores of comparisons, in order; errors are those of `write_scores`."""
    write_scores(path, scores.sort_values(["method", "reference", "image"]), COMPARED_COLUMNS)


def read_compared(path: str | Path) -> pd.DataFrame:
    """Read scores of comparisons; errors are those of `read_scores`."""
    return read_scores(path, COMPARED_COLUMNS)
