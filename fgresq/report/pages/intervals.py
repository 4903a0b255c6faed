"""Correlations inside intervals of the score (Tables 2 and 5 to 17 of the paper)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fgresq.report import paper
from fgresq.report.parts import interval_tables, label_only, panels
from fgresq.report.parts.beside import paper_table
from fgresq.report.parts.cells import Table
from fgresq.report.site import Lacking, Page, Site

PAGE = Page("intervals", "Score intervals", "What is left of a correlation in a narrow range?")


def values(site: Site) -> dict[str, Any]:
    """Give figures and tables of measured sources, then what labels alone tell."""
    run, labels = site.run, site.labels
    made = interval_tables.interval_tables(run.intervals, site.titles, site.methods)
    source = site.made("analysis/{preset}/intervals.csv")
    counts = label_only.counts_table(labels)
    if not made and counts is None:
        raise Lacking("no interval has a value", "Run make report, and see what is absent")
    return {
        "figures": panels.interval_figures(run, site.titles, site.methods),
        "intervals": [replace(table, made=source) for table in made],
        "label_counts": counts,
        "label_rows": label_only.true_tables(labels),
        "label_nulls": label_only.nulls_table(labels),
        "nulls_sentence": label_only.nulls_sentence(labels),
        "paper_labels": labels_beside(site),
    }


def labels_beside(site: Site) -> Table | None:
    """Build the paper's interval rows beside those of metric values that came with labels."""
    rows = label_only.compare_label_only(site.numbers, site.labels)
    if rows.empty:
        return None
    items = ", ".join(dict.fromkeys(rows["item"].str.replace("table", "Table ")))
    caption = f"{items}: paper beside rows from the true labels."
    return paper_table("paper_labels", caption, rows, "Interval", paper.OVERALL)
