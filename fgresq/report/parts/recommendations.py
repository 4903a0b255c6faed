"""What may be recommended: by people's labels alone, and only what beats the trivial rows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from fgresq.analysis.roles import measure_of
from fgresq.analysis.significance import of_people, over_trivial, recommended
from fgresq.analysis.trust_tables import AVERAGE
from fgresq.human.ratings_columns import MEASURES as OF_RATINGS
from fgresq.human.ratings_columns import TABLE as RATINGS
from fgresq.human.ratings_columns import read_ratings
from fgresq.measures import MEASURES
from fgresq.report.parts.cells import (
    Cell,
    Filter,
    Made,
    Methods,
    Row,
    Table,
    decimal,
    head,
    interval,
    interval_of,
    missing,
    number,
    text,
)
from fgresq.report.parts.gap_tables import cost_cell
from fgresq.report.parts.significance_tables import task_filter, with_trivial
from fgresq.report.parts.transfer_tables import CONTROL, Transfer, label, row_title
from fgresq.report.results import Run

RECOMMENDED, AHEAD, NOT_SHOWN = "recommended", "ahead, no recommendation", "not shown to be better"
MARKS = {RECOMMENDED: "better", AHEAD: "tie", NOT_SHOWN: "not-comparable"}
SIGNS = {RECOMMENDED: "✓", AHEAD: "○", NOT_SHOWN: "∅"}
MOST_NAMED = 6
ROLES = {"select": "chosen on", "test": "test"}  # as the bench declared them


def heading(run: Run) -> str:
    """Say what the numbers of a run are agreement with, and whether they recommend anything."""
    origins = sorted(set(run.pairs["label_origin"]))
    if origins and all(map(of_people, origins)):
        return "Agreement with people"
    measure = measure_of(run.records)
    source = f"{MEASURES[measure].title} (the label source)" if measure else "the label source"
    return f"Agreement with {source}, not a recommendation"


def lead_table(run: Run, methods: Methods, costs: Mapping[str, float]) -> Table | None:
    """Build the lead of every method over the trivial row that it is least ahead of."""
    leads, known = over_trivial(run.trust["significance"]), with_trivial(methods)
    if leads.empty:
        return None
    sure = set(recommended(leads).index)
    rows = []
    for r in leads.sort_values("difference", ascending=False, kind="stable").itertuples():
        said = RECOMMENDED if r.Index in sure else AHEAD if r.beats else NOT_SHOWN
        rows.append(
            Row(
                [
                    known.cell(r.method),
                    text(r.task),
                    cost_cell(costs, r.method),
                    Cell(
                        decimal(r.difference, sign=True),
                        float(r.difference),
                        interval(r.low, r.high),
                        "number",
                    ),
                    text(known.title(r.against)),
                    text(r.origin),
                    Cell(
                        f"{SIGNS[said]} {said}",
                        said,
                        f"not compared with {r.lacking}" if r.lacking else "",
                        f"verdict {MARKS[said]}",
                    ),
                ],
                mark=known.role(r.method).replace(" ", "-"),
                filters={"task": r.task},
            )
        )
    columns = head(
        "Method",
        "Task",
        ("ms a megapixel", "one CPU thread"),
        ("ACC over the trivial row", "95 % over families"),
        ("Trivial row", "whose interval reaches lowest"),
        ("Labels", "who is behind them"),
        "Says",
    )
    caption = "Lead over the trivial rows: sharpness, a constant order, a random network."
    note = (
        "A recommendation needs labels of people and an interval above 0 over every trivial row, "
        "all of them compared."
    )
    return Table("leads", caption, columns, rows, leads, [task_filter(leads, AVERAGE)], note)


def people_table(transfer: Transfer | None) -> Table | None:
    """Build, a set that people rated: its best trivial row, its best row, what is recommended."""
    if transfer is None or not transfer.tables:
        return None
    frame = pd.concat([table.frame for table in transfer.tables], ignore_index=True)
    rows = []
    for (name, measure, votes), own in frame.groupby(["set", "measure", "votes"], sort=False):
        own = own[own["value"].notna()]
        tried = own[own["kind"].ne(CONTROL)].sort_values("value", ascending=False, kind="stable")
        if tried.empty:
            continue
        best = tried.iloc[0]
        trivial = own[own["row"].eq(best["against"])]
        ahead = tried[tried["difference_low"].gt(0) & tried["over_sharpness_low"].gt(0)]
        rows.append(
            Row(
                [
                    text(name, "name", ROLES.get(best["role"], "")),
                    text(label(str(measure), str(votes))),
                    text(names_of(ahead, str(name)), "prose"),
                    text(str(best["against"]).replace("_", " ")),
                    number(trivial["value"].iloc[0] if len(trivial) else None),
                    text(row_title(best), "prose short"),
                    number(best["value"], 3, interval_of(best.to_dict())),
                    Cell(
                        decimal(best["difference"], sign=True),
                        float(best["difference"]),
                        interval(best["difference_low"], best["difference_high"]),
                        "number",
                    ),
                ]
            )
        )
    columns = head(
        "Set",
        "Asked",
        ("Recommended", "beat the trivial rows by an interval"),
        "Best trivial row",
        "It has",
        "Best row",
        "It has",
        ("Lead", "95 %, paired"),
    )
    caption = "Sets that people rated: what beats the trivial rows, and so may be recommended."
    return Table("recommended", caption, columns, rows, frame, note=transfer.sentence)


def names_of(ahead: pd.DataFrame, name: str) -> str:
    """Name the rows that are ahead, the best first; those taught by the set itself say so."""
    if ahead.empty:
        return "none"
    taught = [name in row.split(" + ") for row in ahead["trained_on"]]
    said = [
        row_title(line) + (" (taught by other families of it)" if own else "")
        for (_, line), own in zip(ahead.iterrows(), taught, strict=True)
    ]
    rest = len(said) - MOST_NAMED
    return ", ".join(said[:MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def ratings_table(folder: str | Path | None) -> Table | None:
    """Build the committed table of SRIJ left out in parts; None where there is none."""
    if not folder or not (Path(folder) / RATINGS).exists():
        return None
    table, record = read_ratings(folder)
    measures = [name for name in OF_RATINGS if table["measure"].eq(name).any()]
    found = {
        (r.protocol, r.row, r.measure): (line, r)
        for line, r in enumerate(table.itertuples(), start=2)
    }
    rows = []
    for protocol, row, kind in dict.fromkeys(
        zip(table["protocol"], table["row"], table["kind"], strict=True)
    ):
        cells = [
            text(row.replace("_", " "), "name", "" if kind != CONTROL else CONTROL),
            text(protocol),
        ]
        for measure in measures:
            line, r = found.get((protocol, row, measure), (None, None))
            cells.append(rating_cell(line, r))
        rows.append(Row(cells, filters={"task": protocol}))
    columns = head("Row", "Left out", *((name, OF_RATINGS[name]) for name in measures))
    commit = str(record.get("commit", ""))[:12]
    made = Made(f"reports/human/{RATINGS}", str(record.get("command", "")), commit)
    caption = "SRIJ, rated by people, left out in parts; below each value its lead over sharpness."
    protocols = [Filter("task", "Left out", list(dict.fromkeys(table["protocol"])))]
    note = "Not made by this run."
    return Table("ratings", caption, columns, rows, table, protocols, note, made)


def rating_cell(line: int | None, r: Any) -> Cell:
    """Give the cell of one value of the ratings, with its lead over sharpness."""
    if r is None or missing(r.value):
        return Cell("–", mark="number")
    over = interval(r.over_sharpness_low, r.over_sharpness_high)
    detail = interval(r.low, r.high)
    detail += f"; {decimal(r.over_sharpness, sign=True)} {over}" if over else ""
    return number(r.value, 3, detail, row=line)
