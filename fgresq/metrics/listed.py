"""The images that a user names for scoring: an image table, or a folder of pictures."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from fgresq.errors import UserError
from fgresq.tables import read_images

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm"}
COLUMNS = ["image", "path", "reference", "mask"]


def listed(images: Path) -> pd.DataFrame:
    """List what is to be scored: identifier, path, and reference and mask or empty.

    Args:
        images: a folder, searched with its folders, or an image table.

    Raises:
        UserError: there is no image in the folder.
    """
    if not images.is_dir():
        return read_images(images)[COLUMNS]
    paths = sorted(p for p in images.rglob("*") if p.suffix.lower() in SUFFIXES)
    if not paths:
        raise UserError(images, "there is no image in it", f"Give a folder with {sorted(SUFFIXES)}")
    names = [path.relative_to(images).as_posix() for path in paths]
    rows = {"image": names, "path": [str(path) for path in paths], "reference": "", "mask": ""}
    return pd.DataFrame(rows)
