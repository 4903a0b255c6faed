"""Measure how well each method agrees with the labels: correlations, pair accuracy, intervals.

For each evaluation split (family: every image and pair, trained methods by out-of-fold values;
pairs: the test pairs and the images in them), each task, and the macro average over tasks:

  srcc, plcc, krcc  Spearman, Pearson, Kendall tau-b over the images of the task; of several data
                    sets the mean, as scores of two of them share no scale
  plcc_fitted       Pearson after the 4-parameter logistic; the mapping is fitted once on the
                    sample and held fixed in the bootstrap, whose interval so leaves out the fit
  acc               share of decided pairs ranked as the observers do; metric ties as set
  acc_gap5          the same, where the scores of the two lie over 5 % of the source's range apart
  srcc_groups       mean of the SRCC inside groups of at least 3 images
  votes_KIND        proportion of the votes that the method agrees with, over all pairs with votes
                    of that kind (two, best_of_four, ratings, simulated); equal votes and ties of
                    the method count half
  majority_KIND     what the sides with most votes have of them: no method can do better
  acc_rank          share of decided pairs whose better image the method's ranking head names, for
                    methods with a table in --rankings; a probability of exactly 0.5 is a tie

Metrics are oriented by their declared direction first; a number keeps its sign. Intervals are
95 % percentile intervals over families drawn with replacement. An image without a value is left
out for that method, and n shows it. An average is over the tasks in which the method has a value:
`tasks` counts them, `note` names the others.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from fgresq.analysis import correlation as c
from fgresq.analysis.accuracy import (
    agreed,
    correct,
    counted,
    weighted_mean,
    weighted_share,
)
from fgresq.analysis.bootstrap import Measure, average
from fgresq.analysis.inputs import (
    PERFORMANCE_COLUMNS,
    Inputs,
    Options,
    add_shared_arguments,
    join_rankings,
    read_inputs,
    write_rounded,
)
from fgresq.options import options_of
from fgresq.tables import TASKS, VOTE_KINDS

STATS = ("srcc", "plcc", "plcc_fitted", "krcc", "acc", "acc_gap5", "srcc_groups")
WIDE_GAP = 0.05  # of the score range [0, 1] of a source


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    add_shared_arguments(parser)
    parser.add_argument("--rankings", nargs="*", default=[], help="ranking tables, any number")


def correlations(images: pd.DataFrame, weights: np.ndarray) -> dict[str, Measure]:
    """Measure the four correlations of `value` and `score` over these images."""
    x, y, own = (images[name].to_numpy() for name in ("value", "score", "cluster"))
    reason, families = c.undefined(x, y), frozenset(own)
    mapped, why_not = c.fitted(x, y)

    def measure(value: float, replicates: np.ndarray, note: str = reason) -> Measure:
        """Give a correlation with what all four share."""
        return Measure(value, replicates, len(x), families, note)

    return {
        "srcc": measure(c.srcc(x, y), c.weighted_srcc(x, y, weights, own)),
        "plcc": measure(c.plcc(x, y), c.weighted_plcc(x, y, weights, own)),
        "plcc_fitted": measure(np.nan, np.full(len(weights), np.nan), why_not)
        if why_not
        else measure(c.plcc(mapped, y), c.weighted_plcc(mapped, y, weights, own)),
        "krcc": measure(c.krcc(x, y), c.weighted_krcc(x, y, weights, own)),
    }


def inside_datasets(images: pd.DataFrame, weights: np.ndarray) -> dict[str, Measure]:
    """Measure the four correlations inside each data set, and give their means."""
    datasets = [own for _, own in images.groupby(["source", "dataset"])]
    if len(datasets) < 2:
        return correlations(images, weights)
    parts = [correlations(own, weights) for own in datasets]
    return {stat: average([part[stat] for part in parts], len(weights)) for stat in parts[0]}


def accuracy(pairs: pd.DataFrame, weights: np.ndarray, ties: str) -> Measure:
    """Measure the accuracy on decided pairs, columns `gap`, `preference`, `cluster`."""
    right = correct(pairs["gap"].to_numpy(), pairs["preference"].to_numpy(), ties)
    return mean_of(right, pairs["cluster"].to_numpy(), weights, "no decided pairs")


def kinds_of_votes(pairs: pd.DataFrame) -> list[str]:
    """List the kinds of votes that some pairs have."""
    return [kind for kind in VOTE_KINDS if pairs["vote_kind"].eq(kind).any()]


def by_votes(
    pairs: pd.DataFrame, gap: pd.Series, kinds: list[str], weights: np.ndarray
) -> dict[str, Measure]:
    """Measure the agreement with votes of each kind, and what their majority itself reaches."""
    found = {}
    votes = counted(pairs)
    for kind in kinds:
        told = (pairs["vote_kind"].eq(kind) & gap.notna()).to_numpy() & (votes.sum(axis=1) > 0)
        own, clusters = votes[told], pairs["cluster"].to_numpy()[told]
        for name, agreeing in (
            ("votes", agreed(gap.to_numpy()[told], own)),
            ("majority", own.max(axis=1, initial=0.0)),
        ):
            measure = share_of(agreeing, own.sum(axis=1), clusters, weights)
            found[f"{name}_{kind.replace(' ', '_')}"] = measure
    return found


def share_of(
    part: np.ndarray, whole: np.ndarray, clusters: np.ndarray, weights: np.ndarray
) -> Measure:
    """Measure the proportion of votes, of which each pair has `part` of its `whole`."""
    if not len(part):
        return Measure(np.nan, np.full(len(weights), np.nan), 0, frozenset(), "no votes of it")
    replicates = weighted_share(part, whole, weights, clusters)
    return Measure(float(part.sum() / whole.sum()), replicates, len(part), frozenset(clusters))


def ranked(
    pairs: pd.DataFrame, chances: pd.Series, weights: np.ndarray, ties: str
) -> dict[str, Measure]:
    """Measure the accuracy of a ranking head: `chances` gives P(A better) by pair."""
    gap = pairs["pair"].map(chances).astype(float) - 0.5
    decided = pairs.assign(gap=gap)[gap.notna() & pairs["preference"].ne("equal")]
    return {"acc_rank": accuracy(decided, weights, ties)}


def inside_groups(images: pd.DataFrame, weights: np.ndarray) -> Measure:
    """Measure the mean SRCC inside groups; a group weighs as its family was drawn."""
    names = (images["source"] + "/" + images["group"]).to_numpy(dtype=str)
    x, y = images["value"].to_numpy(), images["score"].to_numpy()
    inside = c.srcc_inside(x, y, names)
    cluster = dict(zip(names, images["cluster"], strict=True))
    owners = np.array([cluster[name] for name in inside], dtype=int)
    return mean_of(np.array(list(inside.values())), owners, weights, "no group of 3 unlike images")


def mean_of(values: np.ndarray, clusters: np.ndarray, weights: np.ndarray, none: str) -> Measure:
    """Measure a plain mean; `none` is the note when there is nothing to average."""
    if not len(values):
        return Measure(np.nan, np.full(len(weights), np.nan), 0, frozenset(), none)
    replicates = weighted_mean(values, weights, clusters)
    return Measure(float(values.mean()), replicates, len(values), frozenset(clusters))


def measure_task(
    images: pd.DataFrame,
    pairs: pd.DataFrame,
    values: pd.Series,
    weights: np.ndarray,
    ties: str,
    kinds: list[str],
) -> dict[str, Measure]:
    """Measure every statistic of one method on the images and pairs of one task.

    `kinds` are those of the votes that pairs of any task have.
    """
    images = images.assign(value=images["image"].map(values)).dropna(subset="value")
    gap = pairs["image_a"].map(values) - pairs["image_b"].map(values)
    decided = pairs.assign(gap=gap)[gap.notna() & pairs["preference"].ne("equal")]
    wide = decided[decided["score_difference"].abs() > WIDE_GAP]
    return {
        **inside_datasets(images, weights),
        "acc": accuracy(decided, weights, ties),
        "acc_gap5": accuracy(wide, weights, ties),
        "srcc_groups": inside_groups(images, weights),
        **by_votes(pairs, gap, kinds, weights),
    }


def row(
    split: str, task: str, method: str, stat: str, measure: Measure, tasks: int
) -> dict[str, Any]:
    """Give a row of the table."""
    low, high = measure.interval()
    return {
        **{"split": split, "task": task, "method": method, "stat": stat, "value": measure.value},
        **{"low": low, "high": high, "n": measure.n, "families": len(measure.families)},
        **{"tasks": tasks, "note": measure.note},
    }


def average_row(split: str, method: str, stat: str, by_task: dict[str, Measure]) -> dict[str, Any]:
    """Give the row of the macro average, which names the tasks it lacks."""
    lacking = [task for task, measure in by_task.items() if not np.isfinite(measure.value)]
    mean = average(by_task.values(), len(next(iter(by_task.values())).replicates))
    made = row(split, "average", method, stat, mean, len(by_task) - len(lacking))
    return {**made, "note": made["note"] or ("without " + ", ".join(lacking) if lacking else "")}


def measure_method(
    inputs: Inputs,
    sets: tuple[pd.DataFrame, pd.DataFrame],
    split: str,
    method: str,
    ties: str,
    chances: pd.Series,
) -> list[dict[str, Any]]:
    """Give all rows of a method on one evaluation split; `chances` is empty without a ranking."""
    images, pairs = sets
    values, weights = inputs.values(method, split), inputs.draws.weights
    present = [task for task in TASKS if images["task"].eq(task).any()]
    by_task: dict[str, dict[str, Measure]] = {}
    kinds = kinds_of_votes(pairs)
    for task in tqdm(present, desc=f"{method}, {split} split", disable=None):
        own = pairs[pairs["task"].eq(task)]
        images_of_task = images[images["task"].eq(task)]
        by_task[task] = measure_task(images_of_task, own, values, weights, ties, kinds)
        if len(chances):
            by_task[task] |= ranked(own, chances, weights, ties)
    stats = list(by_task[present[0]]) if present else []
    rows = [row(split, t, method, s, by_task[t][s], 1) for t in present for s in stats]
    if present:
        rows += [average_row(split, method, s, {t: by_task[t][s] for t in present}) for s in stats]
    return rows


def chances_of(rankings: pd.DataFrame, method: str, split: str) -> pd.Series:
    """Give P(A better) by pair, as a method's ranking head says for an evaluation split."""
    own = rankings[rankings["method"].eq(method) & rankings["split"].eq(split)]
    return own.set_index("pair")["probability_a"]


def evaluation_sets(inputs: Inputs) -> dict[str, tuple[pd.DataFrame, pd.DataFrame]]:
    """Give the images and pairs of each evaluation split."""
    test = inputs.pairs[inputs.pairs["split_pairs"].eq("test")]
    tested = inputs.images["image"].isin([*test["image_a"], *test["image_b"]])
    return {
        "family": (inputs.images, inputs.pairs),
        "pairs": (inputs.images[tested], test),
    }


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    inputs, ties = read_inputs(args), options_of(args, Options).analysis.metric_ties
    rankings = join_rankings(args.rankings, inputs.pairs)
    rows = [
        line
        for split, sets in evaluation_sets(inputs).items()
        for method in inputs.methods
        for line in measure_method(
            inputs, sets, split, method, ties, chances_of(rankings, method, split)
        )
    ]
    write_rounded(args.out, rows, PERFORMANCE_COLUMNS)
