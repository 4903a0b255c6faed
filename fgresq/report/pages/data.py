"""Data sets and how pairs are made of them (Table 1, Figures 2 to 4 of the paper)."""

from __future__ import annotations

from typing import Any

from fgresq.report.parts import dataset_tables, figures, funnel_tables, panels
from fgresq.report.parts.funnel_pictures import funnel_parts
from fgresq.report.parts.overview import overview_figure
from fgresq.report.parts.source_states import sources_table
from fgresq.report.site import Page, Site

PAGE = Page("data", "Data", "What was judged, by whom, and which pairs were kept?")


def values(site: Site) -> dict[str, Any]:
    """Give counts, the funnel with its threshold, preferences against scores, all data sets."""
    run = site.run
    return {
        "datasets": [
            dataset_tables.measured_table(run),
            dataset_tables.printed_table(site.numbers, run, site.labels),
        ],
        "tasks": dataset_tables.task_counts(site.numbers, run),
        "sources": sources_table(dict(site.sources), site.asked, site.labels),
        "overview": overview_figure(run, site.numbers),
        "funnel_parts": funnel_parts(run),
        "funnel": [
            funnel_tables.funnel_table(run, site.numbers),
            funnel_tables.task_funnel_table(run),
            funnel_tables.dataset_funnel_table(run),
        ],
        "funnel_notes": funnel_tables.funnel_notes(run),
        "threshold_figure": figures.threshold_figure(run),
        "threshold": funnel_tables.threshold_table(run),
        "preference": panels.preference_figures(run, site.titles),
    }
