"""Which pairs the figures show: rules that say how, and depend on nothing but the tables."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from fgresq.report.parts.cells import Methods
from fgresq.report.parts.verdicts import RIGHT, WRONG, judge_pairs
from fgresq.report.results import Run

LEAD = "fgresq"


@dataclass(frozen=True)
class Judged:
    """Every decided pair as every method ranks it.

    Args:
        run: whose pairs they are.
        methods: with their roles in the run.
        verdicts: pair, method, score_a, score_b, ranks, verdict (`judge_pairs`).
        pairs: the decided pairs that a metric ranks, by name: of the pair table, with `wrong` and
            `right`, how many metrics are, `share`, wrong of all metrics, `gap`, the score
            difference without its sign, and `clear`, by how much of the votes the preference has
            more than half. Metrics are methods that are no sanity row and made no label.
    """

    run: Run
    methods: Methods
    verdicts: pd.DataFrame
    pairs: pd.DataFrame

    @property
    def metrics(self) -> list[str]:
        """The metrics that rank any pair."""
        found = dict.fromkeys(self.verdicts["method"])
        return [name for name in found if self.methods.role(name) == "method"]

    def of_task(self, task: str) -> pd.DataFrame:
        """Give the pairs of one task."""
        return self.pairs[self.pairs["task"] == task]


def judged_pairs(run: Run, methods: Methods) -> Judged:
    """Judge the decided pairs of a run whose images are of its image table."""
    known = run.pairs[["image_a", "image_b"]].isin(set(run.images["image"])).all(axis=1)
    run = replace(run, pairs=run.pairs[known])
    verdicts = judge_pairs(run, methods)
    metric = verdicts["method"].map(methods.role).eq("method")
    counted = verdicts.loc[metric, ["pair", "verdict"]].value_counts().unstack(fill_value=0)
    counts = counted.reindex(columns=[RIGHT, WRONG], fill_value=0)
    pairs = run.pairs.set_index("pair", drop=False).rename_axis(None)
    pairs = pairs.loc[pairs.index.isin(counts.index)]
    pairs = pairs.assign(right=counts[RIGHT], wrong=counts[WRONG])
    total = counted.sum(axis=1)
    sign = np.where(pairs["preference"].eq("A"), 1.0, -1.0)
    pairs = pairs.assign(
        share=(counts[WRONG] / total).round(9),
        gap=pairs["score_difference"].abs(),
        clear=((pairs["fraction_a"].fillna(0.5) - 0.5) * sign).round(6),
    )
    return Judged(run, methods, verdicts, pairs)


def misranked(judged: Judged, number: int) -> list[str]:
    """Choose pairs that most metrics misrank, the clearest first, a task each in turn."""
    pairs = judged.pairs[judged.pairs["wrong"] > 0]
    pairs = pairs.sort_values(["share", "clear", "pair"], ascending=[False, False, True])
    turn = pairs.groupby("task", sort=False).cumcount()
    pairs = pairs.assign(turn=turn).sort_values("turn", kind="stable")
    return list(pairs["pair"].head(number))


def against(judged: Judged, lead: str, right: bool) -> pd.DataFrame:
    """Give the pairs on which one method is right (or wrong) and most metrics are not so.

    The pairs on which it stands most alone come first.
    """
    own = judged.verdicts[judged.verdicts["method"].eq(lead)].set_index("pair")["verdict"]
    wanted = own.index[own.eq(RIGHT if right else WRONG)]
    pairs = judged.pairs[judged.pairs["pair"].isin(wanted)]
    alone = pairs["share"] if right else pairs["right"] / (pairs["right"] + pairs["wrong"])
    pairs = pairs.assign(alone=alone.round(9))[alone > 0.5]
    return pairs.sort_values(["alone", "clear", "pair"], ascending=[False, False, True])


def spread(pairs: pd.DataFrame, number: int) -> list[str]:
    """Choose pairs at even steps of the order of their score differences, from fine to coarse."""
    ordered = list(pairs.sort_values(["gap", "pair"])["pair"])
    number = min(number, len(ordered))
    return [ordered[(2 * k + 1) * len(ordered) // (2 * number)] for k in range(number)]


def typical(pairs: pd.DataFrame) -> list[str]:
    """Choose the one pair whose share of wrong metrics is nearest to the mean of all pairs.

    Among equals it is the one with the clearest preference.
    """
    if pairs.empty:
        return []
    off = (pairs["share"] - pairs["share"].mean()).abs().round(9)
    ordered = pairs.assign(off=off).sort_values(
        ["off", "clear", "pair"], ascending=[True, False, True]
    )
    return list(ordered["pair"].head(1))


def leader(judged: Judged) -> str | None:
    """Name the method that Figure 6 is about: FGResQ, else the metric most often right."""
    if LEAD in judged.metrics:
        return LEAD
    rows = judged.verdicts[judged.verdicts["method"].isin(judged.metrics)]
    if rows.empty:
        return None
    shares = rows["verdict"].eq(RIGHT).groupby(rows["method"]).mean()
    return str(shares.sort_index().idxmax())
