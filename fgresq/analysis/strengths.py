"""One order out of many comparisons: strengths after Bradley and Terry, and circles.

The chance that i beats j is 1 / (1 + exp(strength j - strength i)). Strengths are fitted to shares
of wins, soft or not, by likelihood less a penalty of half RIDGE times their squares: without one an
image that nothing beats would be infinitely strong. With it the answer is there and one alone, and
the strengths sum to 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, log_expit

# Small: a larger one pulls images that were compared less often towards the middle, and so past
# others. An image that beats three equal ones outright comes out 4.5 above them.
RIDGE = 0.01


@dataclass(frozen=True)
class Shares:
    """Comparisons of n images.

    Args:
        first, second: (m,) numbers of the images of each.
        share: (m,) of the win that goes to the first, in [0, 1].
        count: n.
    """

    first: np.ndarray
    second: np.ndarray
    share: np.ndarray
    count: int

    def beats(self) -> np.ndarray:
        """Give who has more than half of whom: bool (n, n)."""
        table = np.zeros((self.count, self.count), bool)
        table[self.first[self.share > 0.5], self.second[self.share > 0.5]] = True
        table[self.second[self.share < 0.5], self.first[self.share < 0.5]] = True
        return table


def strengths(shares: Shares, ridge: float = RIDGE) -> np.ndarray:
    """Fit the strengths (n,), in natural logarithms of odds."""
    i, j, p = shares.first, shares.second, shares.share

    def loss(s: np.ndarray) -> tuple[float, np.ndarray]:
        ahead = s[i] - s[j]
        fit = -(p * log_expit(ahead) + (1 - p) * log_expit(-ahead)).sum()
        slope = expit(ahead) - p
        gradient = np.bincount(i, slope, shares.count) - np.bincount(j, slope, shares.count)
        return fit + ridge / 2 * (s @ s), gradient + ridge * s

    def curvature(s: np.ndarray) -> np.ndarray:
        ahead = s[i] - s[j]
        weight = expit(ahead) * expit(-ahead)
        table = np.zeros((shares.count, shares.count))
        np.add.at(table, (i, j), -weight)
        table += table.T
        np.fill_diagonal(table, ridge - table.sum(axis=1))
        return table

    start, options = np.zeros(shares.count), {"gtol": 1e-10}
    found = minimize(loss, start, jac=True, hess=curvature, method="trust-exact", options=options)
    return found.x - found.x.mean()


def circles(beats: np.ndarray) -> tuple[int, tuple[int, int, int] | None]:
    """Count triples of which each beats the next and the last the first.

    Args:
        beats: bool (n, n), row over column.

    Returns:
        How many, and the first of them by its lowest number; None without one.
    """
    table = beats.astype(float)
    closed = (table @ table) * table.T  # two steps there, one back
    number = round(closed.sum() / 3)
    if number == 0:
        return 0, None
    a, c = (int(k) for k in np.argwhere(closed)[0])
    return number, (a, int(np.flatnonzero(beats[a] & beats[:, c])[0]), c)
