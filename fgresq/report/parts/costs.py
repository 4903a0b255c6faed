"""What methods cost, as measured once by `python -m benchmarks.cost`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from fgresq.tables import read_table

COLUMNS: dict[str, type] = {
    "method": str,
    "milliseconds": float,  # a megapixel, of the processor; empty where it was not measured
    "low": float,  # the fastest and the slowest repeat
    "high": float,
    "megapixels": float,  # of the image it was measured on
    "repeats": int,
    "threads": int,
    "device": str,
    "reason": str,  # why there is no number; else empty
}


@dataclass(frozen=True)
class Costs:
    """Milliseconds a megapixel by method, and what they were measured on."""

    by_method: dict[str, float] = field(default_factory=dict)
    sentence: str = "What methods cost was not measured: `python -m benchmarks.cost`."


def read_costs(path: str | Path) -> Costs:
    """Read the committed table of costs; without it nothing is known.

    Raises:
        UserError: the table is unreadable.
    """
    if not Path(path).is_file():
        return Costs()
    table = read_table(path, COLUMNS)
    there = table[table["milliseconds"].notna()]
    if there.empty:
        return Costs()
    first = there.iloc[0]
    sentence = (
        f"Cost: processor time of {first['threads']} thread on {first['device']}, one image of "
        f"{first['megapixels']:.2f} megapixels with its reference, decoding not counted "
        "(`python -m benchmarks.cost`); trained methods were not measured."
    )
    return Costs(dict(zip(there["method"], there["milliseconds"], strict=True)), sentence)
