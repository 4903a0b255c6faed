"""Trivial rows, which every table of agreement carries: what does not beat them has shown nothing.

  sharpness       one line of code: the log-variance of the Laplacian
  constant_order  who restored an image: how the others of that restorer did in other families; it
                  knows their labels and sees no image
  ridge_random    a method of the catalogue: a ridge on an untrained network

The first two are made here, from an image table and its files; the third has scores where a preset
names it.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from fgresq.analysis.inputs import Inputs
from fgresq.errors import UserError
from fgresq.images import read_rgb
from fgresq.ops.sharpness import sharpness
from fgresq.tables import SCORE_COLUMNS

SHARPNESS, CONSTANT, NETWORK = "sharpness", "constant_order", "ridge_random"
TRIVIAL = (SHARPNESS, CONSTANT, NETWORK)
ENTRIES: dict[str, dict[str, Any]] = {  # as entries of the methods file
    SHARPNESS: {
        **{"title": "Sharpness alone", "kind": "NR", "direction": "higher"},
        **{"trained": False, "role": "sanity"},
    },
    CONSTANT: {
        **{"title": "Constant order of restorers", "kind": "no image", "direction": "higher"},
        **{"trained": True, "role": "sanity"},
    },
}


def constant_order(images: pd.DataFrame) -> np.ndarray:
    """Score images by who restored them: how its others did in other families.

    Inside a group the group's mean is taken off first, as groups are rated unlike. An algorithm
    that occurs in no other family has no value.

    Args:
        images: with the columns task, group, family, algorithm and score.

    Returns:
        (n,) higher better, on the scale of the scores; NaN for no value.
    """
    group = images.groupby(["task", "group"])["score"]
    alone = group.transform("size").lt(2)
    less = images["score"] - np.where(alone, images["score"].mean(), group.transform("mean"))
    by = less.groupby(images["algorithm"])
    same = less.groupby([images["algorithm"], images["family"]])
    others = by.transform("size") - same.transform("size")
    total = by.transform("sum") - same.transform("sum")
    return np.where(others > 0, total / others.clip(lower=1), np.nan)


def constant_orders(images: pd.DataFrame) -> np.ndarray:
    """Give the same of every task of every source by itself, as none of them share a scale."""
    found = pd.Series(np.nan, index=images.index)
    for _, own in images.groupby(["source", "task"]):
        found[own.index] = constant_order(own)
    return found.to_numpy()


def sharpnesses(paths: pd.Series) -> np.ndarray:
    """Measure the sharpness of image files (n,); NaN where one cannot be read, which is told."""
    found = np.full(len(paths), np.nan)
    for place, path in enumerate(tqdm(paths, desc="sharpness", disable=None)):
        try:
            found[place] = sharpness(read_rgb(path))
        except UserError as error:
            logging.warning("no sharpness of it: %s", error)
    return found


def with_trivial(inputs: Inputs) -> Inputs:
    """Add the trivial rows that are made here to the tables of a run, after its methods."""
    images = inputs.images
    made = {SHARPNESS: sharpnesses(images["path"]), CONSTANT: constant_orders(images)}
    tables = [
        pd.DataFrame({"image": images["image"], "value": values}).assign(
            method=name, split="all", reason=""
        )[list(SCORE_COLUMNS)]
        for name, values in made.items()
    ]
    there = [table[table["value"].notna()] for table in tables]
    scores = pd.concat([inputs.scores, *there], ignore_index=True)
    return replace(inputs, scores=scores, methods={**inputs.methods, **ENTRIES})
