"""What a step of training is fed: image tokens or crops, drawn by (seed, step) alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from fgresq.errors import UserError, unknown
from fgresq.metrics.towers import CROP, SIZE
from fgresq.model.towers import ClipTower, StandInTower
from fgresq.training.encode import centre, encoded
from fgresq.training.settings import split_run

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
        tower: dict[str, Any],
        weights: Path,
        on: torch.device,
        seed: int = 0,
    ) -> None:
        self.array = encoded(images, tower, weights)
        self.random_crop, self.flip = tower["crop"] == "random", tower["flip"]
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

    def features(self, tower: StandInTower | ClipTower, numbers: np.ndarray) -> torch.Tensor:
        """Give pooled features (N, width), without chance and without gradient."""
        with torch.inference_mode():
            parts = [
                tower.upper(
                    self.tokens(tower, self.evaluation(numbers[at : at + EVALUATION_BATCH]))
                )
                for at in range(0, len(numbers), EVALUATION_BATCH)
            ]
        return torch.cat(parts) if parts else torch.empty(0, tower.width, device=self.on)


def sides(
    images: pd.DataFrame, pairs: pd.DataFrame, folds: pd.DataFrame, run: str
) -> tuple[np.ndarray, np.ndarray, pd.DataFrame, pd.DataFrame]:
    """Divide images and pairs for a run.

    Args:
        images: image table.
        pairs: pair table.
        folds: source, family, fold.
        run: the number of the fold that is tested; `pairs`, the random split by pairs; or `all`,
            everything for training and nothing for the test. With -without-ALGORITHM the training
            side loses the images of that algorithm and their pairs.

    Returns:
        Row numbers of training and test images; training and test pairs.

    Raises:
        UserError: one side is empty, or there is no such algorithm.
    """
    side, without, _ = split_run(run)
    train_images, test_images, train, test = divided(images, pairs, folds, side)
    if without:
        if without not in set(images["algorithm"]):
            raise unknown(f"run '{run}'", "algorithm", without, images["algorithm"].unique())
        of_it = images["algorithm"].eq(without).to_numpy()
        names = images.loc[of_it, "image"]
        train_images &= ~of_it
        train = train[~train["image_a"].isin(names) & ~train["image_b"].isin(names)]
    for what, chosen in (("training", train_images), ("test", test_images)):
        if not chosen.any() and (what, side) != ("test", "all"):
            raise UserError(
                f"run '{run}'",
                f"its {what} side holds no image",
                "Give more families or fewer folds (split/folds in config/config.yaml)",
            )
    return np.flatnonzero(train_images), np.flatnonzero(test_images), train, test


def divided(
    images: pd.DataFrame, pairs: pd.DataFrame, folds: pd.DataFrame, run: str
) -> tuple[np.ndarray, np.ndarray, pd.DataFrame, pd.DataFrame]:
    """Divide images (as masks) and pairs by the first part of a run's name."""
    names = images["image"].to_numpy()
    if run == "all":
        none = np.zeros(len(names), dtype=bool)
        return ~none, none, pairs, pairs.iloc[:0]
    if run == "pairs":
        test = pairs["split_pairs"].eq("test").to_numpy()
        train_images = np.isin(names, pairs.loc[~test, ["image_a", "image_b"]].to_numpy())
        test_images = np.isin(names, pairs.loc[test, ["image_a", "image_b"]].to_numpy())
    else:
        test = pairs["fold"].eq(int(run)).to_numpy()
        fold = images[["source", "family"]].merge(folds, how="left", on=["source", "family"])[
            "fold"
        ]
        test_images = fold.eq(int(run)).to_numpy()
        train_images = ~test_images
    return train_images, test_images, pairs[~test], pairs[test]
