"""Read a placed data set into the image table, or say why it is absent.

Writes the image table, the preferences the source supplies (from pairs.csv, else from the raw
ratings by a paired test), and a record with its counts. A source that is not in place gives
empty tables and a record with the next step; with --required that is an error.
"""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path
from typing import Any

import pandas as pd

from fgresq.absent import Absent
from fgresq.errors import UserError
from fgresq.files import digest, write_csv, write_json
from fgresq.pairs.ratings import preferences_from_ratings
from fgresq.sources.folder import read_images_csv, read_pairs_csv, read_ratings_csv
from fgresq.tables import IMAGE_COLUMNS, SUPPLIED_COLUMNS, empty, write_images


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb."""
    parser.add_argument("source", help="name of the source in config/sources.yaml")
    parser.add_argument(
        "--entry", type=json.loads, required=True, metavar="JSON", help="its entry there"
    )
    parser.add_argument(
        "--alpha", type=float, default=0.05, help="level of the paired test on ratings"
    )
    parser.add_argument("--required", action="store_true", help="absence is an error")
    parser.add_argument("--out", required=True, help="image table to write")
    parser.add_argument("--pairs", required=True, help="table of supplied preferences to write")
    parser.add_argument("--record", required=True, help="record to write")


def scale_scores(raw: pd.Series, direction: str, where: str | Path) -> pd.Series:
    """Scale raw scores to [0, 1], higher better, by the least and greatest of the full set."""
    low, high = raw.min(), raw.max()
    if low == high:
        raise UserError(where, f"all {len(raw)} scores are {low:g}", "Give scores that differ")
    scaled = (raw - low) / (high - low)
    return 1.0 - scaled if direction == "lower" else scaled


def record_of(
    source: str,
    entry: dict[str, Any],
    images: pd.DataFrame,
    pairs: pd.DataFrame,
    absent: Absent | None,
    notes: list[str],
) -> dict[str, Any]:
    """Describe what a source yields: the form of sources.json."""
    counts = {
        name: int(images[name].nunique()) for name in ("content", "family", "group", "algorithm")
    }
    origin = entry["label_origin"] if len(pairs) else "derived from scores"
    return {
        "source": source,
        "title": entry["title"],
        "licence": entry["licence"],
        "score_kind": entry["score_kind"],
        "label_origin": "simulated" if entry["label_origin"] == "simulated" else origin,
        "status": "absent" if absent else "present",
        "absent": absent.record() if absent else None,
        "images": len(images),
        "contents": counts["content"],
        "families": counts["family"],
        "groups": counts["group"],
        "algorithms": counts["algorithm"],
        "tasks": {task: int(n) for task, n in images["task"].value_counts().sort_index().items()},
        "supplied_pairs": len(pairs),
        "notes": notes,
        "manifest": digest(
            images[["image", "sha256", "reference_sha256", "raw_score"]].values.tolist()
        ),
    }


def supplied_pairs(
    folder: Path, images: pd.DataFrame, entry: dict[str, Any], alpha: float
) -> tuple[pd.DataFrame, list[str]]:
    """Give the human preferences a folder holds, and a note on where they come from."""
    names = set(images["image"])
    if (folder / "pairs.csv").exists():
        pairs = read_pairs_csv(folder / "pairs.csv", names)
        return pairs.assign(label_origin="human"), ["preferences are those of pairs.csv"]
    if (folder / "ratings.csv").exists():
        ratings = read_ratings_csv(folder / "ratings.csv", names)
        ratings = -ratings if entry.get("direction") == "lower" else ratings
        pairs = preferences_from_ratings(ratings, images, alpha)
        return pairs, [f"preferences come from ratings.csv by a paired t-test at level {alpha:g}"]
    return empty(SUPPLIED_COLUMNS), [
        "preferences are derived from the scores: there is no pairs.csv or ratings.csv"
    ]


def read_folder(
    source: str, folder: Path, entry: dict[str, Any], alpha: float
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Read a placed folder: image table, supplied preferences, notes."""
    images, notes = read_images_csv(folder, entry)
    images["source"] = source
    images["score"] = scale_scores(
        images["raw_score"], entry.get("direction", "higher"), folder / "images.csv"
    )
    pairs, origin = supplied_pairs(folder, images, entry, alpha)
    images["image"] = source + "/" + images["image"]
    pairs = pairs.assign(
        image_a=source + "/" + pairs["image_a"], image_b=source + "/" + pairs["image_b"]
    )
    return images, pairs[list(SUPPLIED_COLUMNS)], notes + origin


def main(args: argparse.Namespace) -> None:
    """Run the verb."""
    entry, folder, absent = args.entry, Path(args.entry["path"]), None
    images, pairs, notes = empty(IMAGE_COLUMNS), empty(SUPPLIED_COLUMNS), []
    if folder.is_dir() and any(folder.iterdir()):
        images, pairs, notes = read_folder(args.source, folder, entry, args.alpha)
    else:
        absent = Absent("not_placed", f"there is nothing in {folder}", entry["get"].strip())
        if args.required:
            raise UserError(f"source '{args.source}'", absent.reason, absent.next_step)
        logging.info(
            "source '%s' is absent: %s. Next step: %s.",
            args.source,
            absent.reason,
            absent.next_step,
        )
    record = record_of(args.source, entry, images, pairs, absent, notes)
    write_images(args.out, images)
    write_csv(args.pairs, pairs)
    write_json(args.record, record)
    for note in notes:
        logging.info("source '%s': %s", args.source, note)
