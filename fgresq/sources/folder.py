"""A folder with images.csv, and optionally pairs.csv and ratings.csv, as a source.

images.csv, a row an image: image, task, content, mos; optionally reference, mask, algorithm,
scale, group, family, sd (of the raters' opinions). Paths are relative to the folder. A row whose
image another row names as its reference is a reference, not a restored image.
pairs.csv: image_a, image_b, preference (A, B, equal); optionally fraction_preferring_a, split
(train, test), p_value, and counts of votes: votes_a, votes_b, votes_equal and vote_kind (two, best
of four, ratings).
ratings.csv: image, then one column a rater.

`table`, `columns` and `pairs` of the source's entry say what they are called in a data set.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from fgresq.errors import UserError, nearest
from fgresq.sources.placed import Files, read_text_table
from fgresq.sources.rows import Labelled, at_entry, image_rows, number
from fgresq.tables import PREFERENCES, SPLIT_SIDES, VOTE_KINDS

REQUIRED = ("image", "task", "content", "score")
OPTIONAL = ("reference", "mask", "algorithm", "scale", "group", "family", "dataset", "sd")
PAIRS_REQUIRED = ("image_a", "image_b", "preference")
VOTES = ("votes_a", "votes_b", "votes_equal")
PAIRS_OPTIONAL = ("fraction_preferring_a", "split", "p_value", *VOTES, "vote_kind")


def titled(
    path: Path, mapping: Mapping[str, str], required: tuple[str, ...], optional: tuple[str, ...]
) -> pd.DataFrame:
    """Read a table as text; where it has no header, the one wanted is told."""
    theirs = [mapping.get(name, name) for name in required + optional]
    return read_text_table(path, known=theirs, wanted=",".join(theirs[: len(required)]))


def rename_columns(
    table: pd.DataFrame,
    mapping: Mapping[str, str],
    required: tuple[str, ...],
    optional: tuple[str, ...],
    ignore: list[str],
    path: Path,
    under: str = "",
) -> pd.DataFrame:
    """Give columns our names, after a source's mapping, and drop those to ignore.

    `under` is where in the entry the mapping stands, for errors.

    Raises:
        UserError: a column is unknown or missing; it lists the columns found.
    """
    found = f"found: {', '.join(table.columns)}"
    theirs = {mapping.get(name, name): name for name in required + optional}
    for name in table.columns:
        if name not in theirs and name not in ignore:
            raise UserError(
                path,
                f"unknown column '{name}' ({found})",
                f"{nearest(name, theirs).rstrip('.')} "
                f"Or list it under `{under}ignore` {at_entry()}",
            )
    table = table[[name for name in table.columns if name in theirs]].rename(columns=theirs)
    for name in required:
        if name not in table.columns:
            raise UserError(
                path,
                f"column '{mapping.get(name, name)}' is missing ({found})",
                f"Add it, or map it under `{under}columns` {at_entry()}",
            )
    return table


def labelled(folder: Path, entry: Mapping[str, Any], notes: list[str]) -> Iterator[Labelled]:
    """Yield the restored images of the table; what is left out is added to `notes`."""
    path = folder / entry.get("table", "images.csv")
    mapping = {"score": "mos", **entry.get("columns", {})}
    ignore = entry.get("ignore", [])
    table = rename_columns(
        titled(path, mapping, REQUIRED, OPTIONAL), mapping, REQUIRED, OPTIONAL, ignore, path
    )
    references = set(table["reference"]) if "reference" in table else set()
    restored = table[~table["image"].isin(references)]
    left = len(table) - len(restored)
    if left:
        notes.append(f"{left} rows are references of other rows and are not rated as restored")
    for at, row in restored.iterrows():
        yield Labelled(where=f"{path}, row {at}", column=mapping["score"], **row.to_dict())


def read_images_csv(folder: Path, entry: Mapping[str, Any]) -> tuple[pd.DataFrame, list[str]]:
    """Read the restored images of images.csv.

    Returns:
        Rows of the image table without source and score, and notes on what was left out.

    Raises:
        UserError: names the row and the mend for whatever does not fit.
    """
    notes: list[str] = []
    items = labelled(folder, entry, notes)
    return image_rows(items, folder, entry, Files(folder).at, as_listed=True), notes


def preference_of(text: str, mapping: Mapping[str, str], where: str) -> str:
    """Give A, B or equal for what a source calls a preference."""
    preference = mapping.get(text, text)
    if preference not in PREFERENCES:
        raise UserError(where, f"preference '{text}' is none of A, B, equal", "Correct it")
    return preference


def split_sides(table: pd.DataFrame, mapping: Mapping[str, str], path: Path) -> list[str]:
    """Give train or test for each pair, or empty texts where the source releases no split.

    Raises:
        UserError: a side is neither, or missing beside others.
    """
    if "split" not in table:
        return [""] * len(table)
    sides = [mapping.get(side, side) for side in table["split"]]
    for at, side in zip(table.index, sides, strict=True):
        if side not in SPLIT_SIDES:
            raise UserError(
                f"{path}, row {at}",
                f"split '{side}' is neither train nor test",
                f"Correct it, or map it under `pairs: splits` {at_entry()}",
            )
    return sides


def read_pairs_csv(
    path: Path,
    images: Collection[str],
    given: Mapping[str, Any] | None = None,
    groups: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Read supplied preferences: the columns SUPPLIED_COLUMNS but for label_origin.

    Args:
        path: the table.
        images: the restored images.
        given: `pairs` of the source's entry: `columns`, `ignore`, `preferences`, `splits`.
        groups: of the images; a pair across two is refused.

    Returns:
        A row a pair, indexed by the row's number in the file; fraction_a, votes and split_pairs
        are empty where the source has none.

    Raises:
        UserError: names the row and the mend for whatever does not fit.
    """
    given = given or {}
    mapping, ignore = given.get("columns", {}), given.get("ignore", [])
    table = rename_columns(
        titled(path, mapping, PAIRS_REQUIRED, PAIRS_OPTIONAL),
        *(mapping, PAIRS_REQUIRED, PAIRS_OPTIONAL, ignore, path, "pairs: "),
    )
    preferences = []
    for at, row in table.iterrows():
        where = f"{path}, row {at}"
        for name in (row["image_a"], row["image_b"]):
            if name not in images:
                few = len(images) < 10000
                raise UserError(
                    where,
                    f"'{name}' is no restored image of images.csv",
                    nearest(name, images).rstrip(".") if few else "Correct the name",
                )
        check_pair(row["image_a"], row["image_b"], groups or {}, where)
        preferences.append(preference_of(row["preference"], given.get("preferences", {}), where))
    shares = table.get("fraction_preferring_a", pd.Series("", index=table.index))
    fraction = [
        number(text, f"{path}, row {at}, column 'fraction_preferring_a'", 0, 1)
        if text
        else math.nan
        for at, text in shares.items()
    ]
    sides = split_sides(table, given.get("splits", {}), path)
    made = {"preference": preferences, "fraction_a": fraction, "split_pairs": sides}
    made |= votes_of(table, path)
    return table[["image_a", "image_b"]].assign(**made)


def check_pair(a: str, b: str, groups: Mapping[str, str], where: str) -> None:
    """Refuse a pair of an image with itself, or of two images that are not to be compared.

    Raises:
        UserError: it is one.
    """
    if a == b:
        raise UserError(where, f"'{a}' is compared with itself", "Correct or remove the row")
    if groups.get(a) != groups.get(b):
        told = f"'{a}' is of group '{groups[a]}', '{b}' of '{groups[b]}'"
        mend = "Remove the row, or give both one `group` in images.csv"
        raise UserError(where, f"the pair crosses groups: {told}", mend)


def contradictions(pairs: pd.DataFrame) -> list[str]:
    """Say how many pairs are decided for both of their images, with the rows of the first.

    Args:
        pairs: as `read_pairs_csv` gives them.
    """
    sides = pairs[["image_a", "image_b"]]
    decided = pairs["preference"].isin(("A", "B"))
    liked = sides["image_a"].where(pairs["preference"].eq("A"), sides["image_b"])[decided]
    both = pd.Series(map(frozenset, sides[decided].to_numpy()), index=liked.index, dtype=object)
    opposed = [rows for rows in liked.groupby(both) if rows[1].nunique() > 1]
    if not opposed:
        return []
    rows = min(list(rows.drop_duplicates().index[:2]) for _, rows in opposed)
    return [
        f"WARNING: {len(opposed)} pairs are decided both ways, A over B and B over A, the first in "
        f"rows {rows[0]} and {rows[1]}; all their rows are kept"
    ]


def votes_of(table: pd.DataFrame, path: Path) -> dict[str, list[Any]]:
    """Give the votes on each pair and their kind; all empty where the table counts none.

    Raises:
        UserError: a count is no whole number of votes, only one side is counted, or the kind is
            unknown.
    """
    if not {*VOTES, "vote_kind"} & set(table.columns):
        return {**{name: [math.nan] * len(table) for name in VOTES}, "vote_kind": [""] * len(table)}
    for name in ("votes_a", "votes_b"):
        if name not in table:
            raise UserError(path, f"it counts votes without the column '{name}'", "Add it")
    found: dict[str, list[Any]] = {}
    for name in VOTES:
        cells = table.get(name, pd.Series("0", index=table.index))
        found[name] = [
            count(text, f"{path}, row {at}, column '{name}'") for at, text in cells.items()
        ]
    found["vote_kind"] = table.get("vote_kind", pd.Series("two", index=table.index)).tolist()
    for at, kind in zip(table.index, found["vote_kind"], strict=True):
        if kind not in VOTE_KINDS:
            mend = nearest(kind, VOTE_KINDS).rstrip(".")
            raise UserError(f"{path}, row {at}", f"unknown kind of votes '{kind}'", mend)
    return found


def count(text: str, where: str) -> float:
    """Read a number of votes.

    Raises:
        UserError: it is no whole number from 0.
    """
    votes = number(text, where, 0)
    if votes % 1:
        raise UserError(where, f"{text} is no whole number of votes", "Correct it")
    return votes


def read_ratings_csv(path: Path, images: set[str]) -> pd.DataFrame:
    """Read raw ratings: indexed by image, one column a rater; rows of references are left out.

    An empty cell is an image that the rater did not rate (NaN).
    """
    table = read_text_table(path)
    if "image" not in table.columns or len(table.columns) < 3:
        raise UserError(path, "needs the column 'image' and at least two raters", "Add the columns")
    twice = table.index[table["image"].duplicated()]
    if len(twice):
        what = f"image '{table['image'][twice[0]]}' is listed twice"
        raise UserError(f"{path}, row {twice[0]}", what, "Remove one of the rows")
    raters = [name for name in table.columns if name != "image"]
    rows = {
        row["image"]: [
            number(row[r], f"{path}, row {at}, column '{r}'") if row[r].strip() else math.nan
            for r in raters
        ]
        for at, row in table.iterrows()
    }
    missing = images - set(rows)
    if missing:
        raise UserError(path, f"image '{min(missing)}' has no ratings", "Add its row")
    return pd.DataFrame.from_dict(
        {k: v for k, v in rows.items() if k in images}, orient="index", columns=raters
    )
