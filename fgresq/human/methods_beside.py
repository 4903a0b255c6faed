"""The methods that `fgresq evaluate` asks beside somebody's metric, and the images they see."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pandas as pd

from fgresq import workspace
from fgresq.absent import refuse
from fgresq.catalogues import methods_file, read_methods
from fgresq.errors import UserError, unknown
from fgresq.human.people_tables import is_pairs
from fgresq.scoring.cache import version_of
from fgresq.scoring.judging import score_rows
from fgresq.scoring.listed import listed
from fgresq.scoring.registry import absence, method_of


def method_here(name: str) -> dict[str, Any]:
    """Give the entry of a method that can run here.

    Raises:
        UserError: there is none of that name, it is trained, or it is absent.
    """
    entries = read_methods()
    if name not in entries:
        raise unknown(methods_file(None), "method or table", name, entries)
    if entries[name]["trained"]:
        problem = "it is trained, and has scores where runs made it"
        raise UserError(f"method '{name}'", problem, "Give the score table of its run")
    refuse(f"method '{name}'", absence(name, entries[name]))
    return entries[name]


def method_values(name: str, rows: pd.DataFrame, args: argparse.Namespace) -> pd.Series:
    """Score images by a method of the catalogue, higher better; NaN where it has no value."""
    entry = method_here(name)
    own = method_of(name, entry)
    found = score_rows(rows, own, version_of(own, entry), workspace.scores(), args.debug)
    sign = 1.0 if entry["direction"] == "higher" else -1.0
    return pd.Series([sign * value for value, _ in found], index=rows["image"].to_numpy())


def image_rows(ratings: pd.DataFrame | None, args: argparse.Namespace) -> pd.DataFrame:
    """List the images for methods beside: --images, or the paths of the ratings.

    Raises:
        UserError: there are neither.
    """
    if args.images is not None:
        return listed(args.images, args.references)
    if ratings is None or ratings["path"].eq("").any():
        mend = "Give --images FOLDER, or a column `path` of the ratings"
        raise UserError("--beside", "a method has to see the images", mend)
    rows = ratings[["image", "path", "reference"]].assign(mask="")
    table = Path(next(path for path in args.people if not is_pairs(path)))
    for column in ("path", "reference"):  # from here, or from the table's folder
        rows[column] = [
            str(table.parent / p) if p and not Path(p).exists() else p for p in rows[column]
        ]
    return rows
