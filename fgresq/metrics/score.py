"""Score images: a table with an untrained method, or a folder with a trained FGResQ.

    fgresq score psnr --images images.csv --out psnr.csv
    fgresq score --checkpoint results/stage2/mini/full/0 --images FOLDER --out scores.csv

The second takes an image table, too. It gives values in (0, 1), higher better; scores of one model
compare, those of two do not.

A full-reference method gives no value, with the reason, for an image without a reference, with one
of another size, or with a mask, outside of which its reference may show something else; any method
may say of an image that it has no value.
"""

from __future__ import annotations

import argparse
import importlib
import math
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pandas as pd
from tqdm import tqdm

from fgresq.errors import UserError
from fgresq.images import read_rgb
from fgresq.metrics import NoValue
from fgresq.tables import read_images, write_scores

Method = Callable[[np.ndarray, np.ndarray | None], float]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb."""
    parser.add_argument("method", nargs="?", help="name of an untrained method, such as ssim")
    parser.add_argument("--checkpoint", type=Path, help="or: folder that stage 2 wrote")
    parser.add_argument("--images", required=True, help="image table; or a folder of images")
    parser.add_argument("--out", required=True, help="score table to write")


def score_image(
    method: Method,
    kind: str,
    path: str,
    reference: str,
    mask: str,
    read: Callable[[str], np.ndarray],
) -> tuple[float, str]:
    """Give the value of one image and an empty reason, or NaN and the reason.

    Args:
        method: the method's function.
        kind: NR for a method that takes no reference, else FR.
        path: image file.
        reference: image file, or empty.
        mask: file of the rated region, or empty.
        read: how references are read.
    """
    if kind == "FR" and not reference:
        return math.nan, "no reference"
    if kind == "FR" and mask:
        return math.nan, "rated inside a mask, and the method compares whole images"
    image = read_rgb(path)
    other = read(reference) if kind == "FR" else None
    if other is not None and image.shape != other.shape:
        (height, width), (rows, columns) = image.shape[:2], other.shape[:2]
        return math.nan, f"it is {width}x{height}, its reference is {columns}x{rows}"
    try:
        value = method(image, other)
    except NoValue as reason:
        return math.nan, str(reason)
    return (value, "") if math.isfinite(value) else (math.nan, "not a finite value")


def method_module(name: str | None) -> ModuleType:
    """Import an untrained method.

    Raises:
        UserError: there is none of that name.
    """
    try:
        module = importlib.import_module(f"fgresq.metrics.{name}")
        if not callable(getattr(module, "score", None)):
            raise ModuleNotFoundError(name)
    except ModuleNotFoundError as error:
        raise UserError(
            f"method '{name}'",
            "there is no such untrained method",
            "config/methods.yaml lists them; a trained FGResQ is named by --checkpoint",
        ) from error
    return module


def main(args: argparse.Namespace) -> None:
    """Run the verb."""
    if args.checkpoint:
        # the training package is heavy and no concern of the untrained methods' rules
        predict = importlib.import_module("fgresq.training.predict")
        predict.score_images(args.checkpoint, Path(args.images), Path(args.out))
        return
    module = method_module(args.method)
    kind = getattr(module, "KIND", "FR")
    cv2.setNumThreads(args.threads)
    images = read_images(args.images)
    read = lru_cache(maxsize=2)(read_rgb)
    rows = images.sort_values(["reference", "image"])
    bar = tqdm(
        zip(rows["path"], rows["reference"], rows["mask"], strict=True),
        total=len(rows),
        desc=args.method,
        disable=None,
    )
    results = [score_image(module.score, kind, *files, read) for files in bar]
    scores = pd.DataFrame(
        {
            "image": rows["image"].to_numpy(),
            "method": args.method,
            "split": "all",
            "value": [value for value, _ in results],
            "reason": [reason for _, reason in results],
        }
    )
    write_scores(args.out, scores.sort_values("image"))
