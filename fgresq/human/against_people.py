"""Say how far somebody's metric agrees with people, beside the methods here on the same images.

    fgresq evaluate my_metric.csv ratings.csv
    fgresq evaluate my_metric.csv pairs.csv --lower-better
    fgresq evaluate my_metric.csv ratings.csv pairs.csv --beside niqe lpips --images FOLDER
    fgresq evaluate my_metric.csv ratings.csv --beside others.csv --csv agreement.csv

The first table has the columns `image` and `value`, or `image` and a column a metric. Of people it
takes ratings (`image` and `score`; as far as they are known `group`, within which images may be
compared, `family` or `content`, `path`, `reference`), preferences (`image_a`, `image_b` and
`preference`: A, B or equal, or the counts `votes_a`, `votes_b`, `votes_equal`), or both. Without a
table of preferences, pairs come of the ratings, inside the groups.

  srcc, plcc, krcc  Spearman, Pearson, Kendall tau-b, with their signs, after --lower-better
  plcc_fitted       Pearson after a logistic of four parameters
  srcc_groups       mean of the SRCC inside groups of 3 images or more
  acc               share of the decided pairs in which it prefers what people prefer; a tie of the
                    metric counts half, or as wrong (--ties)
  acc_gap_...       the same, by how far the two ratings lie apart, in % of the ratings' range
  votes_...         share of all votes that it agrees with, and what the majority itself reaches

Only images of which all metrics have a value count, so that rows compare. Intervals are of 95 %, by
drawing families with replacement: of `family` or `content`; else of the group; else of images that
pairs link; else every image is its own. With one family there is none. Nothing is turned round by
itself: a metric that runs against people is told.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from fgresq.analysis.accuracy import GAPS, TIES, between
from fgresq.analysis.bootstrap import Draws, Measure, draw
from fgresq.analysis.inputs import DIGITS
from fgresq.analysis.performance import accuracy, by_votes, kinds_of_votes, measure_task
from fgresq.arguments import at_least_one
from fgresq.catalogues import read_methods
from fgresq.errors import UserError, unknown
from fgresq.files import check_writable, write_csv
from fgresq.human.methods_beside import image_rows, method_here, method_values
from fgresq.human.people_page import page
from fgresq.human.people_pairs import common, derived_pairs, families_by_pairs, families_of
from fgresq.human.people_tables import is_pairs, read_preferences, read_ratings, read_values

COMPARED = ("srcc", "srcc_groups", "acc")
ROUNDS = 1000  # draws of families
COLUMNS = ("metric", "stat", "value", "low", "high", "n", "families", "note")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument("scores", help="table of the metric: image and value, or a column a metric")
    people = "table of ratings or of preferences, or one of each"
    parser.add_argument("people", nargs="+", metavar="RATINGS|PAIRS", help=people)
    lower = "metrics whose lower values are better; without names, all of the first table"
    parser.add_argument("--lower-better", nargs="*", metavar="NAME", help=lower)
    ratings = "lower ratings are better, as of DMOS"
    parser.add_argument("--ratings-lower-better", action="store_true", help=ratings)
    beside = "methods (`fgresq methods` lists them) or score tables"
    parser.add_argument("--beside", nargs="+", default=[], metavar="NAME|FILE", help=beside)
    images = "folder or table of the images, for methods beside; or `path` among the ratings"
    parser.add_argument("--images", type=Path, help=images)
    parser.add_argument("--references", type=Path, help="folder of their references")
    parser.add_argument("--ties", choices=list(TIES), default="half", help="of a metric's ties")
    rounds = f"draws of families for the intervals (default {ROUNDS})"
    parser.add_argument("--draws", type=at_least_one, default=ROUNDS, metavar="N", help=rounds)
    parser.add_argument("--json", action="store_true", help="print JSON in place of the tables")
    parser.add_argument("--csv", metavar="FILE", help="write all numbers to this file as well")


def read_people(paths: Sequence[str], lower: bool) -> tuple[pd.DataFrame | None, pd.DataFrame]:
    """Read ratings, if any, and preferences: people's own, or what the ratings say of pairs.

    Raises:
        UserError: two tables are of one kind, or one is at fault.
    """
    kinds = [is_pairs(path) for path in paths]
    if len(set(kinds)) < len(kinds):
        mend = "Give one table of ratings, one of preferences, or one of each"
        raise UserError(paths[-1], "it is of the kind of the table before it", mend)
    files = dict(zip(kinds, paths, strict=True))
    ratings = read_ratings(files[False], lower) if False in files else None
    if True in files:
        return ratings, read_preferences(files[True])
    assert ratings is not None
    return ratings, derived_pairs(ratings)


def turned(
    values: dict[str, pd.Series], lower: Sequence[str] | None, own: Sequence[str]
) -> dict[str, pd.Series]:
    """Turn the metrics whose lower values are better.

    Args:
        values: of all tables.
        lower: names; none named: those of the first table; None: not asked for.
        own: names of the first table.

    Raises:
        UserError: there is no metric of a name.
    """
    for name in lower or ():
        if name not in values:
            raise unknown("--lower-better", "metric", name, values)
    chosen = () if lower is None else lower or own
    return {name: each * (-1.0 if name in chosen else 1.0) for name, each in values.items()}


def gap_name(low: float, high: float) -> str:
    """Name a stretch of gaps."""
    return f"acc_gap_{round(100 * low)}_{round(100 * high)}"


def measures(
    images: pd.DataFrame | None,
    pairs: pd.DataFrame,
    values: pd.Series,
    draws: Draws,
    ties: str,
) -> dict[str, Measure]:
    """Measure everything of one metric.

    Args:
        images: rated, with the column `cluster`; None: there are only preferences.
        pairs: with the columns `cluster` and, where there are ratings, `score_difference`.
        values: by image, higher better.
        draws: of families.
        ties: of `TIES`.
    """
    weights, kinds = draws.weights, kinds_of_votes(pairs)
    gap = pairs["image_a"].map(values) - pairs["image_b"].map(values)
    decided = pairs.assign(gap=gap)[gap.notna() & pairs["preference"].ne("equal")]
    if images is None:
        votes = by_votes(pairs, gap, kinds, weights)
        return {"acc": accuracy(decided, weights, ties), **votes}
    found = measure_task(images, pairs, values, weights, ties, kinds)
    found.pop("acc_gap5")
    for low, high in zip(GAPS, GAPS[1:], strict=False):
        inside = decided[between(decided["score_difference"], low, high)]
        found[gap_name(low, high)] = accuracy(inside, weights, ties)
    return found


def record(metric: str, stat: str, measure: Measure) -> dict[str, Any]:
    """Give a row of the numbers."""
    low, high = measure.interval()
    row = {"metric": metric, "stat": stat, "value": measure.value, "low": low, "high": high}
    return {**row, "n": measure.n, "families": len(measure.families), "note": measure.note}


def ahead(first: Measure, other: Measure) -> Measure:
    """Give by how much the first metric is ahead of another, on the same draws."""
    value, replicates = first.value - other.value, first.replicates - other.replicates
    return Measure(value, replicates, min(first.n, other.n), first.families & other.families)


def tell_direction(metric: str, own: dict[str, Measure]) -> None:
    """Warn of a metric that runs against people; nothing is turned round by itself."""
    probe, chance = ("srcc", 0.0) if "srcc" in own else ("acc", 0.5)
    low, high = own[probe].interval()
    if high < chance:
        told = f"{metric} runs against people ({probe} {own[probe].value:.3f}, "
        told += f"[{low:.3f}, {high:.3f}]); --lower-better says whose lower values are better"
        logging.warning("%s", told)


def evaluated(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Measure all metrics, the first table's first, and give all rows.

    Raises:
        UserError: a table is at fault, or images and people do not meet.
    """
    ratings, pairs = read_people(args.people, args.ratings_lower_better)
    directions = {name: entry["direction"] for name, entry in read_methods().items()}
    values = read_values(args.scores, {})
    own = list(values)
    names = list(ratings["image"]) if ratings is not None else list(families_by_pairs(pairs))
    common(values, names)  # told before methods take their time
    tables = [each for each in args.beside if Path(each).is_file()]
    for each in tables:
        values |= {n: v for n, v in read_values(each, directions).items() if n not in own}
    values = turned(values, args.lower_better, own)
    methods = [name for name in args.beside if name not in tables]
    for each in methods:
        method_here(each)
    for each in methods:
        rows = image_rows(ratings, args)
        kept = rows[rows["image"].isin(names)].sort_values(["reference", "image"])
        if kept.empty:
            problem = f"it has no image of people's, such as '{names[0]}'"
            raise UserError(args.images or "path", problem, "Name the images alike")
        values[each] = method_values(each, kept, args)
    used = common(values, names)
    told = f"{len(used)} of {len(names)} images have a value of all metrics"
    logging.info("%s", told)
    return measured(ratings, pairs, {n: v[used] for n, v in values.items()}, args, own)


def measured(
    ratings: pd.DataFrame | None,
    pairs: pd.DataFrame,
    values: dict[str, pd.Series],
    args: argparse.Namespace,
    own: list[str],
) -> list[dict[str, Any]]:
    """Measure all metrics on images that all have a value of."""
    used = next(iter(values.values())).index
    pairs = pairs[pairs["image_a"].isin(used) & pairs["image_b"].isin(used)].reset_index(drop=True)
    family = families_of(ratings, pairs, list(used))
    draws = draw(family.values(), args.draws, 0)
    images = None
    if ratings is not None:
        images = ratings[ratings["image"].isin(used)].reset_index(drop=True)
        images["cluster"] = draws.clusters(images["image"].map(family))
        score = images.set_index("image")["score"]
        a, b = (pairs[column].map(score).astype(float) for column in ("image_a", "image_b"))
        pairs["score_difference"] = a - b
    pairs["cluster"] = draws.clusters(pairs["image_a"].map(family))
    if len(draws.families) < 2:
        logging.warning("all images are of one family, so there are no intervals")
    rows: list[dict[str, Any]] = []
    first: dict[str, Measure] = {}
    for name in tqdm(values, desc="metrics", disable=None):
        found = measures(images, pairs, values[name], draws, args.ties)
        rows += [record(name, stat, measure) for stat, measure in found.items()]
        tell_direction(name, found)
        first = first or found
        if name not in own:
            rows += [
                record(name, f"{stat}_behind", ahead(first[stat], found[stat]))
                for stat in COMPARED
                if stat in found
            ]
    return rows


def main(args: argparse.Namespace) -> None:
    """Run the command."""
    if args.csv:
        check_writable(args.csv)
    rows = evaluated(args)
    if args.csv:
        numbers = ["value", "low", "high"]
        table = pd.DataFrame(rows, columns=list(COLUMNS))
        table[numbers] = table[numbers].astype(float).round(DIGITS)
        write_csv(args.csv, table)
    if args.json:
        plain = [
            {k: None if isinstance(v, float) and not np.isfinite(v) else v for k, v in row.items()}
            for row in rows
        ]
        print(json.dumps(plain, indent=1, ensure_ascii=False))
    else:
        print(page(rows))
