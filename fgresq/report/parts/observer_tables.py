"""Which measure stands for people: how often they agree with it, and what another would change."""

from __future__ import annotations

from typing import Any

import pandas as pd

from fgresq.analysis.observers import ENDS
from fgresq.analysis.roles import sharing_network
from fgresq.measures import MEASURES, MeasureName
from fgresq.report.parts.cells import Cell, Methods, Row, Table, head, interval, number, text, whole
from fgresq.report.results import Run

Rows = dict[str, dict[str, Any]]


def measures_table(run: Run) -> Table | None:
    """Build, a measure: agreement of people with it, and pairs decided at each of its slopes."""
    if not run.observers:
        return None
    found = run.observers["decided"]
    rows, frame = [], []
    for name in found:
        people, own = run.observers["agreement"][name] or {}, found[name]
        low, high = (people.get(end) for end in ("low", "high"))
        used = name == run.observers["measure"]
        rows.append(
            Row(
                [
                    text(MEASURES[name].title, "name", "in use" if used else ""),
                    number(people.get("value"), 3, interval(low, high)),
                    number(own["slope_fitted"], 3, slopes(own)),
                    *(whole(own[end]) for end in ENDS),
                    whole(own["pairs"]),
                ],
                mark="used" if used else "",
            )
        )
        frame.append({"measure": name, "agreement": people.get("value"), **own})
    ends = {"low": "lower end", "fitted": "fitted", "high": "upper end"}
    columns = head(
        "Measure",
        ("People agree", agreed_on(run)),
        ("Slope", "1 over its unit"),
        *((f"Decided, {ends[end]}", "pairs at this slope") for end in ENDS),
        "Pairs",
    )
    caption = "Measures that may stand for people, and how many pairs their observers decide."
    return Table("measures", caption, columns, rows, pd.DataFrame(frame))


def slopes(own: dict[str, float]) -> str:
    """Write the interval of a slope, or that there is none."""
    low, high = own["slope_low"], own["slope_high"]
    return "by definition" if low == high else interval(low, high)


def agreed_on(run: Run) -> str:
    """Say whose decided pairs an agreement is of."""
    people = [found for found in run.observers["agreement"].values() if found]
    if not people:
        return "not measured"
    return f"{people[0]['decided']} decided pairs of {people[0]['set'].upper()}"


def ranking_table(run: Run, methods: Methods) -> Table | None:
    """Build the ranking of methods by the labels of every measure, on the same pairs."""
    if run.relabelled.empty:
        return None
    names = list(dict.fromkeys(run.relabelled["measure"]))
    used = run.observers["measure"]
    names.sort(key=lambda name: name != used)
    by_measure = {name: ranked(run.relabelled, name) for name in names}
    order = sorted(by_measure[names[0]], key=lambda m: place(by_measure[names[0]][m]))
    rows = [
        Row(
            [
                methods.cell(method),
                *(c for name in names for c in pair_of(by_measure[name].get(method))),
            ],
            mark=methods.role(method).replace(" ", "-"),
        )
        for method in order
    ]
    columns = head(
        "Method",
        *(
            part
            for name in names
            for part in (f"Rank by {MEASURES[name].title}", (f"ACC by {MEASURES[name].title}", ""))
        ),
    )
    caption = "Rank and mean pair accuracy of methods by the labels of each measure."
    return Table("observers", caption, columns, rows, run.relabelled)


def ranked(table: pd.DataFrame, measure: MeasureName) -> Rows:
    """Give the rows of a measure by method, with their rank; its own method has none."""
    own = table[table["measure"].eq(measure)].sort_values("value", ascending=False)
    rows = {row["method"]: {**row, "rank": None} for row in own.to_dict("records")}
    others = [method for method in rows if method != MEASURES[measure].method]
    for rank, method in enumerate(others, start=1):
        rows[method]["rank"] = rank
    return rows


def place(row: dict[str, Any]) -> float:
    """Give where a row stands: the label source last."""
    return row["rank"] or float("inf")


def pair_of(row: dict[str, Any] | None) -> list[Cell]:
    """Give the cells of a rank and of the accuracy; of the label source no rank."""
    if row is None:
        return [Cell("–", mark="number"), Cell("–", mark="number")]
    if row["rank"] is None:
        rank = Cell("–", float("inf"), "label source", "number")
    else:
        rank = whole(row["rank"])
    return [rank, number(row["value"], 3, interval(row["low"], row["high"]))]


def evidence_table(run: Run) -> Table | None:
    """Build the agreement of people with every measure that was a candidate."""
    rows = run.observers.get("evidence") or []
    if not rows:
        return None
    frame = pd.DataFrame(rows)
    body = [
        Row(
            [
                text(row["measure"], "name"),
                number(row["acc"], 3, interval(row["acc_low"], row["acc_high"])),
                number(row["slope"], 3, interval(row["slope_low"], row["slope_high"])),
                number(row["nll"], 4),
            ]
        )
        for row in rows
    ]
    columns = head("Measure", ("ACC", "decided pairs"), "Slope", ("NLL", "of a vote; coin .6931"))
    counts = f"{rows[0]['decided']} decided of {rows[0]['pairs']} pairs"
    caption = f"Measures beside people: {rows[0]['set'].upper()}, {counts}."
    return Table("evidence", caption, columns, body, frame)


def shared_sentence(run: Run, methods: Methods) -> str:
    """Say which ranked methods read the weights of the label source."""
    if not run.observers:
        return ""
    title = MEASURES[run.observers["measure"]].title
    shared = [methods.title(name) for name in sharing_network(methods.entries)]
    if not shared:
        return f"No other method here reads the weights of {title}."
    return f"{', '.join(shared)} read weights of {title}: they may agree with it by descent."
