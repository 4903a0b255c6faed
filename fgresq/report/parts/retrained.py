"""The retrained baselines on the page: their runs, and how their losses fell."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from fgresq.report.parts.cells import Cell, Methods, Row, Table, head, number, text, whole
from fgresq.report.parts.figures import WIDTH
from fgresq.report.parts.svg import Picture, picture, style
from fgresq.report.parts.training_figures import draw_curves
from fgresq.report.parts.training_tables import run_title
from fgresq.report.trained import Trained

COLUMNS = 3


def baselines_table(trained: Trained, methods: Methods) -> Table | None:
    """Build the facts of every run; a method that is absent has its reason."""
    rows = trained.baselines
    if rows.empty:
        return None
    body = [
        Row([text(methods.title(run["method"]), "name"), *cells_of(run)])
        for run in rows.to_dict("records")
    ]
    columns = head(
        *("Method", "Tested on", "Seed", ("Parameters", "trained"), "Steps", "Training images"),
        *("Training pairs", "Test images", ("Loss at first", "mean of a tenth of the steps")),
        *(("Loss at last", "mean of a tenth of the steps"), "Backbone", "Device"),
        ("Weights", "SHA-256, first 12"),
    )
    caption = "Every run of the retrained baselines."
    return Table("baseline_runs", caption, columns, body, rows)


def cells_of(run: dict[str, Any]) -> list[Cell]:
    """Give the cells of a run after its method's name."""
    if run["absent"]:
        return [text(f"absent: {run['absent']}"), *[text("–")] * 11]
    counts = ("seed", "parameters", "steps", "train_images", "train_pairs", "test_images")
    return [
        text(run_title(run["run"])),
        *(whole(run[name]) for name in counts),
        number(run["loss_start"]),
        number(run["loss_end"]),
        text(run["backbone"]),
        text(run["device"]),
        text(run["sha256"][:12]),
    ]


def baselines_figure(trained: Trained, methods: Methods) -> Picture | None:
    """Draw the losses, a panel a method, a colour what is tested."""
    rows = trained.baseline_curves
    if rows.empty:
        return None
    names = list(dict.fromkeys(rows["method"]))
    lines = -(-len(names) // COLUMNS)
    with style():
        figure = Figure(figsize=(WIDTH, 0.7 + 2.1 * lines), layout="constrained")
        grid = figure.subplots(lines, COLUMNS, squeeze=False).flat
        for axes, name in zip(grid, names, strict=False):
            draw_curves(axes, rows[rows["method"] == name], "loss")
            axes.set_title(methods.title(name))
            axes.set_xlabel("step")
        for axes in figure.axes[len(names) :]:
            axes.set_visible(False)
        handles, labels = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4)
        caption = (
            "Loss by step of the retrained baselines. Pale: as it was (means of blocks in long "
            "runs); bold: running mean. MetaIQA's first steps are its meta-learning."
        )
        return picture(figure, "fig-baselines", caption, f"Loss curves. {last_losses(rows)}")


def last_losses(rows: pd.DataFrame) -> str:
    """Tell the last loss of every run in words."""
    last = rows.groupby(["method", "run"])["loss"].last()
    return "; ".join(f"{name}, {run_title(run)}: {v:.3f}" for (name, run), v in last.items())
