"""Results of another version of fgresq: told, set aside, and made anew; never misread.

Every folder of results has a file that says of which layout it is. A folder that holds results and
does not say this one is moved below work/older as it is, whatever Snakemake remembers of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from fgresq.files import write_json

LAYOUT = 2  # raise it where steps read each other's files in another form, or elsewhere
MARK = "layout.json"
OLDER = Path("work/older")
LOOKS = re.compile(
    "-[aFfkpqt]*[nlSD][aFfkpqtnlSD]*"  # flags may stand together, as -np
    "|--(dry-?run|lint|summary|detailed-summary|list(-[a-z-]+)?|l[ciptu]"
    "|dag|rulegraph|filegraph|d3dag|report|archive)(=.*)?"
)


def layout_of(folder: Path) -> int | None:
    """Give the layout that a folder of results says it is of; None where it says none."""
    try:
        found = json.loads((folder / MARK).read_text(encoding="utf-8"))
        return int(found["layout"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def holds_results(folder: Path) -> bool:
    """Say whether anything but the mark lies in a folder."""
    return folder.is_dir() and any(path.name != MARK for path in folder.iterdir())


def looks_only(call: Iterable[str]) -> bool:
    """Tell whether a call of snakemake is to change nothing: a dry run, a lint, a list, a graph.

    Snakemake itself does not know it yet while it reads the rules.
    """
    return any(LOOKS.fullmatch(word) for word in call)


def aside(folder: Path) -> Path:
    """Give a free place below work/older for a folder."""
    name, number = "-".join(folder.parts), 1
    while (OLDER / f"{name}-{number}").exists():
        number += 1
    return OLDER / f"{name}-{number}"


def set_aside(folders: Iterable[str | Path]) -> list[str]:
    """Move folders of results of another layout away.

    Returns:
        A line for each that was moved.
    """
    told = []
    for folder in map(Path, folders):
        found = layout_of(folder)
        if found == LAYOUT or not holds_results(folder):
            continue
        place = aside(folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        folder.rename(place)
        told.append(
            f"{folder}: these results are of another version of fgresq (layout {found or 1}, "
            f"this is {LAYOUT}). They lie in {place} now and are made anew; remove that when "
            "you need them no more."
        )
    return told


def mark(folders: Iterable[str | Path]) -> None:
    """Say in folders that are about to be written to of which layout they are."""
    for folder in map(Path, folders):
        if layout_of(folder) != LAYOUT:
            write_json(folder / MARK, {"layout": LAYOUT})
