"""The table of faults: small patches of the package, each with the tests that must see it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

import yaml

FOLDER = Path(__file__).parent
KINDS = ("leak", "sign", "group", "resume", "sources", "cache", "edge")


@dataclass(frozen=True)
class Fault:
    """One fault.

    Args:
        name: of its own among all files.
        kind: one of `KINDS`.
        file: from the repository's root.
        find: text that occurs exactly once in the file.
        replace: what stands there with the fault.
        caught_by: node ids of pytest; one of them must fail.
    """

    name: str
    kind: str
    file: str
    find: str
    replace: str
    caught_by: tuple[str, ...]

    def planted(self, text: str) -> str:
        """Give the text of the file with the fault in it.

        Raises:
            ValueError: `find` occurs not once.
        """
        count = text.count(self.find)
        if count != 1:
            raise ValueError(f"{self.name}: `find` occurs {count} times in {self.file}, not once")
        return text.replace(self.find, self.replace)

    @contextmanager
    def within(self, root: Path) -> Iterator[None]:
        """Plant the fault in a copy of the repository, and take it out again."""
        path = root / self.file
        before = path.read_text(encoding="utf-8")
        path.write_text(self.planted(before), encoding="utf-8")
        try:
            yield
        finally:
            path.write_text(before, encoding="utf-8")


def read_faults(folder: Path = FOLDER) -> list[Fault]:
    """Read the faults of all files of a folder, file by file.

    Raises:
        ValueError: an entry has not just the keys of a fault.
    """
    found = []
    for path in sorted(folder.glob("*.yaml")):
        for entry in yaml.safe_load(path.read_text(encoding="utf-8")):
            if set(entry) != {field.name for field in fields(Fault)}:
                raise ValueError(f"{path.name}: {entry.get('name')}: its keys are {list(entry)}")
            found.append(Fault(**{**entry, "caught_by": tuple(entry["caught_by"])}))
    return found
