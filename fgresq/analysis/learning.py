"""Collect what both training stages did: curves, task accuracy, how honest the ranking head is.

Writes four files:

  --curves       loss by step of every full run; runs of over 200 steps as means of 200 blocks
  --confusion    true task against the task that stage 1 reads off images of unseen families
  --reliability  the ranking head of the full model on unseen families: probability that A is
                 better, in tenths, against the share of decided pairs in which observers prefer A,
                 with a 95 % interval over families
  --record       facts of every run (steps, images, tower, device, hash of its weights), what the
                 full model is made of, the task accuracy with its interval, and why there is none
                 where training is absent

Task accuracy is the share of images of unseen families whose task stage 1 names rightly. Stage 1
was trained to name tasks, so this is no zero-shot accuracy.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import pandas as pd

from fgresq.analysis.ablation import FULL
from fgresq.analysis.architecture import architecture
from fgresq.analysis.bootstrap import Draws, Measure, draw
from fgresq.analysis.inputs import Options, check_images, family_of, write_rounded
from fgresq.analysis.performance import mean_of
from fgresq.analysis.trained_runs import (
    CHANCE_COLUMNS,
    STAGE1_HISTORY,
    STAGE2_HISTORY,
    TASK_COLUMNS,
    TrainedRun,
    read_runs,
)
from fgresq.files import write_json
from fgresq.options import add_options, options_of
from fgresq.pretrained import STAND_INS
from fgresq.tables import TASKS, empty, read_images, read_pairs

POINTS = 200  # of a curve, at most
BINS = 10  # of the probability
CURVE_COLUMNS: dict[str, type] = {
    "stage": int,
    "variant": str,
    "run": str,
    "step": int,  # the last of its block
    "loss": float,
    "scene": float,  # weighted fidelity loss; stage 2 only
    "rank": float,  # ranking loss; stage 2 only
}
CONFUSION_COLUMNS: dict[str, type] = {"task": str, "predicted": str, "count": int}
RELIABILITY_COLUMNS: dict[str, type] = {
    "bin": str,
    "predicted": float,  # mean probability that A is better
    "observed": float,  # share of decided pairs in which A is preferred
    "low": float,
    "high": float,
    "n": int,  # decided pairs
    "families": int,
}
FACTS = ("steps", "train_images", "test_images", "train_pairs", "sha256")
OUTPUTS = ("curves", "confusion", "reliability", "record")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    for stage in (1, 2):
        meaning = f"folders .../VARIANT/RUN of stage {stage}"
        parser.add_argument(f"--stage{stage}", nargs="*", default=[], help=meaning)
    parser.add_argument("--images", required=True, help="image table")
    parser.add_argument("--pairs", required=True, help="pair table")
    for name in OUTPUTS:
        parser.add_argument(f"--{name}", required=True, help="file to write")
    add_options(parser, Options)


def thin(history: pd.DataFrame) -> pd.DataFrame:
    """Average a history in at most 200 blocks of steps; a block keeps its last step."""
    if history.empty:
        return history
    block = np.arange(len(history)) * min(POINTS, len(history)) // len(history)
    means = history.groupby(block).mean()
    return means.assign(step=history.groupby(block)["step"].last().astype(int))


def curves(stage1: list[TrainedRun], stage2: list[TrainedRun]) -> list[dict[str, Any]]:
    """Give the points of the loss curves of all full runs."""
    rows = []
    for stage, runs, columns in ((1, stage1, STAGE1_HISTORY), (2, stage2, STAGE2_HISTORY)):
        for run in (run for run in runs if run.variant == FULL):
            points = thin(run.table("history.csv", columns)).to_dict("records")
            keys = {"stage": stage, "variant": run.variant, "run": run.name}
            rows += [{**keys, **p, "step": int(p["step"])} for p in points]
    kept = list(CURVE_COLUMNS)
    return [{name: row.get(name, np.nan) for name in kept} for row in rows]


def unseen(runs: list[TrainedRun]) -> list[TrainedRun]:
    """Keep the runs of the full model, first seed, that test a fold of families."""
    return [run for run in runs if run.variant == FULL and run.of_fold and run.seed == 0]


def read_tasks(runs: list[TrainedRun], images: pd.DataFrame) -> pd.DataFrame:
    """Join the tasks read off the test images of folds: image, task, predicted, each image once.

    Raises:
        UserError: an image that is not in the image table.
    """
    tables = [empty(TASK_COLUMNS)]
    for run in unseen(runs):
        table = run.table("tasks.csv", TASK_COLUMNS)
        check_images(table, "image", images, run.folder / "tasks.csv")
        tables.append(table)
    return pd.concat(tables, ignore_index=True).drop_duplicates("image", ignore_index=True)


def confusion(tasks: pd.DataFrame) -> list[dict[str, Any]]:
    """Count true task against predicted task, noughts included, in the usual order of tasks."""
    found = [t for t in TASKS if t in {*tasks["task"], *tasks["predicted"]}]
    true = [t for t in found if tasks["task"].eq(t).any()]
    counts = tasks.groupby(["task", "predicted"]).size()
    return [
        {"task": t, "predicted": p, "count": int(counts.get((t, p), 0))}
        for t in true
        for p in found
    ]


def share(right: pd.Series, families: pd.Series, draws: Draws) -> Measure:
    """Measure a share with its interval over families."""
    return mean_of(
        right.to_numpy(float), draws.clusters(families), draws.weights, "nothing to count"
    )


def task_accuracy(tasks: pd.DataFrame, families: pd.Series, draws: Draws) -> dict[str, Any] | None:
    """Give the task accuracy with its interval, and by task; None without any image."""
    if tasks.empty:
        return None
    right = tasks["predicted"].eq(tasks["task"])
    overall = share(right, tasks["image"].map(families), draws)
    low, high = overall.interval()
    by_task = right.groupby(tasks["task"]).mean()
    return {
        **{"value": rounded(overall.value), "low": rounded(low), "high": rounded(high)},
        **{"n": overall.n, "families": len(overall.families)},
        "chance": rounded(1 / tasks["task"].nunique()),
        "by_task": {task: rounded(by_task[task]) for task in TASKS if task in by_task},
    }


def rounded(value: float) -> float | None:
    """Round a number of the record; NaN becomes None."""
    return round(float(value), 9) if np.isfinite(value) else None


def reliability(
    runs: list[TrainedRun], pairs: pd.DataFrame, families: pd.Series, draws: Draws
) -> list[dict[str, Any]]:
    """Give the bins of the ranking head's probability that hold any decided pair."""
    tables = [run.table("ranking.csv", CHANCE_COLUMNS) for run in unseen(runs)]
    chances = pd.concat([empty(CHANCE_COLUMNS), *tables]).set_index("pair")["probability_a"]
    pairs = pairs.assign(chance=pairs["pair"].map(chances).astype(float))
    pairs = pairs[pairs["chance"].notna() & pairs["preference"].ne("equal")]
    place = np.clip((pairs["chance"] * BINS).astype(int), 0, BINS - 1)
    rows = []
    for number, own in pairs.groupby(place, sort=True):
        found = share(own["preference"].eq("A"), own["image_a"].map(families), draws)
        low, high = found.interval()
        end = "]" if number == BINS - 1 else ")"
        rows.append(
            {
                "bin": f"[{number / BINS:.1f},{(number + 1) / BINS:.1f}{end}",
                **{"predicted": own["chance"].mean(), "observed": found.value},
                **{"low": low, "high": high, "n": found.n, "families": len(found.families)},
            }
        )
    return rows


def facts(run: TrainedRun, stage: int) -> dict[str, Any]:
    """Give what a reader wants to know of a run; null where its card does not say."""
    card = run.card
    tower = card.get("tower") or card.get("options", {}).get("tower") or {}
    return {
        **{"stage": stage, "variant": run.variant, "run": run.name, "absent": run.absent},
        **{name: card.get(name) for name in FACTS},
        "device": card.get("device"),
        "deterministic": card.get("deterministic"),
        "tower": tower.get("tower"),
        "truncated": bool(tower.get("max_steps")),
    }


def words_of(settings: dict[str, Any], stand_in: bool) -> str:
    """Say in words what a tower is."""
    if stand_in:
        levels = ", ".join(map(str, settings["levels"]))
        return (
            f"the tokens after blocks {levels} of {settings['tower']}, a stand-in for CLIP "
            "ViT-B/16; its text side is a fixed vector for each task, never trained with images"
        )
    weights = f", weights '{settings['pretrained']}'" if settings.get("pretrained") else ""
    return f"{settings['tower']} of open_clip{weights}, with its own text side"


def tower_of(runs: list[TrainedRun]) -> dict[str, Any] | None:
    """Give the settings of the tower, what it is in words, and whether it stands in for CLIP."""
    for run in runs:
        settings = run.card.get("tower") or run.card.get("options", {}).get("tower")
        if settings:
            stand_in = settings["tower"] in STAND_INS
            words = words_of(settings, stand_in)
            return {"settings": settings, "stand_in": stand_in, "words": words}
    return None


def record(
    stage1: list[TrainedRun], stage2: list[TrainedRun], accuracy: dict[str, Any] | None
) -> dict[str, Any]:
    """Give the record of the training."""
    runs = [facts(run, 1) for run in stage1] + [facts(run, 2) for run in stage2]
    there = [run for run in runs if run["absent"] is None]
    tasks = [run.card["tasks"] for run in stage1 if run.absent is None]
    why = next((run["absent"] for run in runs if run["absent"]), None)
    return {
        "runs": runs,
        "absent": None if there else why,
        "truncated": any(run["truncated"] for run in runs),
        "tower": tower_of([*stage1, *stage2]),
        "architecture": architecture(stage1, stage2),
        "task_accuracy": accuracy,
        "single_task": bool(tasks) and all(len(known) == 1 for known in tasks),
    }


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    options = options_of(args, Options).analysis
    images, pairs = read_images(args.images), read_pairs(args.pairs)
    stage1, stage2 = read_runs(args.stage1), read_runs(args.stage2)
    families = family_of(images).set_axis(images["image"])
    draws = draw(families, options.bootstrap, options.seed)
    tasks = read_tasks(stage1, images)
    write_rounded(args.curves, curves(stage1, stage2), CURVE_COLUMNS)
    write_rounded(args.confusion, confusion(tasks), CONFUSION_COLUMNS)
    rows = reliability(stage2, pairs, families, draws)
    write_rounded(args.reliability, rows, RELIABILITY_COLUMNS)
    write_json(args.record, record(stage1, stage2, task_accuracy(tasks, families, draws)))
