"""The catalogues: what methods, data sets and weights there are, each an entry by name.

The package brings them; a workspace may lay its own over them, key by key.
"""

from __future__ import annotations

import argparse
import copy
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from fgresq import workspace
from fgresq.errors import UserError, nearest
from fgresq.settings import check, check_weight_names, fault_of, merge, read_yaml

KINDS = {"methods": "method", "sources": "data set", "weights": "weights"}
Entries = dict[str, dict[str, Any]]


def catalogue(name: str) -> Entries:
    """Read a catalogue of `KINDS`: entries by name, the workspace's laid over the package's.

    Raises:
        UserError: the workspace's names the file, the key and the mend for what does not fit.
    """
    files = workspace.catalogue_files(name)
    stamps = tuple((file.absolute(), file.stat().st_mtime_ns) for file in files)
    return copy.deepcopy(_joined(name, stamps))


@lru_cache(maxsize=8)
def _joined(name: str, stamps: tuple[tuple[Path, int], ...]) -> Entries:
    own = read_yaml(stamps[0][0])
    if len(stamps) == 1:
        return own
    file = workspace.catalogue(name)
    over = read_yaml(file)
    return laid_over(name, own, over, file) if over else own


def laid_over(name: str, own: Entries, over: Mapping[str, Any], file: str | Path) -> Entries:
    """Lay a workspace's entries over a catalogue.

    Args:
        name: of the catalogue.
        own: the package's entries.
        over: the workspace's: parts of entries, and new entries as wholes.
        file: that holds them, for messages.

    Raises:
        UserError: a new entry is not whole, a value is of another type, a key is unknown, or
            weights are to have another hash.
    """
    for key in over.keys() - own.keys():
        fault = fault_of({key: over[key]}, name)
        if fault is not None:
            problem = f"the package has no {KINDS[name]} of that name, and as a new entry it is "
            problem += f"not whole: {fault.message}"
            raise UserError(f"{file}, key '{key}'", problem, nearest(key, own).rstrip("."))
    merged = merge(own, dict(over))
    check(merged, name, file)
    if name == "weights":
        check_hashes(own, merged, file)
    return merged


def check_hashes(own: Entries, merged: Entries, file: str | Path) -> None:
    """Check that weights of the package are still the same bytes: numbers are named by them.

    Raises:
        UserError: names the weights whose hash is another.
    """
    for key, entry in own.items():
        if entry.get("sha256") != merged[key].get("sha256"):
            raise UserError(
                f"{file}, key '{key}/sha256'",
                f"the package's weights {key} are the file of SHA-256 {entry.get('sha256')}, and "
                "another file is other weights",
                "Take the key out, or give these weights a name of their own",
            )


def read_methods(path: str | Path | None = None) -> Entries:
    """Read the methods: the catalogue, or a file that a person names in its place.

    Raises:
        UserError: names the method and key at fault.
    """
    methods = catalogue("methods") if path is None else read_yaml(path)
    where = methods_file(path)
    if path is not None:
        check(methods, "methods", where)
    check_weight_names(methods, catalogue("weights"), where)
    return methods


def methods_file(path: str | Path | None) -> str | Path:
    """Give the file of the methods, for messages."""
    return path or workspace.catalogue("methods")


def add_methods(parser: argparse.ArgumentParser) -> None:
    """Give a command or step `--methods`."""
    parser.add_argument("--methods", metavar="FILE", help="methods, in place of the catalogue's")


def add_sources(parser: argparse.ArgumentParser) -> None:
    """Give a command or step `--sources`."""
    parser.add_argument("--sources", metavar="FILE", help="data sets, in place of the catalogue's")


def read_sources(path: str | Path | None = None) -> Entries:
    """Read the data sets: the catalogue, or a file that a person names in its place.

    Raises:
        UserError: names the data set and key at fault.
    """
    if path is None:
        return catalogue("sources")
    sources = read_yaml(path)
    check(sources, "sources", path)
    return sources
