"""Who is asked about which images of a set, by models that were not taught them: three protocols.

`family`: a family is asked of models that were taught the others. `algorithm`: the families of a
fold are asked of models that were taught the other folds without one restorer, and only pairs and
groups that hold it count, since the same restorers come over and over and are easily recognised.
`elsewhere`: all images are asked of one model, which was taught other sets alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from fgresq.human.rated_sets import RatedSet
from fgresq.human.taught import dealt
from fgresq.tables import FOLD_COLUMNS

FAMILY, ALGORITHM, ELSEWHERE = PROTOCOLS = ("family", "algorithm", "elsewhere")
FOLDS = 3  # of families, in the protocol `algorithm`


@dataclass(frozen=True)
class Run:
    """One model's part in a protocol.

    Args:
        protocol: one of `PROTOCOLS`.
        name: as the steps of training have it: a fold's number, perhaps with -without-RESTORER.
        teaches: bool (n,), images of the set that teach it.
        asked: bool (n,), those it is asked about.
        pairs: bool (p,), the pairs that it is asked about.
    """

    protocol: str
    name: str
    teaches: np.ndarray
    asked: np.ndarray
    pairs: np.ndarray


def folds_of(own: RatedSet, protocol: str) -> pd.DataFrame:
    """Give the fold of every family (source, family, fold): its own, or of so many folds."""
    if protocol == ALGORITHM:
        return dealt(own.images, FOLDS)
    table = own.images[["source", "family"]].drop_duplicates().sort_values(["source", "family"])
    table = table.assign(fold=np.arange(len(table))).reset_index(drop=True)
    return table[list(FOLD_COLUMNS)]


def runs_of(own: RatedSet, protocol: str) -> list[Run]:
    """List the models of a protocol, each with what it is taught and asked."""
    images, pairs = own.images, own.pairs
    if protocol == ELSEWHERE:
        every, none = np.ones(len(images), bool), np.zeros(len(images), bool)
        return [Run(protocol, "all", none, every, np.ones(len(pairs), bool))]
    by = folds_of(own, protocol).set_index("family")["fold"]
    fold = images["family"].map(by).to_numpy()
    of = images.set_index("image")
    fold_of_pair = pairs["image_a"].map(of["family"]).map(by).to_numpy()
    if protocol == FAMILY:
        return [
            Run(protocol, str(k), fold != k, fold == k, fold_of_pair == k)
            for k in sorted(set(fold.tolist()))
        ]
    runs = []
    groups = images["task"] + "/" + images["group"]
    with_a, with_b = (pairs[side].map(of["algorithm"]) for side in ("image_a", "image_b"))
    for k in sorted(set(fold.tolist())):
        for name in sorted(images["algorithm"].unique()):
            of_it = images["algorithm"].eq(name).to_numpy()
            asked = groups.isin(groups[of_it]).to_numpy() & (fold == k)
            told = (fold_of_pair == k) & (with_a.eq(name) | with_b.eq(name)).to_numpy()
            taught = (fold != k) & ~of_it
            if told.any():
                runs.append(Run(protocol, f"{k}-without-{name}", taught, asked, told))
    return runs


def asked_of(own: RatedSet, runs: Sequence[Run]) -> RatedSet:
    """Lay what all runs are asked end to end: an image that two models are asked about is two.

    Groups are those of one model, as scores of two models are on no common scale.
    """
    images, pairs, sharpness = [], [], []
    for run in runs:
        part = own.images[run.asked]
        images.append(part.assign(image=run.name + "|" + part["image"]))
        images[-1]["group"] = run.name + "|" + part["group"]
        named = own.pairs[run.pairs]
        sides = {side: run.name + "|" + named[side] for side in ("image_a", "image_b")}
        pairs.append(named.assign(**sides))
        sharpness.append(own.sharpness[run.asked])
    table = pd.concat(images, ignore_index=True)
    return replace(
        own,
        images=table,
        pairs=pd.concat(pairs, ignore_index=True),
        sharpness=np.concatenate(sharpness),
        taken=np.ones(len(table), bool),
    )


def wide_pairs(own: RatedSet, gap: float) -> np.ndarray:
    """Tell of which pairs the raw scores lie more than `gap` apart: bool (p,)."""
    return raw_gaps(own).abs().gt(gap).to_numpy()


def wide(own: RatedSet, gap: float) -> RatedSet:
    """Keep the pairs of `wide_pairs`, decided by the order of the scores."""
    preference = np.where(raw_gaps(own) > 0, "A", "B")
    pairs = own.pairs.assign(preference=preference)[wide_pairs(own, gap)]
    return replace(own, pairs=pairs.reset_index(drop=True))


def raw_gaps(own: RatedSet) -> pd.Series:
    """Say how far the raw score of A is above that of B."""
    raw = own.images.set_index("image")["raw_score"]
    return own.pairs["image_a"].map(raw) - own.pairs["image_b"].map(raw)
