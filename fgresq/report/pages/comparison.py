"""The main comparison (Tables 2 to 4 of the paper in our form), and the paper beside ours."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fgresq.report import paper
from fgresq.report.absences import partial_notes
from fgresq.report.parts import comparison_tables, observer_tables, significance_tables
from fgresq.report.parts.beside import paper_table
from fgresq.report.parts.cells import Table, stat_label
from fgresq.report.parts.figures import comparison_figure
from fgresq.report.site import Lacking, Page, Site

PAIRS = "pairs"  # the page of the pairs that are kept
PAGE = Page("comparison", "Comparison", "How well does each method agree, task by task?")


def values(site: Site) -> dict[str, Any]:
    """Give averages, every statistic by task, the paper beside ours, other observers, the leak."""
    run, methods = site.run, site.methods
    if run.performance.empty:
        raise Lacking("no method was compared", "Run make report, and see what is absent")
    table3 = paper.compare_table3(site.numbers, run, methods)
    table2 = paper.compare_intervals(site.numbers, run, methods)
    caption3 = "Table 3: paper beside ours, split by pairs."
    caption2 = "Intervals: paper beside ours."
    made = site.made("analysis/{preset}/performance.csv", f"{PAIRS}.html")
    return {
        "figure": comparison_figure(run, methods),
        "averages": [
            replace(table, made=made)
            for split in comparison_tables.SPLITS
            for table in [comparison_tables.average_table(run.performance, methods, split)]
            if table
        ],
        "by_stat": by_stat(
            [
                replace(table, made=made)
                for table in comparison_tables.comparison_tables(run.performance, methods)
            ]
        ),
        "stat_label": stat_label,
        "partial": partial_notes(run, methods),
        "leak": comparison_tables.leak_table(run.leak),
        "leak_sentence": comparison_tables.leak_sentence(run.leak),
        "measures": observer_tables.measures_table(run),
        "observers": observer_tables.ranking_table(run, methods),
        "evidence": observer_tables.evidence_table(run),
        "shared_sentence": observer_tables.shared_sentence(run, methods),
        "paper3": paper_table("paper_table3", caption3, table3, "Task", "average"),
        "paper2": paper_table("paper_table2", caption2, table2, "Interval", paper.OVERALL),
        "counted": paper.tally_sentence(table3, table2),
        "tolerance": paper.TOLERANCE,
        "misleading": significance_tables.misleading(site.sources, run),
        "titles": site.titles,
        **differences(site),
    }


def differences(site: Site) -> dict[str, Any]:
    """Give what tells methods apart, the ranking under other choices, and misleading pools."""
    run, methods = site.run, site.methods
    if run.trust["significance"].empty:
        return {"comparisons": None, "ranked": [], "undecided": "", "choices": [], "within": None}
    return {
        "comparisons": significance_tables.comparisons_table(run, methods),
        "ranked": significance_tables.critical_figures(run, methods),
        "undecided": significance_tables.undecided_sentence(run),
        "choices": significance_tables.choice_tables(run, methods),
        "within": significance_tables.within_table(run, methods, site.sources),
    }


def by_stat(tables: list[Table]) -> dict[str, list[Table]]:
    """Put the tables of both splits of a statistic together."""
    grouped: dict[str, list[Table]] = {}
    for table in tables:
        grouped.setdefault(table.name.rpartition("_")[0], []).append(table)
    return grouped
