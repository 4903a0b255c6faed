"""The committed table of what is left out of SRIJ in parts: rows, measures, differences.

A line is what one row has in one protocol by one measure. Every row is trained once for what it is
asked, so that the intervals are over families alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from fgresq.analysis.bootstrap import Draws, Measure
from fgresq.human.agreement import Question, difference, measured, of_pairs
from fgresq.human.left_out import ELSEWHERE, wide, wide_pairs
from fgresq.human.rated_sets import RatedSet
from fgresq.human.ratings_columns import AGAINST, COLUMNS

GAP = 5.0  # of raw scores


@dataclass(frozen=True)
class Answer:
    """What a row says of all that a protocol asks.

    Args:
        kind: fgresq, baseline, ridge, method or control.
        trained_on: in words.
        values: (n,) of the images; None: the row answers for pairs alone.
        gaps: (pairs,), above 0 for A; None: the values rank them.
        reason: why there is neither.
    """

    kind: str
    trained_on: str
    values: np.ndarray | None = None
    gaps: np.ndarray | None = None
    reason: str = ""


@dataclass(frozen=True)
class Asked:
    """One measure of a protocol.

    Args:
        own: set whose pairs, groups or images are counted.
        question: of them.
        stay: bool, which pairs of the protocol these are; None: a row of pairs has no answer.
    """

    own: RatedSet
    question: Question
    stay: np.ndarray | None = None


def questions_of(protocol: str, asked: RatedSet) -> dict[str, Asked]:
    """Give what is asked in a protocol, by measure."""
    (votes,) = asked.pairs["vote_kind"].unique()
    acc, groups = Question("acc", str(votes), 1.0), Question("srcc_groups", "", np.nan)
    found = {
        "acc": Asked(asked, acc, np.ones(len(asked.pairs), bool)),
        "acc_gap5": Asked(wide(asked, GAP), acc, wide_pairs(asked, GAP)),
        "srcc_groups": Asked(asked, groups),
    }
    if protocol == ELSEWHERE:
        found["srcc"] = Asked(asked, Question("srcc", "", np.nan))
    return found


def measure_of(answer: Answer, asked: Asked, draws: Draws) -> Measure | None:
    """Measure a row; None where it does not answer such a question."""
    if answer.reason:
        return None
    if answer.gaps is None:
        assert answer.values is not None, "a row without a reason has values or gaps"
        return measured(asked.own, answer.values[None], asked.question, draws)
    if asked.stay is None:
        return None
    return of_pairs(asked.own, answer.gaps[asked.stay][None], asked.question, draws)


def lines_of(
    protocol: str, asked: RatedSet, answers: Mapping[str, Answer], draws: Draws
) -> list[dict[str, Any]]:
    """Measure all rows of a protocol, each beside those that it is compared with."""
    lines: list[dict[str, Any]] = []
    for name, part in questions_of(protocol, asked).items():
        every = {row: measure_of(answer, part, draws) for row, answer in answers.items()}
        found = {row: measure for row, measure in every.items() if measure is not None}
        for row, measure in found.items():
            lines.append(
                {"protocol": protocol, "row": row, "measure": name}
                | {"kind": answers[row].kind, "trained_on": answers[row].trained_on}
                | numbers_of(measure, {other: found[other] for other in AGAINST if other in found})
            )
    absent = {row: answer for row, answer in answers.items() if answer.reason}
    for row, answer in absent.items():
        about = {"kind": answer.kind, "trained_on": answer.trained_on, "reason": answer.reason}
        lines.append({"protocol": protocol, "row": row, "measure": "", **about})
    return lines


def numbers_of(measure: Measure, others: Mapping[str, Measure]) -> dict[str, Any]:
    """Give value, interval and differences of a line."""
    low, high = measure.interval()
    found: dict[str, Any] = {"value": measure.value, "low": low, "high": high, "n": measure.n}
    found |= {"families": len(measure.families)}
    found["reason"] = "" if np.isfinite(measure.value) else measure.note or "no value"
    for name, other in others.items():
        if found["reason"] or other is measure:
            continue
        gap = difference(measure, other)
        low, high = gap.interval()
        found |= {f"over_{name}": gap.value, f"over_{name}_low": low, f"over_{name}_high": high}
    return found


def table_of(lines: list[dict[str, Any]]) -> pd.DataFrame:
    """Give the table of lines, numbers with six digits."""
    table = pd.DataFrame(lines).reindex(columns=list(COLUMNS))
    texts = [name for name, kind in COLUMNS.items() if kind is str]
    return table.assign(**{name: table[name].fillna("") for name in texts}).round(6)
