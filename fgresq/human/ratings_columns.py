"""The committed table of what is left out of SRIJ in parts: its columns, its measures, its record.

A line is what one row has in one protocol by one measure.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from fgresq.files import read_json
from fgresq.tables import read_table

AGAINST = ("metaiqa", "ridge", "dists", "sharpness")  # rows that all others are compared with
MEASURES = {
    "acc": "share of the decided pairs in which it prefers what people prefer",
    "acc_gap5": "the same of pairs whose mean scores lie more than 5 apart, by their order",
    "srcc_groups": "mean Spearman correlation with the scores inside groups",
    "srcc": "Spearman correlation over all images, of one model",
}
COLUMNS: dict[str, type] = {
    "protocol": str,
    "row": str,
    "kind": str,  # fgresq, baseline, ridge, method or control
    "trained_on": str,  # empty: nothing
    "measure": str,
    "value": float,
    "low": float,  # 95 % interval over families
    "high": float,
    "n": float,  # pairs, groups or images
    "families": float,
    **{
        f"over_{name}{end}": float  # on the same draws
        for name in AGAINST
        for end in ("", "_low", "_high")
    },
    "reason": str,  # why there is no value; else empty
}
TABLE, RECORD = "ratings.csv", "ratings.json"


def read_ratings(folder: str | Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Read the table and its record.

    Raises:
        UserError: one of them is missing or unreadable.
    """
    folder = Path(folder)
    return read_table(folder / TABLE, COLUMNS), read_json(folder / RECORD)
