"""Manifests: the files of an item as they were when it was fetched or first checked.

NAME.json in data/manifests holds `files` (path below the item's folder, bytes, sha256), `downloads`
(address, bytes and sha256 of every file that was downloaded), `hub` (repository and commit) and
`packed` (archives among the files that a person has yet to unpack).
What an entry gives no hash for is trusted when it is first fetched; the manifest then holds it to
the same bytes. Of a data set whose files are listed in the package's data (`files` of its entry)
that list is what they must be; `published` gives it in the form of a manifest. Weights out of a
package have their card.json instead, which the pipeline writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from fgresq import workspace
from fgresq.errors import UserError
from fgresq.fetch.disk import files_of
from fgresq.fetch.items import Item
from fgresq.files import read_json, sha256, write_json
from fgresq.records import FileRow
from fgresq.sources.release import released_files

WHOLE = ("fetched", "found in the cache")  # origins of all that a fetch brings


def path_of(item: Item) -> Path:
    """Give the place of an item's manifest."""
    if "package" in item.entry:
        return Path(item.folder or "", "card.json")
    return workspace.manifests() / f"{item.name}.json"


def read(item: Item) -> dict[str, Any] | None:
    """Read an item's manifest, or None where there is none.

    Raises:
        UserError: it is damaged.
    """
    path = path_of(item)
    if not path.exists():
        return None
    found = read_json(path)
    try:
        if "package" in item.entry:
            files = found["files"].items()
            return {"files": [{"path": n, "bytes": None, "sha256": s} for n, s in files]}
        for row in found["files"]:
            row["path"], row["bytes"], row["sha256"]
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(
            path, f"no manifest ({error!r})", f"Remove it and run `fgresq data check {item.name}`"
        ) from error
    return found


def published(item: Item) -> dict[str, Any] | None:
    """Give the files that an item was released with, hashes cut short; None: none is known."""
    rows = [
        {"path": name, "bytes": known.bytes, "sha256": known.hash}
        for name, known in released_files(item.entry).items()
    ]
    return {"files": rows} if rows else None


def hash_files(item: Item, files: Mapping[str, Path]) -> list[FileRow]:
    """Give path, bytes and SHA-256 of files, in order of their names.

    Raises:
        UserError: a file cannot be read.
    """
    rows: list[FileRow] = []
    for name in tqdm(sorted(files), desc=f"hashing {item.name}", unit="file", disable=None):
        try:
            rows.append(
                {"path": name, "bytes": files[name].stat().st_size, "sha256": sha256(files[name])}
            )
        except OSError as error:
            raise UserError(
                f"{item.label}, {files[name]}",
                f"it cannot be read ({error.strerror})",
                "Remove it, or mend the link or its permissions",
            ) from error
    return rows


def write(item: Item, files: list[FileRow], origin: str, **more: list[Any]) -> None:
    """Write an item's manifest.

    Args:
        files: path, bytes and sha256, as `hash_files` gives them.
        origin: "fetched", "placed by hand" or "found in the cache".
        more: downloads (url, bytes, sha256), hub (hub, commit), packed (names of archives that a
            person has yet to unpack); each empty where it is not given.
    """
    value = {"name": item.name, "folder": item.shown_folder, "origin": origin, "files": files}
    value |= {"licence": item.entry["licence"], "terms": item.terms}
    write_json(path_of(item), {**value, "downloads": [], "hub": [], "packed": [], **more})


def known_hash(item: Item, url: str) -> str | None:
    """Give the SHA-256 that a download had when it was first fetched, if it ever was."""
    downloads = (read(item) or {}).get("downloads", [])
    return next((row["sha256"] for row in downloads if row["url"] == url), None)


def known_commit(item: Item, repository: str) -> str | None:
    """Give the commit of the Hub that was fetched first, if any was."""
    hub = (read(item) or {}).get("hub", [])
    return next((row["commit"] for row in hub if row["hub"] == repository), None)


@dataclass(frozen=True)
class Differences:
    """How the files of an item differ from its manifest; each a sorted list of names."""

    missing: list[str]
    changed: list[str]
    surplus: list[str]


def compare(item: Item, rows: list[FileRow], manifest: Mapping[str, Any]) -> Differences:
    """Compare hashed files with a manifest, whose hashes may be cut short."""
    recorded = {row["path"]: row["sha256"] for row in manifest["files"]}
    found = {row["path"]: row["sha256"] for row in rows}
    both = recorded.keys() & found.keys()
    return Differences(
        missing=sorted(recorded.keys() - found.keys()),
        changed=sorted(name for name in both if not found[name].startswith(recorded[name])),
        surplus=sorted(found.keys() - recorded.keys()),
    )


def wanting(item: Item) -> list[str] | None:
    """Name the recorded files that are not there or of another size; None: nothing is recorded.

    It reads no file's content, so it is quick where `compare` is sure.
    """
    manifest = published(item) or read(item)
    if manifest is None:
        return None
    files, names = files_of(item), []
    for row in manifest["files"]:
        path = files.get(row["path"])
        if path is None or row["bytes"] not in (None, path.stat().st_size):
            names.append(row["path"])
    return names


def complete(item: Item) -> bool:
    """Tell whether the recorded files are all that a fetch brings, not what a person had."""
    manifest = read(item) or {}
    return "package" in item.entry or manifest.get("origin") in WHOLE


def is_packed(item: Item, files: Mapping[str, Path]) -> bool:
    """Tell whether archives were fetched among these files, and none has been unpacked since."""
    manifest = read(item) or {}
    names = {row["path"] for row in manifest.get("files", [])}
    return bool(manifest.get("packed")) and not files.keys() - names
