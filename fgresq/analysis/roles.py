"""The role of a method in one run: what made the labels is not ranked by them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fgresq.records import SourceRecord

LABEL_SOURCE = "label source"


def is_simulated(record: SourceRecord) -> bool:
    """Tell whether a source's preferences were simulated."""
    return record.get("label_origin") == "simulated"


def roles_in(
    methods: dict[str, dict[str, Any]], records: Iterable[SourceRecord]
) -> dict[str, dict[str, Any]]:
    """Give the methods with the roles that they have in a run.

    Where preferences were simulated, the label source made them. In any other run it made none and
    is a method.

    Args:
        methods: entries of the methods file.
        records: the run's source records.
    """
    if any(record["status"] == "present" and is_simulated(record) for record in records):
        return methods
    return {
        name: {**entry, "role": "method"} if entry.get("role") == LABEL_SOURCE else entry
        for name, entry in methods.items()
    }
