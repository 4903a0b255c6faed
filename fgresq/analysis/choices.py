"""What the ranking of methods owes to choices of the analysis: ties, fits of the PLCC, splits.

  tie of a method  half: counts half right; zero: counts wrong; left out: the pair is not counted
  fit of the PLCC  raw; logistic of 4 parameters; of 5 (Sheikh, Sabir and Bovik 2006)
  split            family: all pairs, trained methods by out-of-fold values; pairs: the test pairs

The value is the mean over tasks: of the accuracy, or of the PLCC (of several data sets in a task
the mean, as scores of two share no scale). The rank is among the methods that have a value in as
many tasks as any; equal values share the better one. A label source has no rank.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from fgresq.analysis import correlation as c
from fgresq.analysis.inputs import Inputs
from fgresq.analysis.judged import Judged, judge
from fgresq.analysis.trust_tables import FITS, SPLIT, TIES

HALF, ZERO, OUT = "half", "zero", "left out"
PARAMETERS = {"raw": 0, "4 parameters": 4, "5 parameters": 5}
Values = dict[str, tuple[list[float], int]]  # by method: a value a task, and n


def means(judged: Judged, right: np.ndarray) -> Values:
    """Give the accuracies by task of all methods, of right (K, n) with NaN for no value."""
    found: Values = {}
    for method, own in zip(judged.methods, right, strict=True):
        there = np.isfinite(own)
        parts = [own[rows & there] for rows in judged.tasks.values()]
        found[method] = ([float(p.mean()) for p in parts if len(p)], int(there.sum()))
    return found


def by_tie_rule(judged: Judged) -> dict[str, Values]:
    """Give the accuracies under each rule for a tie."""
    tied = judged.gaps == 0
    half = replace(judged, ties="half").right
    rules = {HALF: half, ZERO: np.where(tied, 0.0, half), OUT: np.where(tied, np.nan, half)}
    return {rule: means(judged, right) for rule, right in rules.items()}


def plcc_of(parameters: int) -> Callable[[np.ndarray, np.ndarray], float]:
    """Give the PLCC after a fit of so many parameters; 0: raw."""
    if not parameters:
        return c.plcc

    def after(metric: np.ndarray, score: np.ndarray) -> float:
        mapped, why_not = c.fitted(metric, score, parameters)
        return float("nan") if why_not else c.plcc(mapped, score)

    return after


def by_fit(inputs: Inputs, tasks: list[str]) -> dict[str, Values]:
    """Give the PLCC of all methods by task after each fit."""
    found: dict[str, Values] = {name: {} for name in PARAMETERS}
    for method in inputs.methods:
        value = inputs.images["image"].map(inputs.values(method, "family"))
        images = inputs.images.assign(value=value).dropna(subset=["value", "score"])
        for name, parameters in PARAMETERS.items():
            plcc, parts = plcc_of(parameters), []
            for task in tasks:
                own = images[images["task"].eq(task)]
                sets = own.groupby(["source", "dataset"])[["value", "score"]]
                values = [plcc(*rows.to_numpy().T) for _, rows in sets]
                inside = [v for v in values if np.isfinite(v)]
                parts += [float(np.mean(inside))] if inside else []
            found[name][method] = (parts, len(images))
    return found


def by_split(inputs: Inputs, judged: Judged) -> dict[str, Values]:
    """Give the accuracies on both splits."""
    test = inputs.pairs[inputs.pairs["split_pairs"].eq("test")]
    other = judge(inputs, "pairs", judged.ties, test)
    return {"family": means(judged, judged.right), "pairs": means(other, other.right)}


def ranked(values: Values, label_sources: set[str]) -> dict[str, float]:
    """Rank the methods by their means; those on fewer tasks than others, and sources, have none."""
    most = max((len(parts) for parts, _ in values.values()), default=0)
    own = {
        m: float(np.mean(parts))
        for m, (parts, _) in values.items()
        if parts and len(parts) == most and m not in label_sources
    }
    return pd.Series(own, dtype=float).rank(ascending=False, method="min").to_dict()


def rankings(inputs: Inputs, judged: Judged, label_sources: set[str]) -> list[dict[str, Any]]:
    """Rank the methods under every choice; rows of CHOICES."""
    ties = dict(zip(judged.methods, (judged.gaps == 0).sum(axis=1), strict=True))
    choices = {
        TIES: by_tie_rule(judged),
        FITS: by_fit(inputs, list(judged.tasks)),
        SPLIT: by_split(inputs, judged),
    }
    rows = []
    for choice, settings in choices.items():
        for setting, values in settings.items():
            ranks = ranked(values, label_sources)
            for method, (parts, n) in values.items():
                rows.append(
                    {
                        **{"choice": choice, "setting": setting, "method": method},
                        **{"value": float(np.mean(parts)) if parts else np.nan},
                        **{"tasks": len(parts), "rank": ranks.get(method, np.nan), "n": n},
                        "ties": int(ties[method]),
                    }
                )
    return rows
