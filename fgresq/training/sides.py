"""Which images and pairs a run trains on, and which it is tested on.

An image whose role is to select or to test models is in no training side, whatever the run.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from fgresq.errors import UserError, unknown
from fgresq.runs import split_run
from fgresq.tables import PHOTOGRAPH

TRAINED_ON = ("", "train")  # roles


def sides(
    images: pd.DataFrame, pairs: pd.DataFrame, folds: pd.DataFrame, run: str
) -> tuple[np.ndarray, np.ndarray, pd.DataFrame, pd.DataFrame]:
    """Divide images and pairs for a run.

    Args:
        images: image table.
        pairs: pair table.
        folds: source, family, fold.
        run: the number of the fold that is tested; `pairs`, the random split by pairs; or `all`,
            everything that has no role of another kind for training. With -without-ALGORITHM the
            training side loses the images of that algorithm and their pairs.

    Returns:
        Row numbers of training and test images; training and test pairs.

    Raises:
        UserError: one side is empty, or there is no such algorithm.
    """
    side, without, _ = split_run(run)
    train_images, test_images, train, test = divided(images, pairs, folds, side)
    barred = ~images["role"].isin(TRAINED_ON).to_numpy()
    if barred.any():
        names = images.loc[barred, "image"]
        of_them = pairs["image_a"].isin(names) | pairs["image_b"].isin(names)
        train_images, train = train_images & ~barred, train[~of_them.loc[train.index]]
        if side == "all":  # nothing else is to be tested
            test_images, test = barred, pairs[of_them]
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
        train_images |= images["task"].eq(PHOTOGRAPH).to_numpy()  # which are in no pair
        test_images = np.isin(names, pairs.loc[test, ["image_a", "image_b"]].to_numpy())
    else:
        test = pairs["fold"].eq(int(run)).to_numpy()
        fold = images[["source", "family"]].merge(folds, how="left", on=["source", "family"])[
            "fold"
        ]
        test_images = fold.eq(int(run)).to_numpy()
        train_images = ~test_images
    return train_images, test_images, pairs[~test], pairs[test]
