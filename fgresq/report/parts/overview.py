"""Overview of data and model (Figure 2 of the paper): what leads to what, and counts per task."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fgresq.report.paper import Paper
from fgresq.report.parts.cells import count, missing
from fgresq.report.parts.dataset_tables import task_counts
from fgresq.report.parts.diagram import DATA, TRAINED, Box, chain
from fgresq.report.parts.svg import BLUE, ORANGE, Picture, picture, style
from fgresq.report.results import Run

WIDTH = 8.4  # inches
SIDES = {  # of a count: label, colour, face, marker, shift
    "printed": ("FGRestore, as the paper prints", ORANGE, "none", "s", -0.16),
    "measured": ("this run, as counted", BLUE, BLUE, "o", 0.16),
}
PANELS = ("images", "pairs")


def overview_figure(run: Run, numbers: Paper) -> Picture | None:
    """Draw what the run is made of, and below it images and pairs per task beside the paper's."""
    if run.images.empty:
        return None
    frame = task_counts(numbers, run).frame
    with style():
        figure = Figure(figsize=(WIDTH, 4.6))
        draw_chain(figure.add_axes((0, 0.78, 1, 0.2)), run)
        for number, name in enumerate(PANELS):
            axes = figure.add_axes((0.15 + 0.43 * number, 0.19, 0.39, 0.5))
            draw_counts(axes, frame, name)
            if number:
                axes.tick_params(labelleft=False)
        handles, labels = figure.axes[1].get_legend_handles_labels()
        figure.legend(handles, labels, loc="lower center", ncols=2)
        caption = (
            f"{finding(frame)} Above: what leads to what in this run. Below: counts by task, "
            "both on logarithmic axes; a count of none stands at the left edge."
        )
        said = "; ".join(counts_said(row) for row in frame.to_dict("records"))
        return picture(figure, "fig-overview", caption, f"Counts per task. {finding(frame)} {said}")


def counts_said(row: dict) -> str:
    """Tell the counts of a task."""
    here, there = (count(row[f"pairs {side}"]) for side in ("measured", "printed"))
    images = [count(row[f"images {side}"]) for side in ("measured", "printed")]
    return f"{row['task']}: {images[0]} images, {here} pairs; printed {images[1]} and {there}"


def finding(frame: pd.DataFrame) -> str:
    """Say how the run compares to the paper's data set, and which task leads in each."""
    total = frame.drop(columns="task").sum()
    here, there = total["pairs measured"], total["pairs printed"]
    most = [lead(frame, side) for side in ("measured", "printed")]
    if (frame["pairs measured"] == frame["pairs printed"]).all():
        return f"The run has the paper's {count(here)} pairs, task by task."
    share = f" ({100 * here / there:.1f} %)" if there else ""
    return (
        f"This run has {count(here)} pairs where the paper prints {count(there)}{share}, "
        f"of {count(total['images measured'])} images where it prints "
        f"{count(total['images printed'])}. Most pairs are of {most[0]} here and of {most[1]} "
        "there."
    )


def lead(frame: pd.DataFrame, side: str) -> str:
    """Name the task with most pairs and its share of all."""
    column = frame[f"pairs {side}"]
    if not column.sum():
        return "no task"
    most = column.idxmax()
    return f"{frame.loc[most, 'task']} ({100 * column[most] / column.sum():.0f} %)"


def draw_counts(axes: Axes, frame: pd.DataFrame, name: str) -> None:
    """Draw the images or the pairs of each task: a dot for this run, a square for the paper."""
    largest = frame[[f"{name} {side}" for side in SIDES]].max().max()
    for side, (label, colour, face, marker, shift) in SIDES.items():
        values = frame[f"{name} {side}"]
        y = np.arange(len(frame)) + shift
        x = values.clip(lower=1)
        look: dict[str, Any] = {
            "markerfacecolor": face,
            "markeredgecolor": colour,
            "markersize": 5.5,
        }
        axes.plot(x, y, marker, label=label, clip_on=False, **look)
        for at, place, value in zip(y, x, values, strict=True):
            told = "–" if missing(value) else count(value)
            axes.text(place * 1.25, at, told, va="center", fontsize=7.5)
    axes.set_xscale("log")
    axes.set_xlim(1, max(largest, 1) * 5)
    axes.xaxis.set_major_formatter(lambda value, _: count(value))
    axes.set_yticks(range(len(frame)), list(frame["task"]))
    axes.set_ylim(len(frame) - 0.5, -0.5)
    axes.set_title(f"{name.capitalize()} per task")
    axes.set_xlabel(f"{name} (logarithmic)")
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)


def draw_chain(axes: Axes, run: Run) -> None:
    """Draw the boxes from contents to the model, each with its counts."""
    axes.set_xlim(0, 10 * WIDTH)
    axes.set_ylim(0, 9.2)
    axes.axis("off")
    steps = chain_of(run)
    width = 10 * WIDTH / len(steps)
    chain(
        axes,
        [
            Box(width * (i + 0.5), 4.6, width - 3, 8.6, look, lines)
            for i, (look, lines) in enumerate(steps)
        ],
    )


def chain_of(run: Run) -> list[tuple[str, list[str]]]:
    """Give the steps from contents to the model: look and lines of each."""
    images, pairs = run.images, run.pairs
    all_pairs = sum(funnel["steps"][0]["pairs"] for funnel in run.filtered)
    votes = pairs["preference"].value_counts()
    steps = [
        (
            DATA,
            [
                f"{count(images['content'].nunique())} contents",
                f"{count(images['family'].nunique())} families",
            ],
        ),
        (
            DATA,
            [
                f"{count(len(images))} images",
                f"{images['task'].nunique()} tasks",
                f"{images['algorithm'].nunique()} algorithms",
            ],
        ),
        (
            DATA,
            [f"{count(len(pairs))} pairs", f"of {count(all_pairs)}"]
            if all_pairs
            else [f"{count(len(pairs))} pairs"],
        ),
        (
            DATA,
            [
                "preferences",
                ", ".join(f"{name} {count(votes.get(name, 0))}" for name in ("A", "B", "equal")),
                " and ".join(sorted(set(pairs["label_origin"]))) or "none",
            ],
        ),
    ]
    trained = [r for r in run.trained.record.get("runs", []) if r["absent"] is None]
    if trained:
        runs = [sum(r["stage"] == stage for r in trained) for stage in (1, 2)]
        lines = ["FGResQ", f"stage 1: {runs[0]} runs", f"stage 2: {runs[1]} runs"]
        steps.append((TRAINED, lines))
    return steps
