"""One sentence that says what a run found, or why it measured nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from fgresq.analysis.roles import LABEL_SOURCE, roles_in
from fgresq.measures import MEASURES
from fgresq.records import SourceRecord, absence_of_source

OURS = "fgresq"


def averages(performance: pd.DataFrame) -> pd.DataFrame:
    """Give the rows of macro ACC on the split by family that have a value."""
    rows = performance[["split", "task", "stat"]].eq(["family", "average", "acc"]).all(axis=1)
    return performance[rows & performance["value"].notna()]


def best_of(rows: pd.DataFrame) -> pd.Series | None:
    """Give the row with the highest value, the first by name among equals; None without one."""
    ordered = rows.sort_values(["value", "method"], ascending=[False, True])
    return ordered.iloc[0] if len(ordered) else None


def best_method(performance: pd.DataFrame, methods: dict[str, Any]) -> pd.Series | None:
    """Find the macro-ACC row of the best ranked method of the family split; None without one.

    The label source is not ranked, nor is a method that has values on fewer tasks than others.
    """
    rows = averages(performance)
    label_sources = [name for name, entry in methods.items() if entry["role"] == LABEL_SOURCE]
    rows = rows[~rows["method"].isin(label_sources)]
    return best_of(rows[rows["tasks"].eq(rows["tasks"].max())])


def best_untrained(
    performance: pd.DataFrame, methods: dict[str, Any], tasks: int
) -> pd.Series | None:
    """Find the best method without reference or training that has values on as many tasks."""
    untrained = [
        name
        for name, entry in methods.items()
        if entry.get("kind") == "NR" and entry.get("trained") is False and entry["role"] == "method"
    ]
    rows = averages(performance)
    return best_of(rows[rows["method"].isin(untrained) & rows["tasks"].eq(tasks)])


def observers(origins: list[str]) -> str:
    """Say whose preferences a run was measured on."""
    names = {"human": "human observers", "simulated": "simulated observers"}
    return " and ".join(names.get(origin, f"preferences {origin}") for origin in origins)


def stands_for_people(record: dict[str, Any]) -> str:
    """Say which measure stands for people, and how often they agree with it; empty: none does.

    Args:
        record: of the step `observers`.
    """
    if not record:
        return ""
    title = MEASURES[record["measure"]].title
    said = f"{title} stands for people here: the observers are simulated"
    found = record["agreement"][record["measure"]]
    if found is None:
        return f"{said}, and how often people agree with it was not measured"
    interval = f"[{found['low']:.3f}, {found['high']:.3f}]"
    return (
        f"{said}, and people agree with it in {found['value']:.3f} {interval} of "
        f"{found['decided']} decided pairs of {found['set'].upper()}"
    )


def origins_of(records: list[SourceRecord]) -> list[str]:
    """Give the label origins of the sources that are present."""
    return sorted({r["label_origin"] for r in records if r["status"] == "present"})


def named(row: pd.Series, methods: dict[str, Any]) -> str:
    """Give a method's title; a sanity row is called one."""
    entry = methods[row["method"]]
    return entry["title"] + (" (sanity row)" if entry["role"] == "sanity" else "")


def measured(row: pd.Series) -> str:
    """Give a value with its interval."""
    interval = f" [{row['low']:.3f}, {row['high']:.3f}]" if np.isfinite(row["low"]) else ""
    return f"{row['value']:.3f}{interval}"


def where_measured(row: pd.Series, records: list[SourceRecord]) -> str:
    """Say what a row was measured on."""
    pairs, families = f"{row['n']} decided pairs", f"{row['families']} families"
    return f"on {pairs} of {families}, {observers(origins_of(records))}"


def tasks_of(row: pd.Series) -> str:
    """Say how many tasks a row averages."""
    return f"{row['tasks']} task" + ("s" if row["tasks"] > 1 else "")


def headline(
    performance: pd.DataFrame,
    methods: dict[str, Any],
    records: list[SourceRecord],
    training: dict[str, Any],
) -> str:
    """Say in one sentence what the run found, or that it measured nothing and why.

    Args:
        performance: table of the step `performance`.
        methods: entries of the methods file.
        records: the source records.
        training: record of the step `training`; empty where training was not run.
    """
    if not any(record["status"] == "present" for record in records):
        reasons = [f"{r['source']} is absent ({absence_of_source(r)['reason']})" for r in records]
        return "nothing measured: " + ("; ".join(reasons) or "no source is named in the settings")
    methods = roles_in(methods, records)
    best = best_method(performance, methods)
    if best is None:
        return "nothing measured: no method has a pair accuracy"
    ours = best_of(averages(performance).query("method == @OURS"))
    if ours is None:
        return (
            f"Best by mean pair accuracy over {tasks_of(best)}: {named(best, methods)}, "
            f"{measured(best)}, {where_measured(best, records)}"
        )
    other = best_untrained(performance, methods, ours["tasks"])
    said = "TRUNCATED training: " if training.get("truncated") else ""
    said += f"{standing(ours, other, methods)}, {where_measured(ours, records)}"
    if best["method"] == OURS:
        return said
    return f"{said}; best of all: {named(best, methods)}, {measured(best)}"


def standing(ours: pd.Series, other: pd.Series | None, methods: dict[str, Any]) -> str:
    """Say where FGResQ stands beside the best method that needs no reference and no training."""
    said = f"{named(ours, methods)} has a mean pair accuracy of {measured(ours)}"
    said += f" over {tasks_of(ours)}"
    if other is None:
        return f"{said} (no untrained no-reference method beside it)"
    verdict = "beats" if ours["value"] > other["value"] else "does not beat"
    what = "the best untrained no-reference method"
    return f"{said} and {verdict} {what}, {named(other, methods)}, {measured(other)}"
