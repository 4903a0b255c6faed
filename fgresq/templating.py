"""Templates of pages: escaped, and a name that is not given is a fault."""

from __future__ import annotations

from pathlib import Path

import jinja2


def templates(*folders: Path) -> jinja2.Environment:
    """Give the templates of folders, the first of a name."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
