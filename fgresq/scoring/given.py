"""What the words of a call name: methods of the catalogue, and pictures, folders, tables, lists.

Several inputs are one batch: what is wrong with one of them is the reason in its row, and the
others are answered. A single input that is at fault is the call's own fault.
"""

from __future__ import annotations

import glob
import logging
import re
import sys
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import TextIO

import pandas as pd

from fgresq.errors import UserError, unknown
from fgresq.scoring.listed import COLUMNS, listed, referred
from fgresq.scoring.references import is_picture
from fgresq.table_forms import usable_path

STDIN = "-"
URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
METHOD_LIKE = re.compile(r"[a-z][a-z0-9_]*")
TABLES = ("", ".csv", ".tsv", ".txt")


def split_words(
    words: Iterable[str], known: Collection[str], where: str | Path
) -> tuple[list[str], list[str]]:
    """Part methods from inputs: a word that names a method is one, however a file is called.

    Args:
        words: of the call.
        known: names of methods.
        where: the file of the methods, for messages.

    Raises:
        UserError: a word is written as a method's name, and is neither one nor a file.
    """
    methods, inputs = [], []
    for word in words:
        if word in known:
            methods.append(word)
        elif METHOD_LIKE.fullmatch(word) and not _exists(word):
            raise unknown(where, "method", word, known)
        else:
            inputs.append(word)
    return list(dict.fromkeys(methods)), inputs


def lines_of(stdin: TextIO) -> list[str]:
    """Read the lines of a list that hold something."""
    return [line.rstrip("\r\n") for line in stdin if line.strip()]


def spread(inputs: Iterable[str], stdin: TextIO) -> Iterator[str]:
    """Yield the inputs that words name: `-` is a list on standard input, a line a path.

    A word with `*`, `?` or `[` that is no file is a pattern, as a shell spreads it; `**` enters
    folders.

    Raises:
        UserError: no file fits a pattern.
    """
    for word in inputs:
        if word == STDIN:
            yield from lines_of(stdin)
        elif glob.has_magic(word) and "\0" not in word and not _exists(word):
            found = sorted(glob.glob(word, recursive=True))
            if not found:
                raise UserError(f"'{word}'", "no file fits it", "Correct the pattern")
            yield from found
        else:
            yield word


def _exists(word: str) -> bool:
    try:
        return Path(word).exists()
    except OSError:  # such as a name that is too long
        return False


def rows_of(
    inputs: Iterable[str], references: str | None = None, pattern: str | None = None
) -> pd.DataFrame:
    """List what is to be scored: image, path, reference, mask, and a reason for no value, or "".

    Of a single input the images have the names that `listed` gives them; of several each is named
    by its path, and what is listed twice is listed once.

    Raises:
        UserError: nothing is named, or a single input is at fault.
    """
    words = list(dict.fromkeys(spread(inputs, sys.stdin)))
    if not words:
        mend = "Name pictures, a folder or a table, or give --images"
        raise UserError("fgresq score", "no image is named", mend)
    beside = None if references is None else Path(references)
    if len(words) == 1:
        _check(words[0])
        return listed(Path(words[0]), beside, pattern).assign(reason="")
    rows = pd.concat([_part(word, beside) for word in words], ignore_index=True)
    if beside is not None:
        own = rows["reason"].eq("")
        rows.loc[own, "reference"] = referred(rows.loc[own, "name"].tolist(), beside, pattern)
    rows = rows.drop_duplicates(["path", "reference", "mask"])
    twice = rows["image"].duplicated(keep=False)
    rows["image"] = rows["image"].where(~twice, rows["path"])
    return rows.drop(columns="name").reset_index(drop=True)


def _check(word: str) -> None:
    """Refuse what no file can be, and what is in the network.

    Raises:
        UserError: it is one.
    """
    if URL.match(word):
        raise UserError(word, "it is an address in the network", "Download it first")
    usable_path(word)


def _part(word: str, references: Path | None) -> pd.DataFrame:
    """List one of several inputs; what is wrong with it is the reason in its row.

    Returns:
        Rows with `reason`, and `name`, by which a reference is found.
    """
    path, empty = Path(word), dict.fromkeys(COLUMNS, "")
    try:
        _check(word)
        if path.is_dir():
            rows = listed(path)
            return rows.assign(name=rows["image"], image=rows["path"], reason="")
        if not is_picture(path) and path.suffix.lower() in TABLES:
            rows = listed(path, references)
            return rows.assign(name=rows["image"], reason="")
        reason = ""
    except UserError as error:
        logging.warning("%s", error)
        reason = str(error)
    return pd.DataFrame(
        [empty | {"image": word, "path": word, "name": path.name, "reason": reason}]
    )
