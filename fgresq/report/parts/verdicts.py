"""What methods say of pairs: their scores, which image they rank higher, right or wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from fgresq.report.parts.cells import Methods, decimal, missing
from fgresq.report.results import Run

RIGHT, WRONG, TIE = "right", "wrong", "tie"


@dataclass(frozen=True)
class Verdict:
    """What a method says of a pair: its values, which image it ranks higher, right or wrong."""

    method: str
    title: str
    role: str
    score_a: float
    score_b: float
    ranks: str
    verdict: str

    @property
    def texts(self) -> tuple[str, str, str]:
        """Score of A, the rank between them, score of B."""
        sign = {"A": "A > B", "B": "A < B"}.get(self.ranks, "A = B")
        digits = 3
        while digits < 9 and self.ranks != TIE and self.near(digits):
            digits += 1
        return written(self.score_a, digits), sign, written(self.score_b, digits)

    def near(self, digits: int) -> bool:
        """Tell whether both scores look alike with so many digits."""
        return written(self.score_a, digits) == written(self.score_b, digits)


def written(score: float, digits: int) -> str:
    """Write a score; an infinite one, as PSNR gives equal images, by its sign."""
    if math.isinf(score):
        return "∞" if score > 0 else "−∞"
    return decimal(score, digits)


def votes_text(pair: Mapping[str, Any]) -> str:
    """Tell the share of votes for A, and where it is not what decided the pair; empty: unknown."""
    share = pair["fraction_a"]
    if missing(share):
        return ""
    told = f"{100 * share:.0f} % of votes for A"
    for_a = pair["preference"] == "A"
    if share == 0.5 or (share > 0.5) != for_a:
        experts = pair["label_origin"] == "simulated"
        told += "; the groups disagreed, the experts decided" if experts else "; not by majority"
    return told


def judge_pairs(run: Run, methods: Methods, pairs: pd.DataFrame | None = None) -> pd.DataFrame:
    """Judge decided pairs by every method: pair, method, score_a, score_b, ranks, verdict.

    Scores are as the method gives them; `ranks` heeds its direction. Trained methods are judged
    by their out-of-fold values (split by family). Where a method has no value there is no row.

    Args:
        run: whose scores.
        methods: with their directions.
        pairs: rows of the pair table; all of the run by default.
    """
    pairs = run.pairs if pairs is None else pairs
    columns = ["pair", "image_a", "image_b", "preference"]
    decided = pairs.loc[pairs["preference"] != "equal", columns]
    named = run.scores["image"].isin({*decided["image_a"], *decided["image_b"]})
    scores = run.scores[named & run.scores["split"].isin(["all", "family"])].dropna(subset="value")
    scores = scores.drop_duplicates(["image", "method"])[["image", "method", "value"]]
    side_a = scores.rename(columns={"image": "image_a", "value": "score_a"})
    side_b = scores.rename(columns={"image": "image_b", "value": "score_b"})
    judged = decided.merge(side_a, on="image_a").merge(side_b, on=["image_b", "method"])
    above, below = judged["score_a"] > judged["score_b"], judged["score_a"] < judged["score_b"]
    higher = judged["method"].map(methods.sign) > 0
    judged["ranks"] = np.select(
        [above & higher | below & ~higher, above & ~higher | below & higher], ["A", "B"], TIE
    )
    right = np.where(judged["ranks"] == judged["preference"], RIGHT, WRONG)
    judged["verdict"] = np.where(judged["ranks"] == TIE, TIE, right)
    return judged


def verdicts_of(judged: pd.DataFrame, methods: Methods) -> list[Verdict]:
    """List what methods say of one pair: ranked methods first, each by title.

    Args:
        judged: rows of `judge_pairs` of that pair.
        methods: with their roles.
    """
    rows = judged[["method", "score_a", "score_b", "ranks", "verdict"]].itertuples(index=False)
    found = [
        Verdict(method, methods.title(method), methods.role(method), a, b, ranks, verdict)
        for method, a, b, ranks, verdict in rows
    ]
    return sorted(found, key=lambda v: (not methods.ranked(v.method), v.title, v.method))
