"""The state of placed raw data, by content: an edit changes it, a mere touch does not."""

from __future__ import annotations

import os
from pathlib import Path

from fgresq.files import digest, read_json, sha256, write_json

ABSENT = "absent"


def walk(folder: Path) -> list[Path]:
    """List the files below a folder in a fixed order, hidden ones left out."""
    found = []
    for top, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(top, name) for name in sorted(names) if not name.startswith(".")]
    return found


def raw_state(folder: str | Path, cache: str | Path) -> str:
    """Digest the names and contents of all files below a folder.

    Args:
        folder: where a source is placed.
        cache: JSON file of known hashes by path, size and time of change, so that only changed
            files are read again.

    Returns:
        A short digest, or "absent" where there is no such folder or it is empty.
    """
    folder, cache = Path(folder), Path(cache)
    files = walk(folder)
    if not files:
        return ABSENT
    known = read_json(cache) if cache.exists() else {}
    hashes = {}
    for path in files:
        stat = path.stat()
        stamp = [stat.st_size, stat.st_mtime_ns]
        name = path.relative_to(folder).as_posix()
        old = known.get(name)
        hashes[name] = old if old and old[:2] == stamp else [*stamp, sha256(path)]
    if hashes != known:
        write_json(cache, hashes)
    return digest({name: entry[2] for name, entry in hashes.items()})
