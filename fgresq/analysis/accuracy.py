"""Pair accuracy: how often a metric prefers the image that observers prefer.

Pairs with the preference "equal" have no right answer and are left out. A metric that gives both
images the same value has not chosen: it counts half (the expectation of a coin), or as wrong.

Where the votes on a pair are known, no pair need be left out: what counts is the share of votes
that a metric agrees with. No metric can do better than the side with most votes.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from fgresq.errors import unknown

TIES = {"half": 0.5, "wrong": 0.0}  # what a metric tie is worth


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


def vote_share(votes: pd.DataFrame) -> np.ndarray:
    """Give the share of votes for A, (n,) in [0, 1], equal votes counting half; NaN without votes.

    Args:
        votes: votes_a, votes_b, votes_equal.
    """
    for_a, for_b, equal = (votes[n].to_numpy(float) for n in ("votes_a", "votes_b", "votes_equal"))
    total = for_a + for_b + equal
    with np.errstate(invalid="ignore"):
        return np.where(total > 0, (for_a + equal / 2) / total, np.nan)


def agreed(gap: np.ndarray, share_a: np.ndarray) -> np.ndarray:
    """Give the share of each pair's votes that a metric agrees with.

    Args:
        gap: (n,) oriented metric value of A minus that of B.
        share_a: (n,) share of votes for A.

    Returns:
        (n,) in [0, 1]; half where the metric gives both images the same value.
    """
    return np.select([gap > 0, gap < 0], [share_a, 1 - share_a], 0.5)


def majority(share_a: np.ndarray) -> np.ndarray:
    """Give the share of each pair's votes that the side with most of them has, (n,) in [.5, 1]."""
    return np.maximum(share_a, 1 - share_a)


def weighted_mean(values: np.ndarray, weights: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    """Mean (B,) of values (n,) in each weighted sample; NaN where the sample is empty.

    `weights` (B, k) holds multiplicities of clusters, `clusters` (n,) the cluster of each value.
    """
    size = weights.shape[1]
    total = weights @ np.bincount(clusters, values, size)
    count = weights @ np.bincount(clusters, minlength=size)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
