"""Figures of several panels: preference by task (Figure 4 of the paper), intervals by method."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fgresq.report.paper import OVERALL, bin_name
from fgresq.report.parts.cells import Methods, count
from fgresq.report.parts.figures import WIDTH, name_of
from fgresq.report.parts.interval_tables import safe
from fgresq.report.parts.svg import BLUE, GREEN, INK, MUTED, PALE_RED, RED, Picture, picture, style
from fgresq.report.results import Run
from fgresq.tables import TASKS


def preference_figures(run: Run, titles: dict[str, str]) -> list[Picture]:
    """Draw preference against score difference, a figure a source, a panel a task."""
    return [
        preference_figure(rows, str(source), titles.get(source, source))
        for source, rows in run.preference.groupby("source", sort=True)
    ]


def preference_figure(rows: pd.DataFrame, source: str, title: str) -> Picture:
    """Draw one source: point size is the number of pairs, inconsistent points are red."""
    tasks = [task for task in TASKS if task in set(rows["task"])]
    columns = min(3, len(tasks))
    lines = -(-len(tasks) // columns)
    largest = rows["count"].max()
    limit = max(0.05, rows["difference"].abs().max() * 1.15)
    with style():
        figure = Figure(
            figsize=(WIDTH if columns > 1 else 4.4, 0.5 + 2.3 * lines), layout="constrained"
        )
        panels = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
        for axes, task in zip(panels.flat, tasks, strict=False):
            draw_preference(axes, rows[rows["task"] == task], largest, limit)
            axes.set_title(task)
        hide_unused(panels, len(tasks))
        figure.supxlabel("score difference, A minus B (share of the score range)", fontsize=9)
        figure.supylabel("share preferring A", fontsize=9)
        odd = rows.loc[rows["inconsistent"], "count"].sum()
        total = rows["count"].sum()
        caption = (
            f"{title}: preference against score difference. Area is the number of pairs "
            f"(largest: {count(largest)}); red: preferred against the scores, {count(odd)} of "
            f"{count(total)} pairs."
        )
        return picture(figure, f"fig-preference-{safe(source)}", caption, caption)


def hide_unused(panels: np.ndarray, used: int) -> None:
    """Hide the panels (rows, columns) after the used ones; the ones above get tick labels."""
    columns = panels.shape[1]
    for at, axes in enumerate(panels.flat):
        axes.set_visible(at < used)
        if at < used <= at + columns:
            axes.tick_params(labelbottom=True)


def draw_preference(axes: Axes, rows: pd.DataFrame, largest: float, limit: float) -> None:
    """Draw one task: the regions in which preference contradicts the scores are shaded."""
    axes.axvspan(-limit, 0, 0.5, 1.0, color=PALE_RED, linewidth=0, zorder=0)
    axes.axvspan(0, limit, 0.0, 0.5, color=PALE_RED, linewidth=0, zorder=0)
    axes.axhline(0.5, color=MUTED, linewidth=0.7)
    axes.axvline(0.0, color=MUTED, linewidth=0.7)
    for odd, colour in ((False, BLUE), (True, RED)):
        own = rows[rows["inconsistent"] == odd]
        size = 160 * own["count"] / largest
        axes.scatter(
            own["difference"],
            own["fraction_a"],
            s=np.maximum(size, 3),
            color=colour,
            alpha=0.75,
            linewidths=0,
            zorder=3,
        )
    axes.set_xlim(-limit, limit)
    axes.set_ylim(-0.06, 1.06)


def interval_figures(run: Run, titles: dict[str, str], methods: Methods) -> list[Picture]:
    """Draw SRCC inside the intervals beside its null band, a figure a source, a panel a method."""
    rows = run.intervals.assign(bin=run.intervals["bin"].map(bin_name))
    rows = rows[(rows["stat"] == "srcc") & (rows["bin"] != OVERALL)]
    return [
        interval_figure(own, str(source), titles.get(source, source), methods)
        for source, own in rows.groupby("source", sort=True)
        if own["value"].notna().any()
    ]


def interval_figure(rows: pd.DataFrame, source: str, title: str, methods: Methods) -> Picture:
    """Draw one source."""
    names = sorted(
        dict.fromkeys(rows["method"]), key=lambda m: (not methods.ranked(m), methods.title(m))
    )
    columns = min(3, len(names))
    lines = -(-len(names) // columns)
    bins = sorted(dict.fromkeys(rows["bin"]))
    with style():
        figure = Figure(
            figsize=(WIDTH if columns > 1 else 4.4, 0.6 + 1.9 * lines), layout="constrained"
        )
        panels = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
        for axes, method in zip(panels.flat, names, strict=False):
            draw_intervals(axes, rows[rows["method"] == method], bins)
            axes.set_title(name_of(methods, method), fontsize=8.5)
        hide_unused(panels, len(names))
        figure.supxlabel("score interval", fontsize=9)
        figure.supylabel("SRCC", fontsize=9)
        caption = (
            f"{title}: SRCC inside score intervals (dots, 95 % interval) and what the narrow range "
            "alone would leave of the overall SRCC (line and 95 % band)."
        )
        return picture(figure, f"fig-intervals-{safe(source)}", caption, caption)


def draw_intervals(axes: Axes, rows: pd.DataFrame, bins: list[str]) -> None:
    """Draw one method: null band and line, dots with intervals."""
    at = rows.set_index("bin").reindex(bins)
    x = np.arange(len(bins))
    axes.fill_between(x, at["null_low"], at["null_high"], color=GREEN, alpha=0.22, linewidth=0)
    axes.plot(x, at["null"], color=GREEN, linewidth=1.2)
    axes.vlines(x, at["low"], at["high"], color=INK, linewidth=1)
    axes.plot(x, at["value"], "o", color=INK, markersize=4)
    axes.axhline(0, color=MUTED, linewidth=0.7)
    axes.set_xticks(x, [name.strip("[)]").replace(",", "–") for name in bins], fontsize=7.5)
