"""Score an image table by an untrained method: the pipeline's step.

    fgresq step score ssim --images results/data/mini/images.csv --out ssim.csv
    fgresq step score lpips --images results/data/mini/images.csv --made mini --out lpips.csv

`fgresq score` does the same for a folder, a picture or a table of one's own, and scores by a
trained FGResQ as well. `--made` names the sources whose labels this method made: it is the label
source, and their raw scores are its values already. In a report they are what an observer without
noise would reach, never ranked. Images of other sources are scored as any.
"""

from __future__ import annotations

import argparse

import pandas as pd

from fgresq.scoring.judging import add_judging, entry_of, score_all, tell, write_judgements
from fgresq.tables import read_images, write_scores


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    parser.add_argument("method", help="name of an untrained method, such as ssim")
    parser.add_argument("--images", required=True, metavar="FILE", help="image table")
    made = "sources whose raw scores are its values, turned so that higher is better"
    parser.add_argument("--made", nargs="*", default=[], metavar="SOURCE", help=made)
    parser.add_argument("--out", required=True, metavar="FILE", help="score table to write")
    add_judging(parser)


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    images = read_images(args.images)
    if not args.made:
        write_judgements(images, args)
        return
    higher = entry_of(args.method, args.methods)["direction"] == "higher"
    raw = images["raw_score"]
    scores = pd.DataFrame({"image": images["image"], "method": args.method, "split": "all"})
    scores["value"], scores["reason"] = raw if higher else 0.0 - raw, ""
    others = images[~images["source"].isin(args.made)].sort_values(["reference", "image"])
    if len(others):
        judgements = score_all(others, args.method, args)
        scores.loc[others.index, "value"] = [value for value, _ in judgements]
        scores.loc[others.index, "reason"] = [reason for _, reason in judgements]
    tell(args.method, scores["reason"])
    write_scores(args.out, scores)
