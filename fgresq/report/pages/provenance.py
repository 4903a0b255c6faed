"""Where the numbers come from: commit, settings, versions, devices, seeds."""

from __future__ import annotations

from typing import Any

from fgresq.analysis.roles import measure_of
from fgresq.report.parts.machines import machines_sentences
from fgresq.report.parts.provenance_table import provenance_table
from fgresq.report.site import Page, Site

PAGE = Page("provenance", "Provenance", "From which commit, settings and machine is all this?")


def values(site: Site) -> dict[str, Any]:
    """Give the record of each run, what may differ between processors, and what is lacking."""
    runs = [site.asked, site.run] if site.is_stand_in else [site.asked]
    return {
        "records": [table for run in runs for table in [provenance_table(run)] if table],
        "machines": machines_sentences(
            site.machines, site.run.preset, measure_of(site.run.records)
        ),
        "lacking_files": [path for run in runs for path in run.lacking],
    }
