"""The files of a data set as its repository has them at one commit: paths, sizes and hashes.

`files` of a source's entry names a list in the package's data (data/files/NAME.txt.gz), a line
"HASH BYTES PATH" a file that is read here, in order of the paths. HASH is the first half of its
SHA-256, 32 digits: enough to tell another version, and half as large. `python
workflow/render_files.py` writes it.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fgresq import workspace
from fgresq.errors import UserError
from fgresq.files import sha256

DIGITS = 32  # of a hash that are kept


@dataclass(frozen=True)
class Released:
    """A file of a data set: bytes, and the first digits of its SHA-256."""

    bytes: int
    hash: str


def released_files(entry: Mapping[str, Any]) -> dict[str, Released]:
    """Give the files that a source was released with, by path below its folder; none known: {}."""
    if "files" not in entry:
        return {}
    path = workspace.packaged("files", f"{entry['files']}.txt.gz")
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    rows = (line.split(" ", 2) for line in lines)
    return {name: Released(int(size), start) for start, size, name in rows}


def listed(files: Mapping[str, Path]) -> bytes:
    """Write such a list of files, by path below the folder of the source: the same bytes again."""
    rows = [
        f"{sha256(path)[:DIGITS]} {path.stat().st_size} {name}"
        for name, path in sorted(files.items())
    ]
    return gzip.compress("".join(f"{row}\n" for row in rows).encode(), mtime=0)


def check_placed(folder: Path, entry: Mapping[str, Any], images: Iterable[str]) -> None:
    """See by name and size that a source is placed whole, and by hash that its labels are right.

    Images are decoded and hashed later, once: `check_hashes` compares them.

    Args:
        folder: of the source.
        entry: of the source.
        images: how the names of its image files end, such as ".jpg".

    Raises:
        UserError: how many files are missing or of another size or content, the first, the mend.
    """
    known = released_files(entry)
    paths = {name: folder / name for name in known}
    missing = [name for name, path in paths.items() if not path.is_file()]
    if missing:
        fault(folder, entry, f"{len(missing)} of its {len(known)} files are missing", missing[0])
    ends = tuple(images)
    unlike = [
        name
        for name, path in paths.items()
        if path.stat().st_size != known[name].bytes
        or (not name.lower().endswith(ends) and not sha256(path).startswith(known[name].hash))
    ]
    if unlike:
        differ(folder, entry, unlike, len(known))


def check_hashes(folder: Path, entry: Mapping[str, Any], hashes: Mapping[str, str]) -> None:
    """Compare hashes of images, by path below the folder, with those of the released files.

    Raises:
        UserError: some differ; how many, the first, the mend.
    """
    known = released_files(entry)
    unlike = [
        name
        for name, found in sorted(hashes.items())
        if name in known and not found.startswith(known[name].hash)
    ]
    if unlike:
        differ(folder, entry, unlike, len(known))


def differ(folder: Path, entry: Mapping[str, Any], names: list[str], count: int) -> None:
    """Raise a UserError for files that are not those of the release."""
    fault(folder, entry, f"{len(names)} of its {count} files are not those released", names[0])


def fault(folder: Path, entry: Mapping[str, Any], problem: str, first: str) -> None:
    """Raise a UserError for a source of which some files are not as released."""
    again = " ".join(str(entry["get"]).split()).removesuffix(".")
    mend = (
        f"Move {folder} away and {again}; for a version of your own take `files` out of its entry"
    )
    raise UserError(folder, f"{problem}, the first '{first}'", workspace.told(mend))
