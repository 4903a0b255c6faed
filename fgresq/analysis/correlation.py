"""Correlation of a metric with quality scores, on a sample and on weighted (bootstrap) samples.

Direction: both arguments are higher better, so a metric that runs the wrong way gets a negative
number; nothing here takes an absolute value. Where a correlation has no meaning the value is NaN
and `undefined` says why.

Weighted forms: `weights` is (B, k), one row of multiplicities a replicate; `clusters` (n,) says
which of the k columns holds for each observation (default: k = n, each its own). A result equals
the plain statistic of the sample in which every observation is repeated that often.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from scipy import optimize, special, stats

LEAST = 3  # observations: two points always correlate perfectly
BLOCK = 2_000_000  # matrix cells held at once


def alike(values: np.ndarray) -> bool:
    """Say whether all values agree to within 12 digits: no order can be read off them."""
    return bool(np.ptp(values) <= 1e-12 * np.abs(values).max())


def undefined(metric: np.ndarray, score: np.ndarray, least: int = LEAST) -> str:
    """Say why a correlation of these (n,) values has no meaning; empty when it has one."""
    if len(metric) < least:
        return f"fewer than {least} images"
    if alike(metric):
        return "all values of the method are alike"
    return "all labels are alike" if alike(score) else ""


def srcc(metric: np.ndarray, score: np.ndarray) -> float:
    """Spearman's rank correlation in [-1, 1], ties by mid-ranks; NaN where undefined."""
    return _plain(stats.spearmanr, metric, score)


def plcc(metric: np.ndarray, score: np.ndarray) -> float:
    """Pearson's linear correlation in [-1, 1]; NaN where undefined."""
    return _plain(stats.pearsonr, metric, score)


def krcc(metric: np.ndarray, score: np.ndarray) -> float:
    """Kendall's rank correlation tau-b in [-1, 1]; NaN where undefined."""
    return _plain(stats.kendalltau, metric, score)


def _plain(function: Callable, metric: np.ndarray, score: np.ndarray) -> float:
    if undefined(metric, score):
        return float("nan")
    return float(function(metric, score).statistic)


def logistic(
    metric: np.ndarray, top: float, bottom: float, centre: float, width: float
) -> np.ndarray:
    """The 4-parameter logistic of VQEG FR-TV Phase I: bottom to top around `centre`."""
    return bottom + (top - bottom) * special.expit((metric - centre) / (abs(width) + 1e-12))


def logistic_of_five(
    metric: np.ndarray, height: float, slope: float, centre: float, tilt: float, base: float
) -> np.ndarray:
    """The 5-parameter logistic of Sheikh, Sabir and Bovik (IEEE TIP 2006): a logistic on a line."""
    return height * (special.expit(slope * (metric - centre)) - 0.5) + tilt * metric + base


def fit(form: Callable, metric: np.ndarray, score: np.ndarray, start: list[float]) -> np.ndarray:
    """Fit the parameters of a mapping by least squares.

    Raises:
        RuntimeError: the fit does not converge.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optimize.OptimizeWarning)  # the covariance is not used
        return optimize.curve_fit(form, metric, score, p0=start, maxfev=20_000)[0]


def four(metric: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Fit the 4-parameter logistic; `metric` has mean 0 and standard deviation 1.

    Start as VQEG: top = max score, bottom = min score, centre = mean metric, width = a quarter
    of its standard deviation; top and bottom change places where the metric falls with the score.

    Raises:
        RuntimeError: the fit does not converge.
    """
    ends = [score.max(), score.min()]
    ends = ends if plcc(metric, score) >= 0 else ends[::-1]
    return fit(logistic, metric, score, [*ends, 0.0, 0.25])


def mapped_by_five(metric: np.ndarray, score: np.ndarray, by_four: np.ndarray) -> np.ndarray:
    """Map a metric by the 5-parameter logistic, from the curve of four parameters on.

    That curve is one of its own, and stays where no better one is found.
    """
    top, bottom, centre, width = by_four
    start = [top - bottom, 1 / (abs(width) + 1e-12), centre, 0.0, (top + bottom) / 2]
    try:
        return logistic_of_five(metric, *fit(logistic_of_five, metric, score, start))
    except RuntimeError:
        return logistic(metric, *by_four)


def fitted(metric: np.ndarray, score: np.ndarray, parameters: int = 4) -> tuple[np.ndarray, str]:
    """Map a metric (n,) onto the scores (n,) by a logistic of 4 or 5 parameters, least squares.

    A falling mapping would make a metric that runs the wrong way look right, so its values are
    negated: the correlation with the scores keeps the metric's sign.

    Returns:
        The mapped values and an empty reason, or NaN and the reason why there is no mapping.
    """
    nothing = np.full(len(metric), np.nan)
    reason = undefined(metric, score, parameters + 1)
    if reason:
        return nothing, reason
    scaled = (metric - metric.mean()) / metric.std()
    try:
        best = four(scaled, score)
    except RuntimeError:
        return nothing, "the logistic fit did not converge"
    mapped, rises = logistic(scaled, *best), best[0] >= best[1]
    if parameters == 5:
        mapped = mapped_by_five(scaled, score, best)
        rises = plcc(scaled, mapped) >= 0
    return (
        (nothing, "the logistic fit is flat")
        if alike(mapped)
        else (
            mapped * (1.0 if rises else -1.0),
            "",
        )
    )


def srcc_inside(metric: np.ndarray, score: np.ndarray, groups: np.ndarray) -> dict[object, float]:
    """SRCC inside each group of at least 3 images with unlike values and unlike scores.

    Returns:
        Group to SRCC, in order of the groups' names; groups without a value are left out.
    """
    names, codes = np.unique(groups, return_inverse=True)
    inside = {name: codes == code for code, name in enumerate(names)}
    values = {name: srcc(metric[rows], score[rows]) for name, rows in inside.items()}
    return {name: value for name, value in values.items() if np.isfinite(value)}


def weighted_plcc(
    metric: np.ndarray, score: np.ndarray, weights: np.ndarray, clusters: np.ndarray | None = None
) -> np.ndarray:
    """PLCC of each weighted sample, (B,); NaN where one side is constant in it.

    A cluster enters by its sums alone, so a replicate costs O(k), not O(n).
    """
    if undefined(metric, score):
        return np.full(len(weights), np.nan)
    clusters = np.arange(len(metric)) if clusters is None else clusters
    x, y = ((v - v.mean()) / v.std() for v in (metric, score))
    sums = [np.bincount(clusters, v, weights.shape[1]) for v in (x**0, x, y, x * x, y * y, x * y)]
    n, x, y, xx, yy, xy = (weights @ np.stack(sums, axis=1)).T
    with np.errstate(invalid="ignore", divide="ignore"):
        return _ratio(xy / n - x * y / n**2, xx / n - (x / n) ** 2, yy / n - (y / n) ** 2)


def weighted_srcc(
    metric: np.ndarray, score: np.ndarray, weights: np.ndarray, clusters: np.ndarray | None = None
) -> np.ndarray:
    """SRCC of each weighted sample, (B,); NaN where one side is constant in it."""
    out = np.full(len(weights), np.nan)
    if undefined(metric, score):
        return out
    clusters = np.arange(len(metric)) if clusters is None else clusters
    step = max(1, BLOCK // len(metric))
    for begin in range(0, len(weights), step):
        block = weights[begin : begin + step][:, clusters].astype(float)
        middle = (block.sum(axis=1, keepdims=True) + 1) / 2  # mean of any mid-ranks
        x, y = (weighted_ranks(v, block) - middle for v in (metric, score))
        products = ((block * a * b).sum(axis=1) for a, b in ((x, y), (x, x), (y, y)))
        out[begin : begin + step] = _ratio(*products)
    return out


def weighted_ranks(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mid-ranks (B, n) of values (n,) that are repeated `weights` (B, n) times; from 1 upward."""
    _, level = np.unique(values, return_inverse=True)
    order = np.argsort(level, kind="stable")
    starts = np.flatnonzero(np.diff(level[order], prepend=-1))
    mass = np.add.reduceat(weights[:, order], starts, axis=1)
    return (np.cumsum(mass, axis=1) - (mass - 1) / 2)[:, level]


def weighted_krcc(
    metric: np.ndarray, score: np.ndarray, weights: np.ndarray, clusters: np.ndarray | None = None
) -> np.ndarray:
    """Tau-b of each weighted sample, (B,); NaN where one side is constant in it.

    Concordance and ties are bilinear forms w S w^T of the sign matrices; S is summed over the
    clusters and made in blocks of rows, so that memory does not grow with n squared.
    """
    if undefined(metric, score):
        return np.full(len(weights), np.nan)
    clusters = np.arange(len(metric)) if clusters is None else clusters
    order = np.argsort(clusters, kind="stable")
    x, y = (stats.rankdata(v, method="dense")[order] for v in (metric, score))
    present, own = np.unique(clusters[order], return_inverse=True)
    weights = weights[:, present].astype(float)
    columns = np.flatnonzero(np.diff(own, prepend=-1))
    forms = np.zeros((3, len(weights)))
    step = max(1, BLOCK // len(x))
    for begin in range(0, len(x), step):
        rows = slice(begin, begin + step)
        inside, firsts = np.unique(own[rows], return_index=True)
        for form, signs in zip(forms, _signs(x, y, rows), strict=True):
            sums = np.add.reduceat(signs, columns, axis=1, dtype=np.int64)
            sums = np.add.reduceat(sums, firsts, axis=0).astype(float)
            form += ((weights @ sums.T) * weights[:, inside]).sum(axis=1)
    return _ratio(*forms)


def _signs(x: np.ndarray, y: np.ndarray, rows: slice) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For some rows against all: concordance (+1, -1, 0), unlike in x, unlike in y."""
    a, b = ((v[rows, None] > v).astype(np.int8) - (v[rows, None] < v) for v in (x, y))
    return a * b, a * a, b * b


def _ratio(both: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Covariance over the root of the variances; NaN where a variance is (nearly) nought."""
    with np.errstate(invalid="ignore", divide="ignore"):
        value = both / np.sqrt(first * second)
    return np.where((first > 1e-12) & (second > 1e-12), np.clip(value, -1.0, 1.0), np.nan)
