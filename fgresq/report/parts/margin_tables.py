"""How large a difference of a method must be before people see it, in its own unit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fgresq.analysis.trivial import TRIVIAL
from fgresq.analysis.trust_tables import ALL_TASKS, AT, EVERYWHERE, NEEDS, NEVER, WANTED
from fgresq.report.parts.cells import (
    Cell,
    Methods,
    Row,
    Table,
    count,
    head,
    missing,
    text,
    whole,
)
from fgresq.report.parts.gap_tables import by_accuracy
from fgresq.report.parts.significance_tables import task_filter, with_trivial
from fgresq.report.parts.svg import BLUE, MUTED, ORANGE, Picture, picture, style
from fgresq.report.results import Run

STEPS = 3  # round differences that a row shows
PANELS_ACROSS = 4
MINUS = "\u2212"


def size(value: float) -> str:
    """Write the size of a difference with two digits that count."""
    return np.format_float_positional(float(f"{value:.2g}"), trim="-")


def better(value: float, method: str, methods: Methods) -> str:
    """Write a difference that makes an image better: with the method's sign and its unit."""
    unit = methods.entry(method).get("unit", "")
    sign = "+" if methods.sign(method) > 0 else MINUS
    return f"{sign}{size(value)}{f' {unit}' if unit else ''}"


def percent(value: float) -> str:
    """Write a proportion in %."""
    return f"{100 * value:.0f} %"


def between(low: float, high: float, write: Any) -> str:
    """Write an interval of which an end may be open."""
    if missing(low) and missing(high):
        return ""
    ends = ["…" if missing(end) else write(end) for end in (low, high)]
    return f"[{ends[0]}, {ends[1]}]"


def chance_cell(row: Any, method: str, methods: Methods) -> Cell:
    """Give the cell of the chance at a difference."""
    detail = between(row.chance_low, row.chance_high, lambda end: f"{100 * end:.0f}")
    words = f"{better(row.difference, method, methods)}: {percent(row.chance)}"
    return Cell(words, float(row.chance), detail, "number")


def needs_cell(row: Any, method: str, methods: Methods, line: int) -> Cell:
    """Give the cell of what WANTED needs; where it is never reached, that."""
    if missing(row.difference):
        return Cell(NEVER, float("inf"), mark="number", row=line)
    detail = between(row.difference_low, row.difference_high, size)
    words = better(row.difference, method, methods)
    words = f"≤ {words}" if row.note == EVERYWHERE else words
    return Cell(words, float(row.difference), detail, "number", row=line)


def margin_table(run: Run, methods: Methods) -> Table | None:
    """Build, a method and task: the chance at round differences, and what WANTED needs."""
    table, known = run.trust["margin_steps"], with_trivial(methods)
    if table.empty:
        return None
    rows, order = [], by_accuracy(run)
    numbered = table.assign(line=range(2, len(table) + 2))
    numbered["place"] = [order.get(m, len(order)) for m in table["method"]]
    numbered = numbered.sort_values("place", kind="stable")
    for (task, method), own in numbered.groupby(["task", "method"], sort=False):
        method = str(method)
        chances = list(own[own["asked"].eq(AT)].itertuples())
        needs = next(own[own["asked"].eq(NEEDS)].itertuples())
        cells = [chance_cell(r, method, known) for r in chances]
        cells += [Cell("–", mark="number")] * (STEPS - len(cells))
        role = known.role(method).replace(" ", "-")
        shown = [known.cell(method), text(task), *cells]
        shown += [needs_cell(needs, method, known, needs.line), whole(needs.n)]
        shown += [whole(needs.families)]
        rows.append(Row(shown, role, not known.ranked(method), {"task": str(task)}))
    columns = head(
        "Method",
        "Task",
        ("Small", "difference: chance"),
        ("Usual", "difference: chance"),
        ("Large", "difference: chance"),
        (f"{percent(WANTED)} needs", "95 % interval"),
        ("n", "decided pairs"),
        "Families",
    )
    note = (
        "Chance that the preferred image is ranked first, at round differences: small, usual and "
        "large ones of the method; from the closest curve that never falls (isotonic regression "
        "over at most eight blocks of pairs). An end of an interval that is never reached is "
        "open (…)."
    )
    caption = "What a difference of a method is worth, in its own unit."
    filters = [task_filter(table, ALL_TASKS)]
    return Table("margin_steps", caption, columns, rows, table, filters, note)


def sentence_of(run: Run, methods: Methods, method: str, task: str = ALL_TASKS) -> str:
    """Say of one method what a difference is worth, and what WANTED needs; empty: not known."""
    table, known = run.trust["margin_steps"], with_trivial(methods)
    own = table[table["method"].eq(method) & table["task"].eq(task)]
    if own.empty:
        return ""
    said = [
        f"{better(r.difference, method, known)}: {percent(r.chance)}"
        for r in own[own["asked"].eq(AT)].itertuples()
    ]
    needs = next(own[own["asked"].eq(NEEDS)].itertuples())
    wanted = f"{percent(WANTED)} needs {better(needs.difference, method, known)}"
    wanted = f"{percent(WANTED)} is {NEVER}" if missing(needs.difference) else wanted
    pairs = f"{count(needs.n)} pairs, {needs.families} families"
    return f"{known.title(method)} {'; '.join([*said, wanted])} ({pairs})."


def margin_figure(run: Run, methods: Methods) -> Picture | None:
    """Draw chance against a method's own difference, a panel a method, over all tasks."""
    curves, known = run.trust["margins"], with_trivial(methods)
    curves = curves[curves["task"].eq(ALL_TASKS)]
    names = sorted(
        dict.fromkeys(curves["method"]), key=lambda m: (m in TRIVIAL, not known.ranked(m))
    )
    if not names:
        return None
    rows = -(-len(names) // PANELS_ACROSS)
    with style():
        figure = Figure(figsize=(8.4, 0.4 + 1.7 * rows), layout="constrained")
        panels = figure.subplots(rows, PANELS_ACROSS, sharey=True, squeeze=False).ravel()
        for axes, name in zip(panels, names, strict=False):
            draw_curve(axes, curves[curves["method"].eq(name)], name in TRIVIAL)
            unit = known.entry(name).get("unit", "")
            title = known.title(name).replace("$", r"\$") + (f", {unit}" if unit else "")
            axes.set_title(title if known.ranked(name) else f"{title} *", fontsize=8)
        for axes in panels[len(names) :]:
            axes.set_visible(False)
        caption = (
            "Chance that the preferred image is ranked first, against the size of the method's own "
            "difference: dots are blocks of pairs, the line the curve that never falls, the band "
            f"its 95 % interval over families; dashed {percent(WANTED)}, dotted a coin. All tasks."
        )
        if not all(map(known.ranked, names)):
            caption += " * made the labels."
        said = " ".join(sentence_of(run, methods, name) for name in names)
        return picture(figure, "fig-margins", caption, f"Chance by difference. {said}")


def draw_curve(axes: Axes, own: pd.DataFrame, trivial: bool) -> None:
    """Draw one method: blocks, curve, band."""
    x, colour = own["difference"], MUTED if trivial else BLUE
    axes.fill_between(x, own["fitted_low"], own["fitted_high"], color=colour, alpha=0.2, lw=0)
    axes.plot(x, own["fitted"], color=colour, linewidth=1.4)
    axes.plot(x, own["value"], "o", color=ORANGE if not trivial else MUTED, markersize=3)
    axes.axhline(WANTED, color=MUTED, linewidth=0.6, linestyle="--")
    axes.axhline(0.5, color=MUTED, linewidth=0.6, linestyle=":")
    axes.set_xlim(left=0)
    axes.set_ylim(0.3, 1.0)
    axes.tick_params(labelsize=7)
