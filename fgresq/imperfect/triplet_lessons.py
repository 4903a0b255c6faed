"""The triplets that a run of A-FINE learns from: those of the families that it is not tested on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from fgresq.comparisons import STANDARD
from fgresq.errors import UserError
from fgresq.imperfect.seen_comparisons import Statistics
from fgresq.model.moments import Moments, Terms

ALL = "all"  # the run that trains on everything and tests nothing
LABELS = ["a_over_b", "a_over_reference", "b_over_reference"]
PAIRS = ((0, 1), (0, 2), (1, 2))  # of image a, image b and reference, in the order of LABELS


@dataclass(frozen=True)
class Lessons:
    """Triplets as row numbers.

    Args:
        table: the triplets.
        images: (n, 3) rows of the moments of image a, image b and reference.
        pairs: (n, 2) rows of the terms of image a and of image b, both against the reference.
        labels: (n, 3) float32 on the device, in the order of LABELS.
    """

    table: pd.DataFrame
    images: np.ndarray
    pairs: np.ndarray
    labels: torch.Tensor

    def of(self, kinds: tuple[str, ...]) -> Lessons:
        """Keep the triplets of these kinds: standard, imperfect, or both."""
        standard = self.table["type"].eq(STANDARD).to_numpy()
        kept = np.flatnonzero(np.where(standard, "standard" in kinds, "imperfect" in kinds))
        table = self.table.iloc[kept].reset_index(drop=True)
        return Lessons(table, self.images[kept], self.pairs[kept], self.labels[kept])


def fold_of(table: pd.DataFrame, folds: pd.DataFrame, where: str | Path) -> np.ndarray:
    """Give the fold of each row's family.

    Raises:
        UserError: a family has none.
    """
    keys = ["source", "family"]
    found = table[keys].merge(folds, how="left", on=keys, validate="many_to_one")["fold"]
    if found.isna().any():
        source, family = table.loc[found.isna().to_numpy(), keys].iloc[0]
        problem = f"the family '{family}' of {source} has no fold"
        raise UserError(where, problem, "Make folds of the same table")
    return found.to_numpy(dtype=int)


def tested(table: pd.DataFrame, folds: pd.DataFrame, run: str, where: str | Path) -> np.ndarray:
    """Say which rows are of the families that a run is tested on.

    Raises:
        UserError: a family has no fold, or there is no such fold.
    """
    found = fold_of(table, folds, where)
    if run == ALL:
        return np.zeros(len(table), dtype=bool)
    known = sorted(set(folds["fold"]))
    if not run.isdigit() or int(run) not in known:
        problem = f"there is no fold '{run}'"
        raise UserError(where, problem, f"Known are: {', '.join(map(str, known))}, {ALL}")
    return found == int(run)


def rows_of(triplets: pd.DataFrame, comparisons: pd.DataFrame) -> np.ndarray:
    """Give (n, 2) the comparisons of image a and of image b with the reference."""
    keys = zip(comparisons["image"], comparisons["reference"], strict=True)
    row = {key: place for place, key in enumerate(keys)}
    return np.array(
        [
            [row[image, reference] for image in (a, b)]
            for a, b, reference in triplets[["image_a", "image_b", "reference"]].to_numpy()
        ]
    ).reshape(-1, 2)


def lessons_of(
    triplets: pd.DataFrame, comparisons: pd.DataFrame, seen: dict[str, int], device: torch.device
) -> Lessons:
    """Look up the rows of triplets.

    Args:
        triplets: of the training side.
        comparisons: that they are made of.
        seen: row of the moments by SHA-256.
        device: of the labels.
    """
    pairs = rows_of(triplets, comparisons)
    own = comparisons["sha256"].to_numpy()[pairs]
    references = comparisons["reference_sha256"].to_numpy()[pairs[:, :1]]
    images = [[seen[content] for content in row] for row in np.hstack([own, references])]
    labels = torch.tensor(triplets[LABELS].to_numpy(dtype=np.float32), device=device)
    table = triplets.reset_index(drop=True)
    return Lessons(table, np.array(images).reshape(-1, 3), pairs, labels)


def _parts(array: np.ndarray, rows: np.ndarray, device: torch.device) -> list[torch.Tensor]:
    chosen = torch.from_numpy(np.ascontiguousarray(array[rows])).to(device)
    return [chosen[:, 0], chosen[:, 1]]


def moments_at(seen: Statistics, rows: np.ndarray, device: torch.device) -> Moments:
    """Read the moments of images (n,) by their rows."""
    assert seen.moments is not None
    return Moments(*_parts(seen.moments, rows, device))


def terms_at(seen: Statistics, rows: np.ndarray, device: torch.device) -> Terms:
    """Read the terms of comparisons (n,) by their rows."""
    return Terms(*_parts(seen.terms, rows, device))
