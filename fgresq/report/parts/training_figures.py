"""Figures of the training: loss curves, confusion of tasks, ablation, reliability."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from fgresq.analysis.ablation import FULL
from fgresq.report.parts.cells import decimal, interval, stat_label
from fgresq.report.parts.figures import WIDTH
from fgresq.report.parts.svg import BLUE, CYCLE, INK, MUTED, Picture, picture, style
from fgresq.report.parts.training_findings import (
    ablation_finding,
    confusion_finding,
    curves_finding,
    reliability_finding,
)
from fgresq.report.parts.training_tables import run_title, untrained
from fgresq.report.trained import Trained, variant_title

PANELS = (
    (1, "loss", "Stage 1: contrastive loss"),
    (2, "loss", "Stage 2: total loss"),
    (2, "scene", "Stage 2: fidelity loss"),
    (2, "rank", "Stage 2: ranking loss"),
)
SMOOTH = 12  # a bold line is the mean of a twelfth of its points
DASHES = ("-", "--", ":", "-.")  # what is tested, beside the colour
MARKS = ("", "o", "s", "^")  # seeds of a run
FOREST = ("acc", "acc_rank", "srcc_groups")


def curves_figure(trained: Trained) -> Picture | None:
    """Draw the losses of the full model: a panel a loss, a colour and dash what is tested.

    Another seed has markers.
    """
    rows = trained.curves
    panels = [p for p in PANELS if rows.loc[rows["stage"] == p[0], p[1]].notna().any()]
    if not panels:
        return None
    lines = -(-len(panels) // 2)
    with style():
        figure = Figure(figsize=(WIDTH, 0.7 + 2.1 * lines), layout="constrained")
        grid = figure.subplots(lines, 2, squeeze=False).flat
        for axes, (stage, loss, title) in zip(grid, panels, strict=False):
            draw_curves(axes, rows[rows["stage"] == stage], loss)
            axes.set_title(title)
            axes.set_xlabel("step")
        for axes in figure.axes[len(panels) :]:
            axes.set_visible(False)
        labels: dict[str, Artist] = {}
        for axes in figure.axes:
            handles, names = axes.get_legend_handles_labels()
            labels |= dict(zip(names, handles, strict=True))
        figure.legend(labels.values(), labels.keys(), loc="outside lower center", ncols=4)
        finding = curves_finding(rows)
        caption = (
            f"{finding} Loss by step of the full model. Pale: as it was (means of blocks in long "
            "runs); bold: running mean. A batch of stage 2 holds one scene, so single steps jump."
        )
        last = rows.groupby(["stage", "run"])["loss"].last()
        said = "; ".join(
            f"stage {stage}, {run_title(run)}: last {decimal(value)}"
            for (stage, run), value in last.items()
        )
        return picture(figure, "fig-curves", caption, f"Loss curves. {finding} {said}")


def draw_curves(axes: Axes, rows: pd.DataFrame, loss: str) -> None:
    """Draw one loss of every run."""
    sides = list(dict.fromkeys(run.partition("-seed")[0] for run in rows["run"]))
    for run, own in rows.groupby("run", sort=True):
        side, _, seed = run.partition("-seed")
        place = sides.index(side)
        colour, dash = CYCLE[place % len(CYCLE)], DASHES[place % len(DASHES)]
        mark: dict[str, Any] = {
            "marker": MARKS[int(seed or 0) % len(MARKS)],
            "markersize": 4,
            "markevery": 0.2,
        }
        window = max(1, len(own) // SMOOTH)
        smooth = own[loss].rolling(window, min_periods=1, center=True).mean()
        axes.plot(own["step"], own[loss], color=colour, linestyle=dash, alpha=0.25, linewidth=0.8)
        label = run_title(run)
        line: dict[str, Any] = {"color": colour, "linestyle": dash, "linewidth": 1.6, **mark}
        axes.plot(own["step"], smooth, label=label, **line)


def confusion_figure(trained: Trained) -> Picture | None:
    """Draw the shares of predicted tasks, a line a true task."""
    rows = trained.confusion
    if rows.empty:
        return None
    tasks, predicted = (list(dict.fromkeys(rows[name])) for name in ("task", "predicted"))
    shares = rows["count"] / rows.groupby("task")["count"].transform("sum").clip(lower=1)
    with style():
        size = (2.1 + 0.85 * len(predicted), 1.1 + 0.42 * len(tasks))
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots()
        for row, share in zip(rows.itertuples(), shares, strict=True):
            x, y = predicted.index(row.predicted), tasks.index(row.task)
            box = {"facecolor": BLUE, "alpha": 0.55 * share, "linewidth": 0}
            axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, **box))
            axes.text(x, y, f"{share:.2f}", ha="center", va="center", fontsize=8.5)
        axes.set_xlim(-0.5, len(predicted) - 0.5)
        axes.set_ylim(len(tasks) - 0.5, -0.5)
        axes.set_xticks(range(len(predicted)), [p.replace("-", "-\n") for p in predicted])
        axes.set_yticks(range(len(tasks)), tasks)
        axes.set_xlabel("task read off the image")
        axes.set_ylabel("true task")
        axes.grid(visible=False)
        axes.tick_params(length=0)
        finding = confusion_finding(rows)
        caption = (
            f"{finding} Share of the images of a task (line) that stage 1 takes for each task "
            "(column)."
        )
        said = ", ".join(
            f"{row.task} as {row.predicted} {share:.2f}"
            for row, share in zip(rows.itertuples(), shares, strict=True)
        )
        return picture(figure, "fig-confusion", caption, f"Confusion of tasks. {finding} {said}")


def forest_figure(trained: Trained) -> Picture | None:
    """Draw the difference of each variant to the full model, a panel a statistic."""
    rows = trained.ablation
    rows = rows[rows["variant"].ne(FULL) & rows["difference"].notna()]
    stats = [stat for stat in FOREST if stat in set(rows["stat"])]
    if not stats:
        return None
    names = [v for v in trained.variants if v != FULL]
    with style():
        figure = Figure(figsize=(WIDTH, 0.9 + 0.34 * len(names)), layout="constrained")
        panels = figure.subplots(1, len(stats), sharey=True, squeeze=False)[0]
        for axes, stat in zip(panels, stats, strict=True):
            draw_forest(axes, rows[rows["stat"] == stat], names)
            axes.set_title(stat_label(stat)[0])
            axes.set_xlabel("difference to the full model")
        panels[0].set_yticks(range(len(names)), [variant_title(v) for v in names])
        panels[0].set_ylim(len(names) - 0.5, -0.5)
        finding = ablation_finding(trained, stats[0])
        caption = (
            f"{finding} Variants less the full model, with 95 % paired bootstrap intervals over "
            "families. Left of the line: worse than the full model. Hollow: the head behind the "
            "value was not trained in that variant."
        )
        said = "; ".join(
            f"{variant_title(row.variant)} {stat_label(row.stat)[0]} "
            f"{decimal(row.difference, sign=True)} {interval(row.low, row.high)}"
            for row in rows[rows["stat"].isin(stats)].itertuples()
        )
        return picture(figure, "fig-ablation", caption, f"Ablation. {finding} {said}")


def draw_forest(axes: Axes, rows: pd.DataFrame, names: list[str]) -> None:
    """Draw one statistic: a dot and its interval a variant."""
    axes.axvline(0, color=MUTED, linewidth=0.8)
    for row in rows.to_dict("records"):
        y = names.index(row["variant"])
        axes.hlines(y, row["low"], row["high"], color=BLUE, linewidth=1.3)
        face = "none" if untrained(row) else BLUE
        axes.plot(row["difference"], y, "o", markersize=5, mfc=face, mec=BLUE)
    axes.locator_params(axis="x", nbins=5)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)


def reliability_figure(trained: Trained) -> Picture | None:
    """Draw observed share against predicted probability; area is the number of pairs."""
    rows = trained.reliability
    if rows.empty:
        return None
    with style():
        figure = Figure(figsize=(4.6, 4.2), layout="constrained")
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.8)
        axes.vlines(rows["predicted"], rows["low"], rows["high"], color=INK, linewidth=1)
        size = np.maximum(140 * rows["n"] / rows["n"].max(), 6)
        axes.scatter(
            rows["predicted"], rows["observed"], s=size, color=BLUE, linewidths=0, zorder=3
        )
        axes.set_xlim(-0.03, 1.03)
        axes.set_ylim(-0.03, 1.03)
        axes.set_aspect("equal")
        axes.set_xlabel("ranking head: probability that A is better")
        axes.set_ylabel("share of decided pairs preferring A")
        finding = reliability_finding(rows)
        caption = (
            f"{finding} Reliability of the ranking head on unseen families, 95 % intervals over "
            "families. On the line the probability means what it says; area is the number of pairs."
        )
        said = "; ".join(
            f"{row.bin}: {decimal(row.observed)} of {int(row.n)} pairs" for row in rows.itertuples()
        )
        return picture(figure, "fig-reliability", caption, f"Reliability. {finding} {said}")
