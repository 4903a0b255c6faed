"""The table of accuracies: every row in every scenario, and what it has over others.

A row in a scenario is one line without `against`, and one more line a row that it is compared with,
whose difference is paired: over the triplets that both have, on the same draws of photographs.
Every row is compared with F untrained of its backbone, if it has one; with the better of PSNR and
sharpness, which take a line of code: which it is, is chosen by the very triplets, in the rival's
favour; and with the constant order of kinds, which sees no image and knows how each was made. D is
compared with F, with N, and with the methods refitted on the same triplets; these with what they
were refitted from; a model taught by fewer kinds of triplets with the whole one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from fgresq.analysis.bootstrap import Draws, Measure
from fgresq.analysis.trivial import CONSTANT
from fgresq.imperfect.judged_rows import (
    DISTANCE,
    FIDELITY,
    FULL,
    NATURALNESS,
    REFITTED,
    REFITTED_FROM,
    UNTRAINED,
    Row,
    one_line_rivals,
)
from fgresq.imperfect.two_choice import agreement, measures

ACCURACY_COLUMNS: dict[str, type] = {
    "row": str,  # name of a method; or BACKBONE-VARIANT/PART, part: untrained, fidelity, ...
    "title": str,
    "kind": str,  # FR, NR, or no image
    "backbone": str,  # of a model trained here, as the next two; else empty
    "variant": str,
    "part": str,
    "labels": str,  # what the labels are made by: lpips or jod
    "shares_label": str,  # true where it looks through the network that made the labels
    "scenario": str,  # one of SCENARIOS, or `standard: SET`
    "accuracy": float,  # [0, 1]
    "low": float,  # 95 % interval over photographs
    "high": float,
    "triplets": int,  # with both values
    "families": int,
    "against": str,  # the row that it is compared with; empty: none in this line
    "difference": float,  # accuracy less that of `against`, on triplets that both have
    "difference_low": float,
    "difference_high": float,
    "reason": str,  # why there is no value, or what is missing
}


def accuracy_lines(
    rows: list[Row], labelled: Mapping[str, pd.DataFrame], draws: Draws
) -> list[dict[str, Any]]:
    """Give the lines of the table.

    Args:
        rows: methods and models.
        labelled: triplets, by what their labels are made by.
        draws: of families, the same for all.
    """
    lines = []
    for labels, triplets in labelled.items():
        right = {row.key: right_of(row, triplets) for row in rows}
        found = {row.key: measures(right[row.key], triplets, draws) for row in rows}
        rivals = one_line_rivals(rows)
        variants = {row.key: opponents(row, right) for row in rows}
        for row in rows:
            over: dict[str, dict[str, Measure]] = {}
            for scenario, measure in found[row.key].items():
                about = told(row, labels, scenario) | numbers(row, measure, len(triplets))
                lines.append(about)
                best = best_of(rivals, scenario, found)
                for other in dict.fromkeys([*variants[row.key], *([best] if best else [])]):
                    if other == row.key:
                        continue
                    if other not in over:
                        gap = right[row.key] - right[other]
                        over[other] = measures(gap, triplets, draws)
                    gained = over[other][scenario]
                    if np.isfinite(gained.value):
                        lines.append(about | against(other, gained))
    return lines


def right_of(row: Row, triplets: pd.DataFrame) -> np.ndarray:
    """Say on which triplets (n,) a row agrees with the label; NaN where a value is missing."""
    a, b = (row.of(triplets[name], triplets["reference"]) for name in ("image_a", "image_b"))
    return agreement(a, b, triplets["a_over_b"].to_numpy(float), row.higher_better)


def opponents(row: Row, there: Mapping[str, Any]) -> list[str]:
    """Name the rows that a row is compared with in all scenarios, as far as they are there."""
    named = []
    if row.backbone:
        full = f"{row.backbone}-{FULL}"
        named = [f"{full}/{UNTRAINED}"]
        if row.part == DISTANCE:
            own = f"{row.backbone}-{row.variant}"
            named += [f"{own}/{FIDELITY}", f"{own}/{NATURALNESS}", *REFITTED]
        if row.variant != FULL:
            named.append(f"{full}/{row.part}")
    elif row.key in REFITTED_FROM:
        named = [REFITTED_FROM[row.key]]
    return [name for name in (*named, CONSTANT) if name in there and name != row.key]


def best_of(
    names: list[str], scenario: str, found: Mapping[str, Mapping[str, Measure]]
) -> str | None:
    """Name the row of highest accuracy in a scenario; the first by name of those alike."""
    have = {n: found[n][scenario].value for n in sorted(names) if scenario in found[n]}
    have = {name: value for name, value in have.items() if np.isfinite(value)}
    return max(have, key=lambda name: have[name], default=None)


def told(row: Row, labels: str, scenario: str) -> dict[str, Any]:
    """Give the columns that name a line."""
    return {
        **{"row": row.key, "title": row.title, "kind": row.kind, "backbone": row.backbone},
        **{"variant": row.variant, "part": row.part, "labels": labels},
        **{"shares_label": str(row.shares(labels)).lower(), "scenario": scenario},
    }


def numbers(row: Row, measure: Measure, triplets: int) -> dict[str, Any]:
    """Give accuracy and interval of a line, without another row."""
    low, high = measure.interval()
    none = not np.isfinite(measure.value)
    return {
        **{"accuracy": measure.value, "low": low, "high": high, "triplets": measure.n},
        **{"families": len(measure.families), "against": "", "difference": np.nan},
        **{"difference_low": np.nan, "difference_high": np.nan},
        "reason": row.reason or (measure.note if none else ""),
    }


def against(other: str, gained: Measure) -> dict[str, Any]:
    """Give the columns of a difference."""
    low, high = gained.interval()
    return {
        **{"against": other, "difference": gained.value},
        **{"difference_low": low, "difference_high": high},
    }
