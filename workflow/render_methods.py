"""Render the table of docs/methods.md: `python workflow/render_methods.py`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))
from fgresq import workspace
from fgresq.scoring.listing import memory_of
from fgresq.settings import read_yaml

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs/methods.md"
BEGIN, END = "<!-- table: python workflow/render_methods.py -->\n", "<!-- end of table -->\n"


def line(name: str, entry: Mapping[str, Any]) -> str:
    """Give a method's row."""
    kind = "trained " * entry["trained"] + entry["kind"]
    cells = [entry["title"], f"`{name}`", kind, entry["direction"]]
    cells += [memory_of(entry), entry["convention"], entry["licence"]]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def table() -> str:
    """Give the rows of all methods."""
    entries = read_yaml(workspace.packaged("methods.yaml"))
    heads = "method", "name", "kind", "better", "memory", "convention", "licence"
    head = "| " + " | ".join(heads) + " |\n" + "|---" * len(heads) + "|\n"
    return head + "".join(line(name, entry) for name, entry in entries.items())


def render() -> str:
    """Give the text of docs/methods.md with the table as it should be."""
    before, _, rest = TARGET.read_text(encoding="utf-8").partition(BEGIN)
    return before + BEGIN + table() + END + rest.partition(END)[2]


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
