"""The images that a user names for scoring: a folder of pictures, one picture, or a table."""

from __future__ import annotations

import logging
import os
from collections import Counter
from pathlib import Path

import pandas as pd

from fgresq.errors import UserError
from fgresq.scoring.references import SUFFIXES, is_picture, matched
from fgresq.table_forms import check_form, usable_path
from fgresq.tables import read_images, read_table

COLUMNS = ["image", "path", "reference", "mask"]
WANTED = "path,reference (and, as far as known, image,mask)"


def listed(
    images: Path, references: Path | None = None, pattern: str | None = None
) -> pd.DataFrame:
    """List what is to be scored: identifier, path, and reference and mask or empty.

    Args:
        images: a folder, searched with its folders; a picture; an image table; or a table of
            `path` and, as far as they are known, `image`, `reference`, `mask`, whose paths start
            at its own folder.
        references: a folder whose pictures of the same names, up to the suffix or with something
            behind them, are the references; or one picture, the reference of all.
        pattern: how the images' names are made of the references', as `{reference}_{method}`.

    Raises:
        UserError: there is no image, a folder cannot be read, or a table is at fault.
    """
    usable_path(images)
    if images.is_dir():
        return of_folder(images, references, pattern)
    if is_picture(images):
        found = referred([images.name], references, pattern)
        rows = {"image": [images.name], "path": str(images), "reference": found, "mask": ""}
        return pd.DataFrame(rows)
    if references is not None and images.exists():
        mend = "Leave --references out, or give a folder of images"
        raise UserError(images, "a table names its references itself", mend)
    return of_table(images)


def of_table(path: Path) -> pd.DataFrame:
    """List the rows of an image table, or of one that has no more than `COLUMNS`."""
    check_form(path, COLUMNS, WANTED)
    try:
        names = list(pd.read_csv(path, nrows=0).columns)
    except (OSError, ValueError):  # told where the table is read
        names = []
    if "path" not in names or not set(names) <= set(COLUMNS):
        return read_images(path)[COLUMNS]
    rows = read_table(path, dict.fromkeys(names, str))
    for column in ("reference", "mask"):
        rows[column] = rows.get(column, "")
    rows["image"] = rows.get("image", rows["path"])
    for column in ("path", "image"):
        if rows[column].eq("").any():
            number = rows[column].eq("").idxmax() + 1
            raise UserError(f"{path}, row {number}", f"its {column} is empty", "Fill it in")
    if rows["image"].duplicated().any():
        name = rows["image"][rows["image"].duplicated()].iloc[0]
        raise UserError(path, f"image '{name}' is listed twice", "Give each image one row")
    for column in ("path", "reference", "mask"):
        for number, name in enumerate(rows[column], 1):
            usable_path(name, f"{path}, row {number}, column '{column}'")
        rows[column] = [str(path.parent / name) if name else "" for name in rows[column]]
    return rows[COLUMNS]


def of_folder(folder: Path, references: Path | None, pattern: str | None = None) -> pd.DataFrame:
    """List the pictures of a folder; log how many files are none."""
    names = files_of(folder)
    pictures = [name for name in names if is_picture(Path(name))]
    others = Counter(Path(name).suffix or name for name in names if name not in set(pictures))
    if others:
        told = ", ".join(f"{count} {suffix}" for suffix, count in sorted(others.items()))
        logging.info("%s: left out as no image by name: %s", folder, told)
    if not pictures:
        known = ", ".join(sorted(SUFFIXES))
        raise UserError(folder, "there is no image in it", f"Give a folder of images ({known})")
    found = referred(pictures, references, pattern)
    rows = {"image": pictures, "path": [str(folder / name) for name in pictures]}
    return pd.DataFrame({**rows, "reference": found, "mask": ""})


def files_of(folder: Path) -> list[str]:
    """List the files below a folder, hidden ones left out, links to folders followed once."""

    def stop(error: OSError) -> None:
        mend = "Make it readable, or give another folder"
        raise UserError(error.filename, f"it cannot be read ({error.strerror})", mend)

    found, seen = [], set()
    for top, folders, names in os.walk(folder, onerror=stop, followlinks=True):
        true = os.path.realpath(top)
        folders[:] = [] if true in seen else [n for n in folders if not n.startswith(".")]
        if true not in seen:
            found += [Path(top, n) for n in names if not n.startswith(".")]
        seen.add(true)
    return sorted(path.relative_to(folder).as_posix() for path in found)


def referred(pictures: list[str], references: Path | None, pattern: str | None = None) -> list[str]:
    """Give the path of each picture's reference; empty: none.

    Raises:
        UserError: there are none there, or names do not tell which is whose.
    """
    if references is None:
        return [""] * len(pictures)
    usable_path(references, "--references")
    if references.is_file():
        return [str(references)] * len(pictures)
    if not references.is_dir():
        problem = "there is no such folder of references, nor such a picture"
        raise UserError(references, problem, "Correct --references")
    found = matched(references, pictures, files_of(references), pattern)
    return [str(references / found[name]) if found[name] else "" for name in pictures]
