"""What the steps of the analysis share: arguments, reading, tables they write."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fgresq.analysis.bootstrap import Draws, draw
from fgresq.catalogues import add_methods, methods_file, read_methods
from fgresq.errors import UserError, unknown
from fgresq.options import add_options, options_of
from fgresq.sections import Analysis, Section
from fgresq.tables import (
    SCORE_COLUMNS,
    empty,
    read_images,
    read_pairs,
    read_scores,
    read_table,
    write_table,
)

DIGITS = 9  # of the tables: below them, numbers depend on the processor
PERFORMANCE_COLUMNS: dict[str, type] = {
    "split": str,  # evaluation split: family or pairs
    "task": str,  # one of TASKS, or average
    "method": str,
    "stat": str,
    "value": float,  # after orienting the metric, with its sign; empty where there is none
    "low": float,  # 95 % bootstrap interval over families
    "high": float,
    "n": int,  # images (correlations), decided pairs (acc), groups (srcc_groups)
    "families": int,
    "tasks": int,  # tasks averaged; 1 for a task
    "note": str,  # why there is no value, or which tasks the average lacks
}
INTERVAL_COLUMNS: dict[str, type] = {
    "source": str,
    "method": str,
    "bin": str,
    "stat": str,
    "value": float,
    "low": float,
    "high": float,
    "n": int,  # images
    "null": float,  # expected from range restriction alone
    "null_low": float,
    "null_high": float,
    "note": str,
}
COUNT_COLUMNS: dict[str, type] = {"source": str, "bin": str, "n": int}
NULL_COLUMNS: dict[str, type] = {
    "source": str,
    "method": str,  # as the paper names it
    "bin": str,
    "stat": str,
    "n": int,  # images of the full set; the paper may have used a part of it
    "printed": float,
    "null": float,  # expected from range restriction alone at the printed overall SRCC
    "null_low": float,
    "null_high": float,
    "n_fifth": int,  # images of a fifth of the set, as in a test split of 20 %
    "fifth_low": float,  # the band on such a fifth
    "fifth_high": float,
}
RANKING_COLUMNS: dict[str, type] = {
    "pair": str,
    "method": str,
    "split": str,  # family or pairs: trained on the other side of that split
    "probability_a": float,  # that A is the better one, by the method's ranking head
}
PREFERENCE_COLUMNS: dict[str, type] = {
    "source": str,
    "task": str,
    "difference": float,  # centre of the bin
    "fraction_a": float,  # centre of the bin
    "count": int,  # pairs
    "inconsistent": int,  # 1: preferred against the score difference
}


@dataclass(frozen=True)
class Inputs:
    """The tables of a run, in order of their identifiers, and its bootstrap draws.

    Args:
        images, pairs: tables with a column `cluster`, the family's column in the draws.
        scores: rows with a value only, higher better.
        methods: the entries of the methods with any value, in order of the methods file; the
            report lists the others as absent.
        draws: replicate weights over all families.
    """

    images: pd.DataFrame
    pairs: pd.DataFrame
    scores: pd.DataFrame
    methods: dict[str, dict[str, Any]]
    draws: Draws

    def values(self, method: str, split: str) -> pd.Series:
        """Give a method's values by image for an evaluation split: trained for it, or untrained."""
        rows = self.scores["method"].eq(method) & self.scores["split"].isin(["all", split])
        return self.scores[rows].set_index("image")["value"]


class Options(Section):
    """What the steps of this room read of a preset."""

    analysis: Analysis


def add_shared_arguments(parser: argparse.ArgumentParser, form: type[Options] = Options) -> None:
    """Add the arguments that steps over methods share; `form` is what one reads of a preset."""
    parser.add_argument("--images", required=True, help="image table")
    parser.add_argument("--pairs", required=True, help="pair table")
    parser.add_argument("--scores", nargs="*", default=[], help="score tables, any number")
    add_methods(parser)
    parser.add_argument("--out", required=True, help="table to write")
    add_options(parser, form)


def read_inputs(args: argparse.Namespace, form: type[Options] = Options) -> Inputs:
    """Read and check what the arguments name.

    Raises:
        UserError: an unknown method, or pairs or scores of images that are not in the table.
    """
    options = options_of(args, form).analysis
    images = read_images(args.images).sort_values("image", ignore_index=True)
    pairs = read_pairs(args.pairs).sort_values("pair", ignore_index=True)
    for column in ("image_a", "image_b"):
        check_images(pairs, column, images, args.pairs)
    draws = draw(family_of(images), options.bootstrap, options.seed)
    images["cluster"] = draws.clusters(family_of(images))
    pairs["cluster"] = pairs["image_a"].map(images.set_index("image")["cluster"])
    known = read_methods(args.methods)
    scores = join_scores(args.scores, images, known, methods_file(args.methods))
    found = set(scores.loc[scores["value"].notna(), "method"])
    methods = {name: entry for name, entry in known.items() if name in found}
    return Inputs(images, pairs, orient(scores, known), methods, draws)


def join_rankings(paths: Iterable[str | Path], pairs: pd.DataFrame) -> pd.DataFrame:
    """Read ranking tables one below the other.

    Raises:
        UserError: a pair that is not in the pair table, or is ranked twice, or no probability.
    """
    tables = [empty(RANKING_COLUMNS)]
    for path in paths:
        table = read_table(path, RANKING_COLUMNS)
        check_ranking(table, pairs, path)
        tables.append(table)
    filled = [table for table in tables if len(table)]
    rankings = pd.concat(filled, ignore_index=True) if filled else tables[0]
    twice = rankings[rankings.duplicated(["pair", "method", "split"])]
    if len(twice):
        row = twice.iloc[0]
        where = f"rankings of '{row['method']}'"
        raise UserError(where, f"pair '{row['pair']}' is ranked twice", "Give its table once")
    return rankings


def check_ranking(table: pd.DataFrame, pairs: pd.DataFrame, where: str | Path) -> None:
    """Raise a UserError for a row of an unknown pair, or whose probability is none."""
    known, chance = table["pair"].isin(pairs["pair"]), table["probability_a"].between(0.0, 1.0)
    for row in table.index[~(known & chance)][:1]:
        name, value = table.loc[row, ["pair", "probability_a"]]
        problem = (
            f"probability {value} of pair '{name}' is not in [0, 1]"
            if known[row]
            else f"pair '{name}' is not in the pair table"
        )
        mend = "Make this table again from the present pairs"
        raise UserError(f"{where}, row {row + 2}", problem, mend)


def family_of(table: pd.DataFrame) -> pd.Series:
    """Name the families of a table so that two sources never share one."""
    return table["source"] + "/" + table["family"]


def check_images(table: pd.DataFrame, column: str, images: pd.DataFrame, where: str | Path) -> None:
    """Raise a UserError for a row whose image is not in the image table."""
    stray = table.index[~table[column].isin(images["image"])]
    if len(stray):
        name = table.loc[stray[0], column]
        raise UserError(
            f"{where}, row {stray[0] + 2}",
            f"image '{name}' is not in the image table",
            "Make this table again from the present images",
        )


def join_scores(
    paths: Iterable[str | Path], images: pd.DataFrame, methods: dict[str, Any], where: str | Path
) -> pd.DataFrame:
    """Read score tables one below the other, rows without a value included.

    Raises:
        UserError: an unknown method or image, or an image scored twice.
    """
    tables = [empty(SCORE_COLUMNS)]
    for path in paths:
        table = read_scores(path)
        check_images(table, "image", images, path)
        for method in table["method"].unique():
            if method not in methods:
                raise unknown(where, "method", method, methods)
        tables.append(table)
    filled = [table for table in tables if len(table)]
    scores = pd.concat(filled, ignore_index=True) if filled else tables[0]
    twice = scores[scores.duplicated(["image", "method", "split"])]
    if len(twice):
        row = twice.iloc[0]
        raise UserError(
            f"scores of '{row['method']}'",
            f"image '{row['image']}' is scored twice",
            "Give its table once",
        )
    return scores


def orient(scores: pd.DataFrame, methods: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """Negate the methods whose lower values are better; a row without a value keeps none."""
    lower = [name for name, entry in methods.items() if entry["direction"] == "lower"]
    sign = np.where(scores["method"].isin(lower), -1.0, 1.0)
    return scores.assign(value=scores["value"] * sign)


def write_rounded(path: str | Path, rows: list[dict[str, Any]], columns: dict[str, type]) -> None:
    """Write rows as a table of these columns, its numbers rounded."""
    table = pd.DataFrame(rows, columns=list(columns)) if rows else empty(columns)
    numbers = [name for name, kind in columns.items() if kind is float]
    table[numbers] = table[numbers].astype(float).round(DIGITS) + 0.0  # no minus nought
    write_table(path, table, columns)
