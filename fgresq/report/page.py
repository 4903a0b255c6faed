"""Writing of pages: autoescape on, undefined names are errors, each table beside them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from fgresq import workspace
from fgresq.errors import UserError, capital
from fgresq.files import write_csv, write_text
from fgresq.report.parts.cells import Table
from fgresq.report.parts.latex import latex
from fgresq.templating import templates

MAX_BYTES = 5_000_000
TABLES = "tables"  # beside the pages: of every table NAME.csv and NAME.tex


def with_code(words: str) -> Markup:
    """Escape words, and mark up what stands in backticks as code, as commands are written."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(words))))


def render(template: str, **values: Any) -> str:
    """Render a template of `reports/templates`, or of those that commands share with the report."""
    environment = templates(workspace.reports("templates"), workspace.packaged("templates"))
    environment.filters |= {"with_code": with_code, "sentence": capital, "latex": latex}
    return environment.get_template(template).render(**values)


def write_page(out: str | Path, html: str, tables: Iterable[Table] = ()) -> None:
    """Write a page and, beside it, each of its tables as CSV and as LaTeX.

    Raises:
        UserError: the page is over 5 MB.
    """
    if len(html.encode()) > MAX_BYTES:
        raise UserError(out, "the page is over 5 MB", "Lower `report: pairs` in the settings")
    folder = Path(out).parent / TABLES
    for table in tables:
        write_csv(folder / f"{table.name}.csv", table.frame)
        write_text(folder / f"{table.name}.tex", latex(table))
    write_text(out, html)


def all_tables(value: Any) -> list[Table]:
    """Collect the tables in nested lists, mappings and records, in their order."""
    if isinstance(value, Table):
        return [value]
    if is_dataclass(value):
        inner: Iterable[Any] = vars(value).values()
    elif isinstance(value, dict):
        inner = value.values()
    else:
        inner = value if isinstance(value, list | tuple) else ()
    return [table for item in inner for table in all_tables(item)]
