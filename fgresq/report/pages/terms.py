"""The words of the report, each with what it means."""

from __future__ import annotations

from typing import Any

from fgresq.report.parts.glossary import TERMS
from fgresq.report.site import Page, Site

PAGE = Page("terms", "Terms", "What do the words and numbers mean?")


def values(site: Site) -> dict[str, Any]:
    """Give the terms; those of simulated observers only where there are some."""
    simulated = bool(site.run.simulated) or site.imperfect.there
    return {"terms": [term for term in TERMS if simulated or not term.simulated]}
