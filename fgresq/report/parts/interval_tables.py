"""The interval table (Table 2 of the paper): correlations inside five score intervals."""

from __future__ import annotations

import pandas as pd

from fgresq.report.paper import OVERALL, bin_name
from fgresq.report.parts.cells import (
    Cell,
    Methods,
    Row,
    Table,
    count,
    decimal,
    head,
    interval,
    missing,
    stats_of,
)
from fgresq.report.parts.comparison_tables import index

SMALL = 10  # a correlation over fewer images says next to nothing


def interval_tables(
    intervals: pd.DataFrame, titles: dict[str, str], methods: Methods
) -> list[Table]:
    """Build a table for each source and statistic."""
    tables = []
    for source in dict.fromkeys(intervals["source"]):
        own = intervals[intervals["source"] == source]
        for stat in stats_of(own["stat"]):
            rows = own[own["stat"] == stat]
            tables.append(interval_table(rows, source, titles.get(source, source), stat, methods))
    return tables


def interval_table(
    rows: pd.DataFrame, source: str, title: str, stat: str, methods: Methods
) -> Table:
    """Build methods by interval; under each value the value expected from noise alone."""
    rows = rows.assign(at=rows["bin"].map(bin_name))
    bins = sorted(dict.fromkeys(rows["at"]), key=lambda name: (name == OVERALL, name))
    values = index(rows, ["method", "at"])
    names = sorted(dict.fromkeys(rows["method"]), key=lambda m: (not methods.ranked(m), m))
    columns = head("Method")
    for name in bins:
        label = "overall" if name == OVERALL else name
        columns += [Cell(label, detail=f"n {count(bin_count(rows, name))}")]
        columns += [] if name == OVERALL else [Cell("null", detail=name)]
    body = [
        Row(
            [methods.cell(m), *(cell for b in bins for cell in bin_cells(values.get((m, b)), b))],
            mark=methods.role(m).replace(" ", "-"),
            fixed=not methods.ranked(m),
        )
        for m in names
    ]
    caption = f"{stat.upper()} inside five score intervals, {title}."
    return Table(
        f"intervals_{safe(source)}_{stat}", caption, columns, body, rows.drop(columns="at")
    )


def safe(name: str) -> str:
    """Make a name fit for a file and an identifier."""
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in name)


def bin_count(rows: pd.DataFrame, name: str) -> float | None:
    """Give the largest number of images that a method has in an interval."""
    found = rows.loc[rows["at"] == name, "n"].max()
    return None if missing(float(found)) else float(found)


def bin_cells(row: dict | None, name: str) -> list[Cell]:
    """Build the measured cell and, inside an interval, the null cell."""
    if row is None:
        return [Cell("–", mark="number")] * (1 if name == OVERALL else 2)
    few = not missing(row["n"]) and row["n"] < SMALL
    outside = (
        not missing(row["null_low"])
        and not missing(row["value"])
        and not (row["null_low"] <= row["value"] <= row["null_high"])
    )
    mark = "number" + (" few" if few else "") + (" outside" if outside and name != OVERALL else "")
    sort = "" if missing(row["value"]) else row["value"]
    low_high = interval(row["low"], row["high"])
    cells = [Cell(decimal(row["value"]), sort, low_high, mark, row=row["line"])]
    if name != OVERALL:
        null = "" if missing(row["null"]) else row["null"]
        cells.append(
            Cell(
                decimal(row["null"]),
                null,
                interval(row["null_low"], row["null_high"]),
                "number null",
                row=row["line"],
            )
        )
    return cells
