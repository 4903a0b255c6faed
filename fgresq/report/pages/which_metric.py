"""Which metric may be trusted for a task, how large a difference counts, and what it costs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fgresq.report.parts import (
    gap_tables,
    margin_tables,
    recommendations,
    restorer_tables,
    significance_tables,
)
from fgresq.report.parts.cells import Table
from fgresq.report.results import Run
from fgresq.report.site import Lacking, Page, Site

PAGE = Page("which-metric", "Which metric?", "Which metric can be trusted for a task?")
SENTENCES = 3  # methods whose differences are told in words


def values(site: Site) -> dict[str, Any]:
    """Give what people's ratings say, then what this run does, by gap, by difference, by restorer.

    Raises:
        Lacking: neither the step `trust` of this run nor any committed ratings are there.
    """
    run, methods, costs = site.run, site.methods, site.costs.by_method
    people = recommendations.people_table(site.transfer)
    if run.trust["gaps"].empty and people is None:
        reason = "which metric to trust was not worked out for this run, and no ratings are here"
        again = f"Run snakemake --cores all --config preset={run.preset}"
        raise Lacking(reason, f"{again}, or make human for the ratings")
    return {
        "rated": people,
        "every_row": site.transfer.tables if site.transfer else [],
        "ratings": site.ratings,
        "heading": recommendations.heading(run),
        "worked_out": not run.trust["gaps"].empty,
        "leads": of_file(site, recommendations.lead_table(run, methods, costs), "significance"),
        "gaps": of_file(site, gap_tables.gap_table(run, methods, costs), "gaps"),
        "gap_figure": gap_tables.gap_figure(run, methods),
        "cost_sentence": site.costs.sentence,
        "sentences": told(run, site),
        "margins": of_file(site, margin_tables.margin_table(run, methods), "margin_steps"),
        "margin_figure": margin_tables.margin_figure(run, methods),
        "restorers": of_file(site, restorer_tables.restorer_table(run, methods), "restorers"),
        "undecided": significance_tables.undecided_sentence(run),
    }


def of_file(site: Site, table: Table | None, name: str) -> Table | None:
    """Say of a table in which file of the step `trust` its rows stand."""
    return table and replace(table, made=site.made(f"analysis/{{preset}}/{name}.csv"))


def told(run: Run, site: Site) -> list[str]:
    """Say in words what a difference is worth: of PSNR, of LPIPS, of the method that leads."""
    table = run.trust["gaps"]
    own = table[table["task"].eq("average") & table["gap"].eq("all")].dropna(subset=["value"])
    ordered = own.sort_values("value", ascending=False)["method"]
    ranked = [m for m in ordered if significance_tables.with_trivial(site.methods).ranked(m)]
    usual = [name for name in ("psnr", "lpips") if name in ranked]
    names = list(dict.fromkeys([*usual, *ranked]))[:SENTENCES]
    return [margin_tables.sentence_of(run, site.methods, name) for name in names]
