"""Whether an item is here: what is on disk, against its manifest and what was published."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fgresq.fetch import manifest
from fgresq.fetch.disk import files_of, human, in_progress
from fgresq.fetch.items import Item

IMAGES = {".bmp", ".jp2", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}


@dataclass(frozen=True)
class State:
    """What is here of an item.

    Args:
        state: "present", "partial" or "absent".
        files: how many files.
        bytes: their size.
        images: how many of them are image files, references and masks among them.
        recorded: whether a manifest says what they must be.
        note: why it is partial; else empty.
        next_step: what to do to have it; empty where it is present.
    """

    state: str
    files: int
    bytes: int
    images: int
    recorded: bool
    note: str
    next_step: str


def lacking(item: Item, files: dict[str, Path], images: int, unmet: list[str] | None) -> str:
    """Say what is lacking of an item that is here in part; empty: nothing is known to be.

    Args:
        images: how many image files there are.
        unmet: recorded files that are missing or of another size; None: nothing is recorded.
    """
    if unmet:
        return f"{len(unmet)} recorded files are missing or changed, such as {unmet[0]}"
    if item.folder is None:
        names = [name for part in item.hubs for name in part["files"]]
        return "" if len(files) == len(names) else f"{len(files)} of {len(names)} files are here"
    published = (item.entry.get("expected") or {}).get("images")
    if unmet is None and published and images < published:
        return f"{images} image files are here, {published} images were published"
    return ""


def state_of(item: Item) -> State:
    """Give the state of an item; reads names and sizes, hashes nothing, reaches no network."""
    if item.made:
        return State("present", 0, 0, 0, False, "", "")
    files = files_of(item)
    size = sum(path.stat().st_size for path in files.values() if path.exists())
    images = sum(path.suffix.lower() in IMAGES for path in files.values())
    unmet, coming = manifest.wanting(item), in_progress(item)
    note = lacking(item, files, images, unmet) if files else ""
    if not files and coming:
        note = f"{human(coming)} are fetched so far"
    state = "partial" if note else "present" if files else "absent"
    step = f"run `{item.command}`" if item.fetchable else item.steps
    step = "" if state == "present" else step
    return State(state, len(files), size, images, unmet is not None, note, step)


def record_of(item: Item) -> dict[str, Any]:
    """Give the state of an item as `fgresq data status --json` shows it."""
    state = state_of(item)
    expected = item.entry.get("expected") or {}
    sizes = [part.get("bytes") for part in item.urls]
    known = bool(sizes) and None not in sizes and not item.hubs
    return {
        "name": item.name,
        "kind": item.kind,
        "title": item.entry["title"],
        "state": state.state,
        "note": state.note,
        "folder": item.shown_folder,
        "files": state.files,
        "bytes": state.bytes,
        "image_files": state.images,
        "published_images": expected.get("images"),
        "published_contents": expected.get("contents"),
        "recorded": state.recorded,
        "download_bytes": sum(sizes) if known else None,
        "licence": item.entry["licence"],
        "terms": item.terms,
        "made": item.made,
        "next_step": state.next_step,
    }
