"""The answer in a few lines: who leads each task and over all, by how much, on how many pairs."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from fgresq.analysis.headline import observers
from fgresq.analysis.roles import measure_of
from fgresq.errors import capital
from fgresq.measures import MEASURES
from fgresq.report.parts.cells import (
    Cell,
    Methods,
    Row,
    Table,
    count,
    decimal,
    head,
    interval,
    number,
    text,
    whole,
)
from fgresq.report.parts.comparison_tables import AVERAGE
from fgresq.report.site import Site
from fgresq.tables import TASKS

ALL = "all tasks"


@dataclass(frozen=True)
class Leader:
    """Who leads a task, and who comes next."""

    task: str
    method: str
    value: float
    low: float
    high: float
    n: float
    second: str
    behind: float
    row: int


def ranked_rows(rows: pd.DataFrame, methods: Methods) -> pd.DataFrame:
    """Give the rows of methods that have a value, highest first, then by name; no trivial rows."""
    named = rows["method"].map(lambda name: name in methods.entries and leads(methods.role(name)))
    rows = rows[named.astype(bool) & rows["value"].notna()]
    return rows.sort_values(["value", "method"], ascending=[False, True])


def leads(role: str) -> bool:
    """Tell whether a row of such a role can lead: trivial rows and the label source do not."""
    return role == "method"


def overlapping(rows: pd.DataFrame) -> int:
    """Count the rows whose interval overlaps that of the first, which is the highest."""
    return int((rows["high"].iloc[1:] >= rows["low"].iloc[0]).sum())


def leader_lines(site: Site) -> list[Leader]:
    """Find the leader over all tasks, then of each task, by pair accuracy split by family."""
    rows = site.run.performance
    rows = rows[rows["split"].eq("family") & rows["stat"].eq("acc")]
    found = []
    for task in (AVERAGE, *TASKS):
        own = ranked_rows(rows[rows["task"].eq(task)], site.methods)
        if task == AVERAGE and "tasks" in own and len(own):
            covered = pd.to_numeric(own["tasks"])
            own = own[covered.eq(covered.max())]
        if own.empty:
            continue
        first, second = own.iloc[0], own.iloc[1] if len(own) > 1 else None
        found.append(
            Leader(
                task=ALL if task == AVERAGE else task,
                method=site.methods.title(first["method"]),
                value=float(first["value"]),
                low=float(first["low"]),
                high=float(first["high"]),
                n=float(first["n"]),
                second="" if second is None else site.methods.title(second["method"]),
                behind=float("nan") if second is None else float(first["value"] - second["value"]),
                row=int(own.index[0]) + 2,
            )
        )
    return found


def judged_by(site: Site) -> str:
    """Say in few words who judged the pairs: people, a model, or both."""
    origins = {record["label_origin"] for record in site.run.present}
    if origins == {"simulated"}:
        measure = measure_of(site.run.records)
        named = f" ({MEASURES[measure].title})" if measure else ""
        return f"Judged by a model{named}, not by people"
    if origins == {"human"}:
        return "Judged by people"
    return f"Judged by {observers(sorted(origins))}"


def answer_sentence(site: Site) -> str:
    """Say who judged, who leads over all tasks and how surely; or why nothing was measured."""
    lines = [line for line in leader_lines(site) if line.task == ALL]
    if not lines:
        return capital(site.asked.metrics.get("headline", "")) or "Nothing was measured"
    line = lines[0]
    return (
        f"{judged_by(site)}: {line.method} leads, with a pair accuracy of {decimal(line.value)} "
        f"{interval(line.low, line.high)} on {count(line.n)} pairs"
    )


def leaders_table(site: Site) -> Table | None:
    """Build the table of leaders; None where nothing was measured."""
    lines = leader_lines(site)
    if not lines:
        return None
    body = [
        Row(
            [
                text(line.task, "name"),
                text(line.method, "prose short"),
                number(line.value, row=line.row),
                Cell(interval(line.low, line.high) or "–", mark="number", row=line.row),
                whole(line.n),
                text(line.second or "–", "prose short"),
                number(line.behind),
            ]
        )
        for line in lines
    ]
    columns = head("Task", "Leads", "ACC", "95 % interval", "Pairs", "Next", "Behind")
    frame = pd.DataFrame([vars(line) for line in lines])
    caption = "Who leads, by pair accuracy on families that were not learnt from."
    return Table(
        "leaders",
        caption,
        columns,
        body,
        frame,
        made=site.made("analysis/{preset}/performance.csv"),
    )
