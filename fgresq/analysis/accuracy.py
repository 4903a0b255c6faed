"""Pair accuracy: how often a metric prefers the image that observers prefer.

Pairs with the preference "equal" have no right answer and are left out. A metric that gives both
images the same value has not chosen: it counts half (the expectation of a coin), or as wrong.
"""

from __future__ import annotations

import numpy as np

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


def weighted_mean(values: np.ndarray, weights: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    """Mean (B,) of values (n,) in each weighted sample; NaN where the sample is empty.

    `weights` (B, k) holds multiplicities of clusters, `clusters` (n,) the cluster of each value.
    """
    size = weights.shape[1]
    total = weights @ np.bincount(clusters, values, size)
    count = weights @ np.bincount(clusters, minlength=size)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
