"""Pairs to look at (Figures 1, 6 and 7 to 18 of the paper)."""

from __future__ import annotations

from typing import Any

from fgresq.report.parts.gallery import gallery
from fgresq.report.site import Lacking, Page, Site

PAGE = Page("pairs", "Pairs", "Which of these two would you prefer, and what do metrics say?")


def values(site: Site) -> dict[str, Any]:
    """Give the pairs of the gallery."""
    shown = gallery(site.run, site.methods, site.options.gallery)
    if not shown:
        raise Lacking("no pair was misranked", "Name more methods in the preset")
    judged = sorted({v.method for pair in shown for v in pair.verdicts})
    return {"gallery": shown, "methods": site.methods, "shown_methods": judged}
