"""Measure the correlations inside five score intervals, beside what range restriction explains.

For each source and method: SRCC and PLCC over the images whose score in [0, 1] lies in
[0.0,0.2) ... [0.8,1.0], and overall. Trained methods count by their out-of-fold values.

`null` is what a metric without any blindness to fine differences would give: the score plus
Gaussian noise of one strength, tuned so that its overall SRCC equals the method's. Mean and 95 %
band of 200 simulated metrics. A number inside the band tells nothing but that the interval is
narrow; below it, the method is worse at fine differences than at coarse ones.
"""

from __future__ import annotations

import argparse
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from tqdm import tqdm

from fgresq.analysis import correlation as c
from fgresq.analysis.bootstrap import LEVEL, Measure
from fgresq.analysis.inputs import (
    INTERVAL_COLUMNS,
    Inputs,
    Options,
    add_shared_arguments,
    read_inputs,
    write_rounded,
)
from fgresq.options import options_of

EDGES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
OVERALL = "[0.0,1.0]"
DRAWS = 200  # simulated metrics
TUNING_CELLS = 100_000  # draws times images on which the noise is tuned
STRENGTHS = (1e-4, 1e3)  # bounds of the noise, in standard deviations of the score
HALVINGS = 20

Correlations = dict[str, np.ndarray]


def bins_of(scores: np.ndarray) -> dict[str, np.ndarray]:
    """Give the label of each interval and which of the scores (n,) lie in it, (n,) bool."""
    index = np.clip(np.searchsorted(EDGES, scores, side="right") - 1, 0, len(EDGES) - 2)
    labels = [f"[{a},{b})" for a, b in zip(EDGES, EDGES[1:], strict=False)]
    labels[-1] = labels[-1].replace(")", "]")
    inside = {label: index == i for i, label in enumerate(labels)}
    return {**inside, OVERALL: np.ones(len(scores), dtype=bool)}


def _spearman_sorted(order: np.ndarray, score: np.ndarray) -> np.ndarray:
    """SRCC (m,) of rows without ties, as noise makes them, with the score (n,).

    Args:
        order: (m, n), numbers of the scores in ascending order of each row.
        score: (n,).
    """
    count = order.shape[1]
    places, ranks = np.arange(count) - (count - 1) / 2, stats.rankdata(score)
    ranks -= ranks.mean()
    # a row's ranks are a permutation of the places: their spread is the places' own
    return (ranks[order] @ places) / np.sqrt((places**2).sum() * (ranks**2).sum())


def _pearson_rows(rows: np.ndarray, score: np.ndarray) -> np.ndarray:
    rows, score = rows - rows.mean(axis=1, keepdims=True), score - score.mean()
    return (rows @ score) / np.sqrt((rows**2).sum(axis=1) * (score**2).sum())


def noise_strength(score: np.ndarray, noise: np.ndarray, target: float) -> float:
    """Find the noise, in units of the score, whose mean overall SRCC over `noise` is `target`.

    Halves the bracket on a logarithmic scale; the SRCC falls as the noise grows.

    Args:
        score: (n,).
        noise: (m, n) standard normal.
        target: in [0, 1].
    """
    low, high = (np.log(bound * score.std()) for bound in STRENGTHS)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        order = (score + np.exp(middle) * noise).argsort(axis=1)
        above = _spearman_sorted(order, score).mean() > target
        low, high = (middle, high) if above else (low, middle)
    return float(np.exp((low + high) / 2))


def simulate(score: np.ndarray, overall: float, seed: int) -> dict[str, Correlations]:
    """Give the correlations of the simulated metrics, (200,) an interval and statistic.

    Intervals with under 3 images or with all labels alike are left out; so is everything where
    the overall SRCC is not defined.
    """
    return correlate(simulated_metrics(score, overall, seed), score)


def simulated_metrics(score: np.ndarray, overall: float, seed: int) -> np.ndarray | None:
    """Give the simulated metrics (200, n) of an overall SRCC; None where that is not defined.

    A method with a negative overall SRCC is likened to a metric that runs the wrong way.
    """
    if not np.isfinite(overall):
        return None
    noise = noise_of(seed, len(score))
    few = noise[: max(20, TUNING_CELLS // len(score))]
    strength = noise_strength(score, few, abs(overall))
    metrics: np.ndarray = np.copysign(1.0, overall) * (score + strength * noise)
    return metrics


def correlate(metrics: np.ndarray | None, score: np.ndarray) -> dict[str, Correlations]:
    """Correlate simulated metrics (200, n), if any, with the score (n,) in each interval."""
    if metrics is None:
        return {}
    order = metrics.argsort(axis=1)
    return {
        label: correlations_of(metrics, order, score, rows)
        for label, rows in bins_of(score).items()
        if rows.sum() >= c.LEAST and not c.alike(score[rows])
    }


@lru_cache(maxsize=1)  # the methods of a source follow each other
def noise_of(seed: int, count: int) -> np.ndarray:
    """Draw the noise of the simulated metrics, standard normal (200, count)."""
    return np.random.default_rng(seed).standard_normal((DRAWS, count))


def correlations_of(
    metrics: np.ndarray, order: np.ndarray, score: np.ndarray, rows: np.ndarray
) -> Correlations:
    """Give SRCC and PLCC of each simulated metric with the score over some of the images.

    Args:
        metrics: (m, n).
        order: (m, n), which sorts each metric: what it leaves of `rows` sorts their part.
        score: (n,).
        rows: (n,) bool, which images.
    """
    if not rows.all():
        place = np.cumsum(rows) - 1  # of an image among those of `rows`
        order = place[order[rows[order]]].reshape(len(order), -1)
        metrics, score = metrics[:, rows], score[rows]
    return {
        "srcc": _spearman_sorted(order, score),
        "plcc": _pearson_rows(metrics, score),
    }


def measure(images: pd.DataFrame, stat: str, weights: np.ndarray) -> Measure:
    """Measure one statistic of `value` and `score` over some images."""
    x, y, own = (images[name].to_numpy() for name in ("value", "score", "cluster"))
    plain, weighted = {"srcc": (c.srcc, c.weighted_srcc), "plcc": (c.plcc, c.weighted_plcc)}[stat]
    replicates = weighted(x, y, weights, own)
    return Measure(plain(x, y), replicates, len(x), frozenset(own), c.undefined(x, y))


def null_of(simulated: dict[str, Correlations], label: str, stat: str) -> dict[str, float]:
    """Give mean and 95 % band of the simulated metrics in an interval; NaN where there is none."""
    values = simulated.get(label, {}).get(stat, np.full(1, np.nan))
    low, high = np.percentile(values, LEVEL)
    return {"null": float(values.mean()), "null_low": float(low), "null_high": float(high)}


def measure_source(inputs: Inputs, source: str, method: str, seed: int) -> list[dict[str, Any]]:
    """Give the rows of one source and method."""
    images = inputs.images[inputs.images["source"].eq(source)]
    values = images["image"].map(inputs.values(method, "family"))
    images = images.assign(value=values).dropna(subset="value")
    score = images["score"].to_numpy()
    simulated = simulate(score, c.srcc(images["value"].to_numpy(), score), seed)
    rows = []
    for label, inside in bins_of(score).items():
        for stat in ("srcc", "plcc"):
            found = measure(images[inside], stat, inputs.draws.weights)
            low, high = found.interval()
            rows.append(
                {
                    **{"source": source, "method": method, "bin": label, "stat": stat},
                    **{"value": found.value, "low": low, "high": high, "n": found.n},
                    **null_of(simulated, label, stat),
                    "note": found.note,
                }
            )
    return rows


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    add_shared_arguments(parser)


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    inputs, seed = read_inputs(args), options_of(args, Options).analysis.seed
    sources = sorted(inputs.images["source"].unique())
    cells = [(source, method) for source in sources for method in inputs.methods]
    rows = [
        row
        for source, method in tqdm(cells, desc="intervals", disable=None)
        for row in measure_source(inputs, source, method, seed)
    ]
    write_rounded(args.out, rows, INTERVAL_COLUMNS)
