"""Images that show the same: what a glance at every image of a table tells, and who is left out."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from fgresq.human.kept import Kept
from fgresq.human.rated_sets import near
from fgresq.human.taught import Taught
from fgresq.human.tower_names import GLANCE


def glance_of(images: pd.DataFrame, seed: int) -> np.ndarray:
    """Give sharpness and perceptual hash of images: (n, 65), computed once an image.

    Args:
        images: image table.
        seed: of the bench; what is kept is named by it.

    Raises:
        UserError: an image cannot be read.
    """
    kept = Kept(GLANCE, 0, seed)
    kept.fill(images)
    return kept.all(images["sha256"].tolist()) if len(images) else np.empty((0, 65))


def bits_of(glances: np.ndarray) -> np.ndarray:
    """Give the perceptual hashes of glances (n, 65): bool (n, 64)."""
    return glances[:, 1:] > 0.5


def only(own: Taught, stay: np.ndarray) -> Taught:
    """Keep some images of a set, bool (n,), and the pairs between them."""
    images = own.images[stay].reset_index(drop=True)
    inside = own.pairs[["image_a", "image_b"]].isin(set(images["image"])).all(axis=1)
    return Taught(own.name, images, own.pairs[inside].reset_index(drop=True))


def less_alike(own: Taught, others: Iterable[Taught], most: int, seed: int) -> Taught:
    """Leave out of a set what shows the same as an image of others.

    Args:
        own: the set.
        others: that it must not show.
        most: bits of 64 in which hashes of one photograph may differ.
        seed: of the bench.
    """
    stay, bits = np.ones(len(own.images), bool), bits_of(glance_of(own.images, seed))
    for other in others:
        stay[near(bits, bits_of(glance_of(other.images, seed)), most)[:, 0]] = False
    return only(own, stay)
