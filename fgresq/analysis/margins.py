"""How large a difference of a method must be before people see it, in the method's own unit.

The decided pairs of a task are dealt by the size of the method's difference into blocks of equal
counts. In each block: the proportion of pairs in which the method puts the preferred image first
(a tie counts half). Through the blocks goes the closest curve that never falls (isotonic
regression, weighted by pairs; between the blocks' mean differences a straight line, beyond the
outer ones level), since a larger difference is taken to be no worse a sign. From it come the chance
at a few round differences, and the least difference at which the chance is WANTED; there is none
where no block gets there. Intervals are of 95 %, families drawn anew and the curve fitted to each
draw in the same blocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fgresq.analysis.bootstrap import LEAST_FAMILIES, LEAST_SHARE, LEVEL
from fgresq.analysis.judged import Judged
from fgresq.analysis.trust_tables import ALL_TASKS, AT, EVERYWHERE, NEEDS, NEVER, WANTED

BLOCKS, LEAST_PAIRS = 8, 25  # at most so many blocks, of at least so many pairs
ASKED = (10, 50, 90)  # percentiles of the differences near which round ones are asked
ROUND = np.array([1.0, 2.0, 3.0, 5.0, 10.0])


@dataclass(frozen=True)
class Curve:
    """A curve that never falls, and the same of every draw.

    Args:
        places: (m,) mean differences of the blocks, rising.
        value: (m,) the curve there.
        replicates: (B, m) of the draws; NaN where a draw lacks pairs.
    """

    places: np.ndarray
    value: np.ndarray
    replicates: np.ndarray


def rising(total: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Fit curves that never fall to means, by weighted least squares (isotonic regression).

    By its closed form: at i the greatest over j <= i of the least over k >= i of the mean from j
    to k, which does all draws at once.

    Args:
        total: (B, m) sums of the blocks.
        count: (B, m) their weights; a block without weight takes part in nothing.

    Returns:
        (B, m); NaN in rows without any weight.
    """
    sums, counts = (
        np.concatenate([np.zeros((len(v), 1)), np.cumsum(v, axis=1)], axis=1)
        for v in (total, count)
    )
    size = total.shape[1]
    out = np.full(total.shape, -np.inf)
    for j in range(size):
        part = counts[:, j + 1 :] - counts[:, j : j + 1]
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = (sums[:, j + 1 :] - sums[:, j : j + 1]) / part
        mean = np.where(part > 0, mean, np.inf)
        least = np.minimum.accumulate(mean[:, ::-1], axis=1)[:, ::-1]
        best = np.maximum(out[:, j:], np.where(np.isfinite(least), least, -np.inf))
        out[:, j:] = best
    return np.where(np.isfinite(out), out, np.nan)


def blocks_of(sizes: np.ndarray) -> np.ndarray:
    """Deal sizes (n,) into blocks of equal counts: (n,) the number of each one's block.

    Equal sizes stay together, so that a block may be larger.
    """
    count = min(BLOCKS, max(1, len(sizes) // LEAST_PAIRS))
    edges = np.quantile(sizes, np.arange(1, count) / count, method="lower")
    return np.unique(np.searchsorted(edges, sizes, side="left"), return_inverse=True)[1]


def round_difference(size: float) -> float:
    """Give the round number (1, 2, 3 or 5 with noughts) that is nearest to a size, by ratio."""
    power = 10.0 ** np.floor(np.log10(size))
    steps = ROUND * power
    return float(f"{steps[np.argmin(np.abs(np.log(steps / size)))]:.1g}")


def at(curve: Curve, difference: float) -> tuple[float, np.ndarray]:
    """Read the chance at a difference off a curve, and off those of the draws, (B,)."""
    outer = np.clip(difference, curve.places[0], curve.places[-1])
    right = int(np.clip(np.searchsorted(curve.places, outer), 1, max(1, len(curve.places) - 1)))
    if len(curve.places) == 1:
        return float(curve.value[0]), curve.replicates[:, 0]
    left = right - 1
    part = (outer - curve.places[left]) / (curve.places[right] - curve.places[left])
    both = np.vstack([curve.value[None], curve.replicates])
    read = both[:, left] * (1 - part) + both[:, right] * part
    return float(read[0]), read[1:]


def reached(places: np.ndarray, values: np.ndarray, wanted: float = WANTED) -> np.ndarray:
    """Give the least difference at which curves (B, m) have the wanted chance: (B,), else inf."""
    there = values >= wanted
    first = there.argmax(axis=1)
    rows = np.arange(len(values))
    high, low = values[rows, first], values[rows, np.maximum(first - 1, 0)]
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.where(high > low, (wanted - low) / (high - low), 1.0)
    before = places[np.maximum(first - 1, 0)]
    found = np.where(first == 0, places[0], before + part * (places[first] - before))
    return np.where(there.any(axis=1), found, np.inf)


def spread(replicates: np.ndarray, families: int) -> tuple[float, float]:
    """Give the 95 % interval of replicates, of which some may be infinite: such an end has none."""
    there = replicates[~np.isnan(replicates)]
    if families < LEAST_FAMILIES or len(there) < max(1.0, LEAST_SHARE * len(replicates)):
        return float("nan"), float("nan")
    low = np.percentile(there, LEVEL[0], method="higher")
    high = np.percentile(there, LEVEL[1], method="lower")
    low, high = (end if np.isfinite(end) else np.nan for end in (low, high))
    return float(low), float(high)


def margins_of(
    judged: Judged, method: str, task: str, rows: np.ndarray
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Fit the curve of a method over some pairs: rows of MARGINS, and of MARGIN_STEPS."""
    place = judged.of(method)
    rows = rows & np.isfinite(judged.gaps[place])
    if not rows.any():
        return [], []
    sizes, right = np.abs(judged.gaps[place][rows]), judged.right[place][rows]
    block, cluster = blocks_of(sizes), judged.clusters[rows]
    shape = (block.max() + 1, len(judged.draws.families))
    total, count = np.zeros(shape), np.zeros(shape)
    np.add.at(total, (block, cluster), right)
    np.add.at(count, (block, cluster), 1.0)
    weights = judged.draws.weights
    drawn = weights @ total.T, weights @ count.T
    pairs = count.sum(axis=1)
    places = np.bincount(block, sizes) / pairs
    fit = rising(total.sum(axis=1)[None], pairs[None])[0]
    curve = Curve(places, fit, rising(*drawn))
    with np.errstate(invalid="ignore", divide="ignore"):
        means = drawn[0] / drawn[1]
    keys = {"task": task, "method": method}
    made = []
    for k in range(shape[0]):
        families = int((count[k] > 0).sum())
        low, high = spread(means[:, k], families)
        fitted_low, fitted_high = spread(curve.replicates[:, k], families)
        made.append(
            {
                **keys,
                **{"difference": places[k], "least": sizes[block == k].min()},
                **{"most": sizes[block == k].max(), "n": int(pairs[k]), "families": families},
                **{"value": total[k].sum() / pairs[k], "low": low, "high": high},
                **{"fitted": fit[k], "fitted_low": fitted_low, "fitted_high": fitted_high},
            }
        )
    families = int((count.sum(axis=0) > 0).sum())
    counts = {"n": int(pairs.sum()), "families": families}
    return made, [{**keys, **counts, **step} for step in steps_of(curve, sizes, families)]


def steps_of(curve: Curve, sizes: np.ndarray, families: int) -> list[dict[str, Any]]:
    """Read off a curve the chance at round differences, and what WANTED needs."""
    known = sizes[sizes > 0]
    usual = np.percentile(known, ASKED) if len(known) else []
    rows = []
    for difference in sorted({round_difference(size) for size in usual}):
        chance, drawn = at(curve, difference)
        low, high = spread(drawn, families)
        rows.append(
            {
                **{"asked": AT, "difference": difference, "chance": chance},
                **{"chance_low": low, "chance_high": high, "note": ""},
            }
        )
    needs = float(reached(curve.places, curve.value[None])[0])
    low, high = spread(reached(curve.places, curve.replicates), families)
    if not np.isfinite(needs):
        return [*rows, {"asked": NEEDS, "chance": WANTED, "note": NEVER}]
    note = EVERYWHERE if curve.value[0] >= WANTED else ""
    ends = {"difference_low": low, "difference_high": high}
    return [
        *rows,
        {"asked": NEEDS, "difference": needs, "chance": WANTED, "note": note, **ends},
    ]


def margins(judged: Judged) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Fit the curves of all methods, of all tasks together and of each."""
    curves: list[dict[str, Any]] = []
    steps: list[dict[str, Any]] = []
    everything = {ALL_TASKS: np.ones(len(judged.pairs), dtype=bool)}
    for task, rows in {**everything, **judged.tasks}.items():
        for method in judged.methods:
            made, asked = margins_of(judged, method, task, rows)
            curves += made
            steps += asked
    return curves, steps
