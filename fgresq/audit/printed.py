"""The paper's printed numbers, one a row, and what is wrong with the files that hold them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from fgresq.catalogues import catalogue
from fgresq.errors import UserError, unknown, unread
from fgresq.settings import read_yaml

COLUMNS = ["table", "dataset_or_task", "method", "type", "bin", "stat", "value"]
CELL = COLUMNS[:-1]
ABOUT = "about.yaml"
OTHER_PAPERS = ("slides", "afine")  # their files lie here too
AFINE = "afine"  # what about.yaml lists of the paper on A-FINE
WORDS = ("annotation_type", "pub")  # statistics that are no numbers
NOTHING = ("", "-", "–")  # how the paper prints that there is no number
# how far from 0 a statistic can be
BOUNDS = {"SRCC": 1.0, "PLCC": 1.0, "ACC": 1.0, "2AFC accuracy %": 100.0}
VARIANTS = ("w/o DFL",)  # rows of an ablation: no methods of the catalogue
OWN = "FGResQ"  # the paper's own model
RESTORE = "Restore the file from git"
TASK_NAMES = {
    "SuperResolution": "super-resolution",
    "Deblurring": "deblurring",
    "Denoising": "denoising",
    "Deraining": "deraining",
    "Dehazing": "dehazing",
    "MixtureRestoration": "mixture",
    "Average": "average",
}


class CannotTell(Exception):
    """A finding cannot be computed from what is here, for this reason."""


@dataclass(frozen=True)
class Printed:
    """The paper's numbers.

    Args:
        folder: where its files lie.
        numbers: `COLUMNS` as text, and `file`, `row` and `number` (NaN where none is printed).
        faults: a line for each cell, row or file that had to be left out or is doubtful: where,
            what is wrong, and the mend.
    """

    folder: Path
    numbers: pd.DataFrame
    faults: list[str] = field(default_factory=list)

    def table(self, *names: str) -> pd.DataFrame:
        """Give the rows of some tables that hold a number.

        Raises:
            CannotTell: there are none.
        """
        rows = self.numbers[self.numbers["table"].isin(names) & self.numbers["number"].notna()]
        if rows.empty:
            raise CannotTell(f"{self.folder} holds no numbers of {' or '.join(names)}")
        return rows

    def texts(self, name: str) -> pd.DataFrame:
        """Give the rows of a table whose values are words."""
        rows = self.numbers
        return rows[rows["table"].eq(name) & rows["stat"].isin(WORDS)]


def read_printed(folder: str | Path) -> Printed:
    """Read the CSV files of a folder but those of other papers; what is faulty is left out.

    `about.yaml` there lists under `files` those that belong to it, with where each is from.

    Raises:
        UserError: no table can be read, or about.yaml cannot.
    """
    folder = Path(folder)
    if not any(folder.glob("*.csv")):
        raise UserError(folder, "no reported numbers here", "Restore the folder from git")
    own = [path.name for path in folder.glob("*.csv") if not path.name.startswith(OTHER_PAPERS)]
    printed = read_listed(folder, {*own, *read_yaml(folder / ABOUT).get("files", {})})
    if printed.numbers.empty:
        raise UserError(folder, "no reported numbers here", "Restore the folder from git")
    strange = [str(fault) for fault in strangers(printed.numbers)]
    return Printed(folder, printed.numbers, printed.faults + strange)


def read_afine(folder: str | Path) -> Printed:
    """Read what the authors of A-FINE print; without numbers where its files are not there.

    Raises:
        UserError: about.yaml cannot be read.
    """
    return read_listed(Path(folder), read_yaml(Path(folder) / ABOUT).get(AFINE, {}))


def read_listed(folder: Path, names: Iterable[str]) -> Printed:
    """Read some files of a folder; what is faulty is left out and named."""
    frames: list[pd.DataFrame] = [no_numbers().numbers.drop(columns="number")]
    faults: list[str] = []
    for name in sorted(names):
        try:
            frames.append(read_file(folder / name))
        except UserError as error:
            faults.append(str(error))
    numbers = pd.concat(frames, ignore_index=True)
    twice = numbers.duplicated(CELL)
    kept = numbers[~twice].assign(number=parse)
    wrong = [*faults_of(kept), *repeated(numbers[twice])]
    return Printed(folder, kept.reset_index(drop=True), faults + [str(fault) for fault in wrong])


def no_numbers() -> Printed:
    """Give what is read where there is nothing."""
    names = [*COLUMNS, "file", "row", "number"]
    return Printed(Path(), pd.DataFrame(columns=names, dtype=object))


def read_file(path: Path) -> pd.DataFrame:
    """Read one file as text, each row with its file and the number of its line.

    Raises:
        UserError: it is not there, no table, or lacks a column.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except FileNotFoundError as error:
        raise UserError(path, "there is no such file", RESTORE) from error
    except OSError as error:
        raise unread(path, error) from error
    except ValueError as error:
        raise UserError(path, f"not a readable table ({error})", RESTORE) from error
    for name in COLUMNS:
        if name not in table:
            raise UserError(path, f"column '{name}' is missing", RESTORE)
    return table[COLUMNS].assign(file=str(path), row=range(2, len(table) + 2))


def parse(rows: pd.DataFrame) -> pd.Series:
    """Give the numbers of rows; NaN for words and where none is printed or it is impossible."""
    numbers = pd.to_numeric(rows["value"].mask(rows["stat"].isin(WORDS)), errors="coerce")
    return numbers.astype(float).mask(impossible(rows, numbers))


def impossible(rows: pd.DataFrame, numbers: pd.Series) -> pd.Series:
    """Tell which numbers lie outside what their statistic can be."""
    most = rows["stat"].map(BOUNDS).astype(float).fillna(float("inf"))
    return numbers.abs().gt(most) | numbers.abs().eq(float("inf"))


def faults_of(rows: pd.DataFrame) -> Iterator[UserError]:
    """Name the cells that should hold a number and do not."""
    printed = ~rows["value"].str.strip().isin(NOTHING) & ~rows["stat"].isin(WORDS)
    for row in rows[printed & rows["number"].isna()].itertuples():
        problem = f"'{row.value}' in column 'value' is no {row.stat}"
        yield UserError(place(row), problem, "Correct the cell, or restore the file from git")


def repeated(rows: pd.DataFrame) -> Iterator[UserError]:
    """Name the rows of a cell that was given before."""
    for row in rows.itertuples():
        words = (row.table, row.dataset_or_task, row.method, row.bin, row.stat)
        cell = " ".join(filter(None, map(str, words)))
        yield UserError(place(row), f"the cell '{cell}' is given twice", "Delete this row")


def strangers(rows: pd.DataFrame) -> Iterator[UserError]:
    """Name the methods of which the catalogue knows nothing; their numbers are kept."""
    known = known_methods()
    plain = {same(name) for name in known}
    for row in rows[rows["method"].ne("")].drop_duplicates("method").itertuples():
        if same(str(row.method)) not in plain:
            yield unknown(place(row), "method", str(row.method), known)


def known_methods() -> list[str]:
    """List the methods of the catalogue, as the paper may name them."""
    entries = catalogue("methods")
    titles = {re.split(r" \(|, ", e.get("title", name))[0] for name, e in entries.items()}
    return sorted({*titles, *VARIANTS})


def place(row: object) -> str:
    """Name the file and the row of a cell."""
    return f"{getattr(row, 'file', '')}, row {getattr(row, 'row', '')}"


def same(name: str) -> str:
    """Reduce a name to letters and digits, so that `KADID-10k` and `kadid10k` are the same."""
    return "".join(letter for letter in name.lower() if letter.isalnum())


def ordered(names: Iterable[str]) -> list[str]:
    """Give each name once, in order of its first place."""
    return list(dict.fromkeys(names))
