"""Scores that were computed before, by content: a new image costs one evaluation.

METHOD/VERSION.jsonl in the folder of scores has a line an image. VERSION digests all that values
follow from: the syntax tree of the method's module and of what it imports, the cards of its
weights, the versions of the libraries it uses, and what is placed for it (`own_version`). An image
is named by the SHA-256 of its file, and of its reference's and mask's. Lines are only ever added,
each in one write under a lock, so that several processes may score at once; a line that a kill cut
short is passed over and computed again.
"""

from __future__ import annotations

import fcntl
import json
import logging
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fgresq import workspace
from fgresq.code_digest import code_identity
from fgresq.errors import UserError
from fgresq.files import digest, sha256
from fgresq.images import Unreadable, check_regular
from fgresq.scoring.evaluate import Judgement
from fgresq.scoring.registry import Method, own_version

SHARED = "fgresq.scoring.evaluate"  # decodes the images, and words the reasons


def version_of(method: Method, entry: Mapping[str, Any]) -> str:
    """Digest all that a method's values follow from, beside the images.

    Args:
        method: that scores.
        entry: of the method in the methods file.
    """
    cards = [workspace.weights_of(name) / "card.json" for name in entry.get("weights", [])]
    identity: dict[str, Any] = {
        "code": code_identity(*method.code, SHARED),
        "weights": [sha256(card) if card.exists() else "" for card in cards],
        "placed": own_version(method.name, entry),
    }
    if method.options:  # a method without has the identity it always had
        identity["options"] = dict(method.options)
    return digest(identity)


def image_hash(path: str) -> str:
    """Give the SHA-256 of an image file.

    Raises:
        Unreadable: it cannot be read.
    """
    try:
        check_regular(path)  # a name that is too long is an error of the system already here
        return sha256(path)
    except OSError as error:
        mend = "Put the file there or correct its row"
        raise Unreadable(path, f"it cannot be read ({error.strerror})", mend) from error


class ScoreCache:
    """The judgements of one version of a method.

    Args:
        method: its name.
        version: what its values follow from, as `version_of` digests it.
        folder: of all caches; the workspace's, or the user cache's, where none is given.

    Raises:
        UserError: the folder or its file cannot be read or written; what was kept stays.
    """

    def __init__(self, method: str, version: str, folder: Path | None = None) -> None:
        self.path = (folder or workspace.scores()) / method / f"{version}.jsonl"
        self.known: dict[tuple[str, str], Judgement] = {}
        with self._told():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lines = self.path.read_bytes().split(b"\n") if self.path.exists() else []
        for number, line in enumerate(lines, 1):
            self._learn(line, number)

    def _learn(self, line: bytes, number: int) -> None:
        try:
            image, reference, value, reason = json.loads(line)
            found = math.nan if value is None else float(value), str(reason)
        except (ValueError, TypeError):
            if line:
                logging.info("%s, line %d: damaged, computed again", self.path, number)
            return
        self.known[image, reference] = found

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what the disk refuses into a message."""
        try:
            yield
        except OSError as error:
            problem = f"scores cannot be kept there ({error.strerror})"
            mend = f"Free some space, or give --cache or {workspace.HOME} a folder to write to"
            raise UserError(self.path, problem, f"{mend}; what is kept stays") from error

    def get(self, image: str, reference: str) -> Judgement | None:
        """Give what was found for an image, beside a reference, by hashes; None if nothing."""
        return self.known.get((image, reference))

    def put(self, image: str, reference: str, judgement: Judgement) -> None:
        """Keep a judgement, in memory and on disk."""
        value, reason = judgement
        self.known[image, reference] = judgement
        row = [image, reference, None if math.isnan(value) else value, reason]
        with self._told(), open(self.path, "ab+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            end = file.seek(0, os.SEEK_END)
            whole = end == 0 or os.pread(file.fileno(), 1, end - 1) == b"\n"
            line = json.dumps(row) + "\n"
            os.write(file.fileno(), (line if whole else "\n" + line).encode())
