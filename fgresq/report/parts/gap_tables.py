"""Accuracy from fine to coarse, and what a method costs."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fgresq.analysis.trivial import TRIVIAL
from fgresq.analysis.trust_tables import ALL_GAPS, AVERAGE
from fgresq.report.parts.cells import (
    Cell,
    Methods,
    Row,
    Table,
    decimal,
    head,
    interval_of,
    missing,
    number,
    text,
)
from fgresq.report.parts.significance_tables import task_filter, with_trivial
from fgresq.report.parts.svg import CYCLE, MUTED, Picture, picture, style
from fgresq.report.results import Run

LEADING = 4  # methods that a panel draws
COLUMNS_OF_PANELS = 3
HALF = 0.5  # a coin


def cost_cell(costs: Mapping[str, float], method: str) -> Cell:
    """Give the cell of what a method costs: milliseconds a megapixel, on one thread of a CPU."""
    cost = costs.get(method)
    return number(cost, 0 if cost is None or cost >= 10 else 1 if cost >= 1 else 2)


def gap_table(run: Run, methods: Methods, costs: Mapping[str, float]) -> Table | None:
    """Build the accuracy of every method by task and gap, with its cost.

    Args:
        run: with the table `gaps`.
        methods: with their roles in it.
        costs: milliseconds a megapixel, by method.
    """
    table, known = run.trust["gaps"], with_trivial(methods)
    if table.empty:
        return None
    gaps = list(dict.fromkeys(table["gap"]))
    lines = {(r.task, r.method, r.gap): (i, r) for i, r in enumerate(table.itertuples(), start=2)}
    best = best_of(table, known)
    rows = []
    order = by_accuracy(run)
    pairs = dict.fromkeys(zip(table["task"], table["method"], strict=True))
    for task, method in sorted(pairs, key=lambda pair: order.get(pair[1], len(order))):
        cells = [known.cell(method), text(task), cost_cell(costs, method)]
        for gap in gaps:
            line, r = lines.get((task, method, gap), (None, None))
            if r is None or missing(r.value):
                cells.append(Cell("–", mark="number"))
                continue
            mark = "best" if best.get((task, gap)) == method else ""
            cells.append(number(r.value, 3, interval_of(r._asdict()), mark, row=line))
        role = known.role(method).replace(" ", "-")
        rows.append(Row(cells, role, not known.ranked(method), {"task": task}))
    columns = head(
        "Method",
        "Task",
        ("ms a megapixel", "one CPU thread"),
        *(("All gaps", "ACC") if gap == ALL_GAPS else (gap, "of the range") for gap in gaps),
    )
    note = "The gap of a pair is the difference of its two labels, in % of the data set's range."
    caption = "Accuracy from fine gaps to coarse, with 95 % intervals over families."
    return Table("gaps", caption, columns, rows, table, [task_filter(table, AVERAGE)], note)


def by_accuracy(run: Run) -> dict[str, int]:
    """Give the place of every method by its accuracy averaged over tasks; 0 is the best."""
    table = run.trust["gaps"]
    own = table[table["task"].eq(AVERAGE) & table["gap"].eq(ALL_GAPS)]
    ordered = own.sort_values("value", ascending=False, kind="stable")["method"]
    return {method: place for place, method in enumerate(ordered)}


def best_of(table: pd.DataFrame, methods: Methods) -> dict[tuple[str, str], str]:
    """Name the ranked method with the highest accuracy of each task and gap."""
    ranked = table[[methods.ranked(m) for m in table["method"]]].dropna(subset=["value"])
    rows = ranked.loc[ranked.groupby(["task", "gap"])["value"].idxmax()]
    return {(r.task, r.gap): r.method for r in rows.itertuples()}


def gap_figure(run: Run, methods: Methods) -> Picture | None:
    """Draw accuracy by gap, a panel a task: its leading methods and its best trivial row."""
    table, known = run.trust["gaps"], with_trivial(methods)
    tasks = sorted(dict.fromkeys(table["task"]), key=lambda task: task != AVERAGE)
    if not tasks:
        return None
    count = -(-len(tasks) // COLUMNS_OF_PANELS)
    said = []
    with style():
        figure = Figure(figsize=(8.4, 0.4 + 2.3 * count), layout="constrained")
        panels = figure.subplots(count, COLUMNS_OF_PANELS, sharey=True, squeeze=False).ravel()
        for axes, task in zip(panels, tasks, strict=False):
            names = leading(table[table["task"].eq(task)], known)
            draw_gaps(axes, table[table["task"].eq(task)], names, known)
            axes.set_title(task)
            said.append(f"{task}: {', '.join(known.title(name) for name in names)}")
        for axes in panels[len(tasks) :]:
            axes.set_visible(False)
        panels[0].set_ylabel("ACC")
        caption = (
            f"Accuracy from fine gaps to coarse (% of the range of scores): the {LEADING} methods "
            "that lead each task, and dashed its best trivial row. Bars: 95 % over families."
        )
        alternative = f"Accuracy by gap, methods from the best down. {'; '.join(said)}"
        return picture(figure, "fig-gaps", caption, alternative)


def leading(own: pd.DataFrame, methods: Methods) -> list[str]:
    """Name the methods of a task that a panel shows: the leading ones, then the best trivial."""
    whole = own[own["gap"].eq(ALL_GAPS)].dropna(subset=["value"])
    ordered = whole.sort_values(["value", "method"], ascending=[False, True])["method"]
    ranked = [m for m in ordered if methods.ranked(m) and m not in TRIVIAL]
    return [*ranked[:LEADING], *[m for m in ordered if m in TRIVIAL][:1]]


def draw_gaps(axes: Axes, own: pd.DataFrame, names: list[str], methods: Methods) -> None:
    """Draw the lines of one task."""
    gaps = [gap for gap in dict.fromkeys(own["gap"]) if gap != ALL_GAPS]
    for place, name in enumerate(names):
        rows = own[own["method"].eq(name)].set_index("gap").reindex(gaps)
        x = [k + 0.06 * (place - len(names) / 2) for k in range(len(gaps))]
        trivial = name in TRIVIAL
        colour, line = (MUTED, "--") if trivial else (CYCLE[place % len(CYCLE)], "-")
        axes.vlines(x, rows["low"], rows["high"], color=colour, linewidth=0.8)
        title = methods.title(name).replace("$", r"\$")
        axes.plot(x, rows["value"], line, marker="o", markersize=3, color=colour, label=title)
    axes.axhline(HALF, color=MUTED, linewidth=0.6, linestyle=":")
    axes.set_xticks(range(len(gaps)), [gap.replace(" to ", "–") for gap in gaps])
    axes.legend(fontsize=7, loc="upper left")
    axes.set_ylim(0.25, 1.6)
    axes.set_yticks([0.25, 0.5, 0.75, 1.0], [decimal(v, 2) for v in (0.25, 0.5, 0.75, 1.0)])
