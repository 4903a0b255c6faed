"""Tables of the paper's numbers beside ours: each question a column of its own."""

from __future__ import annotations

from typing import Any

import pandas as pd

from fgresq.report.paper import BETTER, INCOMPARABLE, MATCH, WORSE
from fgresq.report.parts.cells import (
    Cell,
    Filter,
    Row,
    Table,
    decimal,
    head,
    interval,
    missing,
    text,
    whole,
)

SYMBOLS = {MATCH: "=", BETTER: "▲", WORSE: "▼", INCOMPARABLE: "○"}
STATE_SYMBOLS = {"reproduced": "●", "labels only": "◐", "stand-in": "◇", "absent": "–"}


def paper_table(name: str, caption: str, rows: pd.DataFrame, at: str, chosen: str) -> Table:
    """Build Paper, Ours, its interval and n, Difference, Coverage, Verdict; measured methods first.

    `at` heads the column of tasks or bins, of which `chosen` is shown at first. Where rows have the
    spread over at least two seeds, it is a column as well.
    """
    measured = set(rows.loc[rows["ours"].notna(), "method"])
    order = rows["method"].map(lambda method: method not in measured)
    rows = rows.iloc[order.argsort(kind="stable")]
    seeds = "sd_seeds" in rows and rows["sd_seeds"].notna().any()
    body = [
        Row(
            beside_cells(row, seeds),
            filters={"at": row["at"], "method": row["method"], "item": row["item"]},
        )
        for row in rows.to_dict("records")
    ]
    filters = [
        Filter("at", at, list(dict.fromkeys(rows["at"])), chosen),
        Filter("method", "Method", list(dict.fromkeys(rows["method"]))),
    ]
    if rows["item"].nunique() > 1:
        filters.insert(0, Filter("item", "Table", list(dict.fromkeys(rows["item"]))))
    spread = head(("SD over seeds", "mean is Ours")) if seeds else []
    columns = [*head("Method", at, "Statistic", "Paper", "Ours", "95 % interval"), *spread]
    columns += head(("n", "images; pairs for ACC"), "Difference", "Coverage", "Verdict")
    return Table(name, caption, columns, body, rows, filters)


def beside_cells(row: dict[str, Any], seeds: bool) -> list[Cell]:
    """Give the cells of a number of the paper and of ours."""
    return [
        text(row["method"], "name", row["kind"]),
        text(row["at"]),
        text(row["stat"].upper()),
        signed(row["paper"]),
        signed(row["ours"]),
        Cell(interval(row["low"], row["high"]) or "–", mark="number"),
        *([signed(row["sd_seeds"])] if seeds else []),
        whole(None if missing(row["ours"]) else row["n"]),
        signed(row["difference"], sign=True),
        coverage_cell(row["coverage"]),
        verdict_cell(row["verdict"], row["reason"]),
    ]


def signed(value: float, sign: bool = False) -> Cell:
    """Give the cell of a number, with a sign before differences."""
    return Cell(decimal(value, sign=sign), "" if missing(value) else value, mark="number")


def coverage_cell(state: str) -> Cell:
    """Give symbol and word of a state of coverage."""
    mark = "state " + state.replace(" ", "-")
    return Cell(f"{STATE_SYMBOLS[state]} {state}", state, mark=mark)


def verdict_cell(verdict: str, reason: str) -> Cell:
    """Give symbol, word and reason of a verdict."""
    mark = "verdict " + verdict.replace(" ", "-")
    return Cell(f"{SYMBOLS[verdict]} {verdict}", verdict, reason, mark)
