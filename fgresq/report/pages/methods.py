"""Every method of the catalogue: what it is, what the run has of it, what brings it in."""

from __future__ import annotations

from typing import Any

from fgresq.report.parts.method_tables import methods_table
from fgresq.report.site import Lacking, Page, Site

PAGE = Page("methods", "Methods", "What was measured with, and what could not be?")


def values(site: Site) -> dict[str, Any]:
    """Give the table of all methods, of the run asked for and of its stand-in."""
    runs = [site.asked, site.run] if site.is_stand_in else [site.asked]
    tables = [methods_table(run, site.catalogue.in_run(run.records)) for run in runs]
    found = [table for table in tables if table]
    if not found:
        raise Lacking("the run did not write what it has of every method", "Run make report")
    return {"tables": found}
