"""List the methods: what each is, what it takes, and whether it can run here.

    fgresq methods              all of them, with the next step that brings an absent one in
    fgresq methods niqe         one of them, in full
    fgresq methods --json       the same for programs

KIND: FR compares an image with its reference, NR looks at the image alone. BETTER: which values.
MEMORY: RAM is the peak of the process for 1024 x 768 pixels, and what each megapixel more (MP)
adds; GPU that of the device (docs/methods.md says how measured).
STATE: present (it runs here: `fgresq score NAME --images FOLDER --out scores.csv`), absent (why,
and what to do, stand below), trained (fitted to labels in each run of a preset that names it).
To have a method in a report, name it under `methods` of a preset in config/config.yaml. To add one
of yours: docs/add-a-method.md.
"""

from __future__ import annotations

import argparse
import json
import textwrap
from collections.abc import Mapping
from typing import Any

from fgresq import workspace
from fgresq.catalogues import add_methods, methods_file, read_methods
from fgresq.errors import unknown
from fgresq.scoring.registry import absence, check_modules

WIDTH = 100
HEADS = ("NAME", "KIND", "BETTER", "RANGE", "MEMORY", "STATE", "LICENCE")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument("name", nargs="?", help="one method, in full")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_methods(parser)


def here(name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Give an entry of the catalogue of methods with its state on this machine and its absence."""
    absent = absence(name, entry)
    if "needs" in entry:
        entry = {**entry, "needs": workspace.told(entry["needs"])}
    if absent:
        return {**entry, "state": "absent", "absent": absent.record()}
    return {**entry, "state": "trained" if entry["trained"] else "present", "absent": None}


def range_of(entry: Mapping[str, Any]) -> str:
    """Write the range of values; an open end is left out."""
    low, high = ("" if end is None else f"{end:g}" for end in entry["range"])
    return f"{low}..{high}" if low or high else "any"


def memory_of(entry: Mapping[str, Any]) -> str:
    """Write the memory that a method takes, of what; a dash where it was not measured."""
    kinds = {"memory": "RAM", "gpu_memory": "GPU"}
    more = {"memory": entry.get("memory_per_megapixel", 0)}
    parts = [
        f"{entry[key]:g}{f' + {more[key]:g}/MP' if more.get(key) else ''} GiB {of}"
        for key, of in kinds.items()
        if key in entry
    ]
    return ", ".join(parts) or "–"


def cells(name: str, entry: Mapping[str, Any]) -> tuple[str, ...]:
    """Give the cells of a method's line."""
    licence = textwrap.shorten(entry["licence"], 40, placeholder=" …")
    ends, memory = range_of(entry), memory_of(entry)
    return (name, entry["kind"], entry["direction"], ends, memory, entry["state"], licence)


def table(entries: Mapping[str, Mapping[str, Any]]) -> str:
    """Write the methods, one a line; what is absent has its reason and next step below it."""
    rows = {name: cells(name, entry) for name, entry in entries.items()}
    widths = [max(map(len, column)) for column in zip(HEADS, *rows.values(), strict=True)]

    def line(row: tuple[str, ...]) -> str:
        return "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).strip()

    lines = [line(HEADS)]
    for name, row in rows.items():
        lines += [line(row), *told(entries[name]["absent"], "    ")]
    absent = sum(entry["absent"] is not None for entry in entries.values())
    return "\n".join([*lines, "", f"{len(rows)} methods, {absent} of them absent here"])


def told(absent: Mapping[str, str] | None, indent: str) -> list[str]:
    """Write an absence as lines."""
    if absent is None:
        return []
    text = f"{absent['code']}: {absent['reason']}. Next step: {absent['next_step']}."
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent)


def details(name: str, entry: Mapping[str, Any]) -> str:
    """Write all that is known of a method."""
    shown = {
        "kind": "full reference" if entry["kind"] == "FR" else "no reference",
        "better": f"{entry['direction']} values",
        "range": range_of(entry),
        "state": entry["state"],
        "needs": entry.get("needs", "–"),
        "memory": memory_of(entry),
        "weights": ", ".join(entry.get("weights", [])) or "–",
        "options": "; ".join(f"{k}: {v}" for k, v in entry.get("options", {}).items()) or "–",
        "convention": entry["convention"],
        "role": entry["role"],
        "licence": entry["licence"],
        "reference": entry["reference"],
    }
    lines = [f"{name}: {entry['title']}"]
    for key, value in shown.items():
        lines += textwrap.wrap(
            value, WIDTH, initial_indent=f"  {key:12}", subsequent_indent=" " * 14
        )
    return "\n".join([*lines, *told(entry["absent"], "  ")])


def main(args: argparse.Namespace) -> None:
    """Run the command."""
    known = read_methods(args.methods)
    check_modules(known)
    if args.name and args.name not in known:
        raise unknown(methods_file(args.methods), "method", args.name, known)
    chosen = [args.name] if args.name else list(known)
    found = {name: here(name, known[name]) for name in chosen}
    if args.json:
        print(json.dumps(found, indent=1, ensure_ascii=False))
    else:
        print(details(args.name, found[args.name]) if args.name else table(found))
