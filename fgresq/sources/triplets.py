"""Triplets of two images and a reference, as A-FINE is trained on and tested by.

Of votes (DiffIQA): every two test images of a reference that stand unlike to it, two that are both
like it, and each image against the reference itself. Two better ones, or two worse ones, were never
compared with each other, and have no label. Types are named by how image A and image B stand to the
reference: P(ositive), S(imilar), N(egative); Y is the reference itself.

Of scores (TID2013, KADID-10k, PIPAL): of a group, one reference and its n distorted images, each
member in turn is image A, and round(log2(n + 1)) others are drawn to be image B: of 120, 125 and
116 distorted images, 847, 882 and 819 triplets. The reference is a member, better than all.

A-FINE, Chen et al., CVPR 2025.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from fgresq.comparisons import ALIKE, BETTER, SIMILAR, STANDARD, TRIPLET_COLUMNS, WORSE
from fgresq.pairs.order import stable_hash

STANDS = {BETTER: 1.0, SIMILAR: ALIKE, WORSE: 0.0}  # an image to its reference, as a label
LETTER = {BETTER: "P", SIMILAR: "S", WORSE: "N"}
BEST = math.inf  # quality of a perfect reference: its authors write a MOS of 9999
PAIRED = ((BETTER, SIMILAR), (BETTER, WORSE), (SIMILAR, WORSE), (SIMILAR, SIMILAR))


class Group(NamedTuple):
    """What all triplets of a reference have in common."""

    source: str
    reference: str
    content: str
    family: str

    def triplet(
        self, kind: str, a: str, b: str, label: float, a_stands: float, b_stands: float
    ) -> dict[str, object]:
        """Give a row of TRIPLET_COLUMNS."""
        values = (self.source, kind, a, b, self.reference, label, a_stands, b_stands)
        return dict(zip(TRIPLET_COLUMNS, (*values, self.content, self.family), strict=True))


def groups_of(table: pd.DataFrame) -> Iterator[tuple[Group, pd.DataFrame]]:
    """Give each reference with its images, in the order of their names."""
    for reference, own in table.groupby("reference", sort=True):
        first = own.iloc[0]
        group = Group(first["source"], str(reference), first["content"], first["family"])
        yield group, own.sort_values("image")


def table_of(rows: list[dict[str, object]]) -> pd.DataFrame:
    """Give rows as a table of TRIPLET_COLUMNS."""
    return pd.DataFrame(rows, columns=list(TRIPLET_COLUMNS))


def triplets_of_votes(compared: pd.DataFrame) -> pd.DataFrame:
    """Make the seven types of triplets of images that were judged against their reference.

    Args:
        compared: source, image, reference, content, family, and label: one of LABELS, or empty
            where no two observers agreed, of which no triplet is made. Other images than
            references.

    Returns:
        A table of TRIPLET_COLUMNS, by references and types. Labels of A against B follow from how
        both stand to the reference: nobody was asked.
    """
    rows: list[dict[str, object]] = []
    for group, own in groups_of(compared):
        by_label = {label: own.loc[own["label"] == label, "image"].tolist() for label in STANDS}
        for one, other in PAIRED:
            kind = f"{LETTER[one]}{LETTER[other]}Y"
            pairs = (
                itertools.combinations(by_label[one], 2)
                if one == other
                else itertools.product(by_label[one], by_label[other])
            )
            label = ALIKE if one == other else 1.0
            rows += [group.triplet(kind, *ab, label, STANDS[one], STANDS[other]) for ab in pairs]
        for judged, stands in STANDS.items():  # against the reference, which is like itself
            kind = f"{LETTER[judged]}YY"
            rows += [
                group.triplet(kind, image, group.reference, stands, stands, ALIKE)
                for image in by_label[judged]
            ]
    return table_of(rows)


def order(a: float, b: float) -> float:
    """Label two images by their quality: 1 where the first is better, 0 the second, 0.5 alike."""
    return ALIKE if a == b else float(a > b)


def drawn(image: str, members: list[str], seed: int, group: Group) -> list[str]:
    """Draw what a member of a group meets: round(log2(number of members)) of the others.

    It follows from names and the seed alone, never from what an image is worth.
    """
    others = [name for name in members if name != image]
    count = min(round(math.log2(len(members))), len(others))
    rng = np.random.default_rng(stable_hash("nlogn", seed, *group[:2], image))
    return [others[k] for k in rng.choice(len(others), count, replace=False)]


def triplets_of_scores(rated: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Make triplets of groups whose reference is perfect: type STANDARD.

    Args:
        rated: source, image, reference, content, family, quality (higher better, comparable among
            the images of a reference). Rows of references themselves are left out: one is better
            than all its images, whatever its own quality.
        seed: of what is drawn.

    Returns:
        A table of TRIPLET_COLUMNS, by references. Both orders of two images can occur.
    """
    rows: list[dict[str, object]] = []
    for group, own in groups_of(rated[rated["image"] != rated["reference"]]):
        quality = dict(zip(own["image"], own["quality"].astype(float), strict=True))
        quality[group.reference] = BEST
        members = sorted(quality)
        for a in members:
            for b in drawn(a, members, seed, group):
                label = order(quality[a], quality[b])
                stands = [order(quality[image], BEST) for image in (a, b)]
                rows.append(group.triplet(STANDARD, a, b, label, *stands))
    return table_of(rows)


def triplets_of_pairs(pairs: pd.DataFrame, mos: pd.Series) -> pd.DataFrame:
    """Make a triplet of each pair of images that people compared (SRIQA-Bench): type STANDARD.

    Args:
        pairs: source, image_a, image_b, reference, label (of A over B), content, family.
        mos: by image, the references among them. How an image stands to its reference follows
            from it: there people preferred some images to the original.

    Returns:
        A table of TRIPLET_COLUMNS, in the order of the pairs.
    """
    rows = []
    for row in pairs.itertuples(index=False):
        group = Group(row.source, row.reference, row.content, row.family)
        stands = [order(mos[image], mos[row.reference]) for image in (row.image_a, row.image_b)]
        rows.append(group.triplet(STANDARD, row.image_a, row.image_b, row.label, *stands))
    return table_of(rows)


def with_original(triplets: pd.DataFrame) -> pd.Series:
    """Tell which triplets hold the reference as an image: a metric of likeness has them free."""
    x = triplets["reference"]
    return triplets["image_a"].eq(x) | triplets["image_b"].eq(x)
