"""The null of range restriction where only a fifth of a data set was used, as in an 8:2 split.

Fewer images leave the expected correlation as it is and widen its band. Each simulated metric is
measured on a fifth of its own, drawn from each interval at random without replacement.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

from fgresq.analysis import correlation as c
from fgresq.analysis.bootstrap import LEVEL
from fgresq.analysis.intervals import DRAWS, bins_of

SHARE = 0.2  # of the images, as the test side of the paper's splits
Draws = dict[str, np.ndarray]


def draw_fifths(score: np.ndarray, seed: int) -> Draws:
    """Draw for each interval which images each simulated metric is measured on.

    Args:
        score: (n,) in [0, 1].
        seed: of the draws.

    Returns:
        Numbers of images (200, k) by label of the interval, k the rounded fifth of its images;
        intervals whose fifth is under 3 images are left out.
    """
    rng, parts = np.random.default_rng(seed), {}
    for label, inside in bins_of(score).items():
        images = np.flatnonzero(inside)
        size = count_fifth(len(images))
        if size >= c.LEAST:
            order = rng.random((DRAWS, len(images))).argpartition(size, axis=1)[:, :size]
            parts[label] = images[order]
    return parts


def count_fifth(count: int) -> int:
    """Count a fifth of some images, rounded."""
    return round(count * SHARE)


def bands(
    metrics: np.ndarray | None, score: np.ndarray, parts: Draws
) -> dict[tuple[str, str], np.ndarray]:
    """Give the 95 % band, (low, high), by interval and statistic.

    Args:
        metrics: (200, n), or None where there are no simulated metrics.
        score: (n,).
        parts: as `draw_fifths` gives them.
    """
    if metrics is None:
        return {}
    found: dict[tuple[str, str], np.ndarray] = {}
    for label, images in parts.items():
        values, labels = np.take_along_axis(metrics, images, axis=1), score[images]
        srcc = rowwise(stats.rankdata(values, axis=1), stats.rankdata(labels, axis=1))
        for stat, drawn in (("srcc", srcc), ("plcc", rowwise(values, labels))):
            known = drawn[np.isfinite(drawn)]  # a few labels may be all alike
            if len(known):
                found[label, stat] = np.percentile(known, LEVEL)
    return found


def band_of(found: dict[tuple[str, str], np.ndarray], label: str, stat: str) -> dict[str, float]:
    """Give the columns of one interval and statistic; NaN where it has no band."""
    low, high = found.get((label, stat), (np.nan, np.nan))
    return {"fifth_low": float(low), "fifth_high": float(high)}
    return found


def rowwise(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Correlate the rows of two arrays (m, n): (m,); NaN where a row is all alike."""
    one = one - one.mean(axis=1, keepdims=True)
    other = other - other.mean(axis=1, keepdims=True)
    spread = np.sqrt((one**2).sum(axis=1) * (other**2).sum(axis=1))
    with np.errstate(invalid="ignore"):
        return (one * other).sum(axis=1) / spread
