"""The pairs of a training side as arrays, and the batches that are drawn of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch

from fgresq.sections import PairTraining
from fgresq.training.losses import scene_weights
from fgresq.training.sampler import SceneSampler


class PairBatches:
    """The pairs of the training side as arrays, and the batches drawn from them.

    Args:
        images: image table; its row numbers are what batches speak of.
        pairs: training pairs.
        settings: of stage 2 or a baseline; `batch_by` is pair, or group, which draws the pairs of
            whole groups together, so that images are shared within a batch.
    """

    def __init__(self, images: pd.DataFrame, pairs: pd.DataFrame, settings: PairTraining) -> None:
        number = pd.Series(np.arange(len(images)), index=images["image"])
        self.first, self.second = (number[pairs[c]].to_numpy() for c in ("image_a", "image_b"))
        self.equal = pairs["preference"].eq("equal").to_numpy()
        self.fraction = pairs["preference"].map({"A": 1.0, "B": 0.0, "equal": 0.5}).to_numpy()
        self.scenes = images[settings.scene].to_numpy(dtype=str)[self.first]
        groups = (pairs["source"] + "/" + pairs["task"] + "/" + pairs["group"]).to_numpy(dtype=str)
        together = groups if settings.batch_by == "group" else None
        self.sampler = SceneSampler(self.scenes, settings.batch, settings.seed, together)
        of_image = images["source"] + "/" + images["task"] + "/" + images["group"]
        inside = settings.compare_in == "group"
        self.groups = torch.from_numpy(pd.factorize(of_image)[0]) if inside else None
        rows = np.union1d(self.first, self.second)
        of_images = images.iloc[rows][settings.scene].value_counts()
        self.weights = scene_weights({str(k): int(v) for k, v in of_images.items()})

    def images_of(self, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give the distinct images of chosen pairs (rows), and where A and B are in them (2, n)."""
        both = np.stack([self.first[chosen], self.second[chosen]])
        rows, place = np.unique(both, return_inverse=True)
        return rows, place.reshape(2, -1)
