"""The construction funnel with pictures (Figure 3 of the paper): what every filter keeps and drops.

Each source's steps with their counts; beside them, of one scene, a pair that each filter drops and
one that is kept. Which filter dropped a pair follows from its scores: the coarse one where they
differ by tau or more, else the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from fgresq.records import Funnel
from fgresq.report.parts.cells import count, decimal
from fgresq.report.parts.thumbnails import Closeup, closeup
from fgresq.report.results import Run
from fgresq.tables import TASKS

SIDE = 96  # pixels of a window
COARSE, ALIKE, KEPT = "coarse filter", "JND filter", "kept"


@dataclass(frozen=True)
class Bar:
    """What is left after a step: counts, share of all pairs in percent, what it dropped."""

    step: str
    pairs: int
    images: int
    percent: float
    dropped: int

    @property
    def told(self) -> str:
        """The counts in words."""
        left = f"{count(self.pairs)} pairs ({self.percent:.0f} %)"
        return f"{left}, {count(self.images)} images"


@dataclass(frozen=True)
class Example:
    """A pair of the shown scene, and what became of it."""

    fate: str
    words: str
    algorithm_a: str
    algorithm_b: str
    closeup: Closeup


@dataclass(frozen=True)
class FunnelPart:
    """The funnel of a source."""

    title: str
    finding: str
    bars: list[Bar]
    scene: str
    examples: list[Example]


def funnel_parts(run: Run) -> list[FunnelPart]:
    """Build the funnel of every source that gave a pair to filter."""
    titles = {record["source"]: record["title"] for record in run.records}
    return [funnel_part(run, f, titles.get(f["source"], f["source"])) for f in run.filtered]


def funnel_part(run: Run, funnel: Funnel, title: str) -> FunnelPart:
    """Build the funnel of one source."""
    bars = bars_of(funnel)
    scene, examples = "", list[Example]()
    if not funnel.get("supplied_pairs"):  # supplied pairs bypass the filters
        scene, examples = examples_of(run, funnel)
    return FunnelPart(title, finding(bars), bars, scene, examples)


def bars_of(funnel: Funnel) -> list[Bar]:
    """Give what is left after every step."""
    steps, total = funnel["steps"], funnel["steps"][0]["pairs"]
    before = [total, *(step["pairs"] for step in steps)]
    return [
        Bar(
            *(step["step"], step["pairs"], step["images"]),
            100 * step["pairs"] / total if total else 0.0,
            earlier - step["pairs"],
        )
        for step, earlier in zip(steps, before, strict=False)
    ]


def finding(bars: list[Bar]) -> str:
    """Say what is left, and which filter drops most."""
    drops = [f"the {bar.step} drops {count(bar.dropped)}" for bar in bars[1:]]
    last = bars[-1]
    return (
        f"Of {count(bars[0].pairs)} pairs {count(last.pairs)} are kept ({last.percent:.0f} %): "
        f"{' and '.join(drops)}."
    )


def examples_of(run: Run, funnel: Funnel) -> tuple[str, list[Example]]:
    """Choose a scene, and of it a pair for every fate; the scene in words."""
    images = run.images[run.images["source"].eq(funnel["source"])]
    kept = run.pairs[run.pairs["source"].eq(funnel["source"])]
    names = {frozenset(pair) for pair in zip(kept["image_a"], kept["image_b"], strict=True)}
    images = images.assign(order=images["task"].map({t: i for i, t in enumerate(TASKS)}))
    best: tuple[str, dict[str, tuple[pd.Series, pd.Series]]] = ("", {})
    for (_, task, group), own in images.groupby(["order", "task", "group"]):
        found = fates(own, funnel["tau"], names)
        if len(found) > len(best[1]):
            best = (f"{task}, {group}", found)
        if len(found) == len((COARSE, ALIKE, KEPT)):
            break
    scene, pairs = best
    return scene, [example(fate, *pairs[fate], funnel) for fate in pairs]


def fates(
    images: pd.DataFrame, tau: dict[str, float], kept: set[frozenset[str]]
) -> dict[str, tuple[pd.Series, pd.Series]]:
    """Give a pair of a group for every fate that it has, the first by name; kept ones last."""
    rows = [row for _, row in images.sort_values("image").iterrows()]
    found: dict[str, tuple[pd.Series, pd.Series]] = {}
    for row_a, row_b in combinations(rows, 2):
        fate = ALIKE
        if frozenset((row_a["image"], row_b["image"])) in kept:
            fate = KEPT
        elif abs(row_a["score"] - row_b["score"]) >= tau.get(row_a["dataset"], np.inf):
            fate = COARSE
        found.setdefault(fate, (row_a, row_b))
    return {fate: found[fate] for fate in (COARSE, ALIKE, KEPT) if fate in found}


def example(fate: str, row_a: pd.Series, row_b: pd.Series, funnel: Funnel) -> Example:
    """Build the example of a fate."""
    gap = decimal(abs(row_a["score"] - row_b["score"]))
    tau, limit = funnel["tau"].get(row_a["dataset"]), funnel["threshold"]
    words = {
        COARSE: f"Dropped by the coarse filter: scores differ by {gap}, tau is {decimal(tau)}.",
        ALIKE: f"Dropped by the JND filter: SSIM between them is not below {decimal(limit)}.",
        KEPT: f"Kept: scores differ by {gap}, less than tau, and the difference can be seen.",
    }[fate]
    pictures = closeup(row_a["path"], row_b["path"], SIDE)
    return Example(fate, words, row_a["algorithm"], row_b["algorithm"], pictures)
