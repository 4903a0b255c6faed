"""The sets that a model learns from people, and those it is selected by, as tables of one training.

A set is a source of the catalogue that is placed, or `mini`, the embedded data, which the workflow
makes. What a set is for is its role; whoever trains says which sets teach.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from fgresq import workspace
from fgresq.absent import Absent
from fgresq.raw import walk
from fgresq.sources.read import entry_of, read_placed
from fgresq.sources.steps import next_step
from fgresq.tables import (
    FOLD_COLUMNS,
    PAIR_COLUMNS,
    SUPPLIED_COLUMNS,
    empty,
    rated,
    read_images,
    read_pairs,
    read_table,
)

MINI = "mini"
ALPHA = 0.05  # level of the test that turns ratings into preferences, as in config/config.yaml


@dataclass(frozen=True)
class Taught:
    """A set at hand.

    Args:
        name: of its source.
        images: image table, of restored images and photographs.
        pairs: preferences, as a source supplies them.
    """

    name: str
    images: pd.DataFrame
    pairs: pd.DataFrame


def set_at_hand(name: str) -> Taught | Absent:
    """Read a set from where it is placed, or say what brings it in.

    Raises:
        UserError: there is no such source, or a file of it is at fault.
    """
    if name == MINI:
        return embedded()
    entry = entry_of(name)
    folder = workspace.placed(entry["path"])
    if not walk(folder):
        reason = f"the set '{name}' is not placed: there is nothing in {folder}"
        return Absent("not_placed", reason, next_step(name, entry))
    images, pairs, _ = read_placed(name, folder, entry, ALPHA)
    return Taught(name, rated(images), pairs)


def embedded() -> Taught | Absent:
    """Read the embedded data with its pairs, whose observers are simulated."""
    made = workspace.root()
    step = "run `snakemake results/pairs/mini/pairs.csv --cores all` in a checkout of fgresq"
    absent = Absent("not_placed", "the embedded data was not made here", step)
    if made is None:
        return absent
    images = workspace.results("data", MINI, "images.csv")
    pairs = workspace.results("pairs", MINI, "pairs.csv")
    if not (images.exists() and pairs.exists()):
        return absent
    found = read_images(images)
    found["path"] = [str(made / path) for path in found["path"]]
    return Taught(MINI, rated(found), read_pairs(pairs)[list(SUPPLIED_COLUMNS)])


def set_of_tables(name: str, folder: Path) -> Taught:
    """Read a set from the tables that `fgresq step read-source` wrote: NAME.csv, NAME.pairs.csv.

    Raises:
        UserError: one is missing or at fault.
    """
    pairs = read_table(folder / f"{name}.pairs.csv", SUPPLIED_COLUMNS)
    return Taught(name, rated(read_images(folder / f"{name}.csv")), pairs)


def at_most(own: Taught, most: int | None) -> Taught:
    """Keep at most so many images: whole families, those first that hold the least SHA-256.

    Args:
        own: the set.
        most: images; None: all.
    """
    if most is None or len(own.images) <= most:
        return own
    images = own.images
    families = images["source"] + "/" + images["family"]
    order = images["sha256"].groupby(families).min().sort_values().index
    kept = order[families.value_counts()[order].cumsum().to_numpy() <= most]
    images = images[families.isin(kept)].reset_index(drop=True)
    known = set(images["image"])
    inside = own.pairs["image_a"].isin(known) & own.pairs["image_b"].isin(known)
    return Taught(own.name, images, own.pairs[inside].reset_index(drop=True))


def dealt(images: pd.DataFrame, folds: int) -> pd.DataFrame:
    """Deal the families of each source to folds in turn, by a hash of their names.

    A source more moves no family of the others.
    """
    table = images[["source", "family"]].drop_duplicates()
    names = table["source"] + "/" + table["family"]
    hashes = names.map(lambda name: hashlib.sha256(name.encode()).hexdigest())
    place = hashes.groupby(table["source"]).rank(method="first").astype(int) - 1
    table = table.assign(fold=place % folds).sort_values(["source", "family"])
    return table[list(FOLD_COLUMNS)].reset_index(drop=True)


def joined(
    sets: Iterable[Taught], roles: Mapping[str, str], folds: int
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Join sets to the tables of one training.

    Args:
        sets: at hand.
        roles: by the name of a set: train, select or test.
        folds: that the families of training sets are dealt to; others have none.

    Returns:
        Image table, pair table (each pair train), and folds.
    """
    tables = [own.images.assign(role=roles[own.name]) for own in sets]
    images = pd.concat(tables, ignore_index=True).sort_values("image", ignore_index=True)
    supplied = [own.pairs for own in sets if len(own.pairs)]
    pairs = pd.concat(supplied, ignore_index=True) if supplied else empty(SUPPLIED_COLUMNS)
    of = images.set_index("image")
    for column in ("task", "source", "group", "family"):
        pairs[column] = pairs["image_a"].map(of[column])
    score = of["score"]
    pairs["score_difference"] = pairs["image_a"].map(score) - pairs["image_b"].map(score)
    dealt_folds = dealt(images[images["role"].eq("train")], folds)
    fold = pairs[["source", "family"]].merge(dealt_folds, how="left", on=["source", "family"])
    pairs["fold"] = fold["fold"].fillna(folds).astype(int).to_numpy()  # no fold: of no training set
    pairs = pairs.assign(split_pairs="train", ssim=np.nan)
    pairs["pair"] = [f"{s}#{k}" for k, s in enumerate(pairs["source"])]
    return images, pairs[list(PAIR_COLUMNS)], dealt_folds
