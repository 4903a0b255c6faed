"""Preferences for pairs that come without: from simulated observers, or from the scores."""

from __future__ import annotations

from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import pandas as pd

from fgresq.pairs.order import pair_key, stable_hash
from fgresq.tables import without_votes

OBSERVERS = 5  # in each of the two groups (paper, section on annotation)
EXPERTS = 3
EXPERT_NOISE = 0.5  # beside an observer's, the unit in which differences are perceived


class Sight(NamedTuple):
    """How well simulated observers see.

    Args:
        slope: P(A preferred) = Phi(slope * difference); 1 over the unit of the quality.
        indifference: a preference probability in [0.5, 1): what is perceived as a smaller
            difference than the one that this share of observers tells is called "equal".
    """

    slope: float
    indifference: float

    @property
    def border(self) -> float:
        """The least difference that is told, in standard deviations of an observer."""
        return NormalDist().inv_cdf(self.indifference)


class Votes(NamedTuple):
    """How many observers were for A, for B, and for neither."""

    a: int
    b: int
    equal: int

    @property
    def share(self) -> float:
        """The share for A, in [0, 1], equal votes counting half; NaN without a vote."""
        return (self.a + self.equal / 2) / sum(self) if sum(self) else float("nan")

    def swapped(self) -> Votes:
        """Give the votes with A and B exchanged."""
        return Votes(self.b, self.a, self.equal)


def plurality(votes: np.ndarray) -> int:
    """Give the commonest of the votes 1 (A), -1 (B), 0 (equal); a tied lead is 0."""
    counts = {vote: int(np.sum(votes == vote)) for vote in (1, -1, 0)}
    leaders = [vote for vote, count in counts.items() if count == max(counts.values())]
    return leaders[0] if len(leaders) == 1 else 0


def decide(votes: np.ndarray) -> tuple[int, Votes]:
    """Decide a pair from the votes of both groups, then of the experts.

    The decision of a group is its plurality. Where both groups decide alike, that stands, else the
    plurality of the experts. The experts' votes are always given, and ignored where not needed.

    Args:
        votes: (13,) of 1 (A), -1 (B), 0 (equal): first group, second group, experts.

    Returns:
        The decision, and how the ten votes of both groups fell.
    """
    first, second, experts = np.split(votes, [OBSERVERS, 2 * OBSERVERS])
    decision = plurality(first)
    if plurality(second) != decision:
        decision = plurality(experts)
    ordinary = votes[: 2 * OBSERVERS]
    return decision, Votes(*(int(np.sum(ordinary == vote)) for vote in (1, -1, 0)))


def perceive(difference: float, slope: float, rng: np.random.Generator) -> np.ndarray:
    """Give the difference that each observer perceives, after Thurstone's Case V.

    Each has normal noise of its own; that of experts is half as large.

    Args:
        difference: quality of A minus quality of B.
        slope: see `Sight`.
        rng: where the noise comes from.

    Returns:
        (13,), in standard deviations of an observer: first group, second group, experts.
    """
    noise = np.repeat([1, EXPERT_NOISE], [2 * OBSERVERS, EXPERTS])
    return slope * difference + noise * rng.standard_normal(len(noise))


def simulate(difference: float, sight: Sight, rng: np.random.Generator) -> tuple[int, Votes]:
    """Let observers compare two images: "equal" is what is perceived below their indifference.

    Args:
        difference: quality of A minus quality of B.
        sight: of the observers.
        rng: as `perceive`.

    Returns:
        As `decide`.
    """
    perceived = perceive(difference, sight.slope, rng)
    return decide(np.where(np.abs(perceived) < sight.border, 0, np.sign(perceived)).astype(int))


def observers(seed: int, low: str, high: str) -> np.random.Generator:
    """Give the noise of the observers of a pair: it follows from its two names, as `pair_key`."""
    return np.random.default_rng(stable_hash("observers", seed, low, high))


def simulated(pairs: pd.DataFrame, quality: pd.Series, sight: Sight, seed: int) -> pd.DataFrame:
    """Label pairs by simulated observers; each pair has a seed of its own, of its two names.

    So neither the order of rows nor which image is called A nor what other pairs there are
    changes a label.

    Args:
        pairs: image_a, image_b.
        quality: raw scores of the measure that stands for people, higher better, by image.
        sight: of the observers.
        seed: of the observers.

    Returns:
        The pairs with preference, fraction_a, the votes and label_origin "simulated".
    """
    preferences, counts = [], []
    for a, b in zip(pairs["image_a"], pairs["image_b"], strict=True):
        low, high = pair_key(a, b)
        difference = quality[low] - quality[high]
        decision, votes = simulate(difference, sight, observers(seed, low, high))
        if a != low:
            decision, votes = -decision, votes.swapped()
        preferences.append({1: "A", -1: "B", 0: "equal"}[decision])
        counts.append(votes)
    found = _labelled(pairs, preferences, [round(votes.share, 4) for votes in counts], "simulated")
    told = pd.DataFrame(counts, columns=["votes_a", "votes_b", "votes_equal"], index=pairs.index)
    kind = pd.Series("simulated", index=pairs.index, dtype=object)
    return found.assign(**told.astype(float), vote_kind=kind)


def derived(pairs: pd.DataFrame, score: pd.Series) -> pd.DataFrame:
    """Label pairs by their scores, higher better: equal only where these are exactly equal.

    Returns:
        The pairs with preference, fraction_a and votes (unknown) and label_origin "derived from
        scores".
    """
    difference = score[pairs["image_a"]].to_numpy() - score[pairs["image_b"]].to_numpy()
    preferences = np.select([difference > 0, difference < 0], ["A", "B"], "equal").tolist()
    unknown = [np.nan] * len(pairs)
    return without_votes(_labelled(pairs, preferences, unknown, "derived from scores"))


def _labelled(
    pairs: pd.DataFrame, preferences: list[str], fractions: list[float], origin: str
) -> pd.DataFrame:
    return pairs.assign(
        preference=pd.Series(preferences, index=pairs.index, dtype=object),
        fraction_a=pd.Series(fractions, index=pairs.index, dtype=float),
        label_origin=pd.Series(origin, index=pairs.index, dtype=object),
    )
