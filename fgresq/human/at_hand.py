"""The sets of the bench that are at hand, near-duplicates kept on one side; why others are not."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from fgresq.errors import unknown
from fgresq.files import read_json
from fgresq.human.alike import glance_of
from fgresq.human.declared import Declared
from fgresq.human.rated_sets import RatedSet, kept_apart, read_set


def read_sets(
    tables: Iterable[Path], declared: Declared
) -> tuple[dict[str, RatedSet], dict[str, str]]:
    """Read the sets at hand, and say of the others why they are not.

    Raises:
        UserError: a table is of no declared set, or a set tells nothing.
    """
    places = {table.stem: table for table in tables}
    for name in places:
        if name not in declared.sets:
            raise unknown(places[name], "set", name, declared.sets)
    sets, absent = {}, {}
    for name, rated in declared.sets.items():
        table = places.get(name)
        own = read_set(name, rated, table, table.with_suffix(".pairs.csv")) if table else None
        if own is None:
            absent[name] = reason_of(name, table)
            logging.warning("%s", absent[name])
        else:
            sets[name] = own
    glances = {name: glance_of(own.images, declared.seed) for name, own in sets.items()}
    return kept_apart(sets, glances, declared), absent


def reason_of(name: str, table: Path | None) -> str:
    """Say why a set is not at hand, and what brings it in."""
    record = table.with_suffix(".json") if table else None
    absent = read_json(record).get("absent") if record and record.exists() else None
    if not absent:
        return f"{name} is not at hand"
    return f"{name} is not at hand: {absent['reason']}; next step: {absent['next_step']}"
