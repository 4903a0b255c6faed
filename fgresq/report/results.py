"""What a run left on disk, read once for the report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from fgresq.analysis.inputs import INTERVAL_COLUMNS, PERFORMANCE_COLUMNS, PREFERENCE_COLUMNS
from fgresq.analysis.observers import COLUMNS
from fgresq.analysis.roles import is_simulated
from fgresq.analysis.trust_tables import TABLES as TRUST
from fgresq.audit.printed import same
from fgresq.errors import UserError, unread
from fgresq.files import read_json
from fgresq.records import Funnel, Leak, SourceRecord
from fgresq.report.trained import Trained, read_trained
from fgresq.tables import (
    IMAGE_COLUMNS,
    PAIR_COLUMNS,
    SCORE_COLUMNS,
    empty,
    read_images,
    read_pairs,
    read_scores,
    read_table,
)


@dataclass(frozen=True)
class Run:
    """The results of one preset.

    `performance`, `intervals` and `preference` are the tables of the analysis, `scores` all score
    tables joined, `records` the source records, `funnels` one record a source, `folds` the number
    of folds that families were dealt to, `states` what the preset has of every method, `observers`
    and `relabelled` what the step of that name says of the measure that stands for people, `trust`
    the tables of the step of that name, `lacking` the files that are not there, `results` the
    folder that it was read from.
    """

    preset: str
    records: list[SourceRecord]
    images: pd.DataFrame
    pairs: pd.DataFrame
    scores: pd.DataFrame
    performance: pd.DataFrame
    intervals: pd.DataFrame
    preference: pd.DataFrame
    funnels: list[Funnel] = field(default_factory=list)
    threshold: dict[str, Any] = field(default_factory=dict)
    leak: dict[str, dict[str, Leak]] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    trained: Trained = field(default_factory=Trained)
    folds: int = 0
    states: dict[str, dict[str, Any]] = field(default_factory=dict)
    observers: dict[str, Any] = field(default_factory=dict)
    relabelled: pd.DataFrame = field(default_factory=lambda: empty(COLUMNS))
    trust: dict[str, pd.DataFrame] = field(
        default_factory=lambda: {name: empty(columns) for name, columns in TRUST.items()}
    )
    lacking: list[str] = field(default_factory=list)
    results: str = "results"

    @property
    def measured(self) -> bool:
        """Whether the run holds any number that a method was given."""
        return bool(self.performance["value"].notna().any())

    @property
    def present(self) -> list[SourceRecord]:
        """The records of the sources that are there."""
        return [record for record in self.records if record["status"] == "present"]

    @property
    def filtered(self) -> list[Funnel]:
        """The funnels of the sources that gave a pair to filter."""
        return [f for f in self.funnels if any(step["pairs"] for step in f["steps"])]

    @property
    def paired(self) -> bool:
        """Whether any source gave a pair to filter."""
        return bool(self.filtered)

    @property
    def simulated(self) -> list[str]:
        """Titles of the present sources whose preferences were simulated."""
        return [r.get("title", r["source"]) for r in self.present if is_simulated(r)]

    def present_record(self, source: str) -> SourceRecord | None:
        """Give the record of a source that is there, found as `record` does."""
        record = self.record(source)
        return record if record is not None and record["status"] == "present" else None

    def record(self, source: str) -> SourceRecord | None:
        """Give the record of a source whose name or title means `source`, if the run has one."""
        named = (r for r in self.records if same(source) in (same(r["source"]), same(r["title"])))
        return next(named, None)


AGAIN = "Run the analysis again"


def read_columns(path: str | Path, columns: Mapping[str, type], mend: str = AGAIN) -> pd.DataFrame:
    """Read a CSV that has at least `columns`; others stay as text.

    Args:
        path: of the file.
        columns: that it must have.
        mend: what makes it anew.

    Raises:
        UserError: the file or a column is missing, or a number is none.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except OSError as error:
        raise unread(path, error) from error
    except (ValueError, pd.errors.ParserError) as error:
        raise UserError(path, f"not a readable table ({error})", "Mend the file") from error
    for name, kind in columns.items():
        if name not in table:
            raise UserError(path, f"column '{name}' is missing", mend)
        if kind in (int, float):  # counts are empty where there is no value
            table[name] = numbers(table[name], path, mend)
    return table


def numbers(column: pd.Series, where: str | Path, mend: str = AGAIN) -> pd.Series:
    """Turn a column of text into numbers, empty into NaN.

    Raises:
        UserError: names the first row that is no number.
    """
    values = pd.to_numeric(column.replace("", None), errors="coerce").astype(float)
    wrong = column[values.isna() & ~column.str.lower().isin(["", "nan"])]
    if len(wrong):
        row = wrong.index[0] + 2
        raise UserError(
            f"{where}, row {row}",
            f"'{wrong.iloc[0]}' in column '{column.name}' is no number",
            mend,
        )
    return values


class Folder:
    """Reads what a run left; what is not there is empty, and named in `lacking`.

    Args:
        results: the workspace's folder of results.
        preset: of the run.
    """

    def __init__(self, results: Path, preset: str) -> None:
        self.results, self.preset = results, preset
        self.lacking: list[str] = []

    def path(self, phase: str, name: str) -> Path:
        """Give the place of a file of a phase."""
        return self.results / phase / self.preset / name

    def there(self, path: Path) -> bool:
        """Tell whether a file is there; if not, remember it."""
        if not path.is_file():
            self.lacking.append(str(path))
        return path.is_file()

    def columns(self, phase: str, name: str, columns: Mapping[str, type]) -> pd.DataFrame:
        """Read a table that has at least `columns`; without rows where it is not there."""
        path = self.path(phase, name)
        return read_columns(path, columns) if self.there(path) else empty(columns)

    def table(self, phase: str, name: str, read: Callable[[Path], pd.DataFrame], none: Any) -> Any:
        """Read a table by its own reader; without rows where it is not there."""
        path = self.path(phase, name)
        return read(path) if self.there(path) else empty(none)

    def record(self, phase: str, name: str, none: Any) -> Any:
        """Read a JSON record; `none` where it is not there."""
        return self.read(self.path(phase, name), none)

    def read(self, path: Path, none: Any) -> Any:
        """Read a JSON record of a place; `none`, whose kind it has, where it is not there.

        Raises:
            UserError: it is no JSON, or of another kind.
        """
        found = read_json(path) if self.there(path) else none
        if not isinstance(found, type(none)):
            kind = "a list, [...]" if isinstance(none, list) else "a record, {...}"
            raise UserError(path, f"this is not {kind}", "Remove the file and run the step again")
        return found


def read_run(preset: str, results: Path, metrics: Path) -> Run:
    """Read what a run left.

    Args:
        preset: of the run.
        results: the workspace's folder of results: of every phase a folder, in it one a preset.
        metrics: the folder of summaries, PRESET.json.

    Raises:
        UserError: a file is unreadable, or names a column or number that is none.
    """
    folder = Folder(results, preset)
    states = folder.record("scores", "methods.json", {})
    summary = metrics / f"{preset}.json"
    return Run(
        preset=preset,
        records=folder.record("data", "sources.json", []),
        images=folder.table("data", "images.csv", read_images, IMAGE_COLUMNS),
        pairs=folder.table("pairs", "pairs.csv", read_pairs, PAIR_COLUMNS),
        scores=join_scores(score_files(folder, states)),
        performance=folder.columns("analysis", "performance.csv", PERFORMANCE_COLUMNS),
        intervals=folder.columns("analysis", "intervals.csv", INTERVAL_COLUMNS),
        preference=preferences(folder),
        funnels=folder.record("pairs", "funnel.json", []),
        threshold=folder.record("pairs", "threshold.json", {}),
        leak=folder.record("pairs", "leak.json", {}),
        provenance=folder.record("analysis", "provenance.json", {}),
        metrics=folder.read(summary, {}),
        trained=read_trained(results / "analysis" / preset),
        folds=folder.columns("pairs", "folds.csv", {"fold": float})["fold"].nunique(),
        states=states,
        observers=folder.record("analysis", "observers.json", {}),
        relabelled=folder.table(
            "analysis", "observers.csv", lambda path: read_table(path, COLUMNS), COLUMNS
        ),
        trust={
            name: folder.table("analysis", f"{name}.csv", partial(read_table, columns=own), own)
            for name, own in TRUST.items()
        },
        lacking=folder.lacking,
        results=str(results),
    )


def preferences(folder: Folder) -> pd.DataFrame:
    """Read preference against score difference; `inconsistent` is true or false."""
    table = folder.columns("analysis", "preference.csv", PREFERENCE_COLUMNS)
    return table.assign(inconsistent=table["inconsistent"].eq(1))


def score_files(folder: Folder, states: Mapping[str, Any]) -> list[Path]:
    """List the score tables of a run: of the methods that its states count images of.

    Tables of methods that the preset no longer names may lie there as well; a run without states
    takes all.
    """
    if not states:
        found = folder.path("scores", "").glob("*.csv")
        return [path for path in found if "." not in path.stem]
    paths = [folder.path("scores", f"{m}.csv") for m, own in states.items() if own["images"]]
    return [path for path in paths if folder.there(path)]


def join_scores(paths: Iterable[Path]) -> pd.DataFrame:
    """Read score tables one below the other; none gives a table without rows."""
    tables = [table for table in map(read_scores, sorted(map(str, paths))) if len(table)]
    return pd.concat(tables, ignore_index=True) if tables else empty(SCORE_COLUMNS)
