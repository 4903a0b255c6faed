"""One download: attempts until it is whole, its hash, and its place."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from time import sleep

from fgresq.fetch.disk import human
from fgresq.fetch.items import shown
from fgresq.fetch.server import Cut, Patience, Wanted, attempt
from fgresq.files import sha256

LONGEST_PAUSE = 60.0  # s


def persist(wanted: Wanted, patience: Patience) -> None:
    """Repeat attempts until the file is whole, with pauses that grow while nothing new comes."""
    failures = 0
    while True:
        before = wanted.have
        try:
            attempt(wanted, patience)
            return
        except Cut as cut:
            failures = 0 if wanted.have > before else failures + 1
            if failures > patience.retries:
                kept = f" ({human(wanted.have)} are kept in {shown(wanted.part)})"
                wanted.fail(
                    f"{cut}; nothing new came in {failures} attempt{'s' * (failures > 1)} in a row"
                    + kept * bool(wanted.have),
                    f"Run `{wanted.item.command}` again later, to go on from there, or get it by "
                    f"hand: {wanted.item.steps}",
                )
            pause = patience.pause * 2 ** max(failures - 1, 0)
            wait = min(cut.wait or pause, LONGEST_PAUSE)
            logging.info("%s: %s; trying again in %g s", wanted.item.label, cut, wait)
            sleep(wait)


def set_aside(path: Path) -> Path:
    """Rename a wrong file to NAME.wrong, so that it is neither used nor lost; give that name.

    A second one is called NAME.2.wrong, and so on.
    """
    path = path.resolve()
    name = path.name.removesuffix(".part")
    numbers = ("", *(f".{number}" for number in range(2, len(list(path.parent.iterdir())) + 2)))
    names = (path.with_name(f"{name}{number}.wrong") for number in numbers)
    wrong = next(free for free in names if not free.exists())
    os.replace(path, wrong)
    return wrong


def check_hash(wanted: Wanted, path: Path) -> str:
    """Give the SHA-256 of a downloaded file.

    Raises:
        UserError: it is not the one wanted; the file is set aside.
    """
    found = sha256(path)
    if wanted.sha256 in (None, found):
        return found
    wrong = set_aside(path)
    wanted.mark.unlink(missing_ok=True)
    expected = "the entry's" if wanted.pinned else "that of the first fetch,"
    wanted.fail(
        f"its SHA-256 is {found}, not {expected} {wanted.sha256}; it was set aside as "
        f"{shown(wrong)}",
        f"Run `{wanted.item.command}` again; if that ends alike, the file has been replaced: "
        f"compare it with its publisher's word. {wanted.by_hand}",
    )


def download(wanted: Wanted, patience: Patience) -> str:
    """Bring one file to its place, unless it is there; give its SHA-256.

    Raises:
        UserError: it cannot be had, is not what was asked for, or the disk is full.
        KeyboardInterrupt: it was stopped; what came is kept.
    """
    if wanted.path.exists():
        return check_hash(wanted, wanted.path)
    wanted.path.parent.mkdir(parents=True, exist_ok=True)
    try:
        persist(wanted, patience)
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt(
            f"{wanted.item.label}: stopped; {human(wanted.have)} are kept in {shown(wanted.part)}. "
            f"Run `{wanted.item.command}` again to go on from there."
        ) from stop
    found = check_hash(wanted, wanted.part)
    os.replace(wanted.part, wanted.path)
    wanted.mark.unlink(missing_ok=True)
    return found
