"""Cluster bootstrap over families: 95 % intervals for images that are not independent.

Images of one family share a scene. Families are drawn with replacement from all families of the
run, once; every statistic of every task and method is computed on the same draws, and images and
pairs take the weight of their family. The draw depends on the seed and on the set of families,
never on the order of rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

LEVEL = (2.5, 97.5)  # percentiles
LEAST_FAMILIES = 2
LEAST_SHARE = 0.5  # of the replicates must have a value, or there is no interval


@dataclass(frozen=True)
class Draws:
    """Replicate weights.

    Args:
        families: (F,) names, sorted.
        weights: (B, F) how often each family was drawn; rows sum to F.
    """

    families: np.ndarray
    weights: np.ndarray

    def clusters(self, families: Iterable[str]) -> np.ndarray:
        """Give the column of each named family."""
        return np.searchsorted(self.families, np.asarray(list(families), dtype=object))


@dataclass(frozen=True)
class Measure:
    """One number with what its interval needs.

    Args:
        value: the statistic on the sample; NaN where there is none.
        replicates: (B,) the statistic on each draw; NaN where a draw has none.
        n: observations it rests on.
        families: columns of the draws it rests on.
        note: why there is no value, or what to know of it.
    """

    value: float
    replicates: np.ndarray
    n: int
    families: frozenset[int]
    note: str = ""

    def interval(self) -> tuple[float, float]:
        """Give the percentile 95 % interval.

        (NaN, NaN) without a value, with fewer than two families, or where most draws have none.
        """
        finite = self.replicates[np.isfinite(self.replicates)]
        enough = len(finite) > 0 and len(finite) >= LEAST_SHARE * len(self.replicates)
        if not (np.isfinite(self.value) and len(self.families) >= LEAST_FAMILIES and enough):
            return float("nan"), float("nan")
        low, high = np.percentile(finite, LEVEL)
        return float(low), float(high)


def draw(families: Iterable[str], replicates: int, seed: int) -> Draws:
    """Draw as many families as there are, with replacement, `replicates` times."""
    names = np.array(sorted(set(families)), dtype=object)
    if not len(names):
        return Draws(names, np.zeros((replicates, 0)))
    share = np.full(len(names), 1.0 / len(names))
    counts = np.random.default_rng(seed).multinomial(len(names), share, size=replicates)
    return Draws(names, counts.astype(float))


def average(measures: Iterable[Measure], replicates: int) -> Measure:
    """Macro mean over tasks: of the values, and of the replicates draw by draw.

    A draw in which one of the tasks has no value is left out, since its mean would be over fewer
    tasks than the value's. `n` is the sum over the tasks that have a value.
    """
    have = [measure for measure in measures if np.isfinite(measure.value)]
    if not have:
        return Measure(
            float("nan"), np.full(replicates, np.nan), 0, frozenset(), "no task has a value"
        )
    return Measure(
        float(np.mean([m.value for m in have])),
        np.mean([m.replicates for m in have], axis=0),
        sum(m.n for m in have),
        frozenset().union(*(m.families for m in have)),
    )
