"""Tables of the paper's numbers beside ours: Paper, Ours, Difference, Verdict."""

from __future__ import annotations

import pandas as pd

from fgresq.report.cells import Cell, Filter, Row, Table, decimal, head, interval_of, missing, text
from fgresq.report.paper import BETTER, INCOMPARABLE, MATCH, WORSE

SYMBOLS = {MATCH: "=", BETTER: "▲", WORSE: "▼", INCOMPARABLE: "○"}


def paper_table(name: str, caption: str, rows: pd.DataFrame, at: str, chosen: str) -> Table:
    """Build Paper, Ours, Difference, Verdict; measured methods first.

    Ours stands with its interval and n below it. `at` heads the column of tasks or bins, of which
    `chosen` is shown at first.
    """
    measured = set(rows.loc[rows["ours"].notna(), "method"])
    order = rows["method"].map(lambda method: method not in measured)
    rows = rows.iloc[order.argsort(kind="stable")]
    body = [
        Row(
            [
                text(row.method, "name", row.kind),
                text(row.at),
                text(row.stat.upper()),
                Cell(decimal(row.paper), row.paper, mark="number"),
                Cell(
                    decimal(row.ours),
                    "" if missing(row.ours) else row.ours,
                    "" if missing(row.ours) else interval_of(row._asdict()),
                    "number",
                ),
                Cell(
                    decimal(row.difference, sign=True),
                    "" if missing(row.difference) else row.difference,
                    mark="number",
                ),
                verdict_cell(row.verdict, row.reason),
            ],
            filters={"at": row.at, "method": row.method, "item": row.item},
        )
        for row in rows.itertuples()
    ]
    filters = [
        Filter("at", at, list(dict.fromkeys(rows["at"])), chosen),
        Filter("method", "Method", list(dict.fromkeys(rows["method"]))),
    ]
    if rows["item"].nunique() > 1:
        filters.insert(0, Filter("item", "Table", list(dict.fromkeys(rows["item"]))))
    ours = ("Ours", "n: images; pairs for ACC")
    columns = head("Method", at, "Statistic", "Paper", ours, "Difference", "Verdict")
    return Table(name, caption, columns, body, rows, filters)


def verdict_cell(verdict: str, reason: str) -> Cell:
    """Give symbol, word and reason of a verdict."""
    mark = "verdict " + verdict.replace(" ", "-")
    return Cell(f"{SYMBOLS[verdict]} {verdict}", verdict, reason, mark)
