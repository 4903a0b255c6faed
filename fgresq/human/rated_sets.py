"""The sets of the bench as tables: which images of each are taken, and which show the same.

An image that shows what another shows, by their perceptual hashes, stays on its side: inside a set
both get one family, and a training image that shows what an image of a select or test set shows
teaches nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from fgresq.errors import UserError
from fgresq.files import digest
from fgresq.human.declared import Declared, Rated
from fgresq.tables import SUPPLIED_COLUMNS, rated, read_images, read_table

LEAST = 2  # images, and families, with which a set tells anything
ROWS = 512  # of a matrix of distances held at once


@dataclass(frozen=True)
class RatedSet:
    """A set that is at hand.

    Args:
        name: of it.
        role: train, select or test.
        images: rows of the image table, in the order of their identifiers, with `family` joined
            over near-duplicates.
        pairs: of these images, with votes and their kind.
        sharpness: (n,) of the images.
        taken: bool (n,): no image of another select or test set shows the same.
        merged: near-duplicates found inside the set, in pairs.
    """

    name: str
    role: str
    images: pd.DataFrame
    pairs: pd.DataFrame
    sharpness: np.ndarray
    taken: np.ndarray
    merged: int = 0

    @property
    def manifest(self) -> str:
        """Digest images and labels."""
        rows = [self.images[["image", "sha256", "raw_score"]].to_numpy().tolist()]
        return digest([*rows, self.pairs.to_numpy(dtype=str).tolist()])


def read_set(name: str, told: Rated, images: Path, pairs: Path) -> RatedSet | None:
    """Read a set from the tables of its source; None where the source is not placed.

    Args:
        name: of the set.
        told: what is declared of it.
        images: image table.
        pairs: table of supplied preferences.

    Raises:
        UserError: its table says another role, or it holds too little to tell anything.
    """
    table = rated(read_images(images))
    if table.empty:
        return None
    own = set(table["role"]) - {"", told.role}
    if own:
        problem = f"its images have the role {sorted(own)[0]}, and {name} is declared {told.role}"
        raise UserError(images, problem, "Give the set one role")
    table = sampled(table, told.images).sort_values("image").reset_index(drop=True)
    if len(table) < LEAST:
        raise UserError(images, f"{name} has {len(table)} image", "Place the whole data set")
    if table["score"].nunique() < LEAST:
        problem = f"all {len(table)} scores of {name} are alike"
        raise UserError(images, problem, "Place the scores that its authors released")
    supplied = read_table(pairs, SUPPLIED_COLUMNS)
    inside = supplied["image_a"].isin(table["image"]) & supplied["image_b"].isin(table["image"])
    none = np.zeros(len(table), bool)
    kept = supplied[inside].reset_index(drop=True)
    return RatedSet(name, told.role, table, kept, np.zeros(len(table)), ~none)


def sampled(images: pd.DataFrame, count: int | None) -> pd.DataFrame:
    """Take so many images, by the order of their hashes: the same whatever they are called."""
    return images if count is None else images.sort_values(["sha256", "image"])[:count]


def near(a: np.ndarray, b: np.ndarray, most: int) -> np.ndarray:
    """Name the pairs of rows of bits (n, 64) and (m, 64) that differ in at most so many: (k, 2)."""
    signs = [np.where(bits, 1, -1).astype(np.float32) for bits in (a, b)]
    found = []
    for start in range(0, len(a), ROWS):
        # of signs the product is 64 less twice the distance
        close = signs[0][start : start + ROWS] @ signs[1].T >= 64 - 2 * most
        found.append(np.argwhere(close) + [start, 0])
    return np.concatenate(found) if found else np.empty((0, 2), int)


def joined(families: pd.Series, alike: np.ndarray) -> pd.Series:
    """Give one family to all that near-duplicates connect.

    Args:
        families: (n,) as the source has them.
        alike: (k, 2) rows that show the same.
    """
    names, codes = np.unique(families.to_numpy(dtype=str), return_inverse=True)
    ends = codes[alike.astype(int)].reshape(-1, 2)
    graph = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(len(names),) * 2)
    _, part = connected_components(graph, directed=False)
    first = pd.Series(names).groupby(part).transform("first").to_numpy()
    return pd.Series(first[codes], index=families.index)


def kept_apart(
    sets: Mapping[str, RatedSet], glances: Mapping[str, np.ndarray], declared: Declared
) -> dict[str, RatedSet]:
    """Add to sets what a glance tells: sharpness, joined families, which images may be learnt from.

    Labels are not looked at.

    Args:
        sets: by name.
        glances: (n, 65) of the images of each: sharpness, then 64 bits.
        declared: the roles, and how near is near.
    """
    bits = {name: values[:, 1:] > 0.5 for name, values in glances.items()}
    told = declared.of_role("select", "test")
    found = {}
    for name, own in sets.items():
        inside = near(bits[name], bits[name], declared.near)
        inside = inside[inside[:, 0] < inside[:, 1]]
        families = own.images["family"].to_numpy()
        across = inside[families[inside[:, 0]] != families[inside[:, 1]]]
        taken = np.ones(len(own.images), bool)
        for other in (other for other in told if other in sets and other != name):
            taken[near(bits[name], bits[other], declared.near)[:, 0]] = False
        images = own.images.assign(family=joined(own.images["family"], across))
        found[name] = RatedSet(
            name, own.role, images, own.pairs, glances[name][:, 0], taken, len(across)
        )
    return found
