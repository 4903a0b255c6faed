"""The figures of the page. Colours, sizes and order are fixed: equal data give equal bytes."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fgresq.report.parts.axis_words import axis_words
from fgresq.report.parts.cells import Methods, decimal, missing, stat_label
from fgresq.report.parts.comparison_tables import AVERAGE, SPLITS
from fgresq.report.parts.svg import (
    BLUE,
    CYCLE,
    ORANGE,
    RED,
    Picture,
    picture,
    style,
)
from fgresq.report.results import Run

WIDTH = 8.4  # inches
LEADING = ("acc", "srcc_groups", "srcc")


def comparison_figure(run: Run, methods: Methods) -> Picture | None:
    """Draw the averages with intervals, methods by statistic, both splits."""
    rows = run.performance[(run.performance["task"] == AVERAGE) & run.performance["value"].notna()]
    stats = [stat for stat in LEADING if stat in set(rows["stat"])]
    if not stats:
        return None
    names = sorted(
        dict.fromkeys(rows["method"]), key=lambda m: (not methods.ranked(m), methods.title(m))
    )
    with style():
        figure = Figure(figsize=(WIDTH, 0.9 + 0.42 * len(names)), layout="constrained")
        for axes, stat in zip(
            np.atleast_1d(figure.subplots(1, len(stats), sharey=True)), stats, strict=True
        ):
            draw_averages(axes, rows[rows["stat"] == stat], names)
            axes.set_title(stat_label(stat)[0])
            axes.set_xlabel("share of pairs" if stat == "acc" else "correlation")
        axes = figure.axes[0]
        axes.set_yticks(range(len(names)), [name_of(methods, m) for m in names])
        axes.set_ylim(len(names) - 0.5, -0.5)
        figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)
        finding = highest(rows, stats[0], methods)
        caption = f"{finding} Averages over tasks with 95 % bootstrap intervals over families."
        if any(not methods.ranked(m) for m in names):
            caption += " * made the labels: shown, not ranked."
        said = "; ".join(
            f"{methods.title(r.method)} {stat_label(r.stat)[0]} {decimal(r.value)}, by {r.split}"
            for r in rows[rows["stat"].isin(stats)].itertuples()
        )
        return picture(figure, "fig-comparison", caption, f"{finding} {said}")


def highest(rows: pd.DataFrame, stat: str, methods: Methods) -> str:
    """Say which ranked method has the highest average under either split."""
    told = []
    for split, own in rows[rows["stat"].eq(stat)].groupby("split", sort=True):
        own = own[own["method"].map(methods.ranked).astype(bool)]
        if len(own):
            best = own.loc[own["value"].idxmax()]
            told.append(f"{SPLITS[split]} {methods.title(best['method'])} {decimal(best['value'])}")
    return f"Highest {stat_label(stat)[0]}: {', '.join(told)}." if told else "No method is ranked."


def name_of(methods: Methods, method: str) -> str:
    """Give the title for an axis; a star marks the label source."""
    title = axis_words(methods.title(method))
    return title if methods.ranked(method) else f"{title} *"


def draw_averages(axes: Axes, rows: pd.DataFrame, names: list[str]) -> None:
    """Draw one statistic: a filled dot for the split by family, a hollow one by pairs."""
    looks = {"family": (BLUE, BLUE, "o", -0.13), "pairs": (ORANGE, "none", "s", 0.13)}
    for split, (edge, face, marker, shift) in looks.items():
        own = rows[rows["split"] == split]
        y = np.array([names.index(m) for m in own["method"]]) + shift
        axes.hlines(y, own["low"], own["high"], color=edge, linewidth=1.2)
        axes.plot(
            own["value"],
            y,
            marker,
            markersize=5,
            markerfacecolor=face,
            markeredgecolor=edge,
            label=SPLITS[split],
        )
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)


def threshold_figure(run: Run) -> Picture | None:
    """Draw the threshold and its quartiles for every setting."""
    grid = [row for row in run.threshold.get("grid") or [] if not missing(row["median"])]
    if not grid:
        return None
    used = run.threshold.get("setting") or {}
    labels = [f"{row['sign']}, β {row['beta']:g}, {row['plane']}" for row in grid]
    with style():
        figure = Figure(figsize=(WIDTH, 0.6 + 0.24 * len(grid)), layout="constrained")
        axes = figure.subplots()
        for y, row in enumerate(grid):
            here = all(row[key] == used.get(key) for key in ("sign", "beta", "plane"))
            axes.hlines(y, row["low_quartile"], row["high_quartile"], color=CYCLE[0], linewidth=1.2)
            axes.plot(
                row["median"], y, "D" if here else "o", color=RED if here else BLUE, markersize=5
            )
        axes.set_yticks(range(len(grid)), labels)
        axes.set_ylim(len(grid) - 0.5, -0.5)
        axes.set_xlabel("SSIM between an image and itself with noticeable-difference noise")
        said = ", ".join(
            f"{label}: {decimal(row['median'], 4)}" for label, row in zip(labels, grid, strict=True)
        )
        medians = [row["median"] for row in grid]
        finding = (
            f"By setting the threshold lies from {decimal(min(medians))} to "
            f"{decimal(max(medians))}; in use is {decimal(run.threshold.get('threshold'), 4)}."
        )
        caption = f"{finding} Median and quartiles for every setting; diamond: in use."
        return picture(figure, "fig-threshold", caption, f"{finding} {said}")
