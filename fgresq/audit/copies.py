"""Interval tables that are printed twice under two names."""

from __future__ import annotations

from itertools import combinations

import pandas as pd

from fgresq.audit.finding import CERTAIN, TABLE5_17, Answer, Material, finding
from fgresq.audit.printed import Printed, ordered

INTERVAL_TABLES = tuple(f"table{number}" for number in range(5, 18))
COPY = 0.95  # share of equal cells; unrelated tables share a few per cent
LEAST = 20  # cells in both: fewer may be equal by chance
SHOWN = 5


@finding(
    "A table printed twice",
    "Two of the interval tables are one table, printed under the names of two data sets.",
    "One of the two data sets has no printed numbers at all: leave its table out, and count the "
    "other once.",
    TABLE5_17,
)
def copies(material: Material) -> Answer:
    """Count, for each two interval tables, the cells that are equal."""
    frame = likeness(material.printed)
    twins = frame[frame["equal"].ge(COPY * frame["cells"]) & frame["cells"].ge(LEAST)]
    said = [
        f"{row.one} and {row.other} are equal in {row.equal} of {row.cells} cells"
        for row in twins.itertuples()
    ]
    rest = frame.drop(twins.index)
    found = "; ".join(said) or "No two tables are equal"
    if len(rest):
        found += f". The next two share {rest['equal'].iloc[0]} of {rest['cells'].iloc[0]} cells"
    shown = frame.head(SHOWN).rename(
        columns={"one": "table", "other": "and table", "cells": "cells in both"}
    )
    because = "Equal digits in every cell; which of the two is the true one is another finding."
    return Answer(bool(len(twins)), f"{found}.", shown, CERTAIN, because)


def likeness(printed: Printed) -> pd.DataFrame:
    """Count for each two interval tables: one, other, cells in both, equal; the most alike first.

    Raises:
        CannotTell: there are no interval tables.
    """
    rows = printed.table(*INTERVAL_TABLES)
    cells = rows.pivot(index=["method", "bin", "stat"], columns="table", values="number")
    titles = rows.drop_duplicates("table").set_index("table")["dataset_or_task"]
    found = []
    for one, other in combinations(ordered(rows["table"]), 2):
        both = cells[[one, other]].dropna()
        equal = int(both[one].eq(both[other]).sum())
        found.append((title(one, titles), title(other, titles), len(both), equal))
    frame = pd.DataFrame(found, columns=["one", "other", "cells", "equal"])
    return frame.sort_values("equal", ascending=False, kind="stable", ignore_index=True)


def title(table: str, datasets: pd.Series) -> str:
    """Name a table as the paper does, with its data set."""
    return f"Table {table.removeprefix('table')} ({datasets[table]})"
