"""Pair accuracy from fine to coarse: by how far the scores of the two images lie apart.

A pair's gap is the difference of its two labels in shares of the range of the data set's scores.
Where votes and scores of a pair disagree, what counts as right is the preference.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fgresq.analysis.accuracy import GAPS, between
from fgresq.analysis.judged import Judged
from fgresq.analysis.trust_tables import ALL_GAPS


def name_of(low: float, high: float) -> str:
    """Name a stretch of gaps, in % of the range."""
    return f"{100 * low:g} to {100 * high:g} %"


def stretches(judged: Judged) -> dict[str, np.ndarray]:
    """Give the stretches of gaps, all first, then from fine to coarse: which pairs each has."""
    gap = judged.pairs["score_difference"]
    own = {
        name_of(low, high): between(gap, low, high).to_numpy()
        for low, high in zip(GAPS, GAPS[1:], strict=False)
    }
    return {
        ALL_GAPS: np.ones(len(gap), dtype=bool),
        **{n: rows for n, rows in own.items() if any(rows)},
    }


def by_gap(judged: Judged) -> list[dict[str, Any]]:
    """Measure the accuracy of every method in every task and stretch of gaps; rows of BY_GAP.

    The average is over the tasks that have pairs in the stretch; its note names the others.
    """
    rows = []
    for name, inside in stretches(judged).items():
        for method in judged.methods:
            found = judged.by_task(judged.right[judged.of(method)], inside)
            lacking = [task for task in judged.tasks if not np.isfinite(found[task].value)]
            for task, measure in found.items():
                low, high = measure.interval()
                without = "without " + ", ".join(lacking) if lacking else ""
                note = measure.note or ("" if task in judged.tasks else without)
                rows.append(
                    {
                        **{"task": task, "gap": name, "method": method, "value": measure.value},
                        **{"low": low, "high": high, "n": measure.n},
                        **{"families": len(measure.families), "note": note},
                    }
                )
    return rows
