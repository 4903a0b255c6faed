"""Read a placed data set into the image table, or say why it is absent.

Its adapter says where files and labels lie. Writes the image table, the preferences the source
supplies (from pairs.csv, else from the raw ratings by a paired test), and a record with its counts.
A source that is not in place gives empty tables and a record with the next step; with --required
that is an error.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from fgresq import workspace
from fgresq.absent import Absent
from fgresq.catalogues import catalogue
from fgresq.errors import UserError, capital, unknown
from fgresq.files import digest, write_csv, write_json
from fgresq.pairs.ratings import preferences_from_ratings, votes_from_ratings
from fgresq.raw import walk
from fgresq.records import SourceRecord
from fgresq.sources.direction import warning
from fgresq.sources.folder import (
    contradictions,
    read_images_csv,
    read_pairs_csv,
    read_ratings_csv,
)
from fgresq.sources.layouts import LAYOUTS, VOTED
from fgresq.sources.placed import Files
from fgresq.sources.release import check_hashes, check_placed
from fgresq.sources.rows import at_entry, image_rows
from fgresq.sources.steps import next_step
from fgresq.tables import IMAGE_COLUMNS, SUPPLIED_COLUMNS, empty, restored, write_images

IMAGE_ENDS = (".bmp", ".jpg", ".jpeg", ".png")  # of files that an adapter hashes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    parser.add_argument("source", help="name of the source in the catalogue")
    parser.add_argument(
        "--entry", type=json.loads, metavar="JSON", help="its entry (default: the one there)"
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
    if len(raw) == 1:
        raise UserError(where, "it holds one rated image, and scores are compared", "Give more")
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
) -> SourceRecord:
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
    """Read the preferences a source brings along, and say where they come from."""
    if entry["adapter"] in VOTED:
        pairs, notes = VOTED[entry["adapter"]](Files(folder), images, alpha)
        return pairs.assign(label_origin="human", split_pairs=""), notes
    names, given = set(images["image"]), entry.get("pairs", {})
    path, rated = folder / given.get("table", "pairs.csv"), folder / "ratings.csv"
    ratings = None
    if rated.exists():
        ratings = read_ratings_csv(rated, names)
        ratings = -ratings if entry.get("direction") == "lower" else ratings
    if path.exists():
        groups = dict(zip(images["image"], images["group"], strict=True))
        pairs = read_pairs_csv(path, names, given, groups).assign(label_origin="human")
        twice = contradictions(pairs)
        pairs = pairs.reset_index(drop=True)
        released = ", and so is the split by pairs" if pairs["split_pairs"].ne("").any() else ""
        notes = [f"preferences are those of {path.name}{released}", *twice]
        if ratings is not None and pairs["vote_kind"].eq("").all():
            pairs = pairs.assign(**votes_from_ratings(ratings, pairs))
            notes.append("votes are the raters of ratings.csv who rate one image higher")
        return pairs, notes
    if not len(restored(images)):
        return empty(SUPPLIED_COLUMNS), ["there are no pairs: none of its images was restored"]
    if ratings is not None:
        pairs = preferences_from_ratings(ratings, images, alpha).assign(split_pairs="")
        return pairs, [f"preferences come from ratings.csv by a paired t-test at level {alpha:g}"]
    return empty(SUPPLIED_COLUMNS), [
        f"preferences are derived from the scores: there is no {path.name} or ratings.csv"
    ]


def read_labelled(folder: Path, entry: dict[str, Any]) -> tuple[pd.DataFrame, list[str]]:
    """Read the rated images by the source's adapter: image table without source and score.

    Raises:
        UserError: a file or label does not fit, or the source holds no scores.
    """
    if entry["adapter"] == "folder":
        return read_images_csv(folder, entry)
    if entry["adapter"] not in LAYOUTS:
        raise UserError(
            folder, "its photographs have no scores", "Take it out of `sources` of the preset"
        )
    check_placed(folder, entry, IMAGE_ENDS)
    files = Files(folder)
    items = LAYOUTS[entry["adapter"]].labelled(files, entry)
    images = image_rows(items, folder, entry, files.find)
    check_hashes(folder, entry, dict(zip(images["image"], images["sha256"], strict=True)))
    return images, []


def direction_of(entry: dict[str, Any], where: str | Path) -> str:
    """Say which raw scores of a source are better; higher where its entry does not speak of it.

    Raises:
        UserError: the entry says that it is not known.
    """
    direction = entry.get("direction", "higher")
    if direction is None:
        raise UserError(
            where,
            "whether higher or lower scores are better is not known",
            f"Set `direction` {at_entry()}",
        )
    return direction


def within_references(entry: dict[str, Any]) -> list[str]:
    """Note where scores are ranks among the images of one reference, and mean nothing beyond it."""
    if entry["score_kind"] != "Elo":
        return []
    return [
        "its scores (Elo) compare only within a reference: what a method agrees with is the mean "
        "inside groups (SRCC in groups) and ACC; SRCC, PLCC and KRCC over all of its images, and "
        "its score intervals, pool scores that do not compare"
    ]


def counted(images: pd.DataFrame, entry: Mapping[str, Any]) -> list[str]:
    """Note where the numbers of images and contents are not those published."""
    found = {"images": len(images), "contents": images["content"].nunique()}
    expected = {name: entry.get("expected", {}).get(name) for name in found}
    return [
        f"{found[name]} {name}, where {expected[name]} are published"
        for name in found
        if expected[name] not in (None, found[name])
    ]


def read_placed(
    source: str, folder: Path, entry: dict[str, Any], alpha: float
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Read a placed data set: image table, supplied preferences, notes."""
    images, notes = read_labelled(folder, entry)
    images["source"] = source
    images["dataset"] = images["dataset"].where(images["dataset"].ne(""), source)
    direction = direction_of(entry, folder)
    for name, rows in images.groupby("dataset"):
        where = folder if name == source else f"{folder}, data set '{name}'"
        images.loc[rows.index, "score"] = scale_scores(rows["raw_score"], direction, where)
    notes += (
        within_references(entry)
        + counted(images, entry)
        + list(filter(None, [warning(images, entry)]))
    )
    pairs, origin = supplied_pairs(folder, images, entry, alpha)
    images["image"] = source + "/" + images["image"]
    pairs = pairs.assign(
        image_a=source + "/" + pairs["image_a"], image_b=source + "/" + pairs["image_b"]
    )
    return images, pairs[list(SUPPLIED_COLUMNS)], notes + origin


def entry_of(source: str) -> dict[str, Any]:
    """Give the entry of a source that is read from a folder, as the catalogue has it.

    Raises:
        UserError: there is no such entry.
    """
    sources = catalogue("sources")
    placed = {name: entry for name, entry in sources.items() if entry["adapter"] != "made"}
    if source not in placed:
        raise unknown(workspace.catalogue("sources"), "source", source, placed)
    return placed[source]


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    entry = args.entry or entry_of(args.source)
    folder, absent = workspace.placed(entry["path"]), None
    images, pairs = empty(IMAGE_COLUMNS), empty(SUPPLIED_COLUMNS)
    notes: list[str] = []
    if walk(folder):
        try:
            images, pairs, notes = read_placed(args.source, folder, entry, args.alpha)
        except UserError as error:
            raise error.within(f"source '{args.source}'") from None
    else:
        absent = Absent(
            "not_placed", f"there is nothing in {folder}", next_step(args.source, entry)
        )
        if args.required:
            raise UserError(f"source '{args.source}'", absent.reason, capital(absent.next_step))
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
