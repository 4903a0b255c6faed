"""From the scratch folder to its place: whole where nothing is there, else file by file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from fgresq.errors import UserError
from fgresq.fetch.items import Item
from fgresq.files import sha256


def differing(folder: Path, rows: list[dict[str, Any]]) -> list[str]:
    """Name the files that lie in a folder with other bytes than those fetched."""
    return [
        row["path"]
        for row in rows
        if (folder / row["path"]).exists() and sha256(folder / row["path"]) != row["sha256"]
    ]


def place(item: Item, tree: Path, rows: list[dict[str, Any]]) -> None:
    """Move a fetched tree to the item's folder.

    Where files are there already, those missing are added and nothing is replaced.

    Args:
        rows: path and sha256 of every file of the tree.

    Raises:
        UserError: a file that is there differs from the one fetched; nothing was moved.
    """
    folder = item.folder
    if not folder.exists() or not any(folder.iterdir()):
        folder.parent.mkdir(parents=True, exist_ok=True)
        os.rename(tree, folder)
        return
    other = differing(folder, rows)
    if other:
        raise UserError(
            f"{item.label}, {folder / other[0]}",
            f"this file, and {len(other) - 1} more, differ from those fetched; none was replaced",
            f"Move them away and run `{item.command}` again; what was fetched is kept in "
            f"{item.scratch}",
        )
    for row in rows:
        target = folder / row["path"]
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(tree / row["path"], target)
