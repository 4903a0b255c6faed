"""Score images with an untrained method, or with a trained FGResQ.

    fgresq score niqe --images FOLDER --out niqe.csv
    fgresq score lpips --images FOLDER --references OTHER_FOLDER --out lpips.csv
    fgresq score psnr --images table.csv --out psnr.csv
    fgresq score --checkpoint results/stage2/mini/full/0 --images FOLDER --out scores.csv

`fgresq methods` lists the untrained ones. FGResQ gives values in (0, 1), higher better; scores of
one model compare, those of two do not.

--images is a folder, one picture, or a CSV table with the column `path` and, as far as they are
known, `image` (an identifier), `reference` and `mask`; its paths start at its own folder. The image
tables of the workflow serve as well. In a folder, --references names another, whose pictures of the
same names are the references.

A full-reference method gives no value, with the reason, for an image without a reference, or with
one of another size; where an image has a mask, it compares what lies inside. Any method may say of
an image that it has no value. An image that cannot be read, or on which the method fails, has none
either, and the others are scored; where all fail, nothing is written. A method that cannot run here
gives every image no value, and the reason.

What was scored before is not scored again: it is kept (--cache) by the content of the image and the
version of the method. A call that was killed goes on where it was.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import pandas as pd

from fgresq.errors import UserError
from fgresq.files import check_writable
from fgresq.scoring.judging import add_judging, write_judgements
from fgresq.scoring.listed import listed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument("method", nargs="?", help="name of an untrained method, such as ssim")
    parser.add_argument("--checkpoint", type=Path, help="or: folder that stage 2 wrote")
    parser.add_argument("--images", type=Path, required=True, help="folder, picture or table")
    parser.add_argument("--references", type=Path, help="folder of references; or one picture")
    add_judging(parser)


def keep_inputs(out: str, images: Path, rows: pd.DataFrame) -> None:
    """Refuse what would fail after all images are scored, or write over what is read.

    Raises:
        UserError: the score table cannot be written there, or is one of the inputs.
    """
    check_writable(out)
    read = {str(images), *rows["path"], *rows["reference"], *rows["mask"]} - {""}
    if os.path.realpath(out) in {os.path.realpath(path) for path in read}:
        raise UserError(out, "it is read, and would be written over", "Give --out another name")


def main(args: argparse.Namespace) -> None:
    """Run the command."""
    if args.checkpoint:
        if args.method or args.workers > 1:
            given = f"method '{args.method}'" if args.method else "--workers"
            mend = "Leave one of them out"
            raise UserError("--checkpoint", f"it does not go with {given}", mend)
        keep_inputs(args.out, args.images, listed(args.images))
        from fgresq.scoring.predict import score_images  # torch takes a second: not for --help

        score_images(args.checkpoint, args.images, Path(args.out), args.cache)
        return
    rows = listed(args.images, args.references)
    keep_inputs(args.out, args.images, rows)
    write_judgements(rows, args)
