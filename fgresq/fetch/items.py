"""What can be fetched or placed: the entries of the catalogues of data sets and of weights."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from fgresq import workspace
from fgresq.catalogues import catalogue
from fgresq.errors import UserError, unknown
from fgresq.sources import steps

CATALOGUES = {"source": "sources", "weights": "weights"}
HUB = "the Hub's cache"
PACKED = (".7z", ".rar", ".tar", ".tar.bz2", ".tar.gz", ".tar.xz", ".tgz", ".zip")
SCRATCH = ".fetch"  # hidden, so that what lies in it is never taken for data


@dataclass(frozen=True)
class Item:
    """One data set, or the weights of one network.

    Args:
        kind: "source" or "weights".
        name: its key in the table.
        entry: its entry.
    """

    kind: str
    name: str
    entry: Mapping[str, Any]

    @property
    def label(self) -> str:
        """How messages call it."""
        return f"{self.kind} '{self.name}'"

    @property
    def folder(self) -> Path | None:
        """Where it lies, links followed; None: made by a rule, or in the Hub's own cache."""
        path = self.entry.get("path")
        if "package" in self.entry:
            return workspace.weights_of(self.name).resolve()
        return workspace.placed(path).resolve() if path else None

    @property
    def own_folder(self) -> Path:
        """Where it lies, of an item that has a folder."""
        folder = self.folder
        assert folder is not None, f"{self.label} has no folder of its own"
        return folder

    @property
    def shown_folder(self) -> str:
        """Where it lies, as the entry writes it."""
        if "package" in self.entry:
            return str(workspace.weights_of(self.name))
        return str(workspace.placed(self.entry["path"])) if "path" in self.entry else HUB

    @property
    def made(self) -> bool:
        """Whether rules make it."""
        return self.entry.get("adapter") == "made"

    @property
    def urls(self) -> list[Mapping[str, Any]]:
        """Its downloads by address."""
        return [part for part in self.entry.get("fetch", []) if "url" in part]

    @property
    def hubs(self) -> list[Mapping[str, Any]]:
        """Its downloads from the Hub."""
        return [part for part in self.entry.get("fetch", []) if "hub" in part]

    @property
    def fetchable(self) -> bool:
        """Whether a command can bring it in."""
        return steps.fetchable(self.entry)

    @property
    def terms(self) -> str:
        """What has to be accepted before it is downloaded; empty: nothing."""
        return steps.terms_of(self.entry)

    @property
    def command(self) -> str:
        """The command that fetches it."""
        return steps.command(self.name, self.entry)

    @property
    def steps(self) -> str:
        """What a person does to bring it in, as a clause without a full stop."""
        return steps.by_hand(self.name, self.entry)

    @property
    def next_step(self) -> str:
        """What brings it in: the command where there is one, and what follows."""
        return steps.next_step(self.name, self.entry)

    @property
    def scratch(self) -> Path:
        """The folder beside its own, on the same disk, that holds what is being fetched."""
        if self.folder is None:
            return (workspace.fetching() / SCRATCH / self.name).resolve()
        return self.folder.parent / SCRATCH / self.folder.name


def table_of(kind: str) -> Path:
    """Give the file of a kind's entries, for messages."""
    return workspace.catalogue(CATALOGUES[kind])


def both_tables() -> str:
    """Give the files of all entries, for messages."""
    return " and ".join(str(table_of(kind)) for kind in CATALOGUES)


def shown(path: Path) -> str:
    """Write a path as short as it can be from here."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


def file_names(parts: Iterable[Mapping[str, Any]]) -> list[str]:
    """Name the files that downloads are kept in: the names in their addresses, made distinct.

    A name made of the address is kept to plain characters, so that it cannot lead elsewhere.
    """
    names = []
    for number, part in enumerate(parts, start=1):
        name = unquote(urlsplit(part["url"]).path).rpartition("/")[2]
        name = re.sub(r"[^A-Za-z0-9._+-]", "_", name).lstrip(".") or "download"
        names.append(f"{number}-{name}" if name in names else name)
    return names


def read_items() -> dict[str, Item]:
    """Read and check both tables: every data set, then every network's weights, by name.

    Raises:
        UserError: an entry is wrong, or a name stands in both tables.
    """
    items: dict[str, Item] = {}
    for kind, which in CATALOGUES.items():
        for name, entry in catalogue(which).items():
            if name in items:
                raise UserError(
                    f"{table_of(kind)}, key '{name}'",
                    f"{table_of('source')} has an entry of that name",
                    "Rename one of the two",
                )
            items[name] = Item(kind, name, entry)
    return items


def chosen(items: Mapping[str, Item], names: Iterable[str]) -> list[Item]:
    """Give the items of these names, each once, in the order given.

    Raises:
        UserError: nothing is known of a name.
    """
    for name in names:
        if name not in items:
            raise unknown(both_tables(), "name", name, items)
    return [items[name] for name in dict.fromkeys(names)]
