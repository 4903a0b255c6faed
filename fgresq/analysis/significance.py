"""Who is better than whom, and could it be told at all: intervals and tests over families.

Each method is compared with FGResQ (or, where a run has none, with the best of its methods) and
with every trivial row, on the pairs of which both have a value. The difference of accuracy has a
95 % interval by drawing whole families, and a p value by turning the sign of whole families' share
of it: all 2^m ways of the m families in which the two differ, or RANDOM of them where m is large.
Holm corrects for all methods compared with the same one in the same task. Few families cannot
give a small p, whatever the methods do: `least_p` is the least that a comparison could reach, and
where Holm takes even that over the level, the verdict is "cannot decide".
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from fgresq.analysis.headline import OURS
from fgresq.analysis.judged import Judged
from fgresq.analysis.trivial import TRIVIAL
from fgresq.analysis.trust_tables import AVERAGE, BETTER, CANNOT, OPEN, SIGNIFICANCE, WORSE
from fgresq.analysis.wins import holm

LEVEL = 0.05
EXACT = 14  # families; with more, ways of turning signs are drawn
RANDOM = 9_999
PEOPLE = {"human", "derived from scores"}  # origins of labels; scores are those of raters
ROUNDING = 1e-12  # two sums that are equal but for the order of adding


@lru_cache(maxsize=32)
def turned(families: int, seed: int) -> np.ndarray:
    """Give ways of turning the signs of families, (ways, families) of +1 and -1.

    All of them where there are few, but for those that turn all signs of one before: a two-sided
    test counts both the same. Else RANDOM ones.
    """
    if families <= EXACT:
        number = np.arange(2 ** max(families - 1, 0))
        return 1.0 - 2.0 * ((number[:, None] >> np.arange(families)) & 1)
    drawn = np.random.default_rng(seed).integers(0, 2, (RANDOM, families))
    return 1.0 - 2.0 * drawn


def sign_flip(shares: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """Test whether a sum over families is nought, two-sided.

    Args:
        shares: (F,) what each family has of the sum; one that has none of it tells nothing.
        seed: of the ways of turning, where there are too many for all.

    Returns:
        p, and the least p that as many families could give.
    """
    shares = shares[np.abs(shares) > ROUNDING]
    ways = turned(len(shares), seed)
    extreme = np.abs(ways @ shares) >= abs(shares.sum()) - ROUNDING
    if len(shares) <= EXACT:
        return float(extreme.mean()), 1.0 / len(ways)
    return float((1 + extreme.sum()) / (1 + RANDOM)), 1.0 / (1 + RANDOM)


def leader(judged: Judged, ranked: list[str]) -> str:
    """Name what all are compared with: FGResQ, or the method with the best average accuracy."""
    if OURS in ranked or not ranked:
        return OURS if ranked else ""
    means = {m: judged.by_task(judged.right[judged.of(m)])[AVERAGE].value for m in ranked}
    return max(means, key=lambda m: np.nan_to_num(means[m], nan=-1.0))


def opponents(judged: Judged, label_sources: set[str]) -> list[str]:
    """List what methods are compared with: the leader, and the trivial rows that are there."""
    ranked = [m for m in judged.without(label_sources) if m not in TRIVIAL]
    first = leader(judged, ranked)
    return [*([first] if first else []), *(m for m in TRIVIAL if m in judged.methods)]


def shares_of(judged: Judged, gain: np.ndarray) -> dict[str, np.ndarray]:
    """Say what each family has of the mean gain (n,) in each task, and of the average: (F,)."""
    found = {}
    for task, rows in judged.tasks.items():
        there = rows & np.isfinite(gain)
        if there.any():
            found[task] = judged.by_family(np.where(there, gain, 0.0)) / there.sum()
    return {**found, AVERAGE: np.mean(list(found.values()), axis=0)} if found else {}


def compared(judged: Judged, method: str, against: str, seed: int) -> list[dict[str, Any]]:
    """Compare two methods in every task and over all; a row each, but for Holm."""
    first, other = (judged.right[judged.of(name)] for name in (method, against))
    both = np.isfinite(first) & np.isfinite(other)
    gain = np.where(both, first - other, np.nan)
    shares = shares_of(judged, gain)
    gains = judged.by_task(gain)
    own, others = judged.by_task(first, both), judged.by_task(other, both)
    rows = []
    for task, share in shares.items():
        p, least = sign_flip(share, seed)
        measure = gains[task]
        low, high = measure.interval()
        rows.append(
            {
                **{"task": task, "method": method, "against": against},
                **{"origin": judged.origin(task), "value": own[task].value},
                **{"other": others[task].value, "difference": measure.value},
                **{"low": low, "high": high, "n": measure.n, "families": len(measure.families)},
                **{"unlike": int((np.abs(share) > ROUNDING).sum()), "p": p, "least_p": least},
            }
        )
    return rows


def corrected(rows: pd.DataFrame) -> pd.DataFrame:
    """Add Holm's correction and the verdict to comparisons with one method in one task."""
    p_holm, least = holm(rows["p"].tolist()), holm(rows["least_p"].tolist())
    verdicts = [
        verdict(p, lowest, gap)
        for p, lowest, gap in zip(p_holm, least, rows["difference"], strict=True)
    ]
    return rows.assign(p_holm=p_holm, least_holm=least, tests=len(rows), verdict=verdicts)


def verdict(p_holm: float, least_holm: float, difference: float) -> str:
    """Say what a comparison decides: nothing where even its least p would not do."""
    if least_holm > LEVEL:
        return CANNOT
    if p_holm > LEVEL:
        return OPEN
    return BETTER if difference > 0 else WORSE


def comparisons(judged: Judged, label_sources: set[str], seed: int) -> list[dict[str, Any]]:
    """Compare all methods with all opponents; a label source takes no part.

    Args:
        judged: the decided pairs of the split by family.
        label_sources: methods that made the labels of the run.
        seed: of the random ways of turning signs.
    """
    rows = [
        row
        for against in opponents(judged, label_sources)
        for method in judged.without({*label_sources, against})
        for row in compared(judged, method, against, seed)
    ]
    if not rows:
        return []
    tables = pd.DataFrame(rows).groupby(["task", "against"], sort=False)
    made = [corrected(own) for _, own in tables]
    return pd.concat(made)[list(SIGNIFICANCE)].to_dict("records")


def over_trivial(table: pd.DataFrame) -> pd.DataFrame:
    """Say of each method and task whether it beats every trivial row by an interval.

    Args:
        table: of SIGNIFICANCE.

    Returns:
        Rows task, method, origin, beats (bool), against (the trivial row it is least ahead of)
        and that one's difference, low, high; lacking (trivial rows that it was not compared with).
        Trivial rows have no row.
    """
    own = table[table["against"].isin(TRIVIAL) & ~table["method"].isin(TRIVIAL)]
    kept = ["task", "method", "origin", "against", "difference", "low", "high"]
    if own.empty:
        return pd.DataFrame(columns=[*kept, "beats", "lacking"])
    low = own["low"].fillna(-np.inf)  # without an interval nothing is beaten
    tightest = own.loc[low.groupby([own["task"], own["method"]], sort=False).idxmin()]
    met = own.groupby(["task", "method"])["against"].agg(set)
    lacking = [
        ", ".join(name for name in TRIVIAL if name not in met[key])
        for key in zip(tightest["task"], tightest["method"], strict=True)
    ]
    beats = tightest["low"].gt(0).to_numpy()
    return tightest[kept].assign(beats=beats, lacking=lacking).reset_index(drop=True)


def of_people(origin: str) -> bool:
    """Tell whether people stand behind all preferences of such an origin."""
    return bool(origin) and set(origin.split(", ")) <= PEOPLE


def recommended(table: pd.DataFrame) -> pd.DataFrame:
    """Keep of `over_trivial` what is recommended: by people, and ahead of all trivial rows.

    Preferences that a model made recommend nothing, however clear they are; nor does a comparison
    that lacks a trivial row.
    """
    people = table["origin"].map(of_people).astype(bool)
    return table[table["beats"].astype(bool) & people & table["lacking"].eq("")]
