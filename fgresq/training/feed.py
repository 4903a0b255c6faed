"""What a step of training is fed: image tokens or crops, drawn by (seed, step) alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from fgresq.networks.towers import ClipTower, StandInTower
from fgresq.networks.vit import CROP, SIZE
from fgresq.sections import Tower
from fgresq.training.token_cache import centre, encoded

EVALUATION_BATCH = 64


class ImageFeed:
    """Gives batches of images, and the features a tower has for them.

    A batch is what both towers can take: cached tokens of the part that they share, or uint8 crops.

    Args:
        images: image table.
        tower: section `tower` of a preset; `crop` is native (cached tokens) or random.
        weights: folder of the stand-in's weights.
        on: device.
        seed: of random crops and flips.
    """

    def __init__(
        self,
        images: pd.DataFrame,
        tower: Tower,
        weights: Path,
        on: torch.device,
        seed: int = 0,
    ) -> None:
        self.array = encoded(images, tower, weights)
        self.random_crop, self.flip = tower.crop == "random", tower.flip
        self.seed, self.on = seed, on

    def rows(self, numbers: np.ndarray) -> torch.Tensor:
        """Read rows of the array onto the device; ascending reads are kind to a disk."""
        return torch.from_numpy(np.ascontiguousarray(self.array[numbers])).to(self.on)

    def training(self, numbers: np.ndarray, step: int) -> torch.Tensor:
        """Give the batch of a step: cached tokens, or random crops and flips of pixels."""
        rows = self.rows(numbers)
        if not self.random_crop:
            return rows.float()
        rng = np.random.default_rng([self.seed, step])
        corners = rng.integers(0, SIZE - CROP + 1, (len(numbers), 2))
        crops = torch.stack(
            [row[y : y + CROP, x : x + CROP] for row, (y, x) in zip(rows, corners, strict=True)]
        )
        flips = torch.from_numpy(rng.integers(0, 2, len(numbers)).astype(bool)).to(self.on)
        return torch.where(flips[:, None, None, None] & self.flip, crops.flip(2), crops)

    def evaluation(self, numbers: np.ndarray) -> torch.Tensor:
        """Give a batch without chance: cached tokens, or the centre crop of 256."""
        rows = self.rows(numbers)
        return centre(rows) if self.random_crop else rows.float()

    def tokens(self, tower: StandInTower | ClipTower, batch: torch.Tensor) -> torch.Tensor:
        """Give the input of the tower's `upper` for a batch."""
        return tower.tokens(batch)[:, None] if self.random_crop else batch

    def pooled(self, tower: StandInTower | ClipTower, batch: torch.Tensor) -> torch.Tensor:
        """Give the features (N, width) of a batch, with gradient."""
        return tower.upper(self.tokens(tower, batch))

    def features(self, tower: StandInTower | ClipTower, numbers: np.ndarray) -> torch.Tensor:
        """Give pooled features (N, width), without chance and without gradient."""
        with torch.inference_mode():
            parts = [
                self.pooled(tower, self.evaluation(numbers[at : at + EVALUATION_BATCH]))
                for at in range(0, len(numbers), EVALUATION_BATCH)
            ]
        return torch.cat(parts) if parts else torch.empty(0, tower.width, device=self.on)


class FrozenFeed(ImageFeed):
    """Features of a tower that is not trained, computed once for all images: a batch is of them.

    Args:
        values: (images, width), of the tower on the images as at the evaluation.
    """

    def __init__(self, values: torch.Tensor) -> None:
        self.values, self.on = values, values.device

    def training(self, numbers: np.ndarray, step: int) -> torch.Tensor:
        """Give the features of images."""
        return self.values[numbers]

    def evaluation(self, numbers: np.ndarray) -> torch.Tensor:
        """Give the features of images."""
        return self.values[numbers]

    def pooled(self, tower: StandInTower | ClipTower, batch: torch.Tensor) -> torch.Tensor:
        """Give the batch, which is of features."""
        return batch
