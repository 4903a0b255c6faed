"""The disk: which files of an item are there, how many bytes are free, one fetch at a time."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from fgresq.errors import UserError
from fgresq.fetch.items import Item
from fgresq.files import read_json
from fgresq.raw import walk
from fgresq.weights.hub_cache import cached_files

MARGIN = 100 * 2**20  # bytes left free


def human(count: float) -> str:
    """Write a number of bytes with a binary unit."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(count) < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"


def some_files(count: int) -> str:
    """Write a number of files."""
    return f"{count:,} file{'s' * (count != 1)}"


def files_of(item: Item) -> dict[str, Path]:
    """Give the files of an item that are on disk: name below its folder, path."""
    if item.made:
        return {}
    if item.folder is None:
        return cached_files(item.hubs)
    if "package" in item.entry:
        card = item.folder / "card.json"
        names = read_json(card).get("files", {}) if card.exists() else {}
        return {name: item.folder / name for name in names if (item.folder / name).exists()}
    return {path.relative_to(item.folder).as_posix(): path for path in walk(item.folder)}


def in_progress(item: Item) -> int:
    """Give the bytes that an unfinished fetch of an item has left."""
    files = item.scratch.rglob("*") if item.scratch.is_dir() else []
    return sum(p.stat().st_size for p in files if p.is_file() and p.suffix != ".wrong")


def free_at(folder: Path) -> int:
    """Give the free bytes of the disk that a folder lies on, or will lie on."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def check_space(item: Item, needed: float, folder: Path, why: str) -> None:
    """Raise a UserError where fewer bytes are free than are needed."""
    free = free_at(folder)
    if needed + MARGIN > free:
        raise UserError(
            f"{item.label}, {folder}",
            f"{why} takes {human(needed)}, and {human(free)} are free on this disk",
            f"Free some space, or make {item.shown_folder} a link to a folder on a larger disk, "
            "and run the same command again; what was fetched is kept",
        )


@contextmanager
def only_one(item: Item) -> Iterator[None]:
    """Hold the lock of an item; it ends with the process that holds it.

    Raises:
        UserError: another process holds it.
    """
    path = item.scratch.with_name(f"{item.scratch.name}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise UserError(
            f"{item.label}, {path}",
            "another process is fetching it",
            "Wait until that one has ended, and run the same command again",
        ) from error
    try:
        yield
    finally:
        lock.release()
