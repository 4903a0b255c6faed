"""The action `status`: what is here, what was published, and the next step for what is absent."""

from __future__ import annotations

import argparse
import json
from typing import Any

from fgresq.fetch.disk import human
from fgresq.fetch.items import chosen, read_items
from fgresq.fetch.state import record_of

HEADS = {"source": "Data sets", "weights": "Weights"}
COLUMNS = ("name", "state", "files", "size", "images", "published", "licence")
COUNTS = slice(4, 6)  # columns that weights have not


def cells(record: dict[str, Any]) -> list[str]:
    """Give the cells of one row."""
    images, contents = record["published_images"], record["published_contents"]
    published = f"{images:,}" if images else ""
    published += f" of {contents:,}" if images and contents else ""
    return [
        record["name"],
        "made" if record["made"] else record["state"],
        f"{record['files']:,}" if record["files"] else "",
        human(record["bytes"]) if record["bytes"] else "",
        f"{record['image_files']:,}" if record["image_files"] else "",
        published,
        " ".join(record["licence"].split()),
    ]


def table(records: list[dict[str, Any]]) -> str:
    """Lay records out as a table of text."""
    rows = [list(COLUMNS), *map(cells, records)]
    if records[0]["kind"] == "weights":
        rows = [row[: COUNTS.start] + row[COUNTS.stop :] for row in rows]
    widths = [max(map(len, column)) for column in list(zip(*rows, strict=True))[:-1]]
    lines = []
    for row in rows:
        padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        lines.append("  ".join([*padded, row[-1]]).rstrip())
    return "\n".join(lines)


def steps(records: list[dict[str, Any]]) -> list[str]:
    """Write the next step of every record that is not whole."""
    lines = []
    for record in records:
        if record["next_step"]:
            size = record["download_bytes"]
            note = f" ({record['note']})" if record["note"] else ""
            lines.append(
                f"  {record['name']}{note}: {record['next_step']}"
                + (f", {human(size)}" if size else "")
            )
    return ["Next steps:", *lines] if lines else []


def main(args: argparse.Namespace) -> None:
    """Print the state of what was named, or of everything.

    Raises:
        UserError: nothing is known of a name.
    """
    items = read_items()
    records = [record_of(item) for item in chosen(items, args.name) or items.values()]
    if args.json:
        print(json.dumps(records, indent=1, ensure_ascii=False))
        return
    for kind, head in HEADS.items():
        own = [record for record in records if record["kind"] == kind]
        if own:
            print("\n".join([head, table(own), *steps(own)]), end="\n\n")
    print("published: images of contents; image files here count references and masks too")
