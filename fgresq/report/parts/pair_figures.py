"""Figures of pairs (Figures 1, 6 and 7 to 18 of the paper): small pictures, facts and verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from fgresq.report.parts.cells import count, decimal, missing
from fgresq.report.parts.pair_choice import Judged, against, leader, misranked, spread, typical
from fgresq.report.parts.thumbnails import Closeup, closeup
from fgresq.report.parts.verdicts import RIGHT, WRONG, Verdict, verdicts_of, votes_text

SMALL, LARGE = 112, 176  # pixels, sides of a window
FEW = 3  # pairs of Figure 1, and of each half of Figure 6
FINE = 4  # pairs of Figures 7 to 12


@dataclass(frozen=True)
class PairCard:
    """A pair as a figure shows it: its record, its pictures, who made them, who is right."""

    pair: dict[str, Any]
    algorithm_a: str
    algorithm_b: str
    closeup: Closeup
    verdicts: list[Verdict]

    @property
    def told(self) -> str:
        """What observers said."""
        preferred = self.pair["preference"]
        votes = "" if missing(self.pair["fraction_a"]) else f" ({votes_text(self.pair)})"
        return f"{self.pair['label_origin']} preference: {preferred}{votes}"

    @property
    def facts(self) -> str:
        """How far apart the images are."""
        ssim = "" if missing(self.pair["ssim"]) else f", SSIM {decimal(self.pair['ssim'])}"
        return f"score difference A − B {decimal(self.pair['score_difference'], sign=True)}{ssim}"

    @property
    def tally(self) -> str:
        """How many metrics are right, and which are wrong."""
        metrics = [v for v in self.verdicts if v.role == "method"]
        wrong = [v.title for v in metrics if v.verdict == WRONG]
        right = sum(v.verdict == RIGHT for v in metrics)
        names = f"; wrong: {', '.join(wrong)}" if wrong else ""
        return f"{right} of {len(metrics)} metrics right{names}"

    def alternative(self, side: str) -> str:
        """Say what the picture of a side shows, and whether observers prefer it."""
        algorithm = self.algorithm_a if side == "A" else self.algorithm_b
        chosen = "preferred" if self.pair["preference"] == side else "not preferred"
        return f"Image {side}, {algorithm}, of {self.pair['group']}: {chosen}"


@dataclass(frozen=True)
class PairFigure:
    """A figure of pairs: what it finds, how its pairs were chosen, the pairs.

    `full` has the table of all methods beside each pair.
    """

    finding: str
    rule: str
    cards: list[PairCard]
    full: bool = False


def card(
    judged: Judged, name: str, said: pd.DataFrame, side: int, images: pd.DataFrame
) -> PairCard:
    """Build a pair; `said` are the verdicts on it, `images` is the image table by name."""
    pair: dict[str, Any] = judged.pairs.loc[name].to_dict()
    row_a, row_b = images.loc[pair["image_a"]], images.loc[pair["image_b"]]
    pictures = closeup(row_a["path"], row_b["path"], side)
    return PairCard(
        pair, row_a["algorithm"], row_b["algorithm"], pictures, verdicts_of(said, judged.methods)
    )


def figure(
    judged: Judged, names: list[str], finding: str, rule: str, side: int = SMALL, full: bool = False
) -> PairFigure | None:
    """Build a figure of pairs; None without any."""
    images = judged.run.images.drop_duplicates("image").set_index("image")
    found = judged.verdicts[judged.verdicts["pair"].isin(names)]
    cards = [card(judged, n, found[found["pair"].eq(n)], side, images) for n in names]
    return PairFigure(finding, rule, cards, full) if cards else None


def misranked_figure(judged: Judged) -> PairFigure | None:
    """Build Figure 1: pairs that metrics misrank."""
    pairs = judged.pairs
    most, all_wrong = pairs["share"].ge(0.5), pairs["share"].eq(1)
    finding = (
        f"Of {count(len(pairs))} decided pairs, {share(most.sum(), len(pairs))} are misranked by "
        f"half of the {len(judged.metrics)} metrics or more, and {count(all_wrong.sum())} by all."
    )
    rule = (
        "The pairs that most metrics misrank, among equals the clearest preference first, each of "
        "another task."
    )
    return figure(judged, misranked(judged, FEW), finding, rule)


def qualitative_figure(judged: Judged) -> PairFigure | None:
    """Build Figure 6: where one method and most metrics part, both ways."""
    lead = leader(judged)
    if lead is None:
        return None
    title, total = judged.methods.title(lead), len(judged.pairs)
    ahead, behind = against(judged, lead, True), against(judged, lead, False)
    finding = (
        f"{title} is right where most metrics are wrong on {share(len(ahead), total)} of "
        f"{count(total)} decided pairs, and wrong where most are right on "
        f"{share(len(behind), total)}."
    )
    rule = (
        f"First up to {FEW} pairs on which {title} is right and most metrics are not, then up to "
        f"{FEW} the other way round; those on which it stands most alone, one a family."
    )
    names = [
        name
        for rows in (ahead, behind)
        for name in rows.drop_duplicates(["task", "family"])["pair"].head(FEW)
    ]
    return figure(judged, names, finding, rule)


def fine_figure(judged: Judged, task: str) -> PairFigure | None:
    """Build one of Figures 7 to 12: fine-grained pairs of a task."""
    pairs = judged.of_task(task)
    if pairs.empty:
        return None
    finding = (
        f"{count(len(pairs))} decided pairs of {task} differ in score by "
        f"{decimal(pairs['gap'].min())} to {decimal(pairs['gap'].max())}, half of them by less "
        f"than {decimal(pairs['gap'].median())}; a metric is right on {shares_right(judged, task)}."
    )
    rule = "At even steps from the finest to the coarsest score difference."
    return figure(judged, spread(pairs, FINE), finding, rule)


def shares_right(judged: Judged, task: str) -> str:
    """Say in how many pairs of a task the worst and the best metric are right."""
    rows = judged.verdicts[judged.verdicts["method"].isin(judged.metrics)]
    rows = rows[rows["pair"].isin(judged.of_task(task)["pair"])]
    right = rows["verdict"].eq(RIGHT).groupby(rows["method"]).mean()
    low, high = right.idxmin(), right.idxmax()
    ends = [f"{100 * right[m]:.0f} % ({judged.methods.title(m)})" for m in (low, high)]
    return " to ".join(ends if low != high else ends[:1])


def verdicts_figure(judged: Judged, task: str) -> PairFigure | None:
    """Build one of Figures 13 to 18: scores, ranks and verdicts of all methods on a pair."""
    pairs, names = judged.of_task(task), typical(judged.of_task(task))
    if not names:
        return None
    own = pairs.loc[names[0]]
    finding = (
        f"On this pair {own['right']} of {own['right'] + own['wrong']} metrics that decide are "
        f"right; over the {count(len(pairs))} decided pairs of {task} a metric is wrong "
        f"{100 * pairs['share'].mean():.0f} % of the time."
    )
    rule = (
        "The pair whose share of wrong metrics is nearest to the mean of its task; among equals "
        "the one with the clearest preference."
    )
    return figure(judged, names, finding, rule, LARGE, full=True)


def share(part: int, whole: int) -> str:
    """Write a count and its share."""
    return f"{count(part)} ({100 * part / whole:.0f} %)" if whole else count(part)
