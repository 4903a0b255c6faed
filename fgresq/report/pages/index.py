"""The first page: the answer, whose preferences it rests on, and where to go next."""

from __future__ import annotations

from typing import Any

from fgresq.report.absences import absences, partial_notes
from fgresq.report.coverage import coverage, coverage_sentence, coverage_table, shown_of
from fgresq.report.limits import limits
from fgresq.report.parts.answer import answer_sentence, leaders_table
from fgresq.report.parts.coverage_strip import coverage_strip
from fgresq.report.parts.headline_plot import headline_figure
from fgresq.report.site import Page, Site

PAGE = Page("index", "Overview", "Which method agrees with whose preferences, and how surely?")


def values(site: Site) -> dict[str, Any]:
    """Give the headline, the leaders by task, the one plot, coverage, limits and absences."""
    covered = coverage(site.numbers, shown_of(site), site.built)
    return {
        "answer": answer_sentence(site),
        "headline": site.asked.metrics.get("headline", ""),
        "leaders_table": leaders_table(site),
        "plot": headline_figure(site),
        "strip": coverage_strip(covered),
        "coverage_sentence": coverage_sentence(covered),
        "coverage": coverage_table(covered),
        "limits": limits(site),
        "absences": absences(site.asked, site.catalogue),
        "partial": partial_notes(site.run, site.methods),
    }
