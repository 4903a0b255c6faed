"""The committed table of the bench of transfer: its columns, its record, and what must not lack.

A line is what one row (a control, a ridge, a method, a checkpoint) has on one set, by one measure
and, of pairs, one kind of votes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from fgresq.files import read_json
from fgresq.tables import read_table

COLUMNS: dict[str, type] = {
    "row": str,
    "kind": str,  # control, ridge, method, fgresq or checkpoint
    "trained_on": str,  # sets, with labels and weights that are not plain; empty: nothing
    "tower": str,  # of a ridge, with its blocks; of FGResQ the head that answers
    "set": str,  # measured on
    "role": str,  # select: was looked at when rows were chosen; test: read for finalists alone
    "settings": float,  # that have looked at the set's labels, those here included
    "votes": str,  # kind of the votes; empty: scores
    "measure": str,
    "value": float,
    "low": float,  # 95 % interval over training images and test families; `contents_only`
    "high": float,
    "n": float,  # pairs, groups or images
    "families": float,  # that are drawn
    "majority": float,  # what the majority of each pair's votes reaches itself
    "against": str,  # the best trivial row
    "difference": float,  # to it, on the same draws
    "difference_low": float,
    "difference_high": float,
    "over_sharpness": float,  # the difference to sharpness alone
    "over_sharpness_low": float,
    "over_sharpness_high": float,
    "reason": str,  # why there is no value; else empty
}
REFITTED = ("ridge", "control")  # to bootstraps of the training images
ONCE = "trained once: its intervals are over test contents alone, and hold no training images"
TABLE, RECORD = "transfer.csv", "transfer.json"


def read_transfer(folder: str | Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Read the table and its record: command, commit, and what was declared.

    Raises:
        UserError: one of them is missing or unreadable.
    """
    folder = Path(folder)
    return read_table(folder / TABLE, COLUMNS), read_json(folder / RECORD)


def contents_only(line: Any) -> bool:
    """Tell whether a row learnt something and was trained once: its intervals hold no refits.

    They are over test contents alone, and so too narrow. Of what learnt nothing there is nothing
    to refit.

    Args:
        line: mapping with `kind` and `trained_on`.
    """
    return bool(line["trained_on"]) and line["kind"] not in REFITTED


def settings_told(line: Any) -> str:
    """Say of a line's set what its role is, and how often it was looked at.

    Args:
        line: mapping with `role` and `settings`.
    """
    role = {"select": "selected on", "test": "read for finalists alone"}.get(line["role"], "")
    return f"{role}; {line['settings']:.0f} settings looked at it"
