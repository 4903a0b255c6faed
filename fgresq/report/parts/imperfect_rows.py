"""Rows and scenarios of the tables of imperfect references, and how they are written."""

from __future__ import annotations

import pandas as pd

from fgresq.analysis.trivial import TRIVIAL
from fgresq.report.imperfect_results import Imperfect
from fgresq.report.parts.cells import Cell, Made, interval, missing, number, text

STANDARD, BELOW, ABOVE = "standard", "ref_below_test", "ref_above_test"
IMPERFECT, ALL, PLAIN = "imperfect", "all", "_plain"
SCENARIOS = {  # of the tables: what heads the column, and what stands below
    STANDARD: ("Standard", "the reference is perfect"),
    BELOW: ("Ref < Test", "the test image is better"),
    ABOVE: ("Ref > Test", "the test image is no better"),
    IMPERFECT: ("Both", "by triplets"),
    ALL: ("All", "mean of Standard and Both"),
}
LPIPS, JOD = "lpips", "jod"
LABELS = {LPIPS: "LPIPS", JOD: "JOD"}
FULL, RANDOM = "full", "random"
PARTS = {  # of a model, in their order
    "untrained": "F untrained",
    "fidelity": "F",
    "naturalness": "N",
    "distance": "D",
}
DISTANCE, FIDELITY, NATURALNESS = "distance", "fidelity", "naturalness"
VARIANTS = {  # the kinds of triplets that taught it
    FULL: "both",
    STANDARD: "perfect references",
    IMPERFECT: "imperfect references",
}
REFITTED = ("lpips_ft", "dists_ft")
MADE = Made("reports/afine/accuracy.csv", "make afine")
SHARES = "shares the label’s network"


def alone(imperfect: Imperfect, labels: str = LPIPS) -> pd.DataFrame:
    """Give the lines of accuracies, without those of differences; `line` is that of the file."""
    table = imperfect.table("accuracy")
    table = table.assign(line=range(2, len(table) + 2))
    return table[table["against"].eq("") & table["labels"].eq(labels)]


def compared(imperfect: Imperfect) -> pd.DataFrame:
    """Give the lines of differences; `line` is that of the file."""
    table = imperfect.table("accuracy")
    table = table.assign(line=range(2, len(table) + 2))
    return table[table["against"].ne("") & table["difference"].notna()]


def titles(imperfect: Imperfect) -> dict[str, str]:
    """Give the title of every row."""
    table = imperfect.table("accuracy")
    return dict(zip(table["row"], table["title"], strict=True))


def is_trivial(key: str) -> bool:
    """Tell whether a row takes a line of code, or none of a trained network."""
    return key in TRIVIAL or key.startswith(f"{RANDOM}-")


def mark_of(key: str) -> str:
    """Give the class of a row."""
    return "sanity" if is_trivial(key) else ""


def name_cell(title: str, kind: str, shares: str, trivial: bool = False) -> Cell:
    """Give the cell of a row's name, tagged where it shares the label's network or is trivial."""
    tag = SHARES if shares == "true" else "sanity" if trivial else kind
    return text(title, "name", tag)


def accuracy_cell(line: dict | None, mark: str = "") -> Cell:
    """Give the cell of an accuracy with its interval; the reason where there is none."""
    if line is None:
        return Cell("–", mark="number")
    if missing(line["accuracy"]):
        return Cell("–", "", line["reason"], "number")
    ends = interval(line["low"], line["high"])
    return number(line["accuracy"], 3, ends, mark, row=line["line"])


def verdict_of(low: float, high: float) -> str:
    """Say what the interval of a paired difference carries."""
    if missing(low) or missing(high):
        return "unknown"
    return "above" if low > 0 else "below" if high < 0 else "not told apart"
