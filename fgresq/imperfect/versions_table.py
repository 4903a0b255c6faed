"""The tables of DiffIQA-mini's images: what they were made of, and what they are worth."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from fgresq.errors import UserError
from fgresq.tables import check_identifiers, read_table

SOURCE = "diffiqa_mini"
VERSION_COLUMNS: dict[str, type] = {
    "image": str,  # identifier: SOURCE/CONTENT.NAME.png
    "path": str,
    "sha256": str,
    "content": str,
    "family": str,  # the photograph
    "reference": str,  # identifier of what it is tested against; of a damaged reference the clean
    # photograph, which has itself
    "kind": str,  # clean; of a reference its damage; of a test image what was done to it
    "strength": float,  # of the damage of its reference
    "quality": float,  # minus LPIPS against the clean photograph: up to 0, higher better
}
JOD_COLUMNS: dict[str, type] = {"image": str, "jod": float}  # up to 10, higher better


def read_versions(path: str | Path) -> pd.DataFrame:
    """Read the versions.

    Raises:
        UserError: as `read_table` says, an image stands twice, or a reference is none of them.
    """
    table = read_table(path, VERSION_COLUMNS)
    check_identifiers(table, path)
    lost = table[~table["reference"].isin(table["image"])]
    if len(lost):
        row = lost.iloc[0]
        problem = f"the reference '{row['reference']}' of '{row['image']}' is none of its images"
        raise UserError(path, problem, "Run the step afine-images again")
    return table


def clean_of(versions: pd.DataFrame) -> dict[str, str]:
    """Give the identifier of the clean photograph of each content: what is its own reference."""
    own = versions[versions["image"] == versions["reference"]]
    return dict(zip(own["content"], own["image"], strict=True))


def read_jod(path: str | Path, versions: pd.DataFrame) -> pd.Series:
    """Read the JOD of versions, in their order.

    Raises:
        UserError: as `read_table` says, or it is of other images.
    """
    table = read_table(path, JOD_COLUMNS)
    check_identifiers(table, path)
    odd = set(table["image"]) ^ set(versions["image"])
    if odd:
        problem = f"it has not the images of the versions: see '{min(odd)}'"
        raise UserError(path, problem, "Run the step afine-jod again")
    return table.set_index("image")["jod"].loc[versions["image"]].reset_index(drop=True)
