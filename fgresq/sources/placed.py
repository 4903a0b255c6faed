"""The files of a placed data set: found by name whatever their case, read with their row named."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from fgresq import workspace
from fgresq.errors import UserError, nearest
from fgresq.raw import walk
from fgresq.table_forms import check_form, usable_path


class Files:
    """The files below a source's folder.

    Archives unpack to unlike depths and data sets mix upper and lower case (TID2013: I25.BMP and
    i25.bmp), so a file is found by the end of its path, exact case first.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._by_name: dict[str, list[Path]] = {}
        for path in walk(self.folder):
            self._by_name.setdefault(path.name.lower(), []).append(path)

    def ending(self, name: str) -> list[Path]:
        """List the files whose path below the folder ends in `name`; exact case goes first."""
        wanted = PurePosixPath(name.replace("\\", "/")).parts
        found = []
        for path in self._by_name.get(wanted[-1].lower() if wanted else "", []):
            tail = path.relative_to(self.folder).parts[-len(wanted) :]
            if [part.lower() for part in tail] == [part.lower() for part in wanted]:
                found.append((tail != wanted, path))
        exact = [path for other_case, path in found if not other_case]
        return exact or [path for _, path in found]

    def find(self, name: str, where: str | Path, mend: str = "") -> Path:
        """Give the one file whose path ends in `name`.

        Raises:
            UserError: there is none, or several fit.
        """
        found = self.ending(name)
        if not found:
            mend = mend or "Put the file there or remove the row"
            raise UserError(where, f"there is no file '{name}' in {self.folder}", mend)
        return one_of(found, name, where)

    def at(self, name: str, where: str | Path) -> Path:
        """Give the file at a path relative to the folder.

        Raises:
            UserError: there is none, several differ in case only, the path leads out, or no file
                can have it.
        """
        usable_path(name, where)
        path = self.folder / name
        if not path.resolve().is_relative_to(self.folder.resolve()):
            raise UserError(
                where, f"'{name}' leads out of the source's folder", "Name a file inside it"
            )
        if path.is_file():
            return path
        depth = len(PurePosixPath(name.replace("\\", "/")).parts)
        found = [p for p in self.ending(name) if len(p.relative_to(self.folder).parts) == depth]
        if not found:
            raise UserError(
                where, f"there is no file {path}", "Put the file there or remove the row"
            )
        return one_of(found, name, where)

    def label(self, *names: str, layout: str) -> Path:
        """Give the label file: the first of these names that is there.

        Raises:
            UserError: none is; `layout` says what belongs in the folder.
        """
        for name in names:
            if self.ending(name):
                return self.find(name, self.folder)
        raise UserError(
            self.folder,
            f"there is no file '{names[0]}' in it",
            f"It needs {layout}; unpack it there",
        )

    def matching(self, pattern: str) -> list[Path]:
        """List the files whose name fits a pattern, by name."""
        found = (paths for name, paths in self._by_name.items() if fits(name, pattern))
        return sorted(path for paths in found for path in paths)


def fits(name: str, pattern: str) -> bool:
    """Tell whether a file's name fits a pattern of a shell, whatever the case of both."""
    return fnmatchcase(name.lower(), pattern.lower())


def one_of(found: Sequence[Path], name: str, where: str | Path) -> Path:
    """Give the only file found.

    Raises:
        UserError: there are several.
    """
    if len(found) > 1:
        raise UserError(
            where,
            f"'{name}' fits several files: {', '.join(map(str, sorted(found)[:3]))}",
            "Keep one of them",
        )
    return found[0]


def read_text(path: Path) -> str:
    """Read a text file; a byte order mark is left out, line ends may be any.

    Raises:
        UserError: it is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(path, f"not UTF-8 text ({error})", "Save it as UTF-8") from error


def label_lines(
    path: Path, form: str, separator: str | None = None
) -> Iterator[tuple[str, list[str]]]:
    """Yield the place and the fields of each line that is not empty.

    Args:
        path: label file without a header.
        form: the names of the fields, as the line shows them, such as "SCORE NAME".
        separator: between fields; white space by default.

    Raises:
        UserError: a line has another number of fields.
    """
    count = len(form.split(separator))
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        fields = [field.strip() for field in line.strip().split(separator)]
        where = f"{path}, row {number}"
        if len(fields) != count:
            raise UserError(
                where, f"'{line.strip()}' is not of the form '{form}'", "Correct or remove the line"
            )
        yield where, fields


def read_text_table(
    path: Path, columns: Sequence[str] = (), known: Collection[str] = (), wanted: str = ""
) -> pd.DataFrame:
    """Read a CSV as text, every cell a string; the first data row is row 2, as editors count.

    Args:
        path: of the table.
        columns: the only ones to read, in this order; none: all.
        known: names that its header may have; a header of numbers without them is told as none.
        wanted: the header that it should have, for messages.

    Raises:
        UserError: no such file, no CSV, or one of `columns` is missing.
    """
    check_form(path, known or columns, wanted or ",".join(columns))
    chosen = None if not columns else lambda name: name.strip() in columns
    try:
        table = pd.read_csv(
            path, dtype=str, keep_default_na=False, encoding="utf-8-sig", usecols=chosen
        )
    except FileNotFoundError as error:
        raise UserError(path, "there is no such file", "Put the table there") from error
    except pd.errors.EmptyDataError as error:
        raise UserError(path, "it is empty", "Put the table there") from error
    except UnicodeDecodeError as error:
        raise UserError(path, f"not UTF-8 text ({error})", "Save it as UTF-8") from error
    except (ValueError, pd.errors.ParserError) as error:
        raise UserError(path, f"not a readable CSV ({error})", "Correct the line") from error
    if not isinstance(table.index, pd.RangeIndex):
        raise UserError(path, "its rows have more fields than its header", "Correct the header")
    table.columns = [str(name).strip() for name in table.columns]
    for name in columns:
        if name not in table.columns:
            raise UserError(path, f"column '{name}' is missing", "Correct the header")
    table.index = pd.RangeIndex(2, len(table) + 2)
    return table.fillna("")[list(columns) or list(table.columns)]


def table_rows(
    path: Path, columns: Sequence[str], entry: dict[str, Any]
) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the place and the cells of each row of a label file with a known header.

    Raises:
        UserError: a column is missing, or unknown and not under the source's `ignore`.
    """
    table = read_text_table(path, known=columns, wanted=",".join(columns))
    found = f"found: {', '.join(table.columns)}"
    for name in table.columns:
        if name not in columns and name not in entry.get("ignore", []):
            raise UserError(
                path,
                f"unknown column '{name}' ({found})",
                f"{nearest(name, columns).rstrip('.')} "
                f"Or list it under `ignore` of the source in {workspace.catalogue('sources')}",
            )
    for name in columns:
        if name not in table.columns:
            raise UserError(path, f"column '{name}' is missing ({found})", "Correct the header")
    cells = table[list(columns)].itertuples(name=None)
    for at, *row in cells:
        yield f"{path}, row {at}", dict(zip(columns, map(str.strip, row), strict=True))
