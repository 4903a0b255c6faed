"""Inside what scores are compared, and what they are on one scale.

A restoration is compared with the others of its group; a photograph has no partner, and is compared
with the photographs of its data set. Scores of two data sets are never compared: their scales have
nothing in common.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from fgresq.tables import PHOTOGRAPH


def compared_in(images: pd.DataFrame) -> pd.Series:
    """Name what each image is compared inside: its group, or of a photograph its data set.

    Args:
        images: image table.

    Returns:
        A text an image, that of no other source or task.
    """
    of_image = images["source"] + "/" + images["task"] + "/"
    return of_image + images["group"].where(images["task"].ne(PHOTOGRAPH), images["dataset"])


def scenes_of(images: pd.DataFrame, scene: str) -> pd.Series:
    """Name what a batch may hold one of: `scene`, a column; of photographs always the data set."""
    named = images[scene].astype(str)
    apart = images["task"] + "/" + images["source"] + "/" + images["dataset"]
    return named.where(images["task"].ne(PHOTOGRAPH), apart)


def standard_scores(images: pd.DataFrame, rows: np.ndarray) -> np.ndarray:
    """Give the scores in units that all data sets share: mean 0 and spread 1 in each.

    Args:
        images: image table.
        rows: numbers of the training images, which mean and spread are taken over.

    Returns:
        float64 (N,); 0 for an image whose data set has no training image, or scores all alike.
    """
    keys, scores = images["source"] + "/" + images["dataset"], images["score"].astype(float)
    known = scores.iloc[rows].groupby(keys.iloc[rows]).agg(["mean", "std"])
    spread = keys.map(known["std"].where(known["std"] > 0)).to_numpy(dtype=float)
    centre = keys.map(known["mean"]).to_numpy(dtype=float)
    return np.nan_to_num((scores.to_numpy() - centre) / spread)
