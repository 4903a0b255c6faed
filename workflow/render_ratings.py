"""Render the tables of docs/human-ratings.md: `python workflow/render_ratings.py`.

They are those of reports/human/ratings.csv, which `make human-full` writes.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pandas as pd

sys.path.insert(0, str(Path(__file__).parent.parent))
from fgresq.human.left_out import PROTOCOLS
from fgresq.human.ratings_columns import AGAINST, TABLE, read_ratings
from workflow.render_human import with_interval

ROOT = Path(__file__).parents[1]
TARGET, FOLDER = ROOT / "docs/human-ratings.md", ROOT / "reports/human"
BEGIN, END = "<!-- tables: python workflow/render_ratings.py -->\n", "<!-- end of tables -->\n"
HEADS = {"family": "One family left out at a time", "algorithm": "A restorer left out as well"}
HEADS |= {"elsewhere": "Trained elsewhere only, one model"}
MEASURES = {"acc": "ACC", "acc_gap5": "gap > 5", "srcc_groups": "SRCC in groups"}
ONE_MODEL = {"srcc": "SRCC, one model"}


def cells(rows: pd.DataFrame, measures: dict[str, str]) -> list[str]:
    """Give the cells of a row: what it is, its measures, and what its ACC has over others."""
    by: dict[str, Any] = {line["measure"]: line for line in rows.to_dict("records")}
    first = rows.iloc[0]
    found = [str(first["row"]), str(first["trained_on"])]
    for name in measures:
        found.append(with_interval(by[name], "value", "low", "high") if name in by else "")
    acc = by.get("acc")
    for other in AGAINST:
        column = f"over_{other}"
        ends = (column, f"{column}_low", f"{column}_high")
        found.append(with_interval(acc, *ends) if acc else "")
    return found


def table(rows: pd.DataFrame, measures: dict[str, str]) -> str:
    """Give the table of a protocol, the best ACC first; controls stay among them."""
    heads = ["row", "trained on", *measures.values(), *(f"ACC over {name}" for name in AGAINST)]
    text = "| " + " | ".join(heads) + " |\n" + "|---" * len(heads) + "|\n"
    acc = rows[rows["measure"].eq("acc")].set_index("row")["value"]
    order = acc.sort_values(ascending=False, kind="stable").index
    for name in order:
        own = rows[rows["row"].eq(name)]
        text += "| " + " | ".join(cells(own, measures)) + " |\n"
    return text


def protocol_text(rows: pd.DataFrame, protocol: str, runs: int) -> str:
    """Give the heading of a protocol, its table, and why rows are absent."""
    there, absent = rows[rows["measure"].ne("")], rows[rows["measure"].eq("")]
    measures = MEASURES | (ONE_MODEL if protocol == "elsewhere" else {})
    counts = there.groupby("measure")["n"].max()
    shown = ", ".join(f"{label} {counts[name]:.0f}" for name, label in measures.items())
    models = f"{runs} models" if runs > 1 else "one model"
    text = f"\n## {HEADS[protocol]}\nA row is of {models}. Counted: {shown}.\n\n"
    text += table(there, measures)
    for reason, own in absent.groupby("reason", sort=False):
        text += f"\nAbsent: {', '.join(own['row'])}: {reason}.\n"
    return text


def tables(folder: Path = FOLDER) -> str:
    """Give the tables of all protocols."""
    found, record = read_ratings(folder)
    commit = str(record["commit"])[:12] + (" with changes" if record["dirty"] else "")
    block = (
        "and the last block trained" if record["last_block"] else "on features of a frozen tower"
    )
    taught = ", ".join(f"{name} {count}" for name, count in record["images"].items())
    text = f"\n`{record['command']}` at commit {commit}; FGResQ by the settings "
    text += f"`{record['settings']}` of fgresq/data/search.yaml, {block}. Images: {taught}.\n"
    for protocol in PROTOCOLS:
        rows = found[found["protocol"].eq(protocol)]
        text += protocol_text(rows, protocol, record["runs"][protocol])
    return text + "\n"


def render() -> str:
    """Give the text of docs/human-ratings.md with the tables as they should be.

    Raises:
        ValueError: the page has no place for them.
    """
    before, begin, rest = TARGET.read_text(encoding="utf-8").partition(BEGIN)
    if not begin:
        raise ValueError(f"{TARGET} has no line {BEGIN.strip()}")
    return before + BEGIN + tables() + END + rest.partition(END)[2]


if __name__ == "__main__":
    if (FOLDER / TABLE).exists():
        TARGET.write_text(render(), encoding="utf-8")
    else:
        sys.exit(f"{FOLDER / TABLE} is not there: run `make human-full`")
