"""What a table that a person made is, where it is no CSV with commas, points and a header.

Told before any parser sees the table: spreadsheets write semicolons beside decimal commas, programs
a comment first or no header at all, and what a parser says of those helps nobody.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from fgresq.errors import UserError

MOST_COLUMNS = 20_000  # of a table with a column a rater; parsers take half a minute for more
HEAD = 4_000_000  # bytes that are looked at for the first lines
LONGEST = 255  # bytes of a file's name, on every common file system
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
PICTURE = re.compile(r"\.(png|jpe?g|bmp|tiff?|webp|ppm|pgm)$", re.IGNORECASE)
NUMBER = re.compile(r"[-+]?[0-9]+([.,][0-9]+)?(e[-+]?[0-9]+)?", re.IGNORECASE)
DECIMAL_COMMA = re.compile(r"(^|[;\t|])\s*[-+]?[0-9]+,[0-9]+\s*($|[;\t|])")
SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx and .ods; .xls
SHOWN = 60  # characters of a line


def usable_path(path: str | Path, where: str | Path = "") -> None:
    """Refuse a path that no file can have, which the system would tell by an exception.

    Args:
        path: to a file that is to be read.
        where: what names it; empty: the path itself.

    Raises:
        UserError: it holds a NUL byte, or a name in it is longer than a file system takes.
    """
    text = str(path)
    if "\0" in text:
        shown = text.replace("\0", "\\0")
        raise UserError(where or shown, f"the path '{shown}' holds a NUL byte", "Correct the path")
    for part in Path(text).parts:
        size = len(part.encode(errors="surrogateescape"))
        if size > LONGEST:
            problem = (
                f"the file name '{part[:SHOWN]}...' has {size} bytes, and {LONGEST} is the most"
            )
            raise UserError(where or f"{part[:SHOWN]}...", problem, "Correct the path")


def check_form(path: str | Path, known: Collection[str] = (), wanted: str = "") -> None:
    """Refuse a table of another form, named for what it is; a file that is not there is left.

    Args:
        path: of the table.
        known: names that its header may have; with them a header of numbers is told as none.
        wanted: the header that it should have, for messages.

    Raises:
        UserError: it is no UTF-8 text, begins with a comment, has no header, has other separators
            than commas, too many columns, or quotes that are not paired.
    """
    usable_path(path)
    try:
        with open(path, "rb") as file:
            head = file.read(HEAD)
    except OSError:  # told by whoever reads it
        return
    header_wanted = f": {wanted}" if wanted else ""
    _check_bytes(path, head)
    lines = [line for line in _text(head).splitlines() if line.strip()]
    if not lines:
        return
    first = lines[0].strip()
    if first.startswith("#"):
        problem = f"its first line is a comment ('{_short(first)}')"
        raise UserError(path, problem, f"Remove it, the header comes first{header_wanted}")
    _check_separator(path, lines)
    fields = [field.strip().strip('"').strip() for field in first.split(",")]
    if len(fields) > MOST_COLUMNS:
        problem = f"its header has {len(fields)} columns, and {MOST_COLUMNS} is the most"
        raise UserError(path, problem, f"Give a table of the columns{header_wanted or ' needed'}")
    _check_header(path, first, fields, known, header_wanted)
    _check_quotes(path, head)


def _text(head: bytes) -> str:
    return head.decode("utf-8-sig", errors="replace")


def _short(line: str) -> str:
    return line if len(line) <= SHOWN else f"{line[:SHOWN]}..."


def _check_bytes(path: str | Path, head: bytes) -> None:
    """Refuse what is no text of single bytes."""
    if head.startswith(SPREADSHEETS):
        mend = "Export it as CSV with commas, in UTF-8"
        raise UserError(path, "it is a spreadsheet or an archive, not CSV text", mend)
    start = head[:1000]
    halves = max(start[::2].count(0), start[1::2].count(0))
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or 4 * halves > len(start) > 3:
        raise UserError(path, "it is UTF-16 text, not UTF-8", "Save it as UTF-8")


def _check_separator(path: str | Path, lines: list[str]) -> None:
    """Refuse a header whose names something else than commas parts."""
    header = lines[0]
    for mark, name in SEPARATORS.items():
        if header.count(mark) > header.count(","):
            commas = any(DECIMAL_COMMA.search(line) for line in lines[1:50])
            decimals = ", and its decimals have commas" if commas else ""
            problem = f"its columns are parted by {name}{decimals}"
            raise UserError(path, problem, "Save it with commas, and with points in decimals")


def _check_header(
    path: str | Path, first: str, fields: list[str], known: Collection[str], wanted: str
) -> None:
    """Refuse a first line that holds data: a picture, or numbers where no name is known."""
    named = {name.casefold() for name in known}
    none_known = named and not any(field.casefold() in named for field in fields)
    pictured = any(PICTURE.search(field) for field in fields)
    numbers = none_known and any(NUMBER.fullmatch(field) for field in fields)
    if pictured or numbers:
        problem = f"it has no header: its first line is '{_short(first)}'"
        raise UserError(path, problem, f"Put a line with the columns' names first{wanted}")


def _check_quotes(path: str | Path, head: bytes) -> None:
    """Refuse an odd number of quotes, where the table was read whole."""
    if len(head) == HEAD or head.count(b'"') % 2 == 0:
        return
    odd = (n for n, line in enumerate(head.split(b"\n"), 1) if line.count(b'"') % 2)
    problem = f"its double quotes are not paired (the first odd one is in line {next(odd)})"
    raise UserError(path, problem, "Close or remove it")
