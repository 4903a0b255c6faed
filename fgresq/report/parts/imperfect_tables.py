"""Accuracy where the reference is not perfect: of all rows, by both labels, with parts left out."""

from __future__ import annotations

import pandas as pd

from fgresq.report.imperfect_results import Imperfect
from fgresq.report.parts.cells import (
    Cell,
    Filter,
    Row,
    Table,
    decimal,
    head,
    interval,
    text,
)
from fgresq.report.parts.imperfect_rows import (
    ABOVE,
    ALL,
    BELOW,
    FULL,
    JOD,
    LABELS,
    MADE,
    PARTS,
    PLAIN,
    REFITTED,
    SCENARIOS,
    STANDARD,
    VARIANTS,
    accuracy_cell,
    alone,
    compared,
    is_trivial,
    mark_of,
    name_cell,
    titles,
    verdict_of,
)

SIGNS = {"above": "▲", "below": "▼", "not told apart": "○", "unknown": "–"}
MARKS = {"above": "better", "below": "worse", "not told apart": "not-comparable", "unknown": ""}
OWN, FITTED, OTHERS = "F, N and D", "refitted here", "other methods"
Lines = dict[tuple[str, str], dict]  # by row and scenario


def by_place(table: pd.DataFrame) -> Lines:
    """Give the lines of a table by row and scenario."""
    return {(line["row"], line["scenario"]): line for line in table.to_dict("records")}


def group_of(key: str, backbone: str) -> str:
    """Name the kind of a row, for the filter."""
    return OWN if backbone else FITTED if key in REFITTED else OTHERS


def best_of(table: pd.DataFrame) -> set[int]:
    """Give the lines of the highest accuracy of each scenario; trivial rows and sharers are out."""
    ranked = table[table["shares_label"].ne("true") & ~table["row"].map(is_trivial)]
    ranked = ranked.dropna(subset=["accuracy"])
    return set(ranked.loc[ranked.groupby("scenario")["accuracy"].idxmax(), "line"])


def accuracy_table(imperfect: Imperfect) -> Table:
    """Build the accuracy of every row in every scenario, by the labels of LPIPS."""
    table = alone(imperfect)
    table = table[table["variant"].isin(["", FULL])]
    lines, best = by_place(table), best_of(table)
    rows = []
    for own in table.drop_duplicates("row").to_dict("records"):
        key = own["row"]
        found = [lines.get((key, scenario)) for scenario in SCENARIOS]
        cells = [accuracy_cell(f, "best" if f and f["line"] in best else "") for f in found]
        name = name_cell(own["title"], own["kind"], own["shares_label"], is_trivial(key))
        kind = {"kind": group_of(key, own["backbone"])}
        rows.append(Row([name, *cells], mark_of(key), filters=kind))
    columns = [*head(("Method", "F, N and D: by folds of photographs")), *head(*SCENARIOS.values())]
    note = "Small: 95 % over photographs. Bold: the highest of those that share no network with "
    note += "the label. "
    kinds = [Filter("kind", "Rows", [OWN, FITTED, OTHERS])]
    caption = "2AFC accuracy by scenario, simulated observers (LPIPS)."
    return Table(
        "imperfect_accuracy_ours", caption, columns, rows, table, kinds, note + counts(table), MADE
    )


def counts(table: pd.DataFrame) -> str:
    """Say how many triplets and photographs are behind each column."""
    most = table.groupby("scenario")[["triplets", "families"]].max()
    said = [
        f"{SCENARIOS[name][0]} {most.loc[name, 'triplets']:.0f}"
        for name in (STANDARD, BELOW, ABOVE)
        if name in most.index
    ]
    photographs = f" of {most['families'].max():.0f} photographs" if len(most) else ""
    return f"Triplets: {', '.join(said)}{photographs}."


def averages_table(imperfect: Imperfect) -> Table | None:
    """Build both forms of the averages: by triplets and plain; None where there is one form."""
    table = alone(imperfect)
    names = [n for s in SCENARIOS for n in (s, s + PLAIN) if s + PLAIN in set(table["scenario"])]
    if not names:
        return None
    table = table[table["scenario"].isin(names) & table["variant"].isin(["", FULL])]
    lines = by_place(table)
    rows = [
        Row(
            [
                name_cell(own["title"], own["kind"], own["shares_label"], is_trivial(own["row"])),
                *(accuracy_cell(lines.get((own["row"], name))) for name in names),
            ],
            mark_of(own["row"]),
        )
        for own in table.drop_duplicates("row").to_dict("records")
    ]
    forms = [
        (
            SCENARIOS[name.removesuffix(PLAIN)][0],
            "plain mean" if name.endswith(PLAIN) else "as above",
        )
        for name in names
    ]
    caption = "Averages in both forms."
    return Table("imperfect_averages", caption, head("Method", *forms), rows, table, made=MADE)


def labels_table(imperfect: Imperfect) -> Table | None:
    """Build accuracy by the labels of LPIPS beside that by JOD; None without the latter."""
    if alone(imperfect, JOD).empty:
        return None
    tables = {name: alone(imperfect, name) for name in LABELS}
    tables = {name: t[t["variant"].isin(["", FULL])] for name, t in tables.items()}
    lines = {name: by_place(table) for name, table in tables.items()}
    both = pd.concat(tables.values(), ignore_index=True)
    shown = (STANDARD, BELOW, ABOVE, ALL)
    rows = []
    for key, own in both.groupby("row", sort=False):
        first = own.iloc[0]
        sharing = [
            LABELS[n] for n in LABELS if own[own["labels"].eq(n)]["shares_label"].eq("true").any()
        ]
        tag = f"shares the network of {' and '.join(sharing)}" if sharing else first["kind"]
        cells = [
            accuracy_cell(lines[labels].get((str(key), scenario)))
            for scenario in shown
            for labels in LABELS
        ]
        rows.append(Row([text(first["title"], "name", tag), *cells], mark_of(str(key))))
    columns = head("Method")
    for scenario in shown:
        columns += head(
            *((SCENARIOS[scenario][0], f"labels by {title}") for title in LABELS.values())
        )
    caption = "What hangs on the label: the same triplets’ images, labelled by LPIPS and by JOD."
    note = "Where the two disagree, the accuracy tells of the label."
    return Table("imperfect_labels", caption, columns, rows, both, note=note, made=MADE)


def differences_table(imperfect: Imperfect) -> Table | None:
    """Build the paired differences of what was trained here, by both labels, with verdicts."""
    table = compared(imperfect)
    own = table["variant"].eq(FULL) | table["row"].isin(REFITTED)
    table = table[own & table["scenario"].isin(list(SCENARIOS))]
    if table.empty:
        return None
    names, there = titles(imperfect), [n for n in LABELS if table["labels"].eq(n).any()]
    rows = []
    for (key, against, scenario), found in table.groupby(
        ["row", "against", "scenario"], sort=False
    ):
        lines = {line["labels"]: line for line in found.to_dict("records")}
        cells = [text(names[key], "name"), text(SCENARIOS[scenario][0])]
        cells.append(text(names.get(against, against)))
        for labels in there:
            cells += difference_cells(lines.get(labels))
        at = {"scenario": SCENARIOS[scenario][0], "row": names[key]}
        rows.append(Row(cells, mark_of(key), filters=at))
    columns = head("Row", "Scenario", "Against")
    for labels in there:
        columns += head(("Difference", f"labels by {LABELS[labels]}; 95 %, paired"), "Says")
    shown = [title for title, _ in SCENARIOS.values()]
    filters = [
        Filter("scenario", "Scenario", shown, SCENARIOS[BELOW][0]),
        Filter("row", "Row", list(dict.fromkeys(row.filters["row"] for row in rows))),
    ]
    caption = "What the intervals carry: differences over the same photographs."
    note = "In points of a hundred. The best row of a line of code is chosen by the very triplets, "
    note += "in its favour."
    return Table("imperfect_differences", caption, columns, rows, table, filters, note, MADE)


def difference_cells(line: dict | None) -> list[Cell]:
    """Give the cells of a difference, in points, and of what it says."""
    if line is None:
        return [Cell("–", mark="number"), text("–")]
    said = verdict_of(line["difference_low"], line["difference_high"])
    ends = interval(100 * line["difference_low"], 100 * line["difference_high"], 1)
    gap = 100 * line["difference"]
    shown = Cell(decimal(gap, 1, sign=True), gap, ends, "number", row=line["line"])
    return [shown, Cell(f"{SIGNS[said]} {said}", said, mark=f"verdict {MARKS[said]}".strip())]


def ablation_table(imperfect: Imperfect) -> Table | None:
    """Build the accuracy of every part of every model: backbone, part, kinds of triplets."""
    table = alone(imperfect)
    table = table[table["backbone"].ne("")]
    if table.empty:
        return None
    lines, rows = by_place(table), []
    for own in table.drop_duplicates("row").to_dict("records"):
        backbone = own["title"].partition(")")[0].rpartition("(")[2] or own["backbone"]
        taught, part = (
            VARIANTS.get(own["variant"], own["variant"]),
            PARTS.get(own["part"], own["part"]),
        )
        taught = "–" if own["part"] == "untrained" else taught
        cells = [accuracy_cell(lines.get((own["row"], scenario))) for scenario in SCENARIOS]
        at = {"backbone": backbone, "part": part, "taught": taught}
        named = [text(backbone, "name"), text(part), text(taught)]
        rows.append(Row([*named, *cells], mark_of(own["row"]), filters=at))
    columns = head("Backbone", "Part", ("Taught by", "triplets of"), *SCENARIOS.values())
    filters = [
        Filter(key, label, list(dict.fromkeys(row.filters[key] for row in rows)))
        for key, label in (("backbone", "Backbone"), ("part", "Part"), ("taught", "Taught by"))
    ]
    caption = "Ablations: backbone, F alone, N alone, D, and the triplets that taught them."
    return Table("imperfect_ablation", caption, columns, rows, table, filters, made=MADE)
