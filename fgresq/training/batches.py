"""The pairs and lone images of a training side as arrays, and the batches drawn of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch

from fgresq.errors import UserError
from fgresq.sections import PairTraining
from fgresq.tables import PHOTOGRAPH
from fgresq.training.compared import compared_in, scenes_of
from fgresq.training.losses import scene_weights
from fgresq.training.sampler import SceneSampler


class PairBatches:
    """The pairs of the training side as arrays, and the batches drawn from them.

    An image that learns without a partner stands among them as a pair with itself: its score is
    compared with those of the batch, and it has no ranking (`paired` is False). Such are all
    photographs; with `unpaired`, restored images in no pair; and where no pair is decided, which
    teaches nothing, all images.

    Args:
        images: image table; its row numbers are what batches speak of.
        pairs: training pairs.
        settings: of stage 2 or a baseline; `batch_by` is pair, or group, which draws the pairs of
            whole groups together, so that images are shared within a batch.
        rows: numbers of the training images; None: only pairs teach.

    Raises:
        UserError: no pair is decided, and no two images that are compared have unlike scores.
    """

    def __init__(
        self,
        images: pd.DataFrame,
        pairs: pd.DataFrame,
        settings: PairTraining,
        rows: np.ndarray | None = None,
    ) -> None:
        decided = bool(pairs["preference"].ne("equal").any())
        pairs = pairs if decided else pairs.iloc[:0]
        number = pd.Series(np.arange(len(images)), index=images["image"])
        first, second = (number[pairs[c]].to_numpy() for c in ("image_a", "image_b"))
        given = np.empty(0, dtype=int) if rows is None else rows
        whole = settings.unpaired or not decided
        alone = without_partner(images, given, np.union1d(first, second), whole)
        self.first, self.second = (np.concatenate([side, alone]) for side in (first, second))
        self.paired = np.arange(len(self.first)) < len(pairs)
        equal = pairs["preference"].eq("equal").to_numpy()
        fraction = pairs["preference"].map({"A": 1.0, "B": 0.0, "equal": 0.5}).to_numpy(dtype=float)
        self.equal = np.concatenate([equal, np.zeros(len(alone), dtype=bool)])
        self.fraction = np.concatenate([fraction, np.full(len(alone), 0.5)])
        scene, of_image = scenes_of(images, settings.scene), compared_in(images)
        self.scenes = scene.to_numpy(dtype=str)[self.first]
        inside = settings.compare_in == "group"
        if not decided:
            check_unlike(images, alone, of_image if inside else scene)
        drawn_with = of_image.to_numpy(dtype=str)[self.first]
        together = drawn_with if settings.batch_by == "group" else None
        self.sampler = SceneSampler(self.scenes, settings.batch, settings.seed, together)
        if not inside:  # photographs of two data sets never lie on one scale
            of_image = images["source"] + "/" + images["dataset"]
        apart = inside or images["task"].eq(PHOTOGRAPH).any()
        self.groups = torch.from_numpy(pd.factorize(of_image)[0]) if apart else None
        rows = np.union1d(self.first, self.second)
        of_images = scene.iloc[rows].value_counts()
        self.weights = scene_weights({str(k): int(v) for k, v in of_images.items()})

    def images_of(self, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give the distinct images of chosen pairs (rows), and where A and B are in them (2, n)."""
        both = np.stack([self.first[chosen], self.second[chosen]])
        rows, place = np.unique(both, return_inverse=True)
        return rows, place.reshape(2, -1)


def without_partner(
    images: pd.DataFrame, rows: np.ndarray, paired: np.ndarray, whole: bool
) -> np.ndarray:
    """Choose the images that learn without a partner.

    Args:
        images: image table.
        rows: numbers of the training images.
        paired: numbers of the images that are in a pair.
        whole: restored images too, and not only photographs.
    """
    rest = np.setdiff1d(rows, paired)
    return rest if whole else rest[images["task"].iloc[rest].eq(PHOTOGRAPH).to_numpy()]


def check_unlike(images: pd.DataFrame, rows: np.ndarray, compared: pd.Series) -> None:
    """Raise a UserError where no two images that are compared have unlike scores."""
    kinds = images["score"].iloc[rows].groupby(compared.iloc[rows]).nunique()
    if not (kinds > 1).any():
        raise UserError(
            "the training side",
            "no pair of it is decided, and no two of its images that may be compared have unlike "
            "scores: there is nothing to learn from",
            "Raise filter/tau, lower labels/indifference in config/config.yaml, or give "
            "photographs with scores",
        )
