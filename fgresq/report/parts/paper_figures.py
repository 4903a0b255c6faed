"""The paper's 18 figures, each as this run can draw it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fgresq.report.parts.framework import framework_figure
from fgresq.report.parts.funnel_pictures import FunnelPart, funnel_parts
from fgresq.report.parts.overview import overview_figure
from fgresq.report.parts.pair_choice import Judged, judged_pairs
from fgresq.report.parts.pair_figures import (
    PairFigure,
    fine_figure,
    misranked_figure,
    qualitative_figure,
    verdicts_figure,
)
from fgresq.report.parts.panels import preference_figures
from fgresq.report.parts.svg import Picture
from fgresq.report.site import Site
from fgresq.report.whereabouts import anchor_of

DRAWINGS: dict[str, Callable[[Site], list[Picture | None]]] = {
    "counts": lambda site: [overview_figure(site.run, site.numbers)],
    "preference": lambda site: [*preference_figures(site.run, site.titles)],
    "training": lambda site: [framework_figure(site.trainer.trained) if site.trainer else None],
}
PAIRS: dict[str, Callable[[Judged, str], PairFigure | None]] = {
    "misranked": lambda judged, _: misranked_figure(judged),
    "qualitative": lambda judged, _: qualitative_figure(judged),
    "fine pairs": fine_figure,
    "verdicts": verdicts_figure,
}


@dataclass(frozen=True)
class PaperFigure:
    """A figure of the paper: drawings, or pairs, or funnels; none of them where it is absent.

    Args:
        item: such as Figure 7.
        title: what it shows.
        inferred: what of it is not certain; empty where all is.
    """

    item: str
    title: str
    inferred: str = ""
    pictures: list[Picture] = field(default_factory=list)
    pairs: PairFigure | None = None
    funnels: list[FunnelPart] = field(default_factory=list)

    @property
    def anchor(self) -> str:
        """Its identifier on the page; one that is not drawn has another, to which nobody leads."""
        return anchor_of(self.item) if self.drawn else f"absent-{anchor_of(self.item)}"

    @property
    def drawn(self) -> bool:
        """Whether there is anything to see."""
        return bool(self.pictures or self.pairs or self.funnels)


def paper_figures(site: Site) -> list[PaperFigure]:
    """Draw every figure that the run can draw, in the paper's order."""
    judged = judged_pairs(site.run, site.methods)
    items = [item for item in site.numbers.items if item["item"].startswith("Figure")]
    return [paper_figure(item, site, judged) for item in items]


def paper_figure(item: Mapping[str, str], site: Site, judged: Judged) -> PaperFigure:
    """Draw one figure."""
    title, inferred = item["title"], ""
    if "task" in item:
        title = f"{title}, {item['task']}"
    if item.get("inferred") == "task":
        inferred = "That this figure shows this task is inferred from the order of Figures 7 to 12."
    shows, task = item["shows"], item.get("task", "")
    pairs = PAIRS[shows](judged, task) if shows in PAIRS else None
    drawings = DRAWINGS[shows](site) if shows in DRAWINGS else []
    funnels = funnel_parts(site.run) if shows == "funnel" else []
    made = [drawing for drawing in drawings if drawing is not None]
    return PaperFigure(item["item"], title, inferred, made, pairs, funnels)
