"""Join the runs of a trained method to one score table and, for FGResQ, one ranking table.

Fold runs give the rows of split `family`, each image by the model that never saw its family; the
run `pairs` gives those of split `pairs`. Further seeds are for the ablation and are not joined,
`all` tests nothing. An image that no run tested has no value, with the reason.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from fgresq.files import read_json, write_csv
from fgresq.tables import empty, read_images, write_scores

UNTESTED = "no run tested it"
SCORES: dict[str, type] = {"image": str, "value": float}
RANKING: dict[str, type] = {"pair": str, "probability_a": float}
RANKING_COLUMNS = ["pair", "method", "split", "probability_a"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    parser.add_argument("runs", nargs="*", help="folders of a method, named after their run")
    parser.add_argument("--method", default="fgresq", help="name in the tables (fgresq)")
    parser.add_argument("--images", required=True, help="image table")
    parser.add_argument("--out", required=True, help="score table to write")
    parser.add_argument("--ranking", help="ranking table to write; else scores rank the pairs")


def split_of(folder: Path) -> str | None:
    """Give the split a run's test side belongs to; None for a further seed or for `all`."""
    if folder.name.isdigit():
        return "family"
    return "pairs" if folder.name == "pairs" else None


def joined(folders: list[Path], name: str, columns: dict[str, type]) -> pd.DataFrame:
    """Join one table of the runs, with their split; no rows where no run has a test side."""
    parts = [pd.read_csv(f / name).assign(split=split_of(f)) for f in folders if split_of(f)]
    return pd.concat(parts, ignore_index=True) if parts else empty({**columns, "split": str})


def untested(images: pd.DataFrame, scores: pd.DataFrame, reason: str) -> pd.DataFrame:
    """Give rows without a value for the images that no fold run tested."""
    tested = scores.loc[scores["split"].eq("family"), "image"]
    names = images.loc[~images["image"].isin(tested), "image"]
    return pd.DataFrame(
        {
            "image": names,
            "value": float("nan"),
            "split": "family",
            "reason": reason,
        }
    )


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    folders = [Path(run) for run in args.runs]
    absent = read_json(folders[0] / "card.json").get("absent") if folders else None
    reason = absent["reason"] if absent else UNTESTED
    scores = joined(folders, "scores.csv", SCORES).assign(reason="")
    images = read_images(args.images)
    table = pd.concat([scores, untested(images, scores, reason)], ignore_index=True)
    table = table.assign(method=args.method)
    write_scores(args.out, table.sort_values(["split", "image"]))
    if args.ranking:
        ranking = joined(folders, "ranking.csv", RANKING).assign(method=args.method)
        write_csv(args.ranking, ranking[RANKING_COLUMNS].sort_values(["split", "pair"]))
