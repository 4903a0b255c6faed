"""Score images with the method that made labels: its own labels' values, others computed.

The labels of a made source came from its raw scores, which are given as they stand: in a report,
what an observer without noise would reach, never ranked. Images of other sources are scored as by
`fgresq score`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pandas as pd

from fgresq import workspace
from fgresq.catalogues import add_methods
from fgresq.scoring.judging import score_all, tell
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
    add_methods(parser)
    parser.add_argument("--workers", type=int, default=1, help="processes (default 1)")
    kept = workspace.scores()
    parser.add_argument("--cache", type=Path, default=kept, help=f"scores kept (default {kept})")


def main(args: argparse.Namespace) -> None:
    """Run the verb."""
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
