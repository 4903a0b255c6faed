"""Rendering of templates: autoescape on, undefined names are errors."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from fgresq import workspace
from fgresq.errors import UserError
from fgresq.files import write_csv, write_text
from fgresq.report.cells import Table
from fgresq.templating import templates

MAX_BYTES = 5_000_000


def with_code(words: str) -> Markup:
    """Escape words, and mark up what stands in backticks as code, as commands are written."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(words))))


def render(template: str, **values: Any) -> str:
    """Render a template of `reports/templates`."""
    environment = templates(workspace.reports("templates"))
    environment.filters["with_code"] = with_code
    return environment.get_template(template).render(**values)


def write_page(out: str | Path, html: str, tables: Iterable[Table] = ()) -> None:
    """Write a page and, beside it, the CSV of each of its tables.

    Raises:
        UserError: the page is over 5 MB.
    """
    if len(html.encode()) > MAX_BYTES:
        raise UserError(out, "the page is over 5 MB", "Lower `report: gallery` in the settings")
    for table in tables:
        write_csv(Path(out).parent / "tables" / f"{table.name}.csv", table.frame)
    write_text(out, html)
