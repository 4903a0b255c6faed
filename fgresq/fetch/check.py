"""The action `check`: hash what is here and compare it with its manifest."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from typing import Any

from fgresq.errors import UserError
from fgresq.fetch import manifest
from fgresq.fetch.disk import files_of, some_files
from fgresq.fetch.items import Item, chosen, read_items
from fgresq.fetch.state import state_of, unpack_first
from fgresq.records import FileRow

SHOWN = 10  # names of each kind; --json gives all
BAD = ("absent", "differs", "packed")
KINDS = ("missing", "changed", "surplus")


def check(item: Item) -> dict[str, Any]:
    """Compare one item with its manifest; write the manifest where there is none.

    What was fetched packed is recorded again once it has been unpacked. A data set whose released
    files are known is compared with those.

    Returns:
        name, folder, state ("as released", "as recorded", "recorded now", "differs", "packed" or
        "absent"), files, note, and the names of missing, changed and surplus files.
    """
    files, recorded, before = files_of(item), manifest.read(item), state_of(item)
    result = {"name": item.name, "folder": item.shown_folder, "files": len(files), "note": ""}
    result |= {kind: [] for kind in KINDS}
    if before.packed or not (files or recorded):
        state = "packed" if before.packed else "absent"
        return result | {"state": state, "note": before.next_step}
    rows = manifest.hash_files(item, files)
    if released := manifest.published(item):
        return result | compared(item, rows, released, "as released")
    if recorded is None or recorded.get("packed"):
        origin = {key: (recorded or {}).get(key, []) for key in ("downloads", "hub")}
        manifest.write(item, rows, "fetched" if recorded else "placed by hand", **origin)
        return result | {"state": "recorded now", "note": state_of(item).note}
    return result | compared(item, rows, recorded, "as recorded")


def compared(
    item: Item, rows: list[FileRow], wanted: Mapping[str, Any], good: str
) -> dict[str, Any]:
    """Compare hashed files with a manifest: the state, `good` where they agree, and differences."""
    found = manifest.compare(item, rows, wanted)
    return {**vars(found), "state": "differs" if found.missing or found.changed else good}


def lines_of(result: dict[str, Any]) -> list[str]:
    """Write what a check found."""
    note = f" ({result['note']})" if result["note"] else ""
    lines = [f"{result['name']}: {result['state']}, {some_files(result['files'])}{note}"]
    for kind in KINDS:
        names = result[kind]
        lines += [f"  {kind}: {name}" for name in names[:SHOWN]]
        if len(names) > SHOWN:
            lines.append(f"  {kind}: {len(names) - SHOWN} more (--json names all)")
    if result["surplus"] and result["state"] != "as released":
        lines.append("  surplus files are kept; to record them remove the manifest and check again")
    return lines


def fail(item: Item, result: dict[str, Any]) -> UserError:
    """Build the error for an item that is absent, packed or not as recorded."""
    if result["state"] == "packed":
        return unpack_first(item, state_of(item).packed)
    if result["state"] == "absent":
        return UserError(item.label, f"there is nothing in {item.shown_folder}", result["note"])
    first = (result["missing"] + result["changed"])[0]
    again = f"run `{item.command}`" if item.fetchable else f"place them again: {item.steps}"
    counts = f"{len(result['missing'])} files are missing and {len(result['changed'])} "
    if manifest.published(item):
        return UserError(
            f"{item.label}, {first}",
            f"{counts}are not those released",
            f"Move {item.shown_folder} away and {again}",
        )
    return UserError(
        f"{item.label}, {first}",
        f"{counts}changed since they were recorded",
        f"Move the changed ones away and {again}; if the change is meant, remove "
        f"{manifest.path_of(item)} and check again",
    )


def main(args: argparse.Namespace) -> None:
    """Check what was named, or all that is here or was recorded.

    Raises:
        UserError: something is absent, missing or changed; the first of them and how many.
    """
    items = read_items()
    found = [i for i in items.values() if files_of(i) or (manifest.read(i) and not i.made)]
    results = {item.name: check(item) for item in (chosen(items, args.name) or found)}
    if args.json:
        print(json.dumps(list(results.values()), indent=1, ensure_ascii=False))
    elif not results:
        print("nothing is in place yet; `fgresq data status` lists what there is to bring in")
    else:
        print("\n".join(line for result in results.values() for line in lines_of(result)))
    bad = [name for name, result in results.items() if result["state"] in BAD]
    if bad:
        raise fail(items[bad[0]], results[bad[0]])
