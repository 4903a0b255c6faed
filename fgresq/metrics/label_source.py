"""Give the values that the labels of a made source came from, as a score table.

Shown in the report as what an observer without noise would reach; never ranked. Images of other
sources have no value, with the reason.
"""

from __future__ import annotations

import argparse
import json

import numpy as np
import pandas as pd

from fgresq.tables import read_images, write_scores


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb."""
    parser.add_argument("method", help="name of the method that made the labels")
    parser.add_argument("--images", required=True, help="image table")
    parser.add_argument(
        "--made",
        type=json.loads,
        required=True,
        metavar="JSON",
        help="names of the sources whose raw scores it made",
    )
    parser.add_argument("--out", required=True, help="score table to write")


def main(args: argparse.Namespace) -> None:
    """Run the verb."""
    images = read_images(args.images)
    made = images["source"].isin(args.made)
    scores = pd.DataFrame(
        {
            "image": images["image"],
            "method": args.method,
            "split": "all",
            "value": images["raw_score"].where(made, np.nan),
            "reason": np.where(made, "", "it did not make these labels"),
        }
    )
    write_scores(args.out, scores)
