"""What the paper's numbers do not say: each claim about them, tested when the page is made."""

from __future__ import annotations

import re
from typing import Any

from fgresq.audit.all_findings import audit, audit_afine
from fgresq.audit.finding import FAILS, HOLDS, UNTOLD, Finding, Material
from fgresq.audit.restriction import beside
from fgresq.report.parts.audit_figures import lattice_figure, signs_figure
from fgresq.report.parts.audit_tables import (
    MARKS,
    SYMBOLS,
    evidence_table,
    made_of,
    nulls_beside,
    summary_table,
)
from fgresq.report.site import Page, Site

# a verdict said of several claims
MANY = {HOLDS: "hold", FAILS: "do not hold", UNTOLD: "cannot be told"}
AFINE = "Claims about the numbers printed on A-FINE, each tested."
MINUS = re.compile(r"(?<!\w)-(?=\d)")  # a hyphen that is a sign
PAGE = Page("audit", "Audit", "What do the paper's numbers not say?")


def values(site: Site) -> dict[str, Any]:
    """Give the table of all findings, then each with its evidence; and what is wrong with files."""
    material = material_of(site)
    findings, afine = audit(material), audit_afine(material)
    return {
        "summary": summary_table(findings),
        "counted": counted(findings),
        "faults": material.printed.faults + material.afine.faults,
        "findings": [shown(found, material, site.run.preset) for found in findings],
        "afine": {
            "summary": summary_table(afine, "audit_afine", AFINE),
            "counted": counted(afine),
            "findings": [shown(found, material, site.run.preset) for found in afine],
        },
    }


def material_of(site: Site) -> Material:
    """Take from a site what the audit is computed from."""
    labels, run = site.labels, site.run
    tables = (labels.counts, labels.nulls, labels.intervals)
    return Material(
        *(site.numbers.printed, labels.records, *tables, run.leak),
        afine=site.numbers.afine,
        original_wins=site.imperfect.original_wins,
    )


def counted(findings: list[Finding]) -> str:
    """Count the findings by verdict."""
    verdicts = [found.verdict for found in findings]
    counts = {name: verdicts.count(name) for name in SYMBOLS if name in verdicts}
    said = [f"{n} {name if n == 1 else MANY[name]}" for name, n in counts.items()]
    return f"Of {len(findings)} claims {', '.join(said)}."


def shown(finding: Finding, material: Material, preset: str) -> dict[str, Any]:
    """Give a finding with the look of its verdict, its tables and its figure."""
    table = evidence_table(finding, preset)
    tables, drawn = [table] if table else [], None
    if finding.name == "restriction" and finding.holds is not None:
        tables.append(nulls_beside(beside(material), made_of(finding, preset)))
    if finding.name == "few_images":
        drawn = lattice_figure(material, finding)
    if finding.name == "signs":
        drawn = signs_figure(material)
    return {
        "finding": finding,
        "found": MINUS.sub("−", finding.found),
        "symbol": SYMBOLS[finding.verdict],
        "mark": MARKS[finding.verdict],
        "tables": tables,
        "picture": drawn,
    }
