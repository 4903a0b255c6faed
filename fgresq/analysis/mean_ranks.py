"""Mean ranks of the methods over families, with the critical difference of Nemenyi (Demsar 2006).

In each family the methods are ranked by their accuracy on its pairs; a family weighs the same
whether it has three pairs or a hundred. Friedman's test asks whether any method differs; Nemenyi's
which do, corrected for all pairs of methods. Both are approximations for many families, so that
with nine or twelve they are rough, and they do not see how far apart two accuracies are.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
from scikit_posthocs import posthoc_nemenyi_friedman
from scipy import stats

from fgresq.analysis.judged import Judged
from fgresq.analysis.significance import LEVEL
from fgresq.analysis.trust_tables import AVERAGE

LEAST_METHODS, LEAST_BLOCKS = 3, 3


def family_accuracy(judged: Judged, methods: list[str]) -> dict[str, pd.DataFrame]:
    """Give the accuracy of methods in every family, a table (families, methods) a task.

    The average is that over the tasks which a family has. A method that lacks a family which
    others have is left out of the task.
    """
    found, tables = {}, {}
    for task, rows in judged.tasks.items():
        columns = {}
        for method in methods:
            right = judged.right[judged.of(method)]
            there = rows & np.isfinite(right)
            count = judged.by_family(there.astype(float))
            total = judged.by_family(np.where(there, right, 0.0))
            columns[method] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
        tables[task] = pd.DataFrame(columns, index=judged.draws.families)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a family without pairs has no mean
        if tables:
            cube = np.stack([table.to_numpy() for table in tables.values()])
            mean = np.nanmean(cube, axis=0)
            tables[AVERAGE] = pd.DataFrame(mean, judged.draws.families, methods)
    for task, table in tables.items():
        table = table.dropna(how="all")
        found[task] = table.dropna(axis="columns")
    return found


def critical_difference(methods: int, families: int) -> float:
    """Give how far two mean ranks must lie apart at LEVEL, after Nemenyi."""
    quantile = stats.studentized_range.ppf(1 - LEVEL, methods, np.inf) / np.sqrt(2)
    return float(quantile * np.sqrt(methods * (methods + 1) / (6 * families)))


def rankings(
    judged: Judged, label_sources: set[str]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rank the methods in every task and over all; a label source takes no part.

    Returns:
        Rows of MEAN_RANKS, best first in each task, and rows of NEMENYI.
    """
    rows: list[dict[str, Any]] = []
    pairs: list[dict[str, Any]] = []
    for task, table in family_accuracy(judged, list(judged.without(label_sources))).items():
        families, methods = table.shape
        if methods < LEAST_METHODS or families < LEAST_BLOCKS:
            continue
        ranks = (-table).rank(axis="columns").mean().sort_values(kind="stable")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # all alike: no statistic
            friedman = stats.friedmanchisquare(*table.to_numpy().T).pvalue
        shared = {
            **{"families": families, "methods": methods, "friedman_p": float(friedman)},
            "critical_difference": critical_difference(methods, families),
        }
        rows += [
            {"task": task, "method": m, "mean_rank": float(rank), **shared}
            for m, rank in ranks.items()
        ]
        p = posthoc_nemenyi_friedman(table.reset_index(drop=True))
        pairs += [
            {"task": task, "method": one, "other": other, "p": float(p.loc[one, other])}
            for place, one in enumerate(ranks.index)
            for other in ranks.index[place + 1 :]
        ]
    return rows, pairs
