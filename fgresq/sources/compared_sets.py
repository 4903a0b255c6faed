"""Placed data sets as comparisons of an image with a reference, and the triplets made of them.

DiffIQA by its votes; TID2013, KADID-10k and PIPAL by their scores; SRIQA-Bench by its MOS within
each content. A reference stands among the comparisons too, with itself as its reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from tqdm import tqdm

from fgresq import workspace
from fgresq.comparisons import COMPARISON_COLUMNS
from fgresq.files import sha256
from fgresq.raw import walk
from fgresq.sources.diffiqa import read_diffiqa
from fgresq.sources.read import counted, read_placed
from fgresq.sources.sriqa_bench import pairs_of, read_sriqa
from fgresq.sources.triplets import triplets_of_pairs, triplets_of_scores, triplets_of_votes

SCORED = ("tid2013", "kadid10k", "pipal")  # sets whose references are perfect
DIFFIQA, SRIQA = "diffiqa", "sriqa_bench"
ALPHA = 0.05  # of tests on ratings, which these sets have not


class Compared(NamedTuple):
    """A source's comparisons and triplets, what there is to say of it, and its authors' sides."""

    comparisons: pd.DataFrame
    triplets: pd.DataFrame
    notes: list[str]
    sides: dict[str, str]  # of DiffIQA's crops; empty where they are not told


def with_references(rows: pd.DataFrame) -> pd.DataFrame:
    """Add a row for each reference against itself, and give COMPARISON_COLUMNS their order."""
    own = rows.drop_duplicates("reference").assign(
        image=lambda t: t["reference"],
        path=lambda t: t["reference_path"],
        sha256=lambda t: t["reference_sha256"],
        label="",
    )
    table = pd.concat([rows, own], ignore_index=True)
    return table[list(COMPARISON_COLUMNS)]


def placed_files(table: pd.DataFrame, folder: Path, source: str) -> pd.DataFrame:
    """Give paths below a folder their identifiers, places and hashes; each file is read once."""
    names = sorted({*table["image"], *table["reference"]})
    hashes = {n: sha256(folder / n) for n in tqdm(names, desc=f"hashing {source}", disable=None)}
    found: dict[str, Any] = {"source": source}
    for column, prefix in (("image", ""), ("reference", "reference_")):
        found[column] = source + "/" + table[column]
        found[f"{prefix}path"] = [str(folder / name) for name in table[column]]
        found[f"{prefix}sha256"] = table[column].map(hashes)
    return table.assign(**found)


def compared_diffiqa(folder: Path, entry: Mapping[str, Any], family: str) -> Compared:
    """Read DiffIQA.

    Args:
        folder: where it is placed.
        entry: of the source.
        family: "photograph", or "crop" for a split as its authors', by crops.

    Raises:
        UserError: as `read_diffiqa` says.
    """
    table, notes = read_diffiqa(folder)
    crops = [Path(reference).stem for reference in table["reference"]]
    families = table["photograph"] if family == "photograph" else crops
    rows = placed_files(table.assign(content=crops, family=families), folder, DIFFIQA)
    sides = {crop: side for crop, side in zip(crops, table["side"], strict=True) if side}
    notes = notes + counted(rows, entry)
    return Compared(with_references(rows), triplets_of_votes(rows), notes, sides)


def compared_scores(source: str, folder: Path, entry: Mapping[str, Any], seed: int) -> Compared:
    """Read a data set of scores.

    Args:
        source: its name.
        folder: where it is placed.
        entry: of the source.
        seed: of the triplets that are drawn.

    Raises:
        UserError: as `read_placed` says.
    """
    images, _, notes = read_placed(source, folder, dict(entry), ALPHA)
    names = [Path(path).relative_to(folder).as_posix() for path in images["reference"]]
    rows = images.rename(columns={"reference": "reference_path", "score": "quality"}).assign(
        reference=[f"{source}/{name}" for name in names], label=""
    )
    return Compared(with_references(rows), triplets_of_scores(rows, seed), notes, {})


def compared_sriqa(folder: Path, name: str = "All") -> Compared:
    """Read a set of SRIQA-Bench: all pairs of its images, the originals among them.

    Args:
        folder: where it is placed.
        name: Reg, Gen or All. MOS differ between the sets, and so do they.

    Returns:
        Triplets of all pairs; `with_original` of triplets.py tells those of the restored alone.

    Raises:
        UserError: as `read_sriqa` says.
    """
    images = read_sriqa(folder, name).assign(label="", family=lambda t: t["content"])
    rows = placed_files(images, folder, SRIQA)
    pairs = pairs_of(images, with_original=True).assign(source=SRIQA, family=lambda t: t["content"])
    for column in ("image_a", "image_b", "reference"):
        pairs[column] = f"{SRIQA}/" + pairs[column]
    triplets = triplets_of_pairs(pairs, rows.set_index("image")["mos"])
    return Compared(rows[list(COMPARISON_COLUMNS)], triplets, [], {})


def read_compared_set(
    source: str, entry: Mapping[str, Any], seed: int, official: bool
) -> Compared | None:
    """Read a placed data set by its name; None where nothing is placed.

    Args:
        source: DIFFIQA, or one of SCORED.
        entry: of the source.
        seed: of the triplets that are drawn.
        official: whether DiffIQA's families are crops, as its authors split it.

    Raises:
        UserError: a file or a label does not fit; it names the source.
    """
    folder = workspace.placed(entry["path"])
    if not walk(folder):
        return None
    if source == DIFFIQA:
        return compared_diffiqa(folder, entry, "crop" if official else "photograph")
    return compared_scores(source, folder, entry, seed)
