"""Compute once what the tower's frozen part gives of all images that rows of kind fgresq read.

`fgresq step encode-rated --images SET.csv ... --weights DIR --out RECORD.json`. The bytes lie in
the folder of tokens, and the rows find them there; the record says how many images there are.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from fgresq.files import write_json
from fgresq.human.at_hand import read_sets
from fgresq.human.declared import add_declared, read_declared
from fgresq.human.declared_search import read_search
from fgresq.human.lent import lent
from fgresq.human.taught import joined
from fgresq.training.token_cache import cache_key, encoded


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    parser.add_argument(
        "--images", type=Path, nargs="+", required=True, help="image tables, one a set"
    )
    parser.add_argument("--weights", type=Path, required=True, help="folder of the tower's weights")
    parser.add_argument("--out", type=Path, required=True, help="record to write")
    add_declared(parser)


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    torch.set_num_threads(args.threads)
    declared, search = read_declared(args.declared), read_search()
    sets, _ = read_sets(args.images, declared)
    record = {"key": "", "images": 0}
    if sets:
        roles = dict.fromkeys(sets, "train")
        own = lent(sets, declared, search, None).values()
        images, *_ = joined(own, roles, search.folds)
        encoded(images, search.tower, args.weights)
        key = cache_key(images, search.tower, args.weights)
        record = {"key": key, "images": len(images)}
    write_json(args.out, record)
