"""What agrees with people on sets that it was not trained on: the committed bench, on the page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from fgresq.human.transfer_table import ONCE, TABLE, contents_only, read_transfer, settings_told
from fgresq.report.parts.cells import Cell, Row, Table, head, interval, interval_of, number, text

MEASURES = {"acc": "ACC", "votes": "votes agreed with", "srcc_groups": "SRCC in groups"}
CONTROL, FGRESQ = "control", "fgresq"  # kinds of rows
COMPARED, USUAL = "comparison head", "dinov2"  # what a name need not say of a tower, and must


@dataclass(frozen=True)
class Transfer:
    """The section of the page.

    Args:
        sentence: command and commit.
        tables: one a set.
    """

    sentence: str
    tables: list[Table]


def read_shown(folder: str | Path | None) -> Transfer | None:
    """Read the committed bench; None where there is none."""
    if not folder or not (Path(folder) / TABLE).exists():
        return None
    lines, record = read_transfer(folder)
    there = lines[lines["measure"].ne("")]
    tables = [set_table(rows) for _, rows in there.groupby("set", sort=False)]
    dirty = " with changes" if record["dirty"] else ""
    sentence = f"Made by `{record['command']}` at commit {str(record['commit'])[:12]}{dirty}, "
    return Transfer(f"{sentence}not by this run.", tables)


def set_table(lines: pd.DataFrame) -> Table:
    """Build the table of a set: a row of the bench each, a column each question."""
    name = lines["set"].iloc[0]
    asked = list(dict.fromkeys(zip(lines["measure"], lines["votes"], strict=True)))
    body = [
        Row([*names_of(rows.iloc[0]), *(cell_of(rows, *question) for question in asked)])
        for _, rows in lines.groupby("row", sort=False)
    ]
    columns = head(("Row", "what gave the values"), ("Trained on", "sets; empty: nothing"))
    columns += head(*(label(*question) for question in asked))
    caption = f"{name}: {settings_told(lines.iloc[0])}."
    note = "Small: the 95 % interval over training images and families; then what the row has over "
    note += "the best trivial row (sharpness, a constant order of restorers, an untrained tower). "
    note += f"Once: {ONCE}."
    return Table(f"people_{name}", caption, columns, body, lines, note=note)


def label(measure: str, votes: str) -> str:
    """Name a question."""
    return MEASURES.get(measure, measure.upper()) + (f", {votes}" if votes else "")


def row_title(line: Any) -> str:
    """Name a row of the bench in words: what it is, and what taught it."""
    name, taught, tower = str(line["row"]), str(line["trained_on"]), str(line["tower"])
    if not taught or line["kind"] == "method":
        return name.replace("_", " ")
    if line["kind"] == FGRESQ:
        head = f", {tower}" if tower == COMPARED else ""
        return f"FGResQ on {taught}{head}"
    untrained = "untrained tower, " if line["kind"] == CONTROL else ""
    other = f" ({tower})" if tower and not untrained and not tower.startswith(USUAL) else ""
    return f"{untrained}ridge on {taught}{other}"


def names_of(line: Any) -> list[Cell]:
    """Give the cells that say what a row is."""
    tag = CONTROL if line["kind"] == CONTROL else "once" if contents_only(line) else ""
    return [text(row_title(line), "name", tag), text(line["trained_on"] or "–")]


def cell_of(rows: pd.DataFrame, measure: str, votes: str) -> Cell:
    """Give the cell of a row's answer to a question."""
    found = rows[rows["measure"].eq(measure) & rows["votes"].eq(votes)]
    if found.empty:
        return text("–")
    line = found.iloc[0].to_dict()
    gap = interval(line["difference_low"], line["difference_high"])
    against = str(line["against"]).replace("_", " ")
    over = f"; {line['difference']:+.3f} {gap} over {against}" if gap else ""
    return number(line["value"], detail=interval_of(line) + over.replace("-", "\u2212"))
