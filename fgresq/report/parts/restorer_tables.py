"""Which method over-rates which restorer."""

from __future__ import annotations

import pandas as pd

from fgresq.report.parts.cells import (
    Cell,
    Filter,
    Methods,
    Row,
    Table,
    count,
    decimal,
    head,
    interval,
    number,
    text,
    whole,
)
from fgresq.report.parts.significance_tables import with_trivial
from fgresq.report.results import Run

LEAST_PAIRS, LEAST_FAMILIES = 20, 3


def told(table: pd.DataFrame, methods: Methods) -> pd.DataFrame:
    """Keep what is told: ranked methods, pairs enough, and an interval that misses nought."""
    enough = table["n"].ge(LEAST_PAIRS) & table["families"].ge(LEAST_FAMILIES)
    ranked = pd.Series([methods.ranked(m) for m in table["method"]], table.index, dtype=bool)
    return table[enough & ranked & (table["low"].gt(0) | table["high"].lt(0))]


def restorer_table(run: Run, methods: Methods) -> Table | None:
    """Build the restorers that a method over-rates or under-rates, the greatest first."""
    table, known = run.trust["restorers"], with_trivial(methods)
    if table.empty:
        return None
    own = told(table, known).sort_values("difference", ascending=False, kind="stable")
    rows = [
        Row(
            [
                known.cell(r.method),
                text(r.restorer),
                text(r.task),
                number(r.prefers, row=r.Index + 2),
                number(r.observers, row=r.Index + 2),
                Cell(
                    decimal(r.difference, sign=True),
                    float(r.difference),
                    interval(r.low, r.high),
                    "number",
                    row=r.Index + 2,
                ),
                whole(r.n),
                whole(r.families),
            ],
            mark=known.role(r.method).replace(" ", "-"),
            filters={"task": r.task, "method": known.title(r.method)},
        )
        for r in own.itertuples()
    ]
    columns = head(
        "Method",
        "Restorer",
        "Task",
        ("Method prefers it", "proportion of pairs"),
        ("Observers prefer it", "proportion of pairs"),
        ("Over-rates by", "95 % over families"),
        ("n", "decided pairs"),
        "Families",
    )
    titles = sorted({known.title(m) for m in own["method"]})
    filters = [
        Filter("task", "Task", list(dict.fromkeys(own["task"]))),
        Filter("method", "Method", titles),
    ]
    note = (
        f"Shown: {count(len(own))} of {count(len(table))}, those of at least {LEAST_PAIRS} pairs "
        f"and {LEAST_FAMILIES} families whose interval misses 0; of many intervals a few miss it "
        "by chance. The CSV holds all."
    )
    caption = "Restorers that a method puts first more often, or less, than observers do."
    return Table("restorers", caption, columns, rows, table, filters, note)
