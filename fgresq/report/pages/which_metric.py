"""Which metric may be trusted: what agrees with people on sets that it was not trained on."""

from __future__ import annotations

from typing import Any

from fgresq.report.site import Lacking, Page, Site

PAGE = Page("which-metric", "Which metric?", "Which metric can be trusted for a task?")


def values(site: Site) -> dict[str, Any]:
    """Give the committed bench of agreement with people."""
    if site.transfer is None:
        raise Lacking("the bench of agreement with people is not here", "Run make human")
    return {"transfer": site.transfer}
