"""The pages of a report, in the order in which the navigation has them.

A page is a module here and a template, reports/templates/pages/NAME.html.j2 (docs/add-a-page.md).
"""

from __future__ import annotations

from typing import Any, Protocol

from fgresq.report.pages import (
    all_figures,
    audit,
    comparison,
    data,
    imperfect,
    index,
    intervals,
    methods,
    pairs,
    provenance,
    terms,
    training,
    which_metric,
)
from fgresq.report.site import Page, Site


class PageModule(Protocol):
    """What a module of a page has."""

    PAGE: Page

    def values(self, site: Site) -> dict[str, Any]:
        """Give what the page's template names.

        Raises:
            Lacking: the run has not what the page shows.
        """


PAGES: tuple[PageModule, ...] = (
    index,
    comparison,
    which_metric,
    imperfect,
    intervals,
    pairs,
    all_figures,
    training,
    data,
    methods,
    audit,
    provenance,
    terms,
)
