"""Which of two methods wins over a test set: rates, intervals over contents, and the sign test.

Contents are drawn with replacement for the intervals, and are taken to be independent: many views
of one scene are not. The sign test leaves out contents on which neither wins; its values are
corrected after Holm for all pairs of methods that are compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

from fgresq.analysis.bootstrap import LEAST_FAMILIES, Draws, Measure, draw

REPLICATES = 2000


@dataclass
class Duel:
    """Two methods on the contents that both have.

    Args:
        first, second: methods.
        wins, losses, equal: contents on which the first is better, the second is, or neither is.
        rate: of wins, an equal one counting half, with its interval.
        chance: mean share of a vote that goes to the first, with its interval.
        p: of the sign test, two-sided; NaN where no content is decided.
        p_holm: the same, corrected for all pairs of methods.
    """

    first: str
    second: str
    wins: int
    losses: int
    equal: int
    rate: Measure
    chance: Measure
    p: float
    p_holm: float = float("nan")

    def rate_interval(self) -> tuple[float, float]:
        """Give the 95 % interval of the rate; the exact one where one side wins every content.

        Bootstraps of equal outcomes have no width. (NaN, NaN) with fewer than two contents.
        """
        count = self.wins + self.losses
        if self.equal or count not in (self.wins, self.losses) or count < LEAST_FAMILIES:
            return self.rate.interval()
        low, high = binomtest(self.wins, count).proportion_ci(0.95, "exact")
        return float(low), float(high)


def mean_of(values: np.ndarray, draws: Draws) -> Measure:
    """Give the mean of values (F,) of the contents of draws, NaN where one has none."""
    there = np.isfinite(values)
    if not there.any():
        return Measure(float("nan"), np.full(len(draws.weights), np.nan), 0, frozenset())
    weights = draws.weights[:, there]
    total = weights.sum(axis=1)
    sums = weights @ values[there]
    means = np.divide(sums, total, out=np.full(len(total), np.nan), where=total > 0)
    columns = frozenset(np.flatnonzero(there).tolist())
    return Measure(float(values[there].mean()), means, int(there.sum()), columns)


def drawn(contents: Sequence[str], seed: int) -> Draws:
    """Draw contents for the intervals, once for all of them."""
    return draw(contents, REPLICATES, seed)


def duel(first: str, second: str, won: np.ndarray, share: np.ndarray, draws: Draws) -> Duel:
    """Count what two methods win of each other.

    Args:
        first, second: methods.
        won: (F,) 1 where the first is better, 0 where the second is, a half where neither is, NaN
            where they were not compared; in the order of the draws' contents.
        share: (F,) of a vote that goes to the first.
        draws: of the contents.
    """
    wins, losses, equal = (int((won == value).sum()) for value in (1.0, 0.0, 0.5))
    decided = wins + losses
    p = float(binomtest(wins, decided).pvalue) if decided else float("nan")
    return Duel(first, second, wins, losses, equal, mean_of(won, draws), mean_of(share, draws), p)


def holm(values: Sequence[float]) -> list[float]:
    """Correct p values after Holm; one that is NaN stays so, and counts for nothing."""
    p = np.asarray(values, dtype=float)
    order = [int(k) for k in np.argsort(p) if np.isfinite(p[k])]
    found, least = p.copy(), 0.0
    for rank, k in enumerate(order):
        least = max(least, min(1.0, (len(order) - rank) * p[k]))
        found[k] = least
    return found.tolist()
