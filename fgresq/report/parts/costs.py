"""What methods cost, as measured once by `python -m benchmarks.cost`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from fgresq.tables import read_table

COLUMNS: dict[str, type] = {
    "method": str,
    "milliseconds": float,  # a megapixel, of the processor
    "low": float,  # the fastest and the slowest repeat
    "high": float,
    "megapixels": float,  # of the image it was measured on
    "repeats": int,
    "threads": int,
    "device": str,
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
    if table.empty:
        return Costs()
    first = table.iloc[0]
    sentence = (
        f"Cost: processor time of {first['threads']} thread on {first['device']}, one image of "
        f"{first['megapixels']:.2f} megapixels with its reference, decoding not counted "
        "(`python -m benchmarks.cost`); a method without a number was not measured."
    )
    return Costs(dict(zip(table["method"], table["milliseconds"], strict=True)), sentence)
