"""Score images with the method that made labels: its own labels' values, others computed.

The labels of a made source came from its raw scores, which are given as they stand: in a report,
what an observer without noise would reach, never ranked. Images of other sources are scored as by
`fgresq score`.
"""

from __future__ import annotations

import argparse
import json

import pandas as pd

from fgresq.scoring.judging import add_judging, score_all, tell
from fgresq.tables import read_images, write_scores


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    parser.add_argument("method", help="name of the method that made the labels")
    parser.add_argument("--images", required=True, help="image table")
    parser.add_argument(
        "--made",
        type=json.loads,
        required=True,
        metavar="JSON",
        help="names of the sources whose raw scores it made",
    )
    add_judging(parser)


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    images = read_images(args.images)
    scores = pd.DataFrame({"image": images["image"], "method": args.method, "split": "all"})
    scores["value"], scores["reason"] = images["raw_score"], ""
    others = images[~images["source"].isin(args.made)].sort_values(["reference", "image"])
    if len(others):
        judgements = score_all(others, args.method, args)
        scores.loc[others.index, "value"] = [value for value, _ in judgements]
        scores.loc[others.index, "reason"] = [reason for _, reason in judgements]
    tell(args.method, scores["reason"])
    write_scores(args.out, scores)
