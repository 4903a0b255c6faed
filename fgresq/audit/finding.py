"""A finding: a claim about the paper's numbers, tested by code, with its evidence."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from fgresq.audit.printed import CannotTell, Printed, no_numbers
from fgresq.records import Leak

PAPER, LABELS = "reports/paper/", "results/labels/{preset}/"
TABLE1, TABLE3 = PAPER + "table1_datasets.csv", PAPER + "table3_fgrestore.csv"
TABLE3_PAGE = PAPER + "table3_official_page_afine.csv"
TABLE4, TABLE5_17 = PAPER + "table4_ablation.csv", PAPER + "table5_17_mos_ranges.csv"
FIGURE2, FIGURE3 = PAPER + "fig2_task_counts.csv", PAPER + "fig3_funnel.csv"
HOLDS, FAILS, UNTOLD = "holds", "does not hold", "cannot be told"
CERTAIN, LIKELY, INFERRED = "certain", "likely", "inferred"
PACKAGE = Path(__file__).parents[1]


@dataclass(frozen=True)
class Material:
    """What findings are computed from.

    Args:
        printed: the paper's numbers.
        records, counts, nulls, true: what `fgresq labels` wrote: a record a source, images in
            each interval, the null of range restriction, rows of metrics that came with labels.
        leak: the leak of a run by split and task, as the step `split` writes it; empty without.
        afine: the numbers of the paper on A-FINE.
        original_wins: of each set of SRIQA-Bench, `wins` of the original among its `pairs`, by the
            order of MOS; empty where it is not placed.
    """

    printed: Printed
    records: Sequence[Mapping[str, Any]] = ()
    counts: pd.DataFrame = field(default_factory=pd.DataFrame)
    nulls: pd.DataFrame = field(default_factory=pd.DataFrame)
    true: pd.DataFrame = field(default_factory=pd.DataFrame)
    leak: Mapping[str, Mapping[str, Leak]] = field(default_factory=dict)
    afine: Printed = field(default_factory=no_numbers)
    original_wins: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def source(self, dataset: str) -> str | None:
        """Give the source whose scores are at hand for what the paper calls `dataset`."""
        there = (r for r in self.records if r["images"] and r.get("paper_table") == dataset)
        return next((record["source"] for record in there), None)

    def counted(self, dataset: str) -> dict[str, int]:
        """Count the images of a data set in each interval; empty where labels are unknown."""
        rows = self.counts.reindex(columns=["source", "bin", "n"])
        rows = rows[rows["source"].eq(self.source(dataset))]
        return {str(row.bin): int(row.n) for row in rows.itertuples()}


@dataclass(frozen=True)
class Answer:
    """What a test of a claim gives.

    Args:
        holds: whether the claim holds.
        found: what the numbers say, a sentence.
        evidence: a small table; names of columns are for readers, units in them.
        sure: how sure, one of `CERTAIN`, `LIKELY`, `INFERRED`.
        because: why no surer, or what the certainty rests on.
    """

    holds: bool
    found: str
    evidence: pd.DataFrame
    sure: str
    because: str


@dataclass(frozen=True)
class Finding:
    """A claim about the paper's numbers and what came of its test.

    Args:
        name: key, unique.
        title: in few words, for a heading.
        claim: what is said of the paper's numbers.
        changes: what it changes for a reader.
        reads: the files whose numbers it is computed from; {preset} stands for a run's.
        holds: whether it holds; None where that cannot be told, and `reason` says why.
        found, evidence, sure, because: as in `Answer`; empty where it cannot be told.
        code: module and line of the test.
    """

    name: str
    title: str
    claim: str
    changes: str
    reads: tuple[str, ...]
    holds: bool | None
    code: str
    found: str = ""
    evidence: pd.DataFrame = field(default_factory=pd.DataFrame)
    sure: str = ""
    because: str = ""
    reason: str = ""

    @property
    def verdict(self) -> str:
        """The outcome in words."""
        return {True: HOLDS, False: FAILS, None: UNTOLD}[self.holds]


Test = Callable[[Material], Answer]


def finding(
    title: str, claim: str, changes: str, *reads: str
) -> Callable[[Test], Callable[[Material], Finding]]:
    """Make a finding of a test of a claim; the test may raise `CannotTell`.

    Args:
        title: in few words.
        claim: what is said of the paper's numbers, a sentence that may be true or not.
        changes: what a reader does otherwise where it holds, a sentence.
        reads: the files that it is computed from.
    """

    def of(test: Test) -> Callable[[Material], Finding]:
        known = (test.__name__, title, claim, changes, reads)
        code = place_of(test)

        def find(material: Material) -> Finding:
            try:
                answer = test(material)
            except CannotTell as error:
                return Finding(*known, None, code, reason=str(error))
            return Finding(*known, code=code, **vars(answer))

        find.__name__, find.__doc__ = test.__name__, test.__doc__
        return find

    return of


def place_of(test: Test) -> str:
    """Name the module and the line of a function."""
    file = Path(inspect.getsourcefile(test) or "")
    line = inspect.getsourcelines(test)[1]
    return f"{file.relative_to(PACKAGE.parent).as_posix()}, line {line}"
