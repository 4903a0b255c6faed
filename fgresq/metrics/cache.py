"""Scores that were computed before, by content: a new image costs one evaluation.

`work/scores/METHOD/VERSION.jsonl` has a line an image. VERSION digests all that values follow from:
the syntax tree of the method's module and of what it imports, the cards of its weights, the
versions of the libraries it uses, and what its `version()` says, where it has one. An image is
named by the SHA-256 of its file, and of its reference's and mask's. Lines are only ever added, each
in one write under a lock, so that several processes may score at once; a line that a kill cut short
is passed over and computed again.
"""

from __future__ import annotations

import fcntl
import json
import logging
import math
import os
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

from fgresq.code_digest import code_digest, libraries
from fgresq.files import digest, sha256
from fgresq.images import Unreadable
from fgresq.metrics.evaluate import Judgement

CACHE = Path("work/scores")
WEIGHTS = Path("data/weights")
SHARED = "fgresq.metrics.evaluate"  # decodes the images, and words the reasons


def library_versions(module: str) -> dict[str, str]:
    """Give the installed versions of the libraries that a module and its imports use."""
    owners = metadata.packages_distributions()
    names = {owner for name in libraries(module) for owner in owners.get(name, [])}
    return {name: metadata.version(name) for name in sorted(names)}


def version_of(module: ModuleType, entry: Mapping[str, Any]) -> str:
    """Digest all that a method's values follow from, beside the images.

    Args:
        module: of the method; its function `version() -> str`, if any, names what it reads that is
            no entry of config/weights.yaml.
        entry: of the method in config/methods.yaml.
    """
    cards = [WEIGHTS / name / "card.json" for name in entry.get("weights", [])]
    further = getattr(module, "version", None)
    return digest(
        {
            "code": code_digest(module.__name__, SHARED),
            "weights": [sha256(card) if card.exists() else "" for card in cards],
            "libraries": library_versions(module.__name__),
            "further": further() if further else "",
        }
    )


def image_hash(path: str) -> str:
    """Give the SHA-256 of an image file.

    Raises:
        Unreadable: it cannot be read.
    """
    try:
        return sha256(path)
    except OSError as error:
        mend = "Put the file there or correct its row"
        raise Unreadable(path, f"it cannot be read ({error.strerror})", mend) from error


class ScoreCache:
    """The judgements of one version of a method.

    Args:
        method: its name.
        version: what its values follow from, as `version_of` digests it.
        folder: of all caches.
    """

    def __init__(self, method: str, version: str, folder: Path = CACHE) -> None:
        self.path = folder / method / f"{version}.jsonl"
        self.known: dict[tuple[str, str], Judgement] = {}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.path.exists():
            for number, line in enumerate(self.path.read_text(encoding="utf-8").split("\n"), 1):
                self._learn(line, number)

    def _learn(self, line: str, number: int) -> None:
        try:
            image, reference, value, reason = json.loads(line)
        except ValueError:
            if line:
                logging.info("%s, line %d: cut short, computed again", self.path, number)
            return
        self.known[image, reference] = (math.nan if value is None else value, reason)

    def get(self, image: str, reference: str) -> Judgement | None:
        """Give what was found for an image, beside a reference, by hashes; None if nothing."""
        return self.known.get((image, reference))

    def put(self, image: str, reference: str, judgement: Judgement) -> None:
        """Keep a judgement, in memory and on disk."""
        value, reason = judgement
        self.known[image, reference] = judgement
        row = [image, reference, None if math.isnan(value) else value, reason]
        with open(self.path, "ab+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            end = file.seek(0, os.SEEK_END)
            whole = end == 0 or os.pread(file.fileno(), 1, end - 1) == b"\n"
            line = json.dumps(row, ensure_ascii=False) + "\n"
            os.write(file.fileno(), (line if whole else "\n" + line).encode())
