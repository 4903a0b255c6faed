"""What ratings say of pairs, which images are not independent, and which all metrics have."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from fgresq.errors import UserError
from fgresq.human.people_tables import VOTES

MOST_PAIRS = 2_000_000
EMPTY = ("image_a", "image_b", "preference", "family")


def derived_pairs(ratings: pd.DataFrame) -> pd.DataFrame:
    """Pair the images of each group, or of the table where no groups are said, by their ratings.

    Returns:
        As `read_preferences` gives them; none where there would be more than `MOST_PAIRS`.
    """
    groups = [own for _, own in ratings.groupby(["dataset", "group"], sort=True)]
    made: list[pd.DataFrame] = []
    if sum(len(own) * (len(own) - 1) // 2 for own in groups) > MOST_PAIRS:
        logging.warning("over %d pairs of one group: no accuracy; name groups", MOST_PAIRS)
        groups = []
    for own in groups:
        a, b = np.triu_indices(len(own), 1)
        score, names = own["score"].to_numpy(), own["image"].to_numpy()
        ahead = np.sign(score[a] - score[b])
        answer = np.select([ahead > 0, ahead < 0], ["A", "B"], "equal")
        pair = {"image_a": names[a], "image_b": names[b], "preference": answer}
        made.append(pd.DataFrame({**pair, "family": own["family"].to_numpy()[a]}))
    found = pd.concat(made, ignore_index=True) if made else pd.DataFrame(columns=list(EMPTY))
    nothing: dict[str, Any] = dict.fromkeys(VOTES, np.nan)
    return found.assign(**nothing, vote_kind="")


def families_by_pairs(pairs: pd.DataFrame) -> dict[str, str]:
    """Give images that pairs link, directly or not, one family: they are not independent."""
    names, codes = np.unique(pairs[["image_a", "image_b"]].to_numpy(str), return_inverse=True)
    a, b = codes.reshape(-1, 2).T
    links = coo_matrix((np.ones(len(a)), (a, b)), shape=(len(names), len(names)))
    _, parts = connected_components(links, directed=False)
    return {name: str(part) for name, part in zip(names, parts, strict=True)}


def common(values: Mapping[str, pd.Series], people: Sequence[str]) -> list[str]:
    """List the images that people and all metrics have a value of, in people's order.

    Raises:
        UserError: there is none, or a metric has no value of any.
    """
    known = set(people)
    for name, own in values.items():
        if not known & set(own.index):
            first, other = next(iter(own.index), "nothing"), next(iter(people), "nothing")
            problem = f"no image of it is among people's: it has '{first}', they '{other}'"
            raise UserError(f"metric '{name}'", problem, "Name the images alike in both tables")
        known &= set(own.dropna().index)
    if not known:
        problem = f"no image has a value of all of {', '.join(values)}"
        raise UserError("fgresq evaluate", problem, "Leave the emptiest out")
    return [name for name in people if name in known]


def families_of(
    ratings: pd.DataFrame | None, pairs: pd.DataFrame, names: Sequence[str]
) -> dict[str, str]:
    """Give the family of each image, as far as anything is said of it."""
    linked = families_by_pairs(pairs) if ratings is None and len(pairs) else {}
    found = {name: linked.get(name, name) for name in names}
    if ratings is not None:
        said = ratings["family"].where(ratings["family"].ne(""), ratings["group"])
        found |= {n: f for n, f in zip(ratings["image"], said, strict=True) if f and n in found}
    elif pairs["family"].ne("").all():
        for column in ("image_a", "image_b"):
            found |= dict(zip(pairs[column], pairs["family"], strict=True))
    return found
