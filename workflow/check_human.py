"""See that the committed table of the bench of transfer tells all that it must: `make check-human`.

It must have the trivial rows beside all others on every set, untrained methods, an interval for
every value and every difference, the role of each set, and the count of settings that looked at it.
The table of SRIJ with parts left out, once there is one, must have all controls and all that rows
are compared with, and an interval for every value and difference. Exits with 1, a line each, where
something is missing or contradicts the declaration.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fgresq import workspace
from fgresq.errors import UserError
from fgresq.human.declared import (
    CONSTANT,
    RANDOM,
    SHARPNESS,
    Declared,
    controls,
    read_declared,
)
from fgresq.human.left_out import PROTOCOLS
from fgresq.human.ratings_columns import AGAINST, read_ratings
from fgresq.human.ratings_columns import TABLE as RATINGS
from fgresq.human.transfer_table import TABLE, read_transfer

METHODS = ("brisque", "niqe", "lpips", "dists")  # without training, beside every trained row
MEND = "Run 'make human' with its sets in place (docs/human.md), and commit what it writes"
BESIDE = ("fgresq", RANDOM, CONSTANT, *AGAINST)  # rows of the table of ratings
MEND_RATINGS = "Run 'make human-full' with its sets in place (docs/human-ratings.md), and commit it"
DIFFERENCES = ("difference", "over_sharpness")


def faults(table: pd.DataFrame, record: dict[str, Any], declared: Declared) -> Iterator[str]:
    """Yield what is missing in the table, or contradicts what is declared; one text each."""
    for name in ("command", "commit"):
        if not record.get(name):
            yield f"the record says no {name}"
    yield from faults_of_roles(table, record, declared)
    for name in declared.of_role("select", "test"):
        yield from faults_of_rows(table[table["set"].eq(name)], name, declared)
    yield from faults_of_intervals(table)


def faults_of_roles(
    table: pd.DataFrame, record: dict[str, Any], declared: Declared
) -> Iterator[str]:
    """Yield where a role, or the count of settings that looked at a set, is missing or wrong."""
    for name, rated in declared.sets.items():
        told = record.get("sets", {}).get(name, {})
        if told.get("role") != rated.role:
            yield f"{name} is {told.get('role')!r} in the record, and {rated.role} is declared"
        settings = told.get("settings")
        if settings is None or settings < rated.settings:
            yield f"the record counts no settings, or too few, that looked at {name}: {settings}"
        rows = table[table["set"].eq(name)]
        for role in sorted(set(rows["role"]) - {rated.role}):
            yield f"{name} is {role!r} in the table, and {rated.role} is declared"
        if (rows["settings"] != settings).any():
            yield f"the table does not say of {name} how many settings looked at it"


def faults_of_rows(rows: pd.DataFrame, name: str, declared: Declared) -> Iterator[str]:
    """Yield the rows that a set's part of the table should have and has not."""
    answered = rows[rows["reason"].eq("")]
    if answered.empty:
        yield f"there is no value on {name}"
    asked = [line for line in declared.rows if name in declared.read_by(line)]
    wanted = [SHARPNESS, CONSTANT, *METHODS, *(line.name for line in asked)]
    if declared.sets[name].role == "test":
        wanted = [row for row in wanted if row not in METHODS]
    for row in wanted:
        if row not in set(rows["row"]):
            yield f"row '{row}' is missing on {name}"
    beside = {line.train: line.name for line in controls(declared)}
    for (votes, measure), part in answered.groupby(["votes", "measure"]):
        have = set(part["row"])
        own = [beside[line.train] for line in asked if line.train and line.name in have]
        for row in dict.fromkeys([SHARPNESS, CONSTANT, *own]):
            if row not in have:
                told = f"{measure}, votes '{votes}'" if votes else measure
                yield f"control '{row}' has no value on {name} ({told})"


def faults_of_intervals(table: pd.DataFrame) -> Iterator[str]:
    """Yield the lines whose value or difference has no interval, or no value and no reason."""
    for line in table.to_dict("records"):
        at = f"row '{line['row']}' on {line['set']} ({line['measure']})"
        if not line["reason"] and not np.isfinite(line["value"]):
            yield f"{at} has neither a value nor a reason"
        if line["reason"]:
            continue
        if not np.isfinite([line["low"], line["high"]]).all():
            yield f"{at} has no interval"
        for gap in DIFFERENCES if line["kind"] != "control" else ():
            if not np.isfinite([line[gap], line[f"{gap}_low"], line[f"{gap}_high"]]).all():
                yield f"{at} has no interval of its {gap.replace('_', ' ')}"


def faults_of_ratings(table: pd.DataFrame, record: dict[str, Any]) -> Iterator[str]:
    """Yield what is missing in the table of a set with parts left out; one text each."""
    for name in ("command", "commit", "settings"):
        if not record.get(name):
            yield f"the record says no {name}"
    for protocol in PROTOCOLS:
        rows = table[table["protocol"].eq(protocol)]
        for row in BESIDE:
            if row not in set(rows["row"]):
                yield f"row '{row}' is missing in the protocol {protocol}"
        answered = rows[rows["reason"].eq("")]
        have = {measure: set(own["row"]) for measure, own in answered.groupby("measure")}
        for line in answered.to_dict("records"):
            at = f"row '{line['row']}', {protocol} ({line['measure']})"
            if not np.isfinite([line["value"], line["low"], line["high"]]).all():
                yield f"{at} has no interval"
            for other in (set(AGAINST) & have[line["measure"]]) - {line["row"]}:
                gap = f"over_{other}"
                if not np.isfinite([line[gap], line[f"{gap}_low"], line[f"{gap}_high"]]).all():
                    yield f"{at} has no interval of its difference to {other}"


def main(words: list[str] | None = None) -> int:
    """Check; give the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, help="of the table (default reports/human)")
    parser.add_argument("--declared", help="the bench, in place of the package's")
    args = parser.parse_args(words)
    try:
        folder = args.folder or workspace.reports("human")
        table, record = read_transfer(folder)
        told = [f"{f}. {MEND}" for f in faults(table, record, read_declared(args.declared))]
        found = [f"{folder / TABLE}: {fault}" for fault in told]
        if (folder / RATINGS).exists():
            told = [f"{f}. {MEND_RATINGS}" for f in faults_of_ratings(*read_ratings(folder))]
            found += [f"{folder / RATINGS}: {fault}" for fault in told]
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    for fault in found:
        print(f"{fault}.", file=sys.stderr)
    if not found:
        print(f"{folder / TABLE}: {len(table)} lines, all controls, intervals, roles and counts")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
