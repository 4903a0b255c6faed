"""Compute the features of a frozen tower for every image of a table.

`fgresq step features TOWER --images images.csv --weights DIR --out TOWER.npz`, with TOWER `dinov2`
or `random` (the same network with random weights). The file holds `image` (identifiers) and
`features` (float32, one row an image, 768 numbers), and `made`, JSON of how. Settings (section
`ridge`): block, counted from 1, whose tokens are pooled; grid, of views a side (224 pixels each, at
the image's own resolution); seed, of the random weights. Where section `tower` is the same network
with the same grid, the features of images that are trained on come from the forward that training
makes.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from fgresq import workspace
from fgresq.errors import unknown
from fgresq.files import atomic
from fgresq.networks.vit import TOWERS, WIDTH, features, tower
from fgresq.options import add_options, options_of
from fgresq.runs import shares_forward
from fgresq.sections import Ridge, Section, Tower
from fgresq.tables import PHOTOGRAPH, TASKS, rated, read_images
from fgresq.training.token_cache import pooled_features


class Options(Section):
    """What this step reads of a preset."""

    ridge: Ridge
    tower: Tower


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    parser.add_argument("tower", help=f"one of {', '.join(TOWERS)}")
    parser.add_argument("--images", type=Path, required=True, help="image table")
    parser.add_argument("--weights", type=Path, help="folder of the weights (dinov2)")
    parser.add_argument("--out", type=Path, required=True, help="features (npz)")
    add_options(parser, Options)


def shared(images: pd.DataFrame, options: Options, weights: Path) -> tuple[np.ndarray, np.ndarray]:
    """Give which rows the cache of training has, bool (N,), and their features (n, 768)."""
    rows = images["task"].isin((*TASKS, PHOTOGRAPH)).to_numpy()
    own = rated(images)
    if not len(own):
        return rows, np.empty((0, WIDTH), np.float32)
    return rows, pooled_features(own, options.tower, weights, options.ridge.block)


def features_of(
    name: str, images: pd.DataFrame, options: Options, weights: Path | None
) -> np.ndarray:
    """Give the features of a table's images, float32 (N, 768), each computed once."""
    ridge, known = options.ridge, np.zeros(len(images), dtype=bool)
    values = np.empty((len(images), WIDTH), np.float32)
    if name == "dinov2" and shares_forward(options.tower, ridge):
        known, found = shared(images, options, weights or workspace.weights_of("dinov2_vits14"))
        values[known] = found
    if not known.all():
        model = tower(name, weights, ridge.seed)
        paths = images["path"][~known]
        values[~known] = features(model, paths, [ridge.block], ridge.grid)[0]
    return values


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    options = options_of(args, Options)
    if args.tower not in TOWERS:
        raise unknown("fgresq step features", "tower", args.tower, TOWERS)
    torch.set_num_threads(args.threads)
    images = read_images(args.images)
    values = features_of(args.tower, images, options, args.weights)
    ridge = options.ridge
    made = {"tower": args.tower, "block": ridge.block, "grid": ridge.grid, "seed": ridge.seed}
    with atomic(args.out) as scratch:
        names = images["image"].to_numpy(dtype=str)
        np.savez(scratch, image=names, features=values, made=json.dumps(made, sort_keys=True))
