"""The record of a run as a table of keys and values."""

from __future__ import annotations

from typing import Any

import pandas as pd

from fgresq.report.parts.cells import Row, Table, head, text
from fgresq.report.results import Run


def flat(record: Any, prefix: str = "") -> list[tuple[str, str]]:
    """Flatten a JSON record to lines of (key, value)."""
    if isinstance(record, dict):
        return [line for key in sorted(record) for line in flat(record[key], f"{prefix}{key} / ")]
    if isinstance(record, list) and any(isinstance(item, dict | list) for item in record):
        return [line for i, item in enumerate(record) for line in flat(item, f"{prefix}{i + 1} / ")]
    shown = ", ".join(map(str, record)) if isinstance(record, list) else record
    return [(prefix.removesuffix(" / "), "–" if shown is None else str(shown))]


def provenance_table(run: Run) -> Table | None:
    """Build the record of a run; None where it left none."""
    lines = flat(run.provenance) if run.provenance else []
    if not lines:
        return None
    rows = [Row([text(key, "name"), text(value, "prose")]) for key, value in lines]
    frame = pd.DataFrame(lines, columns=["key", "value"])
    caption = f"Run of preset {run.preset}."
    return Table(f"provenance_{run.preset}", caption, head("Key", "Value"), rows, frame)
