"""The figures of the page. Colours, sizes and order are fixed: equal data give equal bytes."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fgresq.records import Funnel
from fgresq.report.parts.cells import Methods, count, decimal, missing, stat_label
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
        caption = "Averages over tasks with 95 % bootstrap intervals over families."
        if any(not methods.ranked(m) for m in names):
            caption += " * made the labels: shown, not ranked."
        said = "; ".join(
            f"{methods.title(r.method)} {stat_label(r.stat)[0]} {decimal(r.value)}, by {r.split}"
            for r in rows[rows["stat"].isin(stats)].itertuples()
        )
        return picture(figure, "fig-comparison", caption, f"Dot plot of averages. {said}")


def name_of(methods: Methods, method: str) -> str:
    """Give the title for an axis; a star marks the label source."""
    title = methods.title(method).replace("$", r"\$")
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


def funnel_figure(run: Run) -> Picture | None:
    """Draw pairs (and images) left after every step, a panel a source, logarithmic."""
    funnels = run.filtered
    if not funnels:
        return None
    with style():
        figure = Figure(figsize=(WIDTH, 0.5 + 1.3 * len(funnels)), layout="constrained")
        panels = figure.subplots(len(funnels), 1, squeeze=False)[:, 0]
        for axes, funnel in zip(panels, funnels, strict=True):
            draw_funnel(axes, funnel)
        panels[-1].set_xlabel("pairs left (logarithmic)")
        said = "; ".join(
            f"{funnel['source']}: "
            + ", ".join(f"{s['step']} {s['pairs']} pairs" for s in funnel["steps"])
            for funnel in funnels
        )
        return picture(figure, "fig-funnel", "Pairs left after every step.", f"Funnel. {said}")


def draw_funnel(axes: Axes, funnel: Funnel) -> None:
    """Draw the steps of one source as bars with their counts."""
    steps = funnel["steps"]
    pairs = [max(step["pairs"], 0.8) for step in steps]
    axes.barh(range(len(steps)), pairs, color=BLUE, height=0.6)
    for y, (step, width) in enumerate(zip(steps, pairs, strict=True)):
        label = f" {count(step['pairs'])} pairs, {count(step['images'])} images"
        axes.text(width, y, label, va="center", fontsize=8)
    axes.set_xscale("log")
    axes.set_xlim(0.8, max(pairs) * 8)
    axes.set_yticks(range(len(steps)), [step["step"] for step in steps])
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.set_title(str(funnel["source"]).replace("$", r"\$"))


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
        caption = "Threshold (median) and quartiles for every setting; diamond: in use."
        return picture(figure, "fig-threshold", caption, f"Threshold by setting. {said}")
