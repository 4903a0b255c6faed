"""The images that a user names for scoring: a folder of pictures, one picture, or a table."""

from __future__ import annotations

import logging
import os
from collections import Counter
from pathlib import Path

import pandas as pd

from fgresq.errors import UserError
from fgresq.tables import read_images, read_table

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm"}
COLUMNS = ["image", "path", "reference", "mask"]


def listed(images: Path, references: Path | None = None) -> pd.DataFrame:
    """List what is to be scored: identifier, path, and reference and mask or empty.

    Args:
        images: a folder, searched with its folders; a picture; an image table; or a table of
            `path` and, as far as they are known, `image`, `reference`, `mask`, whose paths start
            at its own folder.
        references: beside a folder, another whose pictures of the same names, up to the suffix,
            are the references; beside a picture, its reference.

    Raises:
        UserError: there is no image, a folder cannot be read, or a table is at fault.
    """
    if images.is_dir():
        return of_folder(images, references)
    if images.suffix.lower() in SUFFIXES:
        named = "" if references is None else str(references)
        rows = {"image": [images.name], "path": str(images), "reference": named, "mask": ""}
        return pd.DataFrame(rows)
    if references is not None:
        mend = "Leave --references out, or give a folder of images"
        raise UserError(images, "a table names its references itself", mend)
    return of_table(images)


def of_table(path: Path) -> pd.DataFrame:
    """List the rows of an image table, or of one that has no more than `COLUMNS`."""
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
        rows[column] = [str(path.parent / name) if name else "" for name in rows[column]]
    return rows[COLUMNS]


def of_folder(folder: Path, references: Path | None) -> pd.DataFrame:
    """List the pictures of a folder; log how many files are none."""
    names = files_of(folder)
    pictures = [name for name in names if Path(name).suffix.lower() in SUFFIXES]
    others = Counter(Path(name).suffix or name for name in names if name not in set(pictures))
    if others:
        told = ", ".join(f"{count} {suffix}" for suffix, count in sorted(others.items()))
        logging.info("%s: left out as no image by name: %s", folder, told)
    if not pictures:
        known = ", ".join(sorted(SUFFIXES))
        raise UserError(folder, "there is no image in it", f"Give a folder of images ({known})")
    found = references_of(pictures, references) if references else dict.fromkeys(pictures, "")
    rows = {"image": pictures, "path": [str(folder / name) for name in pictures]}
    return pd.DataFrame({**rows, "reference": [found[n] for n in pictures], "mask": ""})


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


def references_of(pictures: list[str], folder: Path) -> dict[str, str]:
    """Find each picture's reference in a folder by its name, up to the suffix; empty: none.

    Raises:
        UserError: two have one name, or not one picture has a reference.
    """
    if not folder.is_dir():
        raise UserError(folder, "there is no such folder of references", "Correct --references")
    by_name: dict[str, str] = {}
    for name in files_of(folder):
        if Path(name).suffix.lower() not in SUFFIXES:
            continue
        stem = str(Path(name).with_suffix(""))
        if stem in by_name:
            problem = f"'{name}' and '{by_name[stem]}' are references of one name"
            raise UserError(folder, problem, "Keep one of them")
        by_name[stem] = name
    stems = {name: str(Path(name).with_suffix("")) for name in pictures}
    if not set(stems.values()) & set(by_name):
        first = next(iter(stems.values()))
        problem = f"no image has a reference of its name there, such as '{first}.png'"
        raise UserError(folder, problem, "Rename them alike, or give a table")
    return {
        name: str(folder / by_name[stem]) if stem in by_name else "" for name, stem in stems.items()
    }
