"""Compute the features of a frozen tower for every image of a table.

`fgresq step features TOWER --images images.csv --weights DIR --out TOWER.npz`, with TOWER `dinov2`
or `random` (the same network with random weights). The file holds `image` (identifiers) and
`features` (float32, one row an image, 768 numbers). Settings (section `ridge`): block, counted
from 1, whose tokens are pooled; grid, of views a side (224 pixels each, at the image's own
resolution); seed, of the random weights.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from fgresq.errors import UserError, unknown
from fgresq.files import atomic
from fgresq.networks.vit import DEPTH, TOWERS, features, tower
from fgresq.settings import add_options, options_of
from fgresq.tables import read_images


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("tower", help=f"one of {', '.join(TOWERS)}")
    parser.add_argument("--images", type=Path, required=True, help="image table")
    parser.add_argument("--weights", type=Path, help="folder of the weights (dinov2)")
    parser.add_argument("--out", type=Path, required=True, help="features (npz)")
    add_options(parser, "ridge")


def main(args: argparse.Namespace) -> None:
    options = options_of(args)
    if args.tower not in TOWERS:
        raise unknown("fgresq step features", "tower", args.tower, TOWERS)
    if not 1 <= options["block"] <= DEPTH:
        raise UserError(
            "config/config.yaml, key 'ridge/block'",
            f"there is no block {options['block']}",
            f"Give 1 to {DEPTH}",
        )
    torch.set_num_threads(args.threads)
    images = read_images(args.images)
    model = tower(args.tower, args.weights, options["seed"])
    values = features(model, images["path"], [options["block"]], options["grid"])[0]
    with atomic(args.out) as scratch:
        np.savez(scratch, image=images["image"].to_numpy(dtype=str), features=values)
