"""The construction funnel (Figure 3 of the paper) and the noticeable-difference threshold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from fgresq.records import Funnel
from fgresq.report.paper import Paper
from fgresq.report.parts.cells import Row, Table, decimal, head, number, text, whole
from fgresq.report.results import Run
from fgresq.tables import TASKS

SETTING = ("sign", "beta", "plane")


def funnel_table(run: Run, paper: Paper) -> Table | None:
    """Build pairs and images after every step, by source, beside the paper's counts."""
    if not run.paired:
        return None
    printed = printed_steps(paper)
    frame = pd.DataFrame(
        [
            {
                "source": funnel["source"],
                "step": step["step"],
                **counted(step, funnel["steps"][0]),
                **printed.get(step["step"], {}),
            }
            for funnel in run.filtered
            for step in funnel["steps"]
        ]
    )
    body = [
        Row(
            [
                text(r["source"], "name"),
                text(r["step"]),
                *(number(r[c]) if "share" in c else whole(r[c]) for c in frame.columns[2:]),
            ]
        )
        for r in frame.to_dict("records")
    ]
    named = [
        (c.split()[0].capitalize(), "FGRestore, printed" if "printed" in c else "measured")
        for c in frame.columns[2:]
    ]
    columns = head("Source", "Step", *named)
    caption = "Pairs and images left after every step; share: of all pairs."
    return Table("funnel", caption, columns, body, frame)


def counted(
    step: Mapping[str, Any], first: Mapping[str, Any], side: str = ""
) -> dict[str, float | None]:
    """Give pairs, their share of the first step's, and images of a step."""
    share = step["pairs"] / first["pairs"] if first["pairs"] else None
    found = {"pairs": step["pairs"], "share": share, "images": step.get("images")}
    return {f"{name}{side}": value for name, value in found.items()}


def printed_steps(paper: Paper) -> dict[str, dict[str, float | None]]:
    """Give what the paper prints of FGRestore's funnel, by step; it prints no count between."""
    rows = paper.table("fig3")
    steps = {
        step: {"pairs": math.nan}
        | {row.stat.removeprefix("n_"): float(row.number) for row in own.itertuples()}
        for step, own in rows.groupby("bin", sort=False)
    }
    first = next(iter(steps.values()), {})
    return {step: counted(own, first, " printed") for step, own in steps.items()}


def task_funnel_table(run: Run) -> Table | None:
    """Build the pairs left after every step, by source and task."""
    rows = [
        {"source": funnel["source"], "task": task, **steps}
        for funnel in run.filtered
        for task, steps in sorted(funnel["by_task"].items(), key=lambda item: place(item[0]))
    ]
    return parts_table("funnel_tasks", "task", rows, run)


def dataset_funnel_table(run: Run) -> Table | None:
    """Build the same by data set, with the tau of each, for sources that join several."""
    rows = [
        {"source": funnel["source"], "data set": name, "tau": funnel["tau"][name], **steps}
        for funnel in run.filtered
        if len(funnel["tau"]) > 1
        for name, steps in funnel["by_dataset"].items()
    ]
    return parts_table("funnel_datasets", "data set", rows, run)


def parts_table(name: str, part: str, rows: list[dict], run: Run) -> Table | None:
    """Build a table of the pairs left in parts of sources; None where there is no part."""
    if not rows:
        return None
    steps = list(dict.fromkeys(step["step"] for funnel in run.filtered for step in funnel["steps"]))
    frame = pd.DataFrame(rows)
    frame = frame.reindex(columns=[c for c in frame.columns if c not in steps] + steps)
    with_tau = "tau" in frame
    body = [
        Row(
            [
                text(r["source"], "name"),
                text(r[part]),
                *([number(r["tau"], 2)] if with_tau else []),
                *(whole(r[s]) for s in steps),
            ]
        )
        for r in frame.to_dict("records")
    ]
    labels = [label[:1].upper() + label[1:] for label in frame.columns]
    caption = f"Pairs left after every step, by {part}."
    return Table(name, caption, head(*labels), body, frame)


def place(task: str) -> tuple[int, str]:
    """Give the place of a task in the usual order; unknown ones come last."""
    return (TASKS.index(task) if task in TASKS else len(TASKS), task)


def funnel_notes(run: Run) -> list[str]:
    """Say in words what the numbers of the funnel leave out."""
    notes = []
    for funnel in run.filtered:
        who = funnel["source"]
        notes.append(f"{who}: coarse filter at a score difference of {tau_words(funnel)}.")
        if funnel.get("supplied_pairs"):
            notes.append(
                f"{who} supplies {funnel['supplied_pairs']} labelled pairs; they bypass "
                "the filters, whose counts on the same images stand for comparison."
            )
        if none_left := funnel.get("without_pairs"):
            notes.append(f"{who}: {none_left['reason']}. {none_left['next_step']}.")
        alone = funnel.get("groups_of_one") or []
        if alone:
            shown = ", ".join(map(str, alone[:5])) + (" …" if len(alone) > 5 else "")
            notes.append(f"{who}: groups of one image, which give no pair: {len(alone)} ({shown}).")
        votes = funnel.get("preferences")
        if votes:
            counts = ", ".join(f"{name} {votes[name]}" for name in sorted(votes))
            notes.append(f"{who}: preferences {counts}.")
    return notes


def tau_words(funnel: Funnel) -> str:
    """Write the tau of a source, or of each data set in it where they differ."""
    tau = funnel["tau"]
    if len({*tau.values()}) == 1:
        return decimal(next(iter(tau.values())), 2)
    return ", ".join(f"{decimal(value, 2)} ({name})" for name, value in tau.items())


def threshold_table(run: Run) -> Table | None:
    """Build the SSIM threshold for every setting of sign, beta and colour plane."""
    grid = run.threshold.get("grid") or []
    if not grid:
        return None
    used = run.threshold.get("setting") or {}
    frame = pd.DataFrame(grid)[[*SETTING, "median", "low_quartile", "high_quartile"]]
    frame["used"] = [
        all(row[k] == used.get(k) for k in SETTING) for row in frame.to_dict("records")
    ]
    body = [
        Row(
            [
                text(row["sign"], "name", "in use" if row["used"] else ""),
                number(row["beta"], 2),
                text(row["plane"]),
                number(row["median"], 4),
                number(row["low_quartile"], 4),
                number(row["high_quartile"], 4),
            ],
            mark="used" if row["used"] else "",
        )
        for row in frame.to_dict("records")
    ]
    columns = head(
        "Sign", "Beta", "Plane", ("Threshold", "median SSIM"), "Lower quartile", "Upper quartile"
    )
    caption = (
        "Noticeable-difference threshold for every setting that the paper leaves open; those not "
        "in use are measured on at most 1,000 images."
    )
    return Table("threshold", caption, columns, body, frame)
