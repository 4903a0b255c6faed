"""What brings a data set in: a command, or what a person does, and what follows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fgresq import workspace

PACKAGED = ("csiq", "live", "vclfer")  # adapters that fall back on the labels of a package


def terms_of(entry: Mapping[str, Any]) -> str:
    """Give what has to be accepted before a download; empty: nothing."""
    return str(entry.get("terms") or "").strip()


def fetchable(entry: Mapping[str, Any]) -> bool:
    """Tell whether a command can bring an item in."""
    return bool(entry.get("fetch")) or "package" in entry


def command(name: str, entry: Mapping[str, Any]) -> str:
    """Give the command that fetches an item."""
    return f"fgresq data fetch {name}" + (" --accept-terms" if terms_of(entry) else "")


def by_hand(name: str, entry: Mapping[str, Any]) -> str:
    """Say what a person does to bring an item in, as a clause without a full stop."""
    steps = " ".join(str(entry.get("get") or f"run `{command(name, entry)}`").split())
    return followed(steps if steps.endswith("..") else steps.removesuffix("."), entry)


def next_step(name: str, entry: Mapping[str, Any]) -> str:
    """Say what brings an item in: the command where there is one, else a person's steps."""
    if fetchable(entry):
        return followed(f"run `{command(name, entry)}`", entry)
    return by_hand(name, entry)


def followed(step: str, entry: Mapping[str, Any]) -> str:
    """Add what is left to do once the files are here, where the entry names it.

    Places are those that are read from here.
    """
    whole = f"{step}; then {' '.join(entry['then'].split())}" if "then" in entry else step
    return workspace.told(whole)


def packaged(entry: Mapping[str, Any]) -> bool:
    """Tell whether the labels of a package serve a data set that has none in its folder."""
    return entry.get("adapter") in PACKAGED and "package" in entry.get("labels", {})
