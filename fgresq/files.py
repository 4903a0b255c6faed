"""Reading and writing files: nothing half-written stays, equal content gives equal bytes."""

from __future__ import annotations

import errno
import glob
import hashlib
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pandas as pd

from fgresq.errors import UserError, disk_full, is_full, unread


def sweep(path: Path) -> None:
    """Remove what processes that were killed while they wrote `path` left beside it."""
    for old in path.parent.glob(f".{glob.escape(path.stem)}.*.part{glob.escape(path.suffix)}"):
        writer = old.name.removeprefix(f".{path.stem}.").partition(".")[0]
        if writer.isdigit() and not running(int(writer)):
            old.unlink(missing_ok=True)


def running(process: int) -> bool:
    """Tell whether a process of this number runs on this machine."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        pass
    return True


def check_writable(path: str | Path) -> Path:
    """Find the file that a write to `path` gives, and see that it can be had.

    For a step to call before long work. Makes nothing but the folders above the file that are
    missing.

    Returns:
        The file itself: `path`, or what it leads to where it is a symlink, which so stays one.

    Raises:
        UserError: the path is empty, a folder, below a file, in a folder that is not to be written
            to, or a device or pipe, which a write would replace.
    """
    if not str(path):
        raise UserError("''", "the path of the file to write is empty", "Name a file")
    path = Path(path)
    try:
        # asked of the path as it was given: what /dev/stdout leads to has no name of its own
        kind = path.stat().st_mode if path.exists() else stat.S_IFREG
        file = Path(os.path.realpath(path)) if path.is_symlink() else path
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from error
    if stat.S_ISDIR(kind):
        raise UserError(path, "this is a folder, where a file is to be written", "Name a file")
    if not stat.S_ISREG(kind):
        problem = "this is a device or a pipe, which the file would replace"
        raise UserError(path, problem, "Name a file")
    if not os.access(file.parent, os.W_OK | os.X_OK):
        raise _unwritable(path, PermissionError(errno.EACCES, "its folder is read-only"))
    return file


def _unwritable(path: Path, error: OSError) -> UserError:
    if isinstance(error, (NotADirectoryError, FileExistsError)):
        return UserError(path, "part of the path is a file, not a folder", "Correct the path")
    if is_full(error):
        return disk_full(path)
    problem = f"it cannot be written ({error.strerror or error})"
    return UserError(path, problem, "Name a file in a folder that you may write to")


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Yield a scratch path beside `path` that takes its name only when the block succeeds.

    Raises:
        UserError: as `check_writable` says, or the disk is full; the scratch file is removed, an
            older `path` stays.
    """
    file = check_writable(path)
    scratch = file.with_name(f".{file.stem}.{os.getpid()}.part{file.suffix}")
    try:
        sweep(file)
        yield scratch
        os.replace(scratch, file)
    except OSError as error:
        # any other error of the block is one of what it reads
        if is_full(error) or str(error.filename) == str(scratch):
            raise _unwritable(Path(path), error) from error
        raise
    finally:
        with suppress(OSError):  # a name too long to be made cannot be removed either
            scratch.unlink()


def write_text(path: str | Path, text: str) -> None:
    """Write UTF-8 text with Unix line ends, whole or not at all.

    A byte of a file's name that is no UTF-8, which Python holds as half a character, is written as
    \\udcXX: the file stays UTF-8, which every reader takes, one such name stops no table, and in
    JSON it is read back as it was.
    """
    with atomic(path) as scratch:
        scratch.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")


def json_text(value: Any) -> str:
    """Give the text of a JSON file: sorted keys; NaN is refused, since a missing number is null."""
    text = json.dumps(value, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False)
    return text + "\n"


def write_json(path: str | Path, value: Any) -> None:
    """Write JSON as `json_text` gives it."""
    write_text(path, json_text(value))


def read_json(path: str | Path) -> Any:
    """Read a JSON file.

    Raises:
        UserError: it is missing, cannot be read, or is no JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise unread(path, error) from error
    except ValueError as error:
        raise UserError(path, f"not JSON ({error})", "Mend or remove the file") from error


def write_csv(path: str | Path, table: pd.DataFrame) -> None:
    """Write a table as CSV: no index, shortest exact floats, Unix line ends."""
    write_text(path, table.to_csv(index=False, lineterminator="\n"))


def sha256(path: str | Path) -> str:
    """Give the SHA-256 of a file's bytes, in hexadecimal."""
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def digest(value: Any) -> str:
    """Give a short hash of a JSON value; equal values give equal hashes."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
