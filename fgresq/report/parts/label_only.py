"""Data sets known by their scores alone: counts, true rows, and what their range explains."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from fgresq.analysis.inputs import COUNT_COLUMNS, INTERVAL_COLUMNS, NULL_COLUMNS
from fgresq.audit.printed import same
from fgresq.files import read_json
from fgresq.report.paper import BORROWED, OVERALL, Paper, join, judge, reported
from fgresq.report.parts.cells import (
    Cell,
    Filter,
    Methods,
    Row,
    Table,
    decimal,
    head,
    interval,
    missing,
    number,
    text,
    whole,
)
from fgresq.report.parts.interval_tables import interval_tables
from fgresq.report.results import numbers, read_columns

NEWER = ("n_fifth", "fifth_low", "fifth_high")  # columns of nulls.csv that older tables lack


@dataclass(frozen=True)
class LabelOnly:
    """What `fgresq labels` wrote for a preset.

    Args:
        records: one a source; `status` is `labels only`, or `absent` where there are no scores.
        counts, intervals, nulls: its tables, of the former.
    """

    records: list[dict[str, Any]] = field(default_factory=list)
    counts: pd.DataFrame = field(default_factory=pd.DataFrame)
    intervals: pd.DataFrame = field(default_factory=pd.DataFrame)
    nulls: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def there(self) -> list[dict[str, Any]]:
        """The records of the sources whose scores are at hand."""
        return [record for record in self.records if record["images"]]

    def record(self, name: str) -> dict[str, Any] | None:
        """Give the record of the source that the paper calls `name`, if its scores are at hand."""
        meant = (r for r in self.there if same(name) in (same(r["source"]), same(r["title"])))
        return next(meant, None)


def read_label_only(folder: str | Path) -> LabelOnly:
    """Read the folder that the step `labels` wrote; nothing is known where there is none.

    Raises:
        UserError: a file is missing or unreadable.
    """
    folder = Path(folder)
    if not folder.is_dir():
        return LabelOnly()
    tables = {"counts": COUNT_COLUMNS, "intervals": INTERVAL_COLUMNS, "nulls": NULL_COLUMNS}
    read = {
        name: read_columns(
            folder / f"{name}.csv",
            {c: k for c, k in columns.items() if c not in NEWER},
        )
        for name, columns in tables.items()
    }
    nulls = read["nulls"]
    for name in NEWER:
        known = name in nulls
        nulls[name] = numbers(nulls[name], folder / "nulls.csv") if known else math.nan
    return LabelOnly(read_json(folder / "sources.json"), **read)


def counts_table(labels: LabelOnly) -> Table | None:
    """Build the true number of images in each interval."""
    if not labels.there:
        return None
    wide = labels.counts.pivot(index="source", columns="bin", values="n")
    bins = sorted(wide.columns, key=lambda name: (name == OVERALL, name))
    frame = pd.DataFrame(
        [
            {"source": r["source"], "title": r["title"], "score": r["score_kind"]}
            | {"low": r["score_min"], "high": r["score_max"], "families": r["families"]}
            | wide.loc[r["source"], bins].to_dict()
            for r in labels.there
        ]
    )
    body = [
        Row(
            [
                text(row["title"], "name"),
                text(row["score"]),
                text(f"{row['low']:.4g} … {row['high']:.4g}".replace("-", "−"), "number"),
                whole(row["families"]),
                *(whole(row[name], "few" if row[name] < 10 else "") for name in bins),
            ]
        )
        for row in frame.to_dict("records")
    ]
    columns = head("Data set", "Score", "Range", ("Families", "references"), *bins)
    columns[-1] = Cell("all")
    caption = "Images in five intervals of the score, as the true labels count."
    return Table("label_counts", caption, columns, body, frame)


def true_tables(labels: LabelOnly) -> list[Table]:
    """Build the interval tables of metric values that came with the labels."""
    if labels.intervals.empty:
        return []
    titles = {r["source"]: f"{r['title']} ({BORROWED})" for r in labels.records}
    return interval_tables(labels.intervals, titles, own_names(labels))


def own_names(labels: LabelOnly) -> Methods:
    """Give the metrics of the label tables under the names they have there."""
    names = dict.fromkeys(labels.intervals["method"]) if len(labels.intervals) else {}
    return Methods({name: {"title": name, "role": "method"} for name in names}, "label tables")


def nulls_table(labels: LabelOnly) -> Table | None:
    """Build the paper's values inside intervals beside what range restriction alone explains."""
    rows = labels.nulls
    if rows.empty:
        return None
    titles = {r["source"]: r["title"] for r in labels.records}
    bins = sorted(dict.fromkeys(rows["bin"]), key=lambda name: (name == OVERALL, name))
    body = [
        Row(
            [
                text(method, "name"),
                text(titles[source]),
                text(stat.upper()),
                *(cell for name in bins for cell in null_cells(own.loc[name], name)),
            ],
            filters={"source": titles[source], "stat": stat.upper()},
        )
        for (source, stat, method), group in rows.groupby(["source", "stat", "method"], sort=False)
        for own in [group.set_index("bin")]
    ]
    columns = head("Method", "Data set", "Statistic")
    for name in bins:
        overall = name == OVERALL
        columns += head(("overall" if overall else name, "printed"))
        columns += [] if overall else head(("null", name))
    sources = [titles[source] for source in dict.fromkeys(rows["source"])]
    filters = [
        Filter("source", "Data set", sources, sources[0]),
        Filter("stat", "Statistic", ["SRCC", "PLCC"], "SRCC"),
    ]
    caption = "Interval tables as printed, beside what the range of scores alone explains."
    return Table("label_nulls", caption, columns, body, rows, filters)


def null_cells(row: pd.Series, name: str) -> list[Cell]:
    """Build the printed cell, underlined outside the band, and inside an interval the null."""
    if name == OVERALL:
        return [number(row["printed"])]
    mark = ("few " if row["n"] < 10 else "") + ("outside" if explained(row) is False else "")
    band = interval(row["null_low"], row["null_high"])
    null = Cell(
        decimal(row["null"]),
        "" if missing(row["null"]) else row["null"],
        band,
        "number null",
    )
    return [number(row["printed"], mark=mark.strip()), null]


def explained(row: pd.Series) -> bool | None:
    """Tell whether a printed value lies in the band of range restriction; None without either."""
    if missing(row["printed"]) or missing(row["null_low"]):
        return None
    return bool(row["null_low"] <= row["printed"] <= row["null_high"])


def nulls_sentence(labels: LabelOnly) -> str:
    """Count the printed values that range restriction alone explains."""
    if labels.nulls.empty:
        return ""
    rows = labels.nulls[labels.nulls["bin"].ne(OVERALL)]
    told = [found for found in rows.apply(explained, axis=1) if found is not None]
    return (
        f"{sum(told)} of {len(told)} printed values inside intervals lie in the 95 % band that "
        "range restriction alone gives on the full set of true scores. Where the paper used a "
        "fifth of a data set its band would be wider."
    )


def compare_label_only(paper: Paper, labels: LabelOnly) -> pd.DataFrame:
    """Lay the true rows of metric values that came with the labels beside the paper's."""
    frames = []
    for item in (f"table{n}" for n in range(5, 18)):
        names = paper.table(item)["dataset_or_task"]
        record = labels.record(names.iloc[0]) if len(names) else None
        ours = labels.intervals
        if record is None or record["source"] not in set(ours.get("source", [])):
            continue
        ours = ours[ours["source"].eq(record["source"])].assign(at=lambda rows: rows["bin"])
        joined = join(reported(paper, item, "bin"), ours, own_names(labels), BORROWED)
        frames.append(judge(joined[joined["ours"].notna()].drop(columns="tasks")))
    return pd.concat(frames, ignore_index=True) if frames else judge(pd.DataFrame())
