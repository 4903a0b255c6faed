"""Figures 1 to 18 of the paper in order, each with an anchor of its own."""

from __future__ import annotations

from typing import Any

from fgresq.report.coverage import coverage, shown_of
from fgresq.report.parts.pairs_shown import pair_link
from fgresq.report.parts.paper_figures import paper_figures
from fgresq.report.site import Page, Site

PAGE = Page("figures", "Figures", "Where is each figure of the paper?")


def values(site: Site) -> dict[str, Any]:
    """Give every figure with its state; one that is not drawn has its reason and next step.

    `links` leads from a pair to where it is seen in full size, if it is.
    """
    figures = paper_figures(site)
    drawn = frozenset(figure.anchor for figure in figures if figure.drawn)
    rows = coverage(site.numbers, shown_of(site), {PAGE.name: drawn}).set_index("item")
    states = {figure.item: rows.loc[figure.item].to_dict() for figure in figures}
    links = {str(each.pair["pair"]): pair_link(str(each.pair["pair"])) for each in site.shown_pairs}
    return {"figures": figures, "states": states, "links": links}
