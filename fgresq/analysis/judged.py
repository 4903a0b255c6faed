"""The decided pairs of a run as the analysis of trust takes them: methods by pairs, families apart.

Whatever is resampled here is whole families: the pairs of one photograph are no independent
observations. Every statistic is a proportion of pairs, so that sums by family are all it needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from fgresq.analysis.accuracy import correct
from fgresq.analysis.bootstrap import Draws, Measure, average
from fgresq.analysis.inputs import Inputs
from fgresq.analysis.trust_tables import AVERAGE
from fgresq.tables import TASKS


@dataclass(frozen=True)
class Judged:
    """Decided pairs, and what the methods say of them.

    Args:
        pairs: n decided pairs, with the column `cluster`.
        methods: K names.
        gaps: (K, n) oriented value of A minus that of B; NaN where one has none.
        draws: of the run's families.
        ties: what a tie of a method is worth.
    """

    pairs: pd.DataFrame
    methods: list[str]
    gaps: np.ndarray
    draws: Draws
    ties: str

    @cached_property
    def right(self) -> np.ndarray:
        """What each method has of each pair, (K, n): 1, 0, or what a tie is worth; NaN for none."""
        preference = self.pairs["preference"].to_numpy()
        if not len(self.pairs):
            return self.gaps
        found = np.stack([correct(gap, preference, self.ties) for gap in self.gaps])
        return np.where(np.isfinite(self.gaps), found, np.nan)

    @cached_property
    def clusters(self) -> np.ndarray:
        """The family of each pair, (n,): its column in the draws."""
        return self.pairs["cluster"].to_numpy(dtype=int)

    @cached_property
    def tasks(self) -> dict[str, np.ndarray]:
        """Which pairs each task has, (n,) bool, of the tasks that have any."""
        own = {task: self.pairs["task"].eq(task).to_numpy() for task in TASKS}
        return {task: rows for task, rows in own.items() if rows.any()}

    def of(self, method: str) -> int:
        """Give the row of a method."""
        return self.methods.index(method)

    def by_family(self, values: np.ndarray) -> np.ndarray:
        """Sum values of pairs (n,) by family, (F,)."""
        return np.bincount(self.clusters, values, len(self.draws.families))

    def mean(self, values: np.ndarray, rows: np.ndarray) -> Measure:
        """Measure the mean of values (n,) over some pairs; those without a value are left out."""
        there = rows & np.isfinite(values)
        count = self.by_family(there.astype(float))
        total = self.by_family(np.where(there, values, 0.0))
        weights = self.draws.weights
        with np.errstate(invalid="ignore", divide="ignore"):
            replicates = (weights @ total) / (weights @ count)
            value = float(total.sum() / count.sum())
        note = "" if there.any() else "no decided pairs"
        return Measure(value, replicates, int(there.sum()), frozenset(np.flatnonzero(count)), note)

    def by_task(self, values: np.ndarray, rows: np.ndarray | None = None) -> dict[str, Measure]:
        """Measure the mean of values (n,) in each task, and their average over the tasks.

        Args:
            values: of pairs.
            rows: bool (n,), which pairs count; all by default.
        """
        found = {}
        for task, own in self.tasks.items():
            found[task] = self.mean(values, own if rows is None else own & rows)
        return {**found, AVERAGE: average(found.values(), len(self.draws.weights))}

    def origin(self, task: str) -> str:
        """Name who is behind the preferences of a task, or of all: the origins of its labels."""
        rows = self.pairs if task == AVERAGE else self.pairs[self.tasks[task]]
        return ", ".join(sorted(set(rows["label_origin"])))

    def without(self, names: set[str]) -> Iterator[str]:
        """List the methods but for some."""
        return (name for name in self.methods if name not in names)


def judge(inputs: Inputs, split: str, ties: str, pairs: pd.DataFrame | None = None) -> Judged:
    """Lay the values of all methods for an evaluation split beside the decided pairs.

    Args:
        inputs: of the run.
        split: of evaluation.
        ties: of `TIES`.
        pairs: of the run; all of them by default.
    """
    pairs = inputs.pairs if pairs is None else pairs
    decided = pairs[pairs["preference"].ne("equal")].reset_index(drop=True)
    a, b = decided["image_a"], decided["image_b"]
    values = [inputs.values(method, split) for method in inputs.methods]
    gaps = [(a.map(own).astype(float) - b.map(own).astype(float)).to_numpy() for own in values]
    laid = np.array(gaps).reshape(len(gaps), len(decided))
    return Judged(decided, list(inputs.methods), laid, inputs.draws, ties)
