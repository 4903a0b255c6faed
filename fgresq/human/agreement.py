"""How far values agree with people on one set, with intervals over training images and contents.

Every measure comes as a value and its replicates: a replicate draws contents (or families) of the
test with replacement, and reads the values of one of the refits, in turn. All rows of a set share
the draws, so that their differences are paired.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from fgresq.analysis.accuracy import agreed, correct, counted, weighted_mean, weighted_share
from fgresq.analysis.bootstrap import Draws, Measure, draw
from fgresq.analysis.correlation import LEAST, srcc, srcc_inside, weighted_srcc
from fgresq.human.rated_sets import RatedSet
from fgresq.tables import PHOTOGRAPH

OF_PAIRS = ("acc", "votes")
MEASURES = {
    "acc": "share of the decided pairs in which it prefers what people prefer",
    "votes": "share of all votes that it agrees with; a vote for neither counts half",
    "srcc_groups": "mean Spearman correlation with the scores inside groups",
    "srcc": "Spearman correlation with the scores inside the set",
}


@dataclass(frozen=True)
class Question:
    """What one set can be asked: a measure, and of pairs the kind of the votes.

    Args:
        measure: one of `MEASURES`.
        votes: kind of the votes; empty for scores.
        most: the measure of the majority itself; NaN where that has no meaning.
    """

    measure: str
    votes: str
    most: float


def questions(own: RatedSet) -> list[Question]:
    """List what a set can be asked."""
    found = []
    for kind, pairs in own.pairs.groupby("vote_kind", sort=True):
        if pairs["preference"].ne("equal").any():
            found.append(Question("acc", str(kind), 1.0))
        if (pairs["votes_a"] + pairs["votes_b"]).gt(0).any():
            found.append(Question("votes", str(kind), majority(pairs)))
    # photographs of one content, or generated for one text, are rated on the scale of the set
    restored = own.images[own.images["task"].ne(PHOTOGRAPH)]
    inside = restored.groupby(["task", "group"]).size().ge(LEAST).any()
    return [*found, Question("srcc_groups" if inside else "srcc", "", np.nan)]


def majority(pairs: pd.DataFrame) -> float:
    """Give the share of votes that agree with the side that most votes of a pair are for."""
    votes = votes_of(pairs)
    return float(votes.max(axis=1).sum() / votes.sum())


def draws_of(own: RatedSet, count: int, seed: int) -> Draws:
    """Draw the families of a set, the same for every row and measure."""
    return draw(own.images["family"], count, seed)


def measured(own: RatedSet, values: np.ndarray, question: Question, draws: Draws) -> Measure:
    """Measure the agreement of values with people.

    Args:
        own: the set.
        values: (1 + R, n), higher better: of the fit, then of its refits; NaN for no value.
        question: asked.
        draws: of the set's families.
    """
    usable = np.isfinite(values).all(axis=0)
    if not usable.any():
        nothing = np.full(len(draws.weights), np.nan)
        return Measure(np.nan, nothing, 0, frozenset(), "no image has a value")
    if question.measure in OF_PAIRS:
        return of_pairs(own, gaps_of(own, np.where(usable, values, np.nan)), question, draws)
    if question.measure == "srcc":
        return of_scores(own, values, usable, draws)
    return of_groups(own, values, usable, draws)


def in_turn(
    values: np.ndarray, draws: Draws, of: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> np.ndarray:
    """Give replicates (B,): each draw under one of the refits; of one that was never refitted, it.

    Args:
        values: (1 + R, n).
        draws: (B, F) weights.
        of: from the values (n,) of one fit and weights (b, F) to the statistic (b,).
    """
    refits = values[1:] if len(values) > 1 else values
    out = np.empty(len(draws.weights))
    for number, own in enumerate(refits):
        rows = slice(number, None, len(refits))
        out[rows] = of(own, draws.weights[rows])
    return out


def gaps_of(own: RatedSet, values: np.ndarray) -> np.ndarray:
    """Say how far A is above B in every pair of a set: (1 + R, pairs), of values (1 + R, n)."""
    place = pd.Series(np.arange(len(own.images)), index=own.images["image"])
    a, b = (place[own.pairs[name]].to_numpy() for name in ("image_a", "image_b"))
    return values[:, a] - values[:, b]


def of_pairs(own: RatedSet, gaps: np.ndarray, question: Question, draws: Draws) -> Measure:
    """Measure accuracy on decided pairs, or agreement with votes.

    Args:
        own: the set.
        gaps: (1 + R, pairs), above 0 where A is preferred; NaN for no answer.
        question: asked.
        draws: of the set's families.
    """
    asked = own.pairs["vote_kind"].eq(question.votes).to_numpy()
    votes, by_votes = votes_of(own.pairs), question.measure == "votes"
    decided = own.pairs["preference"].ne("equal").to_numpy()
    told = asked & (votes.any(axis=1) if by_votes else decided) & np.isfinite(gaps).all(axis=0)
    pairs, votes = own.pairs[told], votes[told]
    family = own.images.set_index("image")["family"]
    clusters = draws.clusters(pairs["image_a"].map(family))
    preference = pairs["preference"].to_numpy()
    whole = votes.sum(axis=1) if by_votes else np.ones(len(pairs))

    def of(each: np.ndarray, weights: np.ndarray) -> np.ndarray:
        gap = each[told]
        right = agreed(gap, votes) if by_votes else correct(gap, preference, "half")
        return weighted_share(right, whole, weights, clusters)

    once = np.ones((1, draws.weights.shape[1]))
    value = float(of(gaps[0], once)[0]) if len(pairs) else np.nan
    return Measure(value, in_turn(gaps, draws, of), len(pairs), frozenset(clusters.tolist()))


def votes_of(pairs: pd.DataFrame) -> np.ndarray:
    """Give the votes (n, 2) of pairs for A and for B; where none are known there are none."""
    return counted(pairs[["votes_a", "votes_b", "votes_equal"]].fillna(0.0))


def of_scores(own: RatedSet, values: np.ndarray, usable: np.ndarray, draws: Draws) -> Measure:
    """Measure the rank correlation over the images of a set."""
    images = own.images[usable]
    score, clusters = images["score"].to_numpy(), draws.clusters(images["family"])

    def of(each: np.ndarray, weights: np.ndarray) -> np.ndarray:
        return weighted_srcc(each[usable], score, weights, clusters)

    value = srcc(values[0, usable], score)
    families = frozenset(clusters.tolist())
    return Measure(value, in_turn(values, draws, of), len(images), families)


def of_groups(own: RatedSet, values: np.ndarray, usable: np.ndarray, draws: Draws) -> Measure:
    """Measure the mean rank correlation inside groups."""
    images = own.images[usable]
    groups = (images["task"] + "/" + images["group"]).to_numpy()
    family = dict(zip(groups, images["family"], strict=True))
    score = images["score"].to_numpy()

    def of(each: np.ndarray, weights: np.ndarray) -> np.ndarray:
        inside = srcc_inside(each[usable], score, groups)
        clusters = draws.clusters(family[str(name)] for name in inside)
        return weighted_mean(np.array(list(inside.values())), weights, clusters)

    inside = srcc_inside(values[0, usable], score, groups)
    families = frozenset(draws.clusters(family[str(name)] for name in inside).tolist())
    value = float(np.mean(list(inside.values()))) if inside else np.nan
    return Measure(value, in_turn(values, draws, of), len(inside), families)


def difference(own: Measure, other: Measure) -> Measure:
    """Give what a row has over another, draw by draw."""
    return replace(own, value=own.value - other.value, replicates=own.replicates - other.replicates)


def best_of(measures: dict[str, Measure], names: Iterable[str]) -> str:
    """Name the row with the highest value; empty where none has a value."""
    have = [name for name in names if name in measures and np.isfinite(measures[name].value)]
    return max(have, key=lambda name: measures[name].value, default="")
