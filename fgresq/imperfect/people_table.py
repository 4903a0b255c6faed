"""The table of agreement with people: rows, intervals over photographs, paired differences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fgresq.analysis.bootstrap import Measure, draw
from fgresq.analysis.trivial import CONSTANT, SHARPNESS
from fgresq.imperfect.people_rows import HUMAN_N, SUMS, Judged
from fgresq.imperfect.people_sets import PeopleSet
from fgresq.imperfect.two_choice import agreement, share

PEOPLE_COLUMNS: dict[str, type] = {
    "set": str,  # srij and srcolor: people; diffiqa_mini: simulated
    "asked": str,  # how people were asked; of simulated triplets the scenario
    "row": str,  # BACKBONE/PART, a method, or a sum of two
    "title": str,
    "kind": str,  # FR, NR, or no image
    "accuracy": float,  # [0, 1], a tie in value is wrong
    "low": float,  # 95 % interval over photographs
    "high": float,
    "pairs": int,  # decided, with both values
    "families": int,
    "against": str,  # the row that it is compared with; empty: none in this line
    "difference": float,  # on pairs that both have
    "difference_low": float,
    "difference_high": float,
    "reason": str,  # why there is no value
}


def nothing_of(name: str, reason: str) -> dict[str, Any]:
    """Give the line of a set that is not at hand."""
    return {"set": name, "pairs": 0, "families": 0, "reason": reason}


def opponents(row: str) -> list[str]:
    """Name the rows that a row is compared with, beside the best that a line of code gives."""
    backbone, _, part = row.partition("/")
    if part == "distance":
        return [f"{backbone}/fidelity", f"{backbone}/naturalness"]
    if row == HUMAN_N:
        return ["vgg16/naturalness", "embedded"]
    return list(SUMS.get(row, ()))


def people_lines(
    own: PeopleSet, rows: Mapping[str, Judged], replicates: int, seed: int
) -> list[dict[str, Any]]:
    """Give the lines of a set, for each way in which people were asked."""
    draws = draw(own.images["family"], replicates, seed)
    lines = []
    for votes, pairs in own.pairs.groupby("votes", sort=True):
        clusters = draws.clusters(pairs["family"])
        a, b = pairs["a"].to_numpy(int), pairs["b"].to_numpy(int)
        label = pairs["label"].to_numpy(float)
        right = {
            name: agreement(row.values[a], row.values[b], label, higher_better=True)
            for name, row in rows.items()
        }
        found = {name: share(each, clusters, draws) for name, each in right.items()}

        best = best_of_one_line(found)
        for name, row in rows.items():
            about = {"set": own.name, "asked": str(votes), "row": name}
            about |= {"title": row.title, "kind": row.kind}
            about |= plain(found[name], row.reason)
            lines.append(about)
            others = dict.fromkeys([*opponents(name), *([best] if best else [])])
            for other in (each for each in others if each != name and each in rows):
                gained = share(right[name] - right[other], clusters, draws)
                if np.isfinite(gained.value):
                    lines.append(lines_with(about, other, gained))
    return lines


def best_of_one_line(found: Mapping[str, Measure]) -> str:
    """Name the better of the trivial rows; empty where neither has a value."""
    have = [n for n in (SHARPNESS, CONSTANT) if n in found and np.isfinite(found[n].value)]
    return max(have, key=lambda name: found[name].value, default="")


def plain(measure: Measure, reason: str) -> dict[str, Any]:
    """Give accuracy and interval of a line."""
    low, high = measure.interval()
    why = reason or ("" if np.isfinite(measure.value) else measure.note)
    return {
        **{"accuracy": measure.value, "low": low, "high": high, "pairs": measure.n},
        **{"families": len(measure.families), "against": "", "reason": why},
    }


def lines_with(about: dict[str, Any], other: str, gained: Measure) -> dict[str, Any]:
    """Add a difference to a line."""
    low, high = gained.interval()
    told = {"difference": gained.value, "difference_low": low, "difference_high": high}
    return about | {"against": other} | told
