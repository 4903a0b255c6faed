"""A folder with images.csv, and optionally pairs.csv and ratings.csv, as a source.

images.csv, a row an image: image, task, content, mos; optionally reference, mask, algorithm,
scale, group, family. Paths are relative to the folder. A row whose image another row names as
its reference is a reference, not a restored image.
pairs.csv: image_a, image_b, preference (A, B, equal); optionally fraction_preferring_a, p_value.
ratings.csv: image, then one column a rater.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image
from tqdm import tqdm

from fgresq.errors import UserError, nearest
from fgresq.files import sha256
from fgresq.images import read_rgb
from fgresq.tables import PREFERENCES, TASKS

REQUIRED = ("image", "task", "content", "score")
OPTIONAL = ("reference", "mask", "algorithm", "scale", "group", "family")
PAIR_FILE_COLUMNS = ("image_a", "image_b", "preference", "fraction_preferring_a", "p_value")


def read_text_table(path: Path) -> pd.DataFrame:
    """Read a CSV as text, every cell a string; the first data row is row 2, as editors count."""
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise UserError(path, "there is no such file", "Put the table there") from error
    except (ValueError, pd.errors.ParserError) as error:
        raise UserError(path, f"not a readable CSV ({error})", "Correct the line") from error
    table.columns = [str(name).strip() for name in table.columns]
    table.index = pd.RangeIndex(2, len(table) + 2)
    return table


def number(text: str, where: str, low: float = -math.inf, high: float = math.inf) -> float:
    """Read a finite number within a range.

    Raises:
        UserError: it is empty, text, NaN, or out of range.
    """
    try:
        value = float(text)
    except ValueError as error:
        raise UserError(
            where, f"'{text}' is no number", "Write a number or remove the row"
        ) from error
    if not math.isfinite(value):
        raise UserError(
            where, f"'{text}' is not a finite number", "Write a number or remove the row"
        )
    if not low <= value <= high:
        raise UserError(
            where,
            f"{value:g} lies outside the range {low:g} to {high:g}",
            "Correct the score, or the source's `range` in config/sources.yaml",
        )
    return value


def rename_columns(table: pd.DataFrame, entry: Mapping[str, Any], path: Path) -> pd.DataFrame:
    """Give the columns of images.csv our names, after the source's mapping."""
    mapping = {"score": "mos", **entry.get("columns", {})}
    theirs = {mapping.get(name, name): name for name in REQUIRED + OPTIONAL}
    for name in table.columns:
        if name not in theirs and name not in entry.get("ignore", []):
            raise UserError(
                path,
                f"unknown column '{name}'",
                f"{nearest(name, theirs).rstrip('.')} "
                "Or list it under `ignore` of the source in config/sources.yaml",
            )
    table = table.rename(columns=theirs)
    for name in REQUIRED:
        if name not in table.columns:
            raise UserError(
                path,
                f"column '{mapping.get(name, name)}' is missing (found: "
                f"{', '.join(table.columns)})",
                "Add it, or map it under `columns` of the source in config/sources.yaml",
            )
    return table


def checked_image(folder: Path, name: str, where: str, hashes: dict[Path, str]) -> Path:
    """Give the path of an image that decodes whole and lies inside the folder.

    `hashes` holds the SHA-256 of what was checked before, so that a reference is decoded once.
    """
    path = folder / name
    if path in hashes:
        return path
    if not path.resolve().is_relative_to(folder.resolve()):
        raise UserError(
            where, f"'{name}' leads out of the source's folder", "Name a file inside it"
        )
    if not path.is_file():
        raise UserError(where, f"there is no file {path}", "Put the file there or remove the row")
    try:
        read_rgb(path)
    except UserError as error:
        raise UserError(where, str(error).rstrip("."), "Or remove the row") from error
    hashes[path] = sha256(path)
    return path


def image_size(path: Path) -> tuple[int, int]:
    """Give (width, height) without decoding."""
    with Image.open(path) as image:
        return image.size


def read_row(
    folder: Path,
    row: Mapping[str, str],
    where: str,
    entry: Mapping[str, Any],
    hashes: dict[Path, str],
) -> dict[str, Any]:
    """Check one row of images.csv and give it in the form of the image table, without score."""
    task = entry.get("tasks", {}).get(row["task"], row["task"])
    if task not in TASKS:
        raise UserError(where, f"unknown task '{task}'", nearest(task, TASKS).rstrip("."))
    if not row["content"]:
        raise UserError(where, "the content is empty", "Name the scene that the image shows")
    low, high = entry.get("range", (-math.inf, math.inf))
    paths = {"path": checked_image(folder, row["image"], where, hashes)}
    for kind in ("reference", "mask"):
        paths[kind] = checked_image(folder, row[kind], where, hashes) if row.get(kind) else None
    if paths["reference"] and image_size(paths["path"]) != image_size(paths["reference"]):
        raise UserError(
            where,
            f"'{row['image']}' is {image_size(paths['path'])} pixels and its "
            f"reference {image_size(paths['reference'])}",
            "Give both the same size",
        )
    scale = row.get("scale")
    return {
        "image": row["image"],
        "task": task,
        "content": row["content"],
        "group": row.get("group") or (f"{row['content']}-x{scale}" if scale else row["content"]),
        "family": row.get("family") or row["content"],
        "algorithm": row.get("algorithm") or "unknown",
        **{kind: str(path) if path else "" for kind, path in paths.items()},
        "raw_score": number(
            row["score"],
            f"{where}, column '{entry.get('columns', {}).get('score', 'mos')}'",
            low,
            high,
        ),
        "sha256": hashes[paths["path"]],
        "reference_sha256": hashes[paths["reference"]] if paths["reference"] else "",
    }


def read_images_csv(folder: Path, entry: Mapping[str, Any]) -> tuple[pd.DataFrame, list[str]]:
    """Read the restored images of images.csv.

    Returns:
        Rows of the image table without source and score, and notes on what was left out.

    Raises:
        UserError: names the row and the mend for whatever does not fit.
    """
    path = folder / "images.csv"
    table = rename_columns(read_text_table(path), entry, path)
    twice = table.index[table["image"].duplicated()]
    if len(twice):
        raise UserError(
            f"{path}, row {twice[0]}",
            f"image '{table['image'][twice[0]]}' is listed twice",
            "Remove one of the rows",
        )
    references = set(table["reference"]) if "reference" in table else set()
    restored = table[~table["image"].isin(references)]
    hashes: dict[Path, str] = {}
    bar = tqdm(
        restored.iterrows(), total=len(restored), desc=f"checking {folder.name}", disable=None
    )
    rows = [read_row(folder, row.to_dict(), f"{path}, row {at}", entry, hashes) for at, row in bar]
    if not rows:
        raise UserError(path, "it lists no restored image", "Add rows")
    left = len(table) - len(restored)
    notes = (
        [f"{left} rows are references of other rows and are not rated as restored"] if left else []
    )
    return pd.DataFrame(rows), notes


def read_pairs_csv(path: Path, images: set[str]) -> pd.DataFrame:
    """Read supplied preferences: image_a, image_b, preference, fraction_a (empty if not given)."""
    table = read_text_table(path)
    for name in table.columns:
        if name not in PAIR_FILE_COLUMNS:
            raise UserError(
                path, f"unknown column '{name}'", nearest(name, PAIR_FILE_COLUMNS).rstrip(".")
            )
    for name in PAIR_FILE_COLUMNS[:3]:
        if name not in table.columns:
            raise UserError(path, f"column '{name}' is missing", f"Add the column '{name}'")
    for at, row in table.iterrows():
        where = f"{path}, row {at}"
        for name in (row["image_a"], row["image_b"]):
            if name not in images:
                raise UserError(
                    where,
                    f"'{name}' is no restored image of images.csv",
                    nearest(name, images).rstrip(".")
                    if len(images) < 10000
                    else "Correct the name",
                )
        if row["preference"] not in PREFERENCES:
            raise UserError(
                where, f"preference '{row['preference']}' is none of A, B, equal", "Correct it"
            )
    given = "fraction_preferring_a" in table.columns
    fraction = [
        number(text, f"{path}, row {at}, column 'fraction_preferring_a'", 0, 1)
        if text
        else math.nan
        for at, text in (table["fraction_preferring_a"].items() if given else [])
    ]
    return (
        table[["image_a", "image_b", "preference"]]
        .assign(fraction_a=fraction if given else math.nan)
        .reset_index(drop=True)
    )


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
