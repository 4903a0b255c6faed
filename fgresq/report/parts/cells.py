"""Tables as the page shows them, and as the CSV beside it holds them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from fgresq.analysis.roles import LABEL_SOURCE, roles_in
from fgresq.errors import unknown
from fgresq.records import SourceRecord
from fgresq.tables import VOTE_KINDS

STATS = {
    "acc": ("ACC", "share of pairs ranked as the observers rank them"),
    "acc_rank": (
        "ACC, ranking head",
        "share of pairs in which the method's ranking head names the image that observers prefer",
    ),
    "srcc_groups": ("SRCC in groups", "mean Spearman correlation inside groups of one content"),
    "srcc": ("SRCC", "Spearman correlation of scores and labels, over all images of the task"),
    "plcc": ("PLCC", "Pearson correlation, raw"),
    "plcc_fitted": ("PLCC fitted", "Pearson correlation after the 4-parameter logistic"),
    "krcc": ("KRCC", "Kendall correlation"),
    "acc_gap5": ("ACC, gap > 5 %", "ACC over pairs whose scores lie over 5 % of the range apart"),
    **{
        f"{name}_{kind.replace(' ', '_')}": (f"{label}, {kind}", meaning)
        for kind in VOTE_KINDS
        for name, label, meaning in (
            (
                "votes",
                "Votes agreed with",
                "proportion of the votes on pairs that the method agrees with",
            ),
            (
                "majority",
                "Votes of the majority",
                "proportion of the votes that the sides with most of them have",
            ),
        )
    },
}


@dataclass(frozen=True)
class Made:
    """What a table was made of, so that a number leads to its source.

    Args:
        file: that holds its rows.
        command: that makes the file.
        commit: of the file where it is not the run's own.
        where: on another page, the pairs or images behind the rows are shown.
    """

    file: str
    command: str
    commit: str = ""
    where: str = ""


@dataclass(frozen=True)
class Cell:
    """A cell: what it shows, what it sorts by, a small second line, a class, a tag.

    `row` is the line of the table's file that the number stands in, the head being line 1.
    """

    text: str
    sort: float | str = ""
    detail: str = ""
    mark: str = ""
    tag: str = ""
    row: int | None = None


@dataclass(frozen=True)
class Row:
    """A row; `fixed` rows stay below the others when a reader sorts; `filters` select it."""

    cells: list[Cell]
    mark: str = ""
    fixed: bool = False
    filters: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Filter:
    """A drop-down that keeps the rows whose value under `key` is chosen; `chosen` at first."""

    key: str
    label: str
    options: list[str]
    chosen: str = ""


@dataclass(frozen=True, eq=False)  # each is itself alone, so that what is made of it is kept
class Table:
    """A table: `frame` goes to `tables/NAME.csv` with full digits, what it shows to NAME.tex."""

    name: str
    caption: str
    columns: list[Cell]
    rows: list[Row]
    frame: pd.DataFrame
    filters: list[Filter] = field(default_factory=list)
    note: str = ""
    made: Made | None = None


def missing(value: object) -> bool:
    """Tell whether a number is none."""
    return value is None or (isinstance(value, float) and not math.isfinite(value))


def decimal(value: float | None, digits: int = 3, sign: bool = False) -> str:
    """Write a number with a true minus sign; none is an en dash."""
    if missing(value):
        return "–"
    text = f"{value:+.{digits}f}" if sign else f"{value:.{digits}f}"
    return text.replace("-", "−")


def count(value: float | None) -> str:
    """Write a count with thin spaces between thousands; none is an en dash."""
    return "–" if value is None or missing(value) else f"{int(value):,}".replace(",", "\u202f")


def interval(low: float | None, high: float | None, digits: int = 3) -> str:
    """Write an interval, or nothing where it is not known."""
    if missing(low) or missing(high):
        return ""
    return f"[{decimal(low, digits)}, {decimal(high, digits)}]"


def interval_of(row: Mapping[str, float]) -> str:
    """Write the interval of a row and its n, as far as they are known."""
    n = "" if missing(row["n"]) else f"n {count(row['n'])}"
    return f"{interval(row['low'], row['high'])} {n}".strip()


def number(
    value: float | None, digits: int = 3, detail: str = "", mark: str = "", row: int | None = None
) -> Cell:
    """Give the cell of a number."""
    sort = "" if value is None or missing(value) else float(value)
    return Cell(decimal(value, digits), sort, detail, f"number {mark}".strip(), row=row)


def whole(value: float | None, mark: str = "") -> Cell:
    """Give the cell of a count."""
    sort = "" if value is None or missing(value) else float(value)
    return Cell(count(value), sort, mark=f"number {mark}".strip())


def text(value: object, mark: str = "", tag: str = "") -> Cell:
    """Give the cell of a word."""
    return Cell(str(value), str(value).lower(), mark=mark, tag=tag)


def head(*labels: str | tuple[str, str]) -> list[Cell]:
    """Give the cells of a header: a label, or a label and its explanation."""
    pairs = [(item, "") if isinstance(item, str) else item for item in labels]
    return [Cell(label, detail=detail) for label, detail in pairs]


def stats_of(names: pd.Series) -> list[str]:
    """Order the statistics that occur: the known ones first, as `STATS` lists them."""
    found = list(dict.fromkeys(names))
    return [s for s in STATS if s in found] + sorted(s for s in found if s not in STATS)


def stat_label(stat: str) -> tuple[str, str]:
    """Give a statistic's name and what it is."""
    return STATS.get(stat, (stat, ""))


class Methods:
    """The methods file: title, role and direction of each method.

    Args:
        entries: mapping of a method's name to its entry, as in the catalogue.
        where: the file, for messages.
    """

    def __init__(self, entries: dict[str, dict], where: str | Path) -> None:
        self.entries = entries
        self.where = where

    def in_run(self, records: Iterable[SourceRecord]) -> Methods:
        """Give the methods as a run of these source records takes them: who made its labels."""
        return Methods(roles_in(self.entries, records), self.where)

    def entry(self, method: str) -> dict:
        """Give the entry of a method.

        Raises:
            UserError: the methods file has none.
        """
        if method not in self.entries:
            raise unknown(self.where, "method", method, self.entries)
        return self.entries[method]

    def title(self, method: str) -> str:
        """Give the name that readers see."""
        return self.entry(method).get("title", method)

    def role(self, method: str) -> str:
        """Give the role: method, sanity or label source."""
        return self.entry(method).get("role", "method")

    def ranked(self, method: str) -> bool:
        """Tell whether the method takes part in comparisons: the label source does not."""
        return self.role(method) != LABEL_SOURCE

    def sign(self, method: str) -> int:
        """Give +1 where higher values are better, else -1."""
        return -1 if self.entry(method).get("direction") == "lower" else 1

    def cell(self, method: str) -> Cell:
        """Give the cell of a method's name, tagged with its kind or role."""
        role = self.role(method)
        kind = self.entry(method).get("kind", "")
        return text(self.title(method), "name", kind if role == "method" else role)
