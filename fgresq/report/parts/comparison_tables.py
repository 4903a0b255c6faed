"""The main comparison (Table 3 of the paper): methods by task, for both splits."""

from __future__ import annotations

import pandas as pd

from fgresq.report.parts.cells import (
    Cell,
    Methods,
    Row,
    Table,
    count,
    decimal,
    head,
    interval,
    interval_of,
    missing,
    stat_label,
    stats_of,
)
from fgresq.tables import TASKS

SPLITS = {"family": "split by family", "pairs": "split by pairs"}
AVERAGE = "average"
OVERALL = "overall"  # of a leak, beside its tasks

Key = tuple[str, ...]
Values = dict[Key, dict]


def comparison_tables(performance: pd.DataFrame, methods: Methods) -> list[Table]:
    """Build two tables (family, pairs) for each statistic: methods by task."""
    tables = []
    for stat in stats_of(performance["stat"]):
        for split in SPLITS:
            rows = performance[(performance["stat"] == stat) & (performance["split"] == split)]
            if len(rows):
                tables.append(task_table(rows, methods, stat, split))
    return tables


def average_table(performance: pd.DataFrame, methods: Methods, split: str) -> Table | None:
    """Build the averages over tasks under one split: methods by statistic."""
    rows = performance[(performance["task"] == AVERAGE) & (performance["split"] == split)]
    if rows.empty:
        return None
    stats = [
        stat
        for stat in stats_of(rows["stat"])
        if rows.loc[rows["stat"] == stat, "value"].notna().any()
    ]
    keys: list[Key] = [(stat,) for stat in stats or stats_of(rows["stat"])]
    values = index(rows, ["method", "stat"])
    counts = shared_counts(values, keys)
    columns = [Cell(stat_label(key[0])[0], detail=counted(counts, key)) for key in keys]
    return Table(
        f"average_{split}",
        f"Average over tasks, {SPLITS[split]}; 95 % interval below the value.",
        [*head("Method"), *columns],
        value_rows(values, keys, keys[0], methods, counts),
        rows,
        note=describe_tasks(rows),
    )


def describe_tasks(rows: pd.DataFrame) -> str:
    """Say how many tasks the averages cover, where the analysis gives it."""
    if "tasks" not in rows or rows.empty:
        return ""
    numbers = sorted({str(value).removesuffix(".0") for value in rows["tasks"] if value})
    return f"Tasks averaged: {' or '.join(numbers)}." if numbers else ""


def task_table(rows: pd.DataFrame, methods: Methods, stat: str, split: str) -> Table:
    """Build one statistic under one split: methods by task, and the average."""
    tasks = [task for task in (*TASKS, AVERAGE) if task in set(rows["task"])]
    keys: list[Key] = [(task,) for task in tasks]
    values = index(rows, ["method", "task"])
    counts = shared_counts(values, keys)
    columns = [
        Cell(task, detail=f"n {count(counts[(task,)])}" if (task,) in counts else "")
        for task in tasks
    ]
    label, meaning = stat_label(stat)
    return Table(
        f"{stat}_{split}",
        f"{label}, {SPLITS[split]}" + (f": {meaning}." if meaning else "."),
        [*head("Method"), *columns],
        value_rows(values, keys, keys[-1], methods, counts),
        rows,
    )


def index(rows: pd.DataFrame, keys: list[str]) -> Values:
    """Look rows up by the values of some columns; `line` is that of their file."""
    lined = rows.assign(line=rows.index + 2)
    return {tuple(row[key] for key in keys): row for row in lined.to_dict("records")}


def shared_counts(values: Values, keys: list[Key]) -> dict[Key, float]:
    """Give n of each column where all methods share it."""
    shared = {}
    for key in keys:
        found = {row["n"] for at, row in values.items() if at[1:] == key and not missing(row["n"])}
        if len(found) == 1:
            shared[key] = found.pop()
    return shared


def counted(counts: dict[Key, float], key: Key) -> str:
    """Give n of a column for its header, where all methods share it."""
    return f"n {count(counts[key])}" if key in counts else ""


def value_rows(
    values: Values,
    keys: list[Key],
    lead: Key,
    methods: Methods,
    counts: dict[Key, float],
) -> list[Row]:
    """Build a row a method, best in column `lead` first; the label source stays below, unranked."""
    names = dict.fromkeys(at[0] for at in values)
    best = leading_values(values, keys, methods)

    def order(method: str) -> tuple:
        value = values.get((method, *lead), {}).get("value")
        lower = 0 if value is None or missing(value) else -value
        return (not methods.ranked(method), missing(value), lower, method)

    return [
        Row(
            [methods.cell(m)]
            + [
                value_cell(values.get((m, *k)), best.get(k, ()), methods.ranked(m), k in counts)
                for k in keys
            ],
            mark=methods.role(m).replace(" ", "-"),
            fixed=not methods.ranked(m),
        )
        for m in sorted(names, key=order)
    ]


def leading_values(
    values: Values, keys: list[Key], methods: Methods
) -> dict[Key, tuple[float, ...]]:
    """Give the highest and the second highest value of each column among ranked methods."""
    found: dict[Key, set[float]] = {}
    for at, row in values.items():
        if at[1:] in keys and methods.ranked(at[0]) and not missing(row["value"]):
            found.setdefault(at[1:], set()).add(row["value"])
    return {key: tuple(sorted(own, reverse=True)[:2]) for key, own in found.items()}


def value_cell(row: dict | None, best: tuple[float, ...], ranked: bool, counted: bool) -> Cell:
    """Build the cell of a value with its interval, and its n unless the header gives it."""
    if row is None or missing(row["value"]):
        return Cell("–", detail=str((row or {}).get("note", "") or ""), mark="number")
    detail = interval(row["low"], row["high"]) if counted else interval_of(row)
    place = best.index(row["value"]) if ranked and row["value"] in best else 2
    mark = ("number best", "number second", "number")[place]
    return Cell(decimal(row["value"]), row["value"], detail, mark, row=row["line"])


def leak_sentence(leak: dict) -> str:
    """Say how many test images of the split by pairs also occur in its training pairs."""
    test, seen = leaked(leak.get("pairs_split"))
    if not test:
        return ""
    _, kept = leaked(leak.get("family_split"))
    return (
        f"Leak of the split by pairs: {100 * seen / test:.1f} % of its test images "
        f"({count(seen)} of {count(test)}) also occur in training pairs; "
        f"in the split by family {count(kept)} do."
    )


def leaked(by_task: dict | None) -> tuple[int, int]:
    """Give test images, and those of them that also occur in training pairs."""
    by_task = by_task or {}
    rows = [by_task[OVERALL]] if OVERALL in by_task else by_task.values()
    return sum(r["test_images"] for r in rows), sum(r["also_in_train"] for r in rows)


def leak_table(leak: dict) -> Table | None:
    """Build the leak of both splits by task."""
    rows = [
        {"split": split, "task": task, **numbers}
        for split, by_task in (
            ("family", leak.get("family_split")),
            ("pairs", leak.get("pairs_split")),
        )
        for task, numbers in (by_task or {}).items()
    ]
    if not rows:
        return None
    frame = pd.DataFrame(rows)[["split", "task", "test_images", "also_in_train", "share"]]
    body = [
        Row(
            [
                Cell(SPLITS[row["split"]], row["split"]),
                Cell(row["task"], row["task"]),
                Cell(count(row["test_images"]), row["test_images"], mark="number"),
                Cell(count(row["also_in_train"]), row["also_in_train"], mark="number"),
                Cell(
                    decimal(row["share"]),
                    "" if missing(row["share"]) else row["share"],
                    mark="number",
                ),
            ]
        )
        for row in rows
    ]
    columns = head("Split", "Task", "Test images", "Also in training", "Share")
    return Table("leak", "Test images that also occur in training pairs.", columns, body, frame)
