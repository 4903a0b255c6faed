"""Counts that should add up, within the paper and with what its sources published."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from fgresq.audit.averages import counts_of
from fgresq.audit.finding import CERTAIN, FIGURE2, FIGURE3, TABLE1, Answer, Material, finding
from fgresq.audit.printed import CannotTell, Printed, same
from fgresq.catalogues import catalogue

WHOLE = "FGRestore"  # the data set that the others of Table 1 are the sources of
EACH = ("MOS (ACR)", "MOS (5-level)", "MOS(DCR)")  # every rater rates every image
ONLY = {"deblurring": "MDD13"}  # a task's one source: MDD13 is the only set of deblurred images
HIDDEN = ("pipal",)  # only a part of it has public labels
Check = tuple[str, float, float, bool, str]  # what, printed, expected, right, why


@finding(
    "Counts that do not add up",
    "Counts in Table 1 contradict each other or the published data sets.",
    "Take the number of images of a data set from its authors, not from Table 1.",
    TABLE1,
    FIGURE2,
    FIGURE3,
)
def totals(material: Material) -> Answer:
    """Add up the counts of Table 1 and Figures 2 and 3, and compare them with those published."""
    printed = material.printed
    table = printed.table("table1").pivot(index="dataset_or_task", columns="stat", values="number")
    table = table.reindex(columns=["n_images", "n_pairs", "n_annotations", "n_algorithms"])
    if WHOLE not in table.index:
        raise CannotTell(f"Table 1 lacks the row of {WHOLE}")
    checks = [
        *sums(printed, table),
        *only_source(printed, table),
        *raters(printed, table),
        *published(table),
    ]
    names = ["what", "printed", "expected", "right", "why"]
    frame = pd.DataFrame(checks, columns=names).dropna().reset_index(drop=True)
    wrong = frame[~frame["right"]]
    said = [
        f"{row.what} {plain(row.printed)} against {plain(row.expected)}"
        for row in wrong.itertuples()
    ]
    found = f"{len(wrong)} of {len(frame)} checks fail" + (f": {'; '.join(said)}." if said else ".")
    frame["right"] = frame["right"].map({True: "yes", False: "no"})
    because = "Sums and divisions of printed counts, and counts that the catalogue of data sets "
    because += "has from their authors."
    return Answer(bool(len(wrong)), found, frame, CERTAIN, because)


def plain(count: float) -> str:
    """Write a count, with two decimals where it is none."""
    return f"{count:,.0f}" if count % 1 == 0 else f"{count:,.2f}"


def sums(printed: Printed, table: pd.DataFrame) -> Iterator[Check]:
    """Check the totals of the made data set against what they should add up from."""
    parts = table.drop(index=WHOLE)
    total = table.loc[WHOLE]
    algorithms = parts["n_algorithms"].sum(skipna=False)
    yield check("algorithms of FGRestore", total["n_algorithms"], algorithms, "sum of Table 1")
    for figure, why in (("fig2", "sum over tasks, Figure 2"), ("fig3", "last step, Figure 3")):
        last = printed.table(figure)["bin"].iloc[-1]
        rows = printed.numbers[
            printed.numbers["table"].eq(figure) & printed.numbers["bin"].eq(last)
        ]
        for stat, name in (("n_images", "images"), ("n_pairs", "pairs")):
            added = rows.loc[rows["stat"].eq(stat), "number"].sum(skipna=False)
            yield check(f"{name} of FGRestore", total[stat], added, why)


def only_source(printed: Printed, table: pd.DataFrame) -> Iterator[Check]:
    """Check that a task whose images are all from one data set has no more than that has."""
    images = counts_of(printed)["n_images"]
    for task, dataset in ONLY.items():
        has, used = table["n_images"].get(dataset), images.get(task)
        if has is not None and used is not None:
            why = f"no more than {dataset}, its only data set, has by Table 1"
            yield check(f"images of {task}", used, min(used, has), why)


def raters(printed: Printed, table: pd.DataFrame) -> Iterator[Check]:
    """Check that every image has a whole number of raters where each rates every image."""
    kinds = printed.texts("table1").set_index(["stat", "dataset_or_task"])["value"]
    for name, row in table.iterrows():
        if kinds.get(("annotation_type", name)) in EACH:
            each = row["n_annotations"] / row["n_images"]
            why = "annotations divided by images should be whole"
            yield check(f"raters of an image of {name}", each, np.rint(each), why)


def published(table: pd.DataFrame) -> Iterator[Check]:
    """Check the numbers of images against those that the catalogue of data sets has."""
    known = {same(entry["title"]): (name, entry) for name, entry in catalogue("sources").items()}
    for dataset, images in table["n_images"].items():
        name, entry = known.get(same(str(dataset)), ("", {}))
        expected = entry.get("expected", {}).get("images")
        if expected and name not in HIDDEN and dataset != WHOLE:
            yield check(f"images of {dataset}", images, expected, "as its authors published")


def check(what: str, printed: float, expected: float, why: str) -> Check:
    """Give a row: whether a printed count is the expected one."""
    return what, float(printed), float(expected), bool(abs(printed - expected) < 1e-9), why
