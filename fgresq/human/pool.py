"""Compute once what a frozen tower gives of the images of a set of the bench of transfer.

`fgresq step pool-features TOWER --images SET.csv --out RECORD.json`, with TOWER `glance` (sharpness
and a perceptual hash), `dinov2`, `random` or `lite0`. What is kept lies in the folder of tokens, by
the content of the images, and a stopped call goes on where it was. The record says how many images
there are and where what is kept of them lies. A set that is not placed costs nothing.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from fgresq.errors import unknown
from fgresq.files import write_json
from fgresq.human.declared import Declared, add_declared, read_declared
from fgresq.human.kept import Kept
from fgresq.human.rated_sets import sampled
from fgresq.human.tower_names import DEPTHS, GLANCE
from fgresq.tables import rated, read_images


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    parser.add_argument("tower", help=f"one of {', '.join((GLANCE, *DEPTHS))}")
    parser.add_argument("--images", type=Path, required=True, help="image table of a set")
    parser.add_argument("--out", type=Path, required=True, help="record to write")
    add_declared(parser)


def kept_of(tower: str, name: str, declared: Declared) -> Kept:
    """Give what is kept of a tower at the views of a set.

    Raises:
        UserError: the tower's weights are not there.
    """
    if tower == GLANCE:
        return Kept(GLANCE, 0, declared.seed)
    depth = min(DEPTHS[tower], declared.depth)
    return Kept(tower, declared.grid(name), declared.seed, depth)


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    if args.tower not in (GLANCE, *DEPTHS):
        raise unknown("fgresq step pool-features", "tower", args.tower, (GLANCE, *DEPTHS))
    declared, name = read_declared(args.declared), args.images.stem
    if name not in declared.sets:
        raise unknown(args.images, "set", name, declared.sets)
    torch.set_num_threads(args.threads)
    images = rated(read_images(args.images))
    record = {"set": name, "tower": args.tower, "images": 0, "kept": ""}
    if len(images):
        kept = kept_of(args.tower, name, declared)
        images = sampled(images, declared.sets[name].images)
        kept.fill(images)
        record |= {"images": len(images), "kept": str(kept.folder)}
    write_json(args.out, record)
