"""The findings of the audit as tables: all in one, the evidence of each, nulls beside all cells."""

from __future__ import annotations

import re

import pandas as pd

from fgresq.audit.finding import FAILS, HOLDS, UNTOLD, Finding
from fgresq.audit.restriction import NO_NULL
from fgresq.report.parts.cells import (
    Cell,
    Filter,
    Made,
    Row,
    Table,
    count,
    decimal,
    head,
    interval,
    missing,
    number,
    text,
    whole,
)

SYMBOLS = {HOLDS: "✓", FAILS: "✗", UNTOLD: "?"}
MARKS = {HOLDS: "right", FAILS: "wrong", UNTOLD: "not-comparable"}
COUNTS = 100  # from here on a column of numbers that are not all whole holds counts
LONG = 30  # letters; longer words are broken into lines
SMALL = 0.01  # numbers all below need a fourth digit
SIGNED = ("difference", "lead")  # columns whose sign is what they tell


def summary_table(
    findings: list[Finding],
    name: str = "audit",
    caption: str = "Claims about the paper's numbers, each tested.",
) -> Table:
    """Build the table of all findings: claim, whether it holds, how sure, what it changes."""
    frame = pd.DataFrame(
        [
            {"finding": f.title, "claim": f.claim, "verdict": f.verdict}
            | {"sure": f.sure, "changes": f.changes, "reason": f.reason, "code": f.code}
            for f in findings
        ]
    )
    rows = [
        Row(
            [
                text(f.title, "name"),
                text(f.claim, "prose"),
                verdict_cell(f),
                text(f.sure or "–"),
                text(f.changes, "prose"),
            ]
        )
        for f in findings
    ]
    columns = head("Finding", "Claim", "Verdict", "How sure", "What it changes for a reader")
    return Table(name, caption, columns, rows, frame)


def verdict_cell(finding: Finding) -> Cell:
    """Give the cell of a verdict, by symbol, word and colour."""
    said = f"{SYMBOLS[finding.verdict]} {finding.verdict}"
    return Cell(said, finding.verdict, mark=f"verdict {MARKS[finding.verdict]}")


def evidence_table(finding: Finding, preset: str) -> Table | None:
    """Build the evidence of a finding, its columns as the finding names them."""
    frame = finding.evidence
    if frame.empty:
        return None
    columns = [cells_of(frame[name], str(name)) for name in frame.columns]
    rows = [Row(list(cells)) for cells in zip(*columns, strict=True)]
    caption = f"Evidence of: {finding.title}."
    return Table(
        f"audit_{finding.name}",
        caption,
        [Cell(heading(str(name))) for name in frame.columns],
        rows,
        frame,
        made=made_of(finding, preset),
    )


def made_of(finding: Finding, preset: str) -> Made:
    """Say what a finding is computed from, and by which code."""
    files = ", ".join(file.format(preset=preset) for file in finding.reads)
    return Made(files, f"make report (by {finding.code})")


def heading(name: str) -> str:
    """Write the name of a column as a heading; names that begin with a capital stay."""
    return name[:1].upper() + name[1:]


def cells_of(column: pd.Series, name: str) -> list[Cell]:
    """Give the cells of a column: words, whole numbers, or decimals as fine as they need."""
    if not pd.api.types.is_numeric_dtype(column):
        long = column.astype(str).str.len().max() > LONG
        return [text(value, "prose" if long else "") for value in column]
    numbers = column.astype(float)
    if (numbers.dropna() % 1 == 0).all():
        return [whole(None if pd.isna(value) else value) for value in numbers]
    if numbers.abs().max() >= COUNTS:
        return [counted(value) for value in numbers]
    digits = 4 if numbers.abs().max() < SMALL else 3
    return [
        Cell(decimal(v, digits, name in SIGNED), "" if missing(v) else v, mark="number")
        for v in numbers.tolist()
    ]


def counted(value: float) -> Cell:
    """Give the cell of a count among quotients of counts."""
    shown = count(value) if value % 1 == 0 else decimal(value, 2)
    return Cell(shown, "" if missing(value) else value, mark="number")


def nulls_beside(cells: pd.DataFrame, made: Made) -> Table:
    """Build every number printed inside an interval beside its null, on all images and a fifth.

    Args:
        cells: as `fgresq.audit.restriction.beside` gives them.
        made: what they are computed from.
    """
    bins = sorted(cells["bin"].unique())
    rows = []
    for (dataset, stat, method), own in cells.groupby(["data set", "stat", "method"], sort=False):
        at = {row["bin"]: row for row in own.to_dict("records")}
        pairs = [cell for name in bins for cell in both_cells(at.get(name))]
        rows.append(
            Row(
                [text(method, "name"), text(dataset), text(stat), *pairs],
                filters={"source": str(dataset), "stat": str(stat)},
            )
        )
    columns = head("Method", "Data set", "Statistic")
    for name in bins:
        columns += head((name, "printed"), ("null", f"{name}: all; a fifth"))
    sets = [str(name) for name in cells["data set"].unique()]
    filters = [
        Filter("source", "Data set", sets, sets[0]),
        Filter("stat", "Statistic", ["SRCC", "PLCC"], "SRCC"),
    ]
    caption = "Every number printed inside an interval, beside what its range alone explains."
    frame = cells.drop(columns=["printed here", "has null"])
    return Table("audit_nulls", caption, columns, rows, frame, filters, made=made)


def both_cells(row: dict | None) -> list[Cell]:
    """Give the printed cell, underlined outside the band of a fifth, and that of the null."""
    if row is None:
        return [number(None), Cell("", mark="number null")]
    if not row["has null"]:
        words = re.split(r": ", row["note"] or NO_NULL, maxsplit=1)
        return [number(row["printed"]), Cell(words[0], "", words[-1], "number null stacked")]
    mark = ("few " if row["n_fifth"] < 10 else "") + ("" if row["in fifth"] else "outside")
    bands = [interval(row[f"{name}_low"], row[f"{name}_high"], 2) for name in ("null", "fifth")]
    null = Cell(decimal(row["null"]), row["null"], "; ".join(bands), "number null stacked")
    return [number(row["printed"], mark=mark.strip()), null]
