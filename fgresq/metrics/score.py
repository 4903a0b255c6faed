"""Score every image of a table with an untrained method.

A full-reference method gives no value, with the reason, for an image without a reference.
"""

from __future__ import annotations

import argparse
import importlib
import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pandas as pd
from tqdm import tqdm

from fgresq.errors import UserError
from fgresq.images import read_rgb
from fgresq.tables import read_images, write_scores

Method = Callable[[np.ndarray, np.ndarray], float]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb."""
    parser.add_argument("method", help="name of the method: a module of fgresq.metrics")
    parser.add_argument("--images", required=True, help="image table")
    parser.add_argument("--out", required=True, help="score table to write")


def score_image(
    method: Method, path: str, reference: str, read: Callable[[str], np.ndarray]
) -> tuple[float, str]:
    """Give the value of one image and an empty reason, or NaN and the reason."""
    if not reference:
        return math.nan, "no reference"
    value = method(read_rgb(path), read(reference))
    return (value, "") if math.isfinite(value) else (math.nan, "not a finite value")


def main(args: argparse.Namespace) -> None:
    """Run the verb."""
    try:
        method: Method = importlib.import_module(f"fgresq.metrics.{args.method}").score
    except (ModuleNotFoundError, AttributeError) as error:
        raise UserError(
            f"method '{args.method}'",
            "there is no such untrained method",
            "config/methods.yaml lists them",
        ) from error
    images = read_images(args.images)
    read = lru_cache(maxsize=2)(read_rgb)
    rows = images.sort_values(["reference", "image"])
    bar = tqdm(
        zip(rows["path"], rows["reference"], strict=True),
        total=len(rows),
        desc=args.method,
        disable=None,
    )
    results = [score_image(method, path, reference, read) for path, reference in bar]
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
