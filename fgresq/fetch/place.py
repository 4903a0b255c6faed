"""The scratch tree, and from it to its place: whole where nothing is there, else file by file."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fgresq.errors import UserError
from fgresq.fetch.items import Item, shown
from fgresq.files import sha256
from fgresq.records import FileRow

WRONG = ".wrong"  # how the names end of files that were set aside


@contextmanager
def fresh(tree: Path) -> Iterator[None]:
    """Make an empty folder for the block, and remove it where the block fails."""
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    try:
        yield
    except BaseException:
        shutil.rmtree(tree, ignore_errors=True)  # gives a full disk its space back
        raise


def clear(scratch: Path) -> None:
    """Remove what a fetch left, but for wrong files that were set aside."""
    downloads = scratch / "downloads"
    wrong = list(downloads.glob(f"*{WRONG}"))
    if not wrong:
        shutil.rmtree(scratch)
        return
    for path in {*scratch.iterdir(), *downloads.iterdir()} - {downloads, *wrong}:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def unrecorded(item: Item, recorded: bool) -> bool:
    """Tell whether a fetch was killed after it placed an item and before it wrote its manifest."""
    left = item.scratch.rglob("*") if item.scratch.is_dir() else []
    files = any(path.is_file() and path.suffix != WRONG for path in left)
    at_the_end = files and not (item.scratch / "tree").exists()
    return at_the_end and not recorded and not any(item.scratch.rglob("*.part"))


def link_or_copy(source: str | Path, target: str | Path) -> None:
    """Give a file a second name, or a copy on a disk that has no links."""
    Path(target).unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def differing(folder: Path, rows: list[FileRow]) -> list[str]:
    """Name the files that lie in a folder with other bytes than those fetched."""
    return [
        row["path"]
        for row in rows
        if (folder / row["path"]).exists() and sha256(folder / row["path"]) != row["sha256"]
    ]


def place(item: Item, tree: Path, rows: list[FileRow]) -> None:
    """Move a fetched tree to the item's folder.

    Where files are there already, those missing are added and nothing is replaced.

    Args:
        rows: path and sha256 of every file of the tree.

    Raises:
        UserError: a file that is there differs from the one fetched; nothing was moved.
    """
    folder = item.own_folder
    if not folder.exists() or not any(folder.iterdir()):
        folder.parent.mkdir(parents=True, exist_ok=True)
        os.rename(tree, folder)
        return
    other = differing(folder, rows)
    if other:
        raise UserError(
            f"{item.label}, {shown(folder / other[0])}",
            f"this file, and {len(other) - 1} more, differ from those fetched; none was replaced",
            f"Move them away and run `{item.command}` again; what was fetched is kept in "
            f"{shown(item.scratch)}",
        )
    for row in rows:
        target = folder / row["path"]
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(tree / row["path"], target)
