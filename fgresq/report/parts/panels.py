"""Figures of several panels: preference by task (Figure 4 of the paper), intervals by method."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fgresq.report.paper import OVERALL, bin_name
from fgresq.report.parts.cells import Methods, count
from fgresq.report.parts.figures import WIDTH, name_of
from fgresq.report.parts.interval_tables import safe
from fgresq.report.parts.svg import BLUE, GREEN, INK, MUTED, PALE_RED, RED, Picture, picture, style
from fgresq.report.results import Run
from fgresq.tables import TASKS

MARKS = {  # by whether a pair is inconsistent
    False: ("o", BLUE, "with the scores, or equal"),
    True: ("D", RED, "against the scores"),
}


def preference_figures(run: Run, titles: dict[str, str]) -> list[Picture]:
    """Draw preference against score difference, a figure a source, a panel a task."""
    return [
        preference_figure(rows, str(source), titles.get(source, source))
        for source, rows in run.preference.groupby("source", sort=True)
    ]


def preference_figure(rows: pd.DataFrame, source: str, title: str) -> Picture:
    """Draw one source: area is the number of pairs; pairs against the scores are red diamonds."""
    tasks = [task for task in TASKS if task in set(rows["task"])]
    columns = min(3, len(tasks))
    lines = -(-len(tasks) // columns)
    largest = rows["count"].max()
    limit = max(0.05, rows["difference"].abs().max() * 1.15)
    with style():
        figure = Figure(
            figsize=(WIDTH if columns > 1 else 4.4, 0.8 + 2.3 * lines), layout="constrained"
        )
        panels = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
        for axes, task in zip(panels.flat, tasks, strict=False):
            own = rows[rows["task"] == task]
            draw_preference(axes, own, largest, limit)
            axes.set_title(f"{task}: {100 * against_scores(own):.0f} % against")
        hide_unused(panels, len(tasks))
        figure.supxlabel("normalised score difference, A minus B", fontsize=9)
        figure.supylabel("proportion of votes for A", fontsize=9)
        figure.legend(handles=preference_key(largest), loc="outside upper center", ncols=4)
        finding = preference_finding(rows, tasks)
        caption = (
            f"{title}: {finding} Area is the number of pairs in a cell; in the shaded regions the "
            "votes contradict the scores."
        )
        return picture(figure, f"fig-preference-{safe(source)}", caption, f"Figure 4. {caption}")


def against_scores(rows: pd.DataFrame) -> float:
    """Give the share of pairs whose preference is against the scores."""
    total = rows["count"].sum()
    return float(rows.loc[rows["inconsistent"], "count"].sum() / total) if total else 0.0


def preference_finding(rows: pd.DataFrame, tasks: list[str]) -> str:
    """Say how often observers prefer the image of the lower score, and in which task most."""
    odd, total = rows.loc[rows["inconsistent"], "count"].sum(), rows["count"].sum()
    words = f"the image of the lower score is preferred in {count(odd)} of {count(total)} pairs"
    words += f" ({100 * against_scores(rows):.0f} %)"
    if len(tasks) < 2:
        return f"{words}."
    shares = {task: against_scores(rows[rows["task"] == task]) for task in tasks}
    most, least = max(tasks, key=shares.__getitem__), min(tasks, key=shares.__getitem__)
    ends = [f"{task} ({100 * shares[task]:.0f} %)" for task in (most, least)]
    return f"{words}, most often in {ends[0]}, least in {ends[1]}."


def preference_key(largest: float) -> list[Line2D]:
    """Give the entries of the legend: both marks, and how large one pair and most pairs are."""
    marks = [
        Line2D([], [], color=colour, marker=mark, linestyle="", markersize=6, label=label)
        for mark, colour, label in MARKS.values()
    ]
    ring: dict[str, Any] = {"color": MUTED, "marker": "o", "markerfacecolor": "none"}
    for size in dict.fromkeys([1.0, float(largest)]):
        label = f"{count(size)} pair" + ("s" if size > 1 else "")
        across = area(size, largest) ** 0.5
        marks.append(Line2D([], [], linestyle="", markersize=across, label=label, **ring))
    return marks


def area(pairs: float, largest: float) -> float:
    """Give the area of a mark, square points; the smallest can still be seen."""
    return max(160 * pairs / largest, 3.0)


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
    for odd, (mark, colour, _) in MARKS.items():
        own = rows[rows["inconsistent"] == odd]
        axes.scatter(
            own["difference"],
            own["fraction_a"],
            s=[area(pairs, largest) for pairs in own["count"]],
            marker=mark,
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
            f"{title}: {intervals_finding(rows, methods)} SRCC inside score intervals (dots, 95 % "
            "interval) and what the narrow range alone would leave of the overall SRCC (line, 95 % "
            "band)."
        )
        return picture(figure, f"fig-intervals-{safe(source)}", caption, caption)


def intervals_finding(rows: pd.DataFrame, methods: Methods) -> str:
    """Say how many values of ranked methods the narrow range alone explains."""
    ranked = rows["method"].map(methods.ranked).astype(bool)
    known = rows[ranked].dropna(subset=["value", "null_low", "null_high"])
    inside = known["value"].between(known["null_low"], known["null_high"]).sum()
    return (
        f"{count(inside)} of {count(len(known))} values inside intervals lie in the band that the "
        "narrow range alone gives."
    )


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
