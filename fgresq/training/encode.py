"""Fill the cache of the tower's frozen part for every image of a table.

`fgresq step encode --images images.csv --weights DIR --out encoded.json`. The bytes lie in
work/cache (`fgresq.training.token_cache`); the file written here says which.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from fgresq.files import write_json
from fgresq.options import add_options, options_of
from fgresq.sections import Section, Tower
from fgresq.tables import rated, read_images
from fgresq.training.token_cache import cache_key, encoded


class Options(Section):
    """What this step reads of a preset."""

    tower: Tower


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    parser.add_argument("--images", required=True, help="image table")
    parser.add_argument("--weights", required=True, help="folder of the stand-in's weights")
    parser.add_argument("--out", required=True, help="record of the cache to write")
    add_options(parser, Options)


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    torch.set_num_threads(args.threads)
    images, tower = rated(read_images(args.images)), options_of(args, Options).tower
    weights = Path(args.weights)
    shape = list(encoded(images, tower, weights).shape) if len(images) else []
    key = cache_key(images, tower, weights)
    write_json(args.out, {"key": key, "shape": shape, "images": len(images)})
