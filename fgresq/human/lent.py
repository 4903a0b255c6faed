"""Sets of the bench as FGResQ reads them: those that teach a row with their labels, others without.

All rows read the images of all sets, in one order, so that the tower's frozen part sees each image
once for all of them. What a row is not taught has no label in any table that the training reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from fgresq.human.alike import only
from fgresq.human.declared import Declared, Line
from fgresq.human.declared_search import Search
from fgresq.human.rated_sets import RatedSet
from fgresq.human.taught import MINI, Taught, at_most
from fgresq.tables import SUPPLIED_COLUMNS, VOTE_COLUMNS, read_pairs

UNKNOWN = 0.5  # in place of every score


def whole(own: RatedSet, simulated: Path | None) -> Taught:
    """Give a set of the bench with its images that may teach; of the embedded data with its pairs.

    Args:
        own: the set.
        simulated: pair table of the embedded data, which the workflow makes.
    """
    pairs = own.pairs
    if own.name == MINI and simulated is not None:
        pairs = read_pairs(simulated)[list(SUPPLIED_COLUMNS)]
    everything = Taught(own.name, own.images, pairs)
    return only(everything, own.taken) if own.role == "train" else everything


def lent(
    sets: Mapping[str, RatedSet], declared: Declared, search: Search, simulated: Path | None
) -> dict[str, Taught]:
    """Give the sets at hand: of those that may teach as many images as the search takes."""
    found = {}
    for name, own in sets.items():
        most = search.most.get(name) if declared.sets[name].role == "train" else None
        found[name] = at_most(whole(own, simulated), most)
    return found


def unlabelled(own: Taught) -> Taught:
    """Take all labels off a set: scores, preferences and votes."""
    images = own.images.assign(score=UNKNOWN, raw_score=UNKNOWN)
    numbers = dict.fromkeys((name for name in VOTE_COLUMNS if name != "vote_kind"), np.nan)
    pairs = own.pairs.assign(preference="equal", fraction_a=UNKNOWN, **numbers)
    return Taught(own.name, images, pairs)


def parted(sets: Mapping[str, Taught], line: Line) -> tuple[list[Taught], list[Taught]]:
    """Part sets by whether they teach a row; those that do not have no labels."""
    taught = [own for name, own in sets.items() if name in line.sets]
    return taught, [unlabelled(own) for name, own in sets.items() if name not in line.sets]
