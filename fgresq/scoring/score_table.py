"""The table that `fgresq score` gives: a score table whose every row says what its value means.

Beside the columns of a score table stand `higher_better` (true or false), `range` (ends of the
values, `any` where open), `version` (of all that values follow from but the image; another one's
values may differ), and `basis` (on how much of the image a value rests, where a method says so).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from fgresq.files import json_text
from fgresq.scoring.listing import range_of
from fgresq.tables import SCORE_COLUMNS, read_table, write_table

TOLD_COLUMNS: dict[str, type] = {
    "higher_better": str,
    "range": str,
    "version": str,
    "basis": str,
}
DIGITS = 6  # of a value that is printed
NONE = "–"  # printed where there is no value
WIDEST = 60  # characters of an image's name that is printed

Basis = Callable[[int, int], str]


def told(scores: pd.DataFrame, entry: Mapping[str, Any], version: str) -> pd.DataFrame:
    """Add to the scores of one method what their values mean."""
    higher = str(entry["direction"] == "higher").lower()
    return scores.assign(higher_better=higher, range=range_of(entry), version=version)


def bases(paths: pd.Series, basis: Basis | None) -> list[str]:
    """Say on how much of each picture a value rests; empty where the method does not say."""
    return [_basis(path, basis) if basis else "" for path in paths]


def _basis(path: str, basis: Basis) -> str:
    try:
        with Image.open(path) as image:
            width, height = image.size
    except Exception:  # no picture: its row says so
        return ""
    return basis(height, width)


def write_told(path: str | Path, scores: pd.DataFrame) -> None:
    """Write the table of one or several methods."""
    write_table(path, scores, {**SCORE_COLUMNS, **TOLD_COLUMNS})


def read_told(path: str | Path) -> pd.DataFrame:
    """Read a score table, with the columns TOLD_COLUMNS or without.

    Raises:
        UserError: as `read_table` says.
    """
    try:
        header = set(pd.read_csv(path, nrows=0).columns)
    except (OSError, ValueError):  # told where the table is read
        header = set()
    more = TOLD_COLUMNS if set(TOLD_COLUMNS) <= header else {}
    return read_table(path, {**SCORE_COLUMNS, **more})


def summaries(scores: pd.DataFrame, entries: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Give of each method its mean, n, number without value, and what its values mean."""
    found: dict[str, Any] = {}
    for name, entry in entries.items():
        own = scores[scores["method"].eq(name)]
        values = own["value"].dropna().to_numpy(float)
        found[name] = {
            "mean": float(np.mean(values)) if len(values) else None,
            "n": len(values),
            "without_value": len(own) - len(values),
            "higher_better": entry["direction"] == "higher",
            "range": list(entry["range"]),
            "version": own["version"].iloc[0] if len(own) else "",
        }
    return found


def last_lines(found: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Write a line a method: mean, n, how many have no value, and which values are better."""
    for name, one in found.items():
        mean = NONE if one["mean"] is None else f"{one['mean']:.{DIGITS}g}"
        better = "higher" if one["higher_better"] else "lower"
        ends = range_of(one)
        yield (
            f"{name}: mean {mean}, n {one['n']}, {one['without_value']} without value; "
            f"{better} is better, range {ends}"
        )


def printed(scores: pd.DataFrame) -> Iterator[str]:
    """Write the values, an image a line, a method a column; a reason stands behind them."""
    names = list(dict.fromkeys(scores["method"]))
    heads = ["image", *names]
    rows = []
    for image, own in scores.groupby("image", sort=False):
        values = dict(zip(own["method"], own["value"], strict=True))
        cells = [NONE if np.isnan(values[n]) else f"{values[n]:.{DIGITS}g}" for n in names]
        reasons = "; ".join(dict.fromkeys(own.loc[own["reason"].ne(""), "reason"]))
        name = str(image)
        rows.append(
            ([name if len(name) <= WIDEST else f"...{name[3 - WIDEST :]}", *cells], reasons)
        )
    widths = [
        max(map(len, column)) for column in zip(heads, *(row for row, _ in rows), strict=True)
    ]
    for row, reasons in [(heads, ""), *rows]:
        cells = [f"{row[0]:{widths[0]}}"]
        cells += [f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True)]
        yield "  ".join([*cells, reasons]).rstrip()


def as_json(scores: pd.DataFrame, found: Mapping[str, Any]) -> str:
    """Write all as JSON: `methods` by name, and `scores`, an object a value, null for none."""
    columns = ["image", "method", "value", "reason", "basis"]
    values = scores[columns].astype({"value": object})
    values["value"] = values["value"].where(scores["value"].notna(), None)
    return json_text({"methods": found, "scores": values.to_dict("records")})
