"""Pair accuracy: how often a metric prefers the image that observers prefer.

Pairs with the preference "equal" have no right answer and are left out. A metric that gives both
images the same value has not chosen: it counts half (the expectation of a coin), or as wrong.

Where the votes on pairs are known, no pair need be left out: what counts is the proportion of all
votes that a metric agrees with. No metric can do better than the sides with most votes.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from fgresq.errors import unknown

TIES = {"half": 0.5, "wrong": 0.0}  # what a metric tie is worth
GAPS = (0.0, 0.05, 0.1, 0.2, 1.0)  # shares of the range of the scores, from fine to coarse


def correct(gap: np.ndarray, preference: np.ndarray, ties: str) -> np.ndarray:
    """Say for each decided pair whether the metric is right.

    Args:
        gap: (n,) oriented metric value of A minus that of B.
        preference: (n,) "A" or "B".
        ties: "half" or "wrong".

    Returns:
        (n,) 1.0 right, 0.0 wrong, or what a tie is worth.

    Raises:
        UserError: an unknown tie rule.
    """
    if ties not in TIES:
        raise unknown("setting analysis/metric_ties", "value", ties, TIES)
    agrees = np.sign(gap) * np.where(preference == "A", 1, -1)
    return np.where(agrees > 0, 1.0, np.where(agrees < 0, 0.0, TIES[ties]))


def between(differences: pd.Series, low: float, high: float) -> pd.Series:
    """Say which score differences lie in (low, high] by their size; from nought on, nought too."""
    size = differences.abs()
    return (size > low) & (size <= high) if low else size <= high


def counted(votes: pd.DataFrame) -> np.ndarray:
    """Give the votes (n, 2) for A and for B of each pair; an equal vote is half for either.

    Args:
        votes: votes_a, votes_b, votes_equal; empty where none are known, which gives NaN.
    """
    sides = votes[["votes_a", "votes_b"]].to_numpy(float)
    return sides + votes[["votes_equal"]].to_numpy(float) / 2


def agreed(gap: np.ndarray, votes: np.ndarray) -> np.ndarray:
    """Give the votes of each pair that a metric agrees with.

    Args:
        gap: (n,) oriented metric value of A minus that of B.
        votes: (n, 2) for A and for B.

    Returns:
        (n,); half of them where the metric gives both images the same value.
    """
    return np.select([gap > 0, gap < 0], [votes[:, 0], votes[:, 1]], votes.mean(axis=1))


def weighted_mean(values: np.ndarray, weights: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    """Mean (B,) of values (n,) in each weighted sample; NaN where the sample is empty.

    `weights` (B, k) holds multiplicities of clusters, `clusters` (n,) the cluster of each value.
    """
    size = weights.shape[1]
    total = weights @ np.bincount(clusters, values, size)
    count = weights @ np.bincount(clusters, minlength=size)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def weighted_share(
    part: np.ndarray, whole: np.ndarray, weights: np.ndarray, clusters: np.ndarray
) -> np.ndarray:
    """Sum (B,) of parts (n,) by that of wholes (n,) in each weighted sample; NaN where it is empty.

    `weights` and `clusters` are as in `weighted_mean`.
    """
    size = weights.shape[1]
    top = weights @ np.bincount(clusters, part, size)
    bottom = weights @ np.bincount(clusters, whole, size)
    return np.where(bottom > 0, top / np.where(bottom > 0, bottom, 1.0), np.nan)
