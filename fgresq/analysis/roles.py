"""The role of a method in one run: what made the labels is not ranked by them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fgresq.measures import MEASURES, MeasureName
from fgresq.records import SourceRecord

LABEL_SOURCE = "label source"
Entries = dict[str, dict[str, Any]]


def is_simulated(record: SourceRecord) -> bool:
    """Tell whether a source's preferences were simulated."""
    return record.get("label_origin") == "simulated"


def measure_of(records: Iterable[SourceRecord]) -> MeasureName | None:
    """Give the measure that the simulated observers of a run saw; None where there are none."""
    here = (r for r in records if r["status"] == "present" and is_simulated(r))
    return next((r["measure"] for r in here if "measure" in r), None)


def roles_in(methods: Entries, records: Iterable[SourceRecord]) -> Entries:
    """Give the methods with the roles that they have in a run.

    Where preferences were simulated, the method of their measure is the label source. In any other
    run it made no label and is a method.

    Args:
        methods: entries of the methods file.
        records: the run's source records.
    """
    measure = measure_of(records)
    made_by = MEASURES[measure].method if measure else None
    if made_by not in methods:
        return methods
    return {**methods, made_by: {**methods[made_by], "role": LABEL_SOURCE}}


def sharing_network(methods: Entries) -> list[str]:
    """List the methods that read weights of the label source: they may agree with it by descent.

    Args:
        methods: with their roles in a run.
    """
    sources = [entry for entry in methods.values() if entry["role"] == LABEL_SOURCE]
    read = {name for entry in sources for name in entry.get("weights", [])}
    return [
        name
        for name, entry in methods.items()
        if entry["role"] != LABEL_SOURCE and read & set(entry.get("weights", []))
    ]
