"""Whether an item is here: what is on disk, against its manifest and what was published."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fgresq.errors import UserError
from fgresq.fetch import manifest
from fgresq.fetch.disk import files_of, human, in_progress
from fgresq.fetch.items import PACKED, Item, shown
from fgresq.sources.label_files import label_paths
from fgresq.sources.layouts import labels_step, unlabelled

IMAGES = {".bmp", ".jp2", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}


@dataclass(frozen=True)
class State:
    """What is here of an item.

    Args:
        state: "present", "partial", "labels only" (its scores serve `fgresq labels`) or "absent".
        here: whether a fetch would bring nothing more.
        files: how many files.
        bytes: their size.
        images: how many of them are image files, references and masks among them.
        recorded: whether a manifest says what they must be.
        packed: archives among them that have to be unpacked by hand.
        note: why it is partial, or where its labels are; else empty.
        next_step: what to do to have it; empty where it is present.
    """

    state: str
    here: bool
    files: int = 0
    bytes: int = 0
    images: int = 0
    recorded: bool = False
    packed: Sequence[str] = ()
    note: str = ""
    next_step: str = ""


def count_images(names: Iterable[str]) -> int:
    """Count the names of image files."""
    return sum(Path(name).suffix.lower() in IMAGES for name in names)


def packed_in(item: Item, names: Collection[str]) -> list[str]:
    """Name the archives among an item's files, where the images seem to be in them still."""
    published = (item.entry.get("expected") or {}).get("images") or 1
    archives = [name for name in names if name.lower().endswith(PACKED)]
    return sorted(archives) if count_images(names) < published else []


def unpack_first(item: Item, packed: Sequence[str]) -> UserError:
    """Build the error for an item whose archives have to be unpacked by hand."""
    return UserError(
        f"{item.label}, {item.shown_folder}/{packed[0]}",
        f"{len(packed)} of its files are archives that are not unpacked here",
        unpack_step(item, packed),
    )


def unpack_step(item: Item, packed: Sequence[str]) -> str:
    """Say what to do about archives."""
    tool = "`unrar x`" if packed[0].lower().endswith(".rar") else "its own program"
    return (
        f"unpack {packed[0]} by hand in {item.shown_folder}, with {tool}, and run "
        f"`fgresq data check {item.name}`"
    )


def lacking(item: Item, files: Mapping[str, Path], unmet: list[str] | None) -> str:
    """Say what is lacking of an item that is here in part; empty: nothing is known to be.

    Args:
        unmet: recorded files that are missing or of another size; None: nothing is recorded.
    """
    if unmet:
        return f"{len(unmet)} recorded files are missing or changed, such as {unmet[0]}"
    if item.folder is None:
        names = [name for part in item.hubs for name in part["files"]]
        return "" if len(files) == len(names) else f"{len(files)} of {len(names)} files are here"
    expected, images = item.entry.get("expected") or {}, count_images(files)
    published, references = expected.get("images"), 0
    if item.entry.get("comparability") == "reference":  # then each content has one of its own
        references = expected.get("contents") or 0
    if published and images < published + references:
        beside = f" and {references} references" if references else ""
        return f"{images} image files are here, {published} images{beside} were published"
    return ""


def step_of(item: Item, packed: Sequence[str], fetched: bool, unread: bool) -> str:
    """Say what brings in an item that is not whole.

    Args:
        packed: archives that have to be unpacked by hand.
        fetched: all that a fetch brings is here.
        unread: no more than the labels are known to be missing.
    """
    if packed:
        return unpack_step(item, packed)
    if unread and (fetched or not item.fetchable or own_table(item)):
        return labels_step(item.entry)
    return item.steps if fetched else item.next_step


def own_table(item: Item) -> bool:
    """Tell whether a person writes an item's labels, so that no fetch brings them."""
    return item.entry.get("adapter") == "folder"


def state_of(item: Item) -> State:
    """Give the state of an item; reads names and sizes, hashes nothing, reaches no network."""
    if item.made:
        return State(state="present", here=True)
    files, unmet, coming = files_of(item), manifest.wanting(item), in_progress(item)
    fetched = unmet == [] and manifest.complete(item)  # all that a fetch brings is here
    packed = packed_in(item, files) if manifest.is_packed(item, files) else []
    short = lacking(item, files, unmet) if files else ""
    unread = unlabelled(item.entry, files) if files and not short else ""
    note = f"{packed[0]} is not unpacked" if packed else short or unread
    if not files and coming:
        note = f"{human(coming)} are fetched so far"
    state = "partial" if note else "present" if files else "absent"
    labels = item.entry.get("labels")
    if state == "absent" and labels and (found := label_paths(labels)):
        state, note = "labels only", f"its scores are in {shown(found[0])}; for the images"
    step = "" if state == "present" else step_of(item, packed, fetched, bool(unread))
    brought = fetched or bool(unread and own_table(item))
    return State(
        state=state,
        here=state == "present" or (bool(files) and brought),
        files=len(files),
        bytes=sum(path.stat().st_size for path in files.values() if path.exists()),
        images=count_images(files),
        recorded=unmet is not None,
        packed=packed,
        note=note,
        next_step=step,
    )


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
