"""Reading and writing files: nothing half-written stays, equal content gives equal bytes."""

from __future__ import annotations

import errno
import glob
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from fgresq.errors import UserError


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


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Yield a scratch path beside `path` that takes its name only when the block succeeds.

    Raises:
        UserError: the disk is full; the scratch file is removed, an older `path` stays.
    """
    path = Path(path)
    scratch = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        sweep(path)
        yield scratch
        os.replace(scratch, path)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise UserError(
                path,
                "the disk is full and nothing was written",
                "Free some space and run the same command again; finished files are kept",
            ) from error
        raise
    finally:
        scratch.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write UTF-8 text with Unix line ends, whole or not at all."""
    with atomic(path) as scratch, open(scratch, "w", encoding="utf-8", newline="\n") as handle:
        handle.write(text)


def write_json(path: str | Path, value: Any) -> None:
    """Write JSON with sorted keys; NaN is refused, since a missing number is null."""
    text = json.dumps(value, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False)
    write_text(path, text + "\n")


def read_json(path: str | Path) -> Any:
    """Read a JSON file.

    Raises:
        UserError: it is missing or no JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(path, "there is no such file", "Run the step that makes it") from error
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
