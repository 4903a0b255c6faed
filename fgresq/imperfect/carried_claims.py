"""What the table of accuracies allows to be said, and no more.

A claim compares two rows in one scenario. It is carried where the 95 % interval of the paired
difference over photographs lies wholly above or wholly below nought; else the two are not told
apart. Of many claims some are carried by chance: `by_chance` says how many to expect.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from fgresq.comparisons import STANDARD
from fgresq.imperfect.judged_rows import DISTANCE, FIDELITY, UNTRAINED
from fgresq.imperfect.two_choice import ABOVE, ALL, BELOW, IMPERFECT, TITLES

CLAIMED = (STANDARD, BELOW, ABOVE, IMPERFECT, ALL)  # scenarios of claims
ALPHA = 0.05
MADE_BY = {"lpips": "LPIPS", "jod": "JOD"}


def verdicts(accuracy: pd.DataFrame) -> list[dict[str, Any]]:
    """Judge what is claimed of the models trained here.

    D is set against every row that it is compared with, and F against F untrained.

    Args:
        accuracy: table of ACCURACY_COLUMNS.

    Returns:
        labels, scenario, row, against, difference, low, high (points of a hundred), verdict
        (above, below or not told apart), carried, and a sentence.
    """
    names = dict(zip(accuracy["row"], accuracy["title"], strict=True))
    told = accuracy[accuracy["against"].ne("") & accuracy["scenario"].isin(CLAIMED)]
    claimed = told["part"].eq(DISTANCE) | (
        told["part"].eq(FIDELITY) & told["against"].str.endswith(f"/{UNTRAINED}")
    )
    found = []
    for line in told[claimed].to_dict("records"):
        where = f"{TITLES[line['scenario']]}, labels by {MADE_BY[line['labels']]}"
        about = {"labels": line["labels"], "scenario": line["scenario"]}
        found.append(about | verdict(line, names, where))
    return found


def verdict(line: dict[str, Any], names: dict[str, str], where: str) -> dict[str, Any]:
    """Judge one difference.

    Args:
        line: row, title, against, difference and its interval, in shares of one.
        names: titles of rows.
        where: scenario or set, in words.
    """
    value, low, high = (
        100 * float(line[name]) for name in ("difference", "difference_low", "difference_high")
    )
    found = "above" if low > 0 else "below" if high < 0 else "not told apart"
    known = low == low and high == high
    over = names.get(line["against"], line["against"])
    size = f"{value:+.1f} points, 95 % interval {low:+.1f} to {high:+.1f}"
    if not known:
        text = f"{where}: {line['title']} and {over} cannot be compared: too few photographs."
    elif found == "not told apart":
        text = f"{where}: {line['title']} and {over} are not told apart ({size})."
    else:
        text = f"{where}: {line['title']} is {found} {over} ({size})."
    return {
        **{name: line[name] for name in ("row", "against")},
        "difference": round(value, 4),
        "low": round(low, 4) if known else None,
        "high": round(high, 4) if known else None,
        "verdict": found,
        "carried": known and found != "not told apart",
        "sentence": text,
    }


def by_chance(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Count claims, those that the intervals carry, and how many chance alone would carry."""
    return {
        "claims": len(found),
        "carried": sum(one["carried"] for one in found),
        "expected_by_chance": round(ALPHA * len(found), 2),
    }
