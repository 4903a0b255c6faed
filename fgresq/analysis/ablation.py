"""Measure what each part of FGResQ is worth: every variant beside the full model, paired.

Compared are the runs that all variants have: the folds of families where there are any, else the
runs on the split by pairs (column `split`). For each variant, on the test sides of those runs:

  acc           share of decided pairs whose scores are ordered as the observers order them
  acc_rank      the same by the ranking head
  srcc_groups   mean SRCC inside groups of at least 3 images
  srcc, plcc    over the images of a task, averaged over tasks, as the two above

`difference` is the variant minus the full model on the same images and pairs, over the tasks in
which both have a value; `low` and `high` are its 95 % interval: families of the test side are drawn
with replacement, the same draws for both. Where a run was trained with several seeds, values and
differences are means over seeds, and `sd_seeds` is the standard deviation over them.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from fgresq.analysis import correlation as c
from fgresq.analysis.bootstrap import Draws, Measure, average, draw
from fgresq.analysis.inputs import Options, check_images, family_of, write_rounded
from fgresq.analysis.performance import accuracy, inside_groups, ranked
from fgresq.analysis.trained_runs import CHANCE_COLUMNS, VALUE_COLUMNS, TrainedRun, read_runs
from fgresq.options import add_options, options_of
from fgresq.sections import Analysis
from fgresq.tables import TASKS, read_images, read_pairs

FULL = "full"
STATS = ("acc", "acc_rank", "srcc_groups", "srcc", "plcc")
ABLATION_COLUMNS: dict[str, type] = {
    "split": str,  # family or pairs: what the compared runs test
    "variant": str,
    "stat": str,
    "value": float,  # macro average over tasks, mean over seeds
    "sd_seeds": float,  # empty with one seed
    "difference": float,  # to the full model; 0 for itself
    "low": float,  # of the difference; empty for the full model
    "high": float,
    "n": int,  # images (srcc, plcc), decided pairs (acc, acc_rank), groups; of one seed
    "families": int,
    "tasks": int,  # tasks averaged
    "runs": int,  # trained runs behind the value
    "note": str,
}
UNTRAINED = {  # a loss that is off leaves its head where it started
    "lambda_rank": (("acc_rank",), "the ranking head is not trained in this variant"),
    "lambda_scene": (("acc", "srcc_groups", "srcc", "plcc"), "the score head is not trained"),
}


@dataclass(frozen=True)
class Trial:
    """The tables that variants are compared on, with column `cluster`, and the draws."""

    images: pd.DataFrame
    pairs: pd.DataFrame
    draws: Draws
    ties: str


ByTask = dict[str, dict[str, Measure]]  # statistic, then task


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    parser.add_argument("--runs", nargs="*", default=[], help="folders .../VARIANT/RUN of stage 2")
    parser.add_argument("--images", required=True, help="image table")
    parser.add_argument("--pairs", required=True, help="pair table")
    parser.add_argument("--out", required=True, help="table to write")
    add_options(parser, Options)


def shared_runs(runs: list[TrainedRun]) -> tuple[str, dict[str, dict[int, list[TrainedRun]]]]:
    """Keep the runs that all variants have: the split they test, and variant -> seed -> runs.

    Those that kept an algorithm out of training are no runs of a variant as it is.
    """
    tested = [run for run in runs if run.of_fold or run.side == "pairs"]
    present = [run for run in tested if run.absent is None]
    variants = list(dict.fromkeys(run.variant for run in present))
    if FULL not in variants:
        return "", {}
    names = [{run.name for run in present if run.variant == v} for v in variants]
    shared = [run for run in present if run.name in set.intersection(*names)]
    split = "family" if any(run.of_fold for run in shared) else "pairs"
    kept: dict[str, dict[int, list[TrainedRun]]] = {v: {} for v in variants} if shared else {}
    for run in shared:
        if run.of_fold == (split == "family"):
            kept[run.variant].setdefault(run.seed, []).append(run)
    return split, kept


def predictions(
    runs: list[TrainedRun], images: pd.DataFrame, pairs: pd.DataFrame
) -> tuple[pd.Series, pd.Series]:
    """Join the runs of one seed: value by image, P(A better) by pair.

    Raises:
        UserError: an image that is not in the image table.
    """
    values, chances = [], []
    for run in runs:
        table = run.table("scores.csv", VALUE_COLUMNS)
        check_images(table, "image", images, run.folder / "scores.csv")
        values.append(table.set_index("image")["value"])
        table = run.table("ranking.csv", CHANCE_COLUMNS)
        chances.append(table[table["pair"].isin(pairs["pair"])].set_index("pair")["probability_a"])
    return pd.concat(values), pd.concat(chances)


def make_trial(
    images: pd.DataFrame, pairs: pd.DataFrame, full: list[TrainedRun], options: Analysis
) -> Trial:
    """Lay out the test side of these runs of the full model and draw its families."""
    values, chances = predictions(full, images, pairs)
    images = images[images["image"].isin(values.index)].sort_values("image", ignore_index=True)
    pairs = pairs[pairs["pair"].isin(chances.index)].sort_values("pair", ignore_index=True)
    draws = draw(family_of(images), options.bootstrap, options.seed)
    images = images.assign(cluster=draws.clusters(family_of(images)))
    pairs = pairs.assign(cluster=pairs["image_a"].map(images.set_index("image")["cluster"]))
    return Trial(images, pairs, draws, options.metric_ties)


def measure_task(trial: Trial, task: str, values: pd.Series, chances: pd.Series) -> dict:
    """Measure every statistic on one task."""
    weights = trial.draws.weights
    images = trial.images[trial.images["task"].eq(task)]
    images = images.assign(value=images["image"].map(values)).dropna(subset="value")
    pairs = trial.pairs[trial.pairs["task"].eq(task)]
    gap = pairs["image_a"].map(values) - pairs["image_b"].map(values)
    decided = pairs.assign(gap=gap)[gap.notna() & pairs["preference"].ne("equal")]
    x, y, own = (images[name].to_numpy() for name in ("value", "score", "cluster"))

    def correlated(plain: Any, weighted: Any) -> Measure:
        """Give a correlation, and its replicates by the weighted form."""
        found = weighted(x, y, weights, own)
        return Measure(plain(x, y), found, len(x), frozenset(own), c.undefined(x, y))

    return {
        "acc": accuracy(decided, weights, trial.ties),
        **ranked(pairs, chances, weights, trial.ties),
        "srcc_groups": inside_groups(images, weights),
        "srcc": correlated(c.srcc, c.weighted_srcc),
        "plcc": correlated(c.plcc, c.weighted_plcc),
    }


def measure_seed(trial: Trial, runs: list[TrainedRun]) -> ByTask:
    """Measure one seed of a variant: statistic, then task."""
    values, chances = predictions(runs, trial.images, trial.pairs)
    tasks = [task for task in TASKS if trial.images["task"].eq(task).any()]
    found = {task: measure_task(trial, task, values, chances) for task in tasks}
    return {stat: {task: found[task][stat] for task in tasks} for stat in STATS}


def difference(trial: Trial, own: list[ByTask], full: list[ByTask], stat: str) -> Measure:
    """Measure the mean over seeds of the macro difference, draw by draw."""
    paired = [
        Measure(m.value - f[stat][t].value, m.replicates - f[stat][t].replicates, m.n, m.families)
        for o, f in zip(own, full, strict=True)
        for t, m in o[stat].items()
    ]
    return average(paired, len(trial.draws.weights))


def stat_row(
    trial: Trial, runs: list[TrainedRun], own: list[ByTask], full: list[ByTask], stat: str
) -> dict[str, Any]:
    """Give value, difference and what is to be known of one statistic of a variant."""
    means = [average(seed[stat].values(), len(trial.draws.weights)) for seed in own]
    values = [mean.value for mean in means]
    lacking = [t for t, m in own[0][stat].items() if not np.isfinite(m.value)]
    gap = difference(trial, own, full, stat)
    low, high = gap.interval() if own is not full else (np.nan, np.nan)
    notes = [means[0].note or ("without " + ", ".join(lacking) if lacking else "")]
    notes += [
        note
        for key, (stats, note) in UNTRAINED.items()
        if stat in stats and runs[0].card.get("settings", {}).get(key) == 0
    ]
    return {
        **{"variant": runs[0].variant, "stat": stat, "value": float(np.mean(values))},
        "sd_seeds": float(np.std(values, ddof=1)) if len(values) > 1 else np.nan,
        **{"difference": gap.value, "low": low, "high": high},
        **{"n": means[0].n, "families": len(means[0].families), "runs": len(runs)},
        **{"tasks": len(own[0][stat]) - len(lacking), "note": "; ".join(filter(None, notes))},
    }


def measure_variants(
    runs: list[TrainedRun], images: pd.DataFrame, pairs: pd.DataFrame, options: Analysis
) -> list[dict[str, Any]]:
    """Give all rows: the full model first, then the other variants by name."""
    split, kept = shared_runs(runs)
    if not kept:
        return []
    trial = make_trial(images, pairs, next(iter(kept[FULL].values())), options)
    measured = {
        variant: [measure_seed(trial, own) for own in by_seed.values()]
        for variant, by_seed in tqdm(kept.items(), desc="ablation", disable=None)
    }
    return [
        {"split": split, **stat_row(trial, used, measured[variant], measured[FULL], stat)}
        for variant in sorted(kept, key=lambda name: (name != FULL, name))
        for used in [[run for own in kept[variant].values() for run in own]]
        for stat in STATS
    ]


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    images, pairs = read_images(args.images), read_pairs(args.pairs)
    rows = measure_variants(read_runs(args.runs), images, pairs, options_of(args, Options).analysis)
    write_rounded(args.out, rows, ABLATION_COLUMNS)
