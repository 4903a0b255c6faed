"""The training of FGResQ: task accuracy, ablation (Table 4 of the paper), reliability, runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from fgresq.analysis.ablation import FULL, STATS
from fgresq.report.parts.cells import (
    Cell,
    Row,
    Table,
    count,
    decimal,
    head,
    interval,
    missing,
    number,
    stat_label,
    text,
    whole,
)
from fgresq.report.parts.comparison_tables import SPLITS
from fgresq.report.trained import VARIANTS, Trained, variant_title

SINGLE_TASK = (
    "All images are of one task: stage 1 had nothing to tell apart and left its encoder as it was."
)


def task_sentence(trained: Trained) -> str:
    """Say how often stage 1 names the task of an image of an unseen family."""
    found = trained.record.get("task_accuracy")
    if not found:
        return SINGLE_TASK if trained.record.get("single_task") else ""
    range_ = interval(found["low"], found["high"])
    return (
        f"Task accuracy: {decimal(found['value'])} {range_} on {count(found['n'])} images of "
        f"{count(found['families'])} families that the run had not seen; guessing has "
        f"{decimal(found['chance'])}."
    ).replace("  ", " ")


def confusion_table(trained: Trained) -> Table | None:
    """Build true task by predicted task, with the accuracy of each."""
    rows = trained.confusion
    if rows.empty:
        return None
    tasks = list(dict.fromkeys(rows["predicted"]))
    counts = rows.set_index(["task", "predicted"])["count"]
    body = []
    for task in dict.fromkeys(rows["task"]):
        own = [counts.get((task, p), 0) for p in tasks]
        cells = [
            whole(n, "best" if p == task and n else "") for n, p in zip(own, tasks, strict=True)
        ]
        right = counts.get((task, task), 0) / max(sum(own), 1)
        body.append(Row([text(task, "name"), *cells, number(right)]))
    columns = head(
        "True task", *((task, "predicted") for task in tasks), ("Task accuracy", "share right")
    )
    caption = "Task that stage 1 reads off images of unseen families."
    return Table("task_confusion", caption, columns, body, rows)


def ablation_table(trained: Trained) -> Table | None:
    """Build variants by statistic: value, and below it the difference to the full model."""
    rows = trained.ablation
    if rows.empty:
        return None
    values = {(row["variant"], row["stat"]): row for row in rows.to_dict("records")}
    stats = [stat for stat in STATS if stat in set(rows["stat"])]
    full = [values.get((FULL, stat), {}) for stat in stats]
    columns = [
        Cell(stat_label(stat)[0], detail=f"n {count(own.get('n'))}")
        for stat, own in zip(stats, full, strict=True)
    ]
    body = [
        Row(
            [variant_cell(variant), *(difference_cell(values.get((variant, s))) for s in stats)],
            mark="used" if variant == FULL else "",
        )
        for variant in trained.variants
    ]
    runs, families = int(rows["runs"].max()), int(rows["families"].max())
    caption = f"Ablation, {SPLITS[rows['split'].iloc[0]]}, {families} families, averages over tasks"
    caption += f"; runs a variant: {runs}."
    return Table("ablation", caption, [*head("Variant"), *columns], body, rows)


def variant_cell(variant: str) -> Cell:
    """Give the cell of a variant's name with what it is."""
    title, meaning = VARIANTS.get(variant, (variant, ""))
    return Cell(title, title.lower(), meaning, "name")


def untrained(row: dict[str, Any]) -> bool:
    """Tell whether the head behind a value was not trained in its variant."""
    return "not trained" in str(row["note"])


def difference_cell(row: dict[str, Any] | None) -> Cell:
    """Give a value with its spread over seeds, and the difference with its interval."""
    if row is None or missing(row["value"]):
        return Cell("–", detail=str((row or {}).get("note", "")), mark="number")
    spread = "" if missing(row["sd_seeds"]) else f"± {decimal(row['sd_seeds'])} over seeds"
    gap, range_ = "", interval(row["low"], row["high"]).replace(" ", "\u00a0")  # breaks before it
    if row["variant"] != FULL and not missing(row["difference"]):
        gap = f"{decimal(row['difference'], sign=True)} {range_}".strip()
    apart = bool(range_) and not row["low"] <= 0 <= row["high"]
    mark = "number stacked" + (" outside" if apart else "") + (" few" if untrained(row) else "")
    detail = ", ".join(filter(None, [gap, spread]))
    return Cell(decimal(row["value"]), row["value"], detail, mark)


def reliability_table(trained: Trained) -> Table | None:
    """Build predicted probability against observed share."""
    rows = trained.reliability
    if rows.empty:
        return None
    body = [
        Row(
            [
                text(row.bin, "name"),
                number(row.predicted),
                number(row.observed, detail=interval(row.low, row.high)),
                number(row.observed - row.predicted),
                whole(row.n),
                whole(row.families),
            ]
        )
        for row in rows.itertuples()
    ]
    columns = head(
        ("Interval", "of P(A better)"),
        ("Predicted", "mean P(A better)"),
        ("Observed", "share preferring A"),
        ("Difference", "observed − predicted"),
        "Decided pairs",
        "Families",
    )
    return Table("reliability", "Ranking probability and what happened.", columns, body, rows)


def reliability_sentence(trained: Trained) -> str:
    """Give the expected calibration error over the bins."""
    rows = trained.reliability
    if rows.empty:
        return ""
    error = np.average((rows["observed"] - rows["predicted"]).abs(), weights=rows["n"])
    return (
        f"Mean gap between predicted and observed, weighted by pairs (expected calibration error, "
        f"{len(rows)} bins): {decimal(float(error))}, over {count(rows['n'].sum())} decided pairs."
    )


def runs_table(trained: Trained) -> Table | None:
    """Build the facts of every run."""
    runs = trained.record.get("runs") or []
    if not runs:
        return None
    frame = pd.DataFrame(runs).drop(columns="absent")
    body = [
        Row(
            [
                text(f"Stage {run['stage']}", "name"),
                text(variant_title(run["variant"])),
                text(run_title(run["run"])),
                whole(run["steps"]),
                whole(run["train_images"]),
                whole(run["train_pairs"]),
                whole(run["test_images"]),
                text(run["tower"] or "–"),
                text(run["device"] or "–"),
                text((run["sha256"] or "–")[:12]),
            ]
        )
        for run in runs
    ]
    columns = head(
        *("Stage", "Variant", "Tested on", "Steps", "Training images", "Training pairs"),
        *("Test images", "Tower", "Device", ("Weights", "SHA-256, first 12")),
    )
    return Table("training_runs", "Every run of both stages.", columns, body, frame)


def run_title(run: str) -> str:
    """Say what a run is tested on, and its seed."""
    side, _, seed = run.partition("-seed")
    names = {"pairs": "test pairs", "all": "nothing"}
    return names.get(side, f"fold {side}") + (f", seed {seed}" if seed else "")
