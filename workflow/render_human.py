"""Render the tables of docs/human.md from reports/human: `python workflow/render_human.py`.

With --keep the table that `make human` made in results/human is taken over first.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import pandas as pd

sys.path.insert(0, str(Path(__file__).parent.parent))
from fgresq.human.agreement import MEASURES
from fgresq.human.transfer_table import (
    ONCE,
    RECORD,
    TABLE,
    contents_only,
    read_transfer,
    settings_told,
)
from fgresq.report.parts.cells import decimal

ROOT = Path(__file__).parents[1]
TARGET, FOLDER, MADE = ROOT / "docs/human.md", ROOT / "reports/human", ROOT / "results/human"
MARK = " †"
BEGIN, END = "<!-- table: python workflow/render_human.py -->\n", "<!-- end of table -->\n"


def with_interval(line: dict[str, Any], column: str, low: str, high: str) -> str:
    """Write a value and its interval; nothing where there is none."""
    if pd.isna(line[column]):
        return ""
    numbers = (decimal(line[name]) for name in (column, low, high))
    return "{} [{}, {}]".format(*numbers).replace("\u2212", "-")


def row(line: dict[str, Any]) -> str:
    """Give a line of a table."""
    gaps = [
        with_interval(line, g, f"{g}_low", f"{g}_high") for g in ("difference", "over_sharpness")
    ]
    value = line["reason"] or with_interval(line, "value", "low", "high")
    mark = MARK if contents_only(line) and not line["reason"] else ""
    cells = [line["row"] + mark, line["kind"], line["trained_on"], line["tower"], value]
    cells += [f"{gaps[0]} {line['against']}".strip(), gaps[1]]
    return "| " + " | ".join(cells) + " |\n"


def table(rows: pd.DataFrame) -> str:
    """Give the rows of one question, the best first; controls stay among them."""
    heads = [*("row", "kind", "trained on", "tower", "value"), "over the best trivial row"]
    heads += ["over sharpness"]
    head = "| " + " | ".join(heads) + " |\n" + "|---" * len(heads) + "|\n"
    ordered = rows.sort_values("value", ascending=False, kind="stable")
    return head + "".join(map(row, ordered.to_dict("records")))


def question(rows: pd.DataFrame) -> str:
    """Give the heading of a question: set, role, measure, and what it rests on."""
    first = rows.iloc[0]
    votes = f", votes: {first['votes']}" if first["votes"] else ""
    most = (
        f" The majority itself reaches {first['majority']:.3f}."
        if first["measure"] == "votes"
        else ""
    )
    told = MEASURES[first["measure"]]
    return (
        f"\n### {first['set']} ({settings_told(first)}): {first['measure']}{votes}\n"
        f"{told[:1].upper()}{told[1:]}; n {first['n']:.0f}, "
        f"{first['families']:.0f} families.{most}\n\n"
    )


def tables() -> str:
    """Give the tables of every set and question, then why rows are absent."""
    found, record = read_transfer(FOLDER)
    commit = str(record["commit"])[:12] + (" with changes" if record["dirty"] else "")
    text = f"\n`{record['command']}` at commit {commit}; {record['refits']} refits, "
    text += f"{record['bootstrap']} draws, penalty {record['penalty']:g}.\n\n"
    text += f"{MARK.strip()} {ONCE}.\n"
    there, absent = found[found["measure"].ne("")], found[found["measure"].eq("")]
    for _, rows in there.groupby(["set", "votes", "measure"], sort=False):
        text += question(rows) + table(rows)
    for (of, reason), rows in absent.groupby(["set", "reason"], sort=False):
        text += f"\nAbsent on {of}: {', '.join(rows['row'])}: {reason}.\n"
    return text + "\n"


def render() -> str:
    """Give the text of docs/human.md with the tables as they should be."""
    before, _, rest = TARGET.read_text(encoding="utf-8").partition(BEGIN)
    return before + BEGIN + tables() + END + rest.partition(END)[2]


def keep() -> None:
    """Take over the table and record that the bench made."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in (TABLE, RECORD):
        shutil.copyfile(MADE / name, FOLDER / name)


if __name__ == "__main__":
    if "--keep" in sys.argv[1:]:
        keep()
    TARGET.write_text(render(), encoding="utf-8")
