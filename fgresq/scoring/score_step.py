"""Score an image table by an untrained method: the pipeline's step.

    fgresq step score ssim --images results/data/mini/images.csv --out ssim.csv

`fgresq score` does the same for a folder, a picture or a table of one's own, and scores by a
trained FGResQ as well.
"""

from __future__ import annotations

import argparse

from fgresq.scoring.judging import add_judging, write_judgements
from fgresq.tables import read_images


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    parser.add_argument("method", help="name of an untrained method, such as ssim")
    parser.add_argument("--images", required=True, metavar="FILE", help="image table")
    add_judging(parser)


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    write_judgements(read_images(args.images), args)
