"""What `fgresq evaluate` prints: metrics by statistics, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

SHOWN = ("srcc", "plcc", "plcc_fitted", "krcc", "srcc_groups", "acc")


def cell(row: dict[str, Any] | None, interval: bool) -> str:
    """Write a number, with its interval where it has one; a dash for none."""
    if row is None or not np.isfinite(row["value"]):
        return "–"
    ends = f" [{row['low']:.3f}, {row['high']:.3f}]" if np.isfinite(row["low"]) else ""
    return f"{row['value']:.3f}{ends if interval else ''}"


def lines(rows: list[dict[str, Any]], stats: Sequence[str], spread: Sequence[str]) -> list[str]:
    """Lay out a table of metrics by statistics; `spread` are those shown with intervals."""
    found = {(row["metric"], row["stat"]): row for row in rows}
    names = list(dict.fromkeys(row["metric"] for row in rows))
    shown = [s for s in stats if any((name, s) in found for name in names)]
    table = [["metric", *shown]]
    table += [[n, *(cell(found.get((n, s)), s in spread) for s in shown)] for n in names]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return ["  ".join(f"{c:{w}}" for c, w in zip(r, widths, strict=True)).rstrip() for r in table]


def page(rows: list[dict[str, Any]]) -> str:
    """Write what the command prints."""
    stats = list(dict.fromkeys(row["stat"] for row in rows))
    gaps = [s for s in stats if s.startswith("acc_gap_")]
    votes = [s for s in stats if s.startswith(("votes_", "majority_"))]
    behind = [s for s in stats if s.endswith("_behind")]
    parts = [lines(rows, SHOWN, ("srcc", "acc", "srcc_groups"))]
    counts = {r["stat"]: r["n"] for r in rows if r["metric"] == rows[0]["metric"]}
    told = ", ".join(f"{counts[s]} for {s}" for s in ("srcc", "acc", *gaps) if s in counts)
    parts.append([f"n: {told}; families: {rows[0]['families']}; 95 % intervals"])
    for title, own in (
        ("accuracy by the gap of the ratings, in % of their range", gaps),
        ("share of the votes", votes),
        (f"behind {rows[0]['metric']} by", behind),
    ):
        if own:
            kept = [r for r in rows if own is not behind or r["stat"] in behind]
            parts.append([f"{title}:", *lines(kept, own, own)])
    return "\n\n".join("\n".join(part) for part in parts)
