"""The paper's numbers (all from `reports/paper`) beside ours, with a verdict for each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from fgresq.absent import COVERAGE
from fgresq.audit.printed import ABOUT, TASK_NAMES, Printed, read_afine, read_printed, same
from fgresq.report.parts.cells import Methods
from fgresq.report.results import Run
from fgresq.settings import read_yaml
from fgresq.tables import TASKS

# About twice the standard error of a task's ACC on the paper's test pairs (0.009 to 0.012).
TOLERANCE = 0.02
BORROWED = "metric values came with the labels"
AVERAGES = "averages"  # how the reason begins where only the tasks averaged are others
MATCH, BETTER, WORSE, INCOMPARABLE = "match", "better", "worse", "not comparable"
TABLE4_NAMES = {"full": "FGResQ", "no_dfl": "w/o DFL"}
OVERALL = "[0.0,1.0]"
KEYS = ["item", "method", "at", "stat"]


@dataclass(frozen=True)
class Paper:
    """What the paper reports, its tables and figures; and the numbers of that on A-FINE."""

    printed: Printed
    items: list[dict[str, str]]
    afine: Printed

    @property
    def numbers(self) -> pd.DataFrame:
        """The printed numbers, one a row."""
        return self.printed.numbers

    def table(self, name: str) -> pd.DataFrame:
        """Give the rows of one of its tables."""
        return self.numbers[self.numbers["table"] == name]


def read_paper(folder: str | Path) -> Paper:
    """Read the reported numbers and what is known of them.

    What is faulty in its files is left out and named in `printed.faults`.

    Raises:
        UserError: the folder holds none, or a file is not as it should be.
    """
    printed = read_printed(folder)
    return Paper(printed, read_yaml(Path(folder) / ABOUT)["items"], read_afine(folder))


def reported(paper: Paper, name: str, at: str) -> pd.DataFrame:
    """Give a table of numbers as KEYS, kind, paper; `at` is the column that is task or bin."""
    rows = paper.table(name)
    rows = rows[rows["stat"].isin(["SRCC", "PLCC", "ACC"])]
    rows = rows[rows["number"].notna()]  # the paper prints some as "-"
    place = rows[at].map(TASK_NAMES) if at == "dataset_or_task" else rows[at]
    return pd.DataFrame(
        {
            "item": name,
            "method": rows["method"],
            "kind": rows["type"],
            "at": place,
            "stat": rows["stat"].str.lower(),
            "paper": rows["number"],
        }
    ).reset_index(drop=True)


def compare_table3(paper: Paper, run: Run, methods: Methods) -> pd.DataFrame:
    """Lay our values, under the paper's split by pairs, beside its Table 3."""
    rows = reported(paper, "table3", "dataset_or_task")
    ours = run.performance[run.performance["split"] == "pairs"]
    ours = ours.assign(at=ours["task"], tasks=tasks_behind(ours))
    joined = join(rows, ours, methods, why_not(run, {"fgrestore"}, "FGRestore"))
    trained = joined["method"].eq(TABLE4_NAMES["full"]) & joined["reason"].eq("")
    joined.loc[trained, "reason"] = run.trained.caveat
    return judge(mark_averages(joined))


def compare_table4(paper: Paper, run: Run) -> pd.DataFrame:
    """Lay our ablation, full model and without degradation features, beside its Table 4."""
    rows, ours = reported(paper, "table4_ablation", "dataset_or_task"), run.trained.ablation
    titles = {v: {"title": TABLE4_NAMES.get(v, v)} for v in dict.fromkeys(ours["variant"])}
    split = "" if ours["split"].eq("pairs").all() else "split by family, the paper's by pairs"
    tasks = "" if ours["tasks"].eq(len(TASKS)).all() else "averages other tasks"
    reasons = [why_not(run, {"fgrestore"}, "FGRestore"), split, tasks, run.trained.caveat]
    ours = ours.assign(method=ours["variant"], at="average", low=np.nan, high=np.nan)
    reason = "; ".join(filter(None, reasons))
    joined = join(rows, ours, Methods(titles, "variants"), reason)
    return judge(joined.drop(columns="tasks"))


def tasks_behind(ours: pd.DataFrame) -> list[str]:
    """Name, for each of our rows, the tasks in which its method and statistic have a value."""
    single = ours[(ours["task"] != "average") & ours["value"].notna()]
    names = single.groupby(["method", "stat"])["task"].agg(lambda tasks: " ".join(sorted(tasks)))
    found = names.to_dict()
    return [found.get(key, "") for key in zip(ours["method"], ours["stat"], strict=True)]


def mark_averages(rows: pd.DataFrame) -> pd.DataFrame:
    """Mark averages over other tasks than the paper's (its FR rows average four, NR rows six)."""
    single = rows[rows["at"] != "average"]
    names = single.groupby(["method", "stat"])["at"].agg(lambda tasks: " ".join(sorted(tasks)))
    theirs = names.to_dict()
    reasons = []
    for row in rows.itertuples():
        if row.reason or row.at != "average":
            reasons.append(row.reason)
            continue
        own, their = row.tasks, theirs.get((row.method, row.stat), "")
        words = f"{AVERAGES} {len(own.split())} tasks, the paper {len(their.split())}"
        words += " other ones" if len(own.split()) == len(their.split()) else ""
        reasons.append(words if own != their else "")
    return rows.assign(reason=reasons).drop(columns="tasks")


def compare_intervals(paper: Paper, run: Run, methods: Methods) -> pd.DataFrame:
    """Lay our interval rows beside Table 2 (PIPAL) and, for present data sets, Tables 5 to 17."""
    frames = []
    for name in ["table2", *(f"table{n}" for n in range(5, 18))]:
        dataset = paper.table(name)["dataset_or_task"].iloc[0] if len(paper.table(name)) else ""
        record = run.present_record(dataset) if dataset else None
        if not dataset or not (record or name == "table2"):
            continue
        source = record["source"] if record else first_source(run)
        ours = run.intervals[run.intervals["source"] == source]
        ours = ours.assign(at=ours["bin"].map(bin_name))
        reason = why_not(run, {same(dataset)}, dataset, source)
        joined = join(reported(paper, name, "bin"), ours, methods, reason)
        frames.append(judge(joined.drop(columns="tasks")))
    return pd.concat(frames, ignore_index=True) if frames else judge(pd.DataFrame())


def first_source(run: Run) -> str:
    """Name the source that stands in for a data set that is not there."""
    return run.present[0]["source"] if run.present else ""


def bin_name(name: str) -> str:
    """Write a bin as the paper's tables do."""
    name = name.replace(" ", "")
    return OVERALL if name in ("overall", "all") else name


def why_not(run: Run, wanted: set[str], title: str, source: str | None = None) -> str:
    """Say why values of a run do not compare to the paper's; empty where they do."""
    used = [r for r in run.present if source is None or r["source"] == source]
    if not used:
        return "nothing measured"
    titles = ", ".join(record["title"] for record in used)
    other = (
        "" if {same(r["source"]) for r in used} == wanted else f"measured on {titles}, not {title}"
    )
    simulated = any(record.get("label_origin") == "simulated" for record in used)
    return "; ".join(filter(None, ["simulated observers" if simulated else "", other]))


def join(rows: pd.DataFrame, ours: pd.DataFrame, methods: Methods, reason: str) -> pd.DataFrame:
    """Join our rows (method, at, stat, value, low, high, n) to the paper's by method name."""
    names = {same(row): row for row in dict.fromkeys(rows["method"])}
    meant = {m: names.get(same(methods.title(m)), names.get(same(m))) for m in set(ours["method"])}
    ours = ours.assign(method=ours["method"].map(meant)).dropna(subset=["method", "value"])
    kept = ["method", "at", "stat", "ours", "low", "high", "n", "tasks"]
    kept += ["sd_seeds"] if "sd_seeds" in ours else []
    ours = ours.rename(columns={"value": "ours"}).reindex(columns=kept)
    joined = rows.merge(ours, on=["method", "at", "stat"], how="left")
    return joined.assign(reason=[reason if pd.notna(v) else "not measured" for v in joined["ours"]])


def judge(rows: pd.DataFrame) -> pd.DataFrame:
    """Add difference (ours minus paper) and verdict; only rows without a reason get one."""
    if rows.empty:
        return pd.DataFrame(
            columns=[
                *KEYS,
                "kind",
                "paper",
                "ours",
                "low",
                "high",
                "n",
                "reason",
                "difference",
                "coverage",
                "verdict",
            ]
        )
    difference = (rows["ours"] - rows["paper"]).round(6)
    verdicts = [
        INCOMPARABLE if reason else verdict(gap)
        for reason, gap in zip(rows["reason"], difference, strict=True)
    ]
    states = [
        covered(reason, pd.notna(ours))
        for reason, ours in zip(rows["reason"], rows["ours"], strict=True)
    ]
    return rows.assign(difference=difference, coverage=states, verdict=verdicts)


def covered(reason: str, measured: bool) -> str:
    """Name what a number of ours is beside the paper's, in the vocabulary of coverage.

    Args:
        reason: why both do not compare; empty where they do.
        measured: whether there is a number of ours.
    """
    reproduced, labels_only, stand_in, absent = COVERAGE
    if not measured:
        return absent
    if reason == BORROWED:
        return labels_only
    return stand_in if reason and not reason.startswith(AVERAGES) else reproduced


def verdict(difference: float) -> str:
    """Name a difference (ours minus paper; higher is better for every statistic here)."""
    if abs(difference) <= TOLERANCE:
        return MATCH
    return BETTER if difference > 0 else WORSE


def tally(*frames: pd.DataFrame) -> tuple[int, int]:
    """Count the numbers that match, and those that are comparable at all."""
    verdicts = [verdict for frame in frames for verdict in frame["verdict"]]
    return verdicts.count(MATCH), sum(v != INCOMPARABLE for v in verdicts)


def tally_sentence(*frames: pd.DataFrame) -> str:
    """Count the numbers within tolerance of the paper; say why where none compares."""
    matched, comparable = tally(*frames)
    if comparable:
        return f"{matched} of {comparable} comparable numbers lie within the tolerance."
    reasons = {reason for frame in frames for reason in frame["reason"]}
    told = "; ".join(sorted(reasons - {"", "not measured"})) or "nothing measured"
    return (
        f"No number of this run can be compared with the paper's ({told}): it neither confirms nor "
        "contradicts them."
    )
