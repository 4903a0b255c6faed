"""Which metric may be trusted when the reference is not perfect: A-FINE and its kin, simulated."""

from __future__ import annotations

from typing import Any

from fgresq.audit.all_findings import audit_afine
from fgresq.report.pages.audit import material_of
from fgresq.report.parts import (
    imperfect_answer,
    imperfect_beside,
    imperfect_data,
    imperfect_examples,
    imperfect_figures,
    imperfect_people,
    imperfect_tables,
)
from fgresq.report.parts.audit_tables import MARKS, SYMBOLS
from fgresq.report.site import Lacking, Page, Site

PAGE = Page(
    "imperfect",
    "Imperfect references",
    "Which metric may be trusted when the reference is not perfect?",
)


def values(site: Site) -> dict[str, Any]:
    """Give what was measured on simulated observers, on people, and beside what is printed.

    Raises:
        Lacking: the tables of `make afine` are not there.
    """
    found, printed = site.imperfect, site.numbers.afine
    if not found.there:
        raise Lacking("reports/afine holds no accuracy of any method", "Run `make afine`")
    triplets = imperfect_examples.judged_triplets(found)
    return {
        "headline": imperfect_answer.headline(found),
        "extent": imperfect_answer.extent(found),
        "accuracy": imperfect_tables.accuracy_table(found),
        "averages": imperfect_tables.averages_table(found),
        "differences": imperfect_tables.differences_table(found),
        "labels": imperfect_tables.labels_table(found),
        "ablation": imperfect_tables.ablation_table(found),
        "trade": imperfect_figures.trade_figure(found),
        "scenarios": imperfect_figures.scenario_figure(found),
        "shares": imperfect_data.shares_table(found, printed),
        "facts": imperfect_data.facts(found),
        "turned": imperfect_data.turned_table(found),
        "scored": imperfect_people.people_tables(found),
        "scored_notes": imperfect_people.notes(found),
        "sriqa": imperfect_beside.sriqa_table(found),
        "beside": imperfect_beside.beside_tables(printed, found),
        "agreement": imperfect_examples.agreement_table(triplets),
        "examples": imperfect_examples.examples(found, triplets),
        "findings": [
            {"finding": each, "symbol": SYMBOLS[each.verdict], "mark": MARKS[each.verdict]}
            for each in audit_afine(material_of(site))
        ],
    }
