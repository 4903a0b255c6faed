"""Which differences are more than chance, and what the ranking owes to choices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from fgresq.analysis.trivial import ENTRIES
from fgresq.analysis.trust_tables import AVERAGE, BETTER, CANNOT, OPEN, WORSE
from fgresq.report.parts.cells import (
    Cell,
    Filter,
    Methods,
    Row,
    Table,
    count,
    decimal,
    head,
    interval,
    missing,
    number,
    text,
    whole,
)
from fgresq.report.parts.svg import BLUE, INK, MUTED, Picture, picture, style
from fgresq.report.results import Run

SIGNS = {BETTER: "▲", WORSE: "▼", OPEN: "○", CANNOT: "∅"}  # beside the words
MARKS = {BETTER: "better", WORSE: "worse", OPEN: "tie", CANNOT: "not-comparable"}
LEVEL = 0.05


def with_trivial(methods: Methods) -> Methods:
    """Give the methods of a run with the trivial rows that the analysis adds to them."""
    return Methods({**ENTRIES, **methods.entries}, methods.where)


def chance(p: float) -> str:
    """Write a p value: three digits, or less than the least of those."""
    if missing(p):
        return "–"
    return "< 0.001" if p < 0.001 else decimal(p)


def p_cell(p: float, row: int | None = None) -> Cell:
    """Give the cell of a p value."""
    sort = "" if missing(p) else float(p)
    return Cell(chance(p), sort, mark="number", row=row)


def task_filter(table: pd.DataFrame, chosen: str = "") -> Filter:
    """Give the filter of tasks, with one chosen at first."""
    tasks = list(dict.fromkeys(table["task"]))
    return Filter("task", "Task", tasks, chosen if chosen in tasks else "")


def comparisons_table(run: Run, methods: Methods) -> Table | None:
    """Build every comparison of two methods: difference, interval, test, what it could decide."""
    table = run.trust["significance"]
    if table.empty:
        return None
    known = with_trivial(methods)
    rows = [
        Row(
            [
                known.cell(r.method),
                text(r.task),
                text(known.title(r.against)),
                number(r.value, row=line),
                Cell(
                    decimal(r.difference, sign=True),
                    float(r.difference),
                    interval(r.low, r.high),
                    "number",
                    row=line,
                ),
                p_cell(r.p, line),
                p_cell(r.least_p),
                p_cell(r.p_holm),
                p_cell(r.least_holm),
                whole(r.families),
                whole(r.n),
                text(f"{SIGNS[r.verdict]} {r.verdict}", f"verdict {MARKS[r.verdict]}"),
            ],
            mark=known.role(r.method).replace(" ", "-"),
            filters={"task": r.task, "against": known.title(r.against)},
        )
        for line, r in enumerate(table.itertuples(), start=2)
    ]
    opponents = [known.title(name) for name in dict.fromkeys(table["against"])]
    columns = head(
        "Method",
        "Task",
        "Against",
        ("ACC", "pairs of both"),
        ("Difference", "95 % over families"),
        ("p", "sign flips"),
        ("Least p", "it could reach"),
        ("Holm", "corrected p"),
        ("Least Holm", "it could reach"),
        "Families",
        "n",
        "Verdict",
    )
    note = (
        "Families are resampled and turned, never pairs. Holm corrects for all methods compared "
        f"with the same one in a task. {CANNOT.capitalize()}: even the least p that so many "
        f"families can give is over {LEVEL:g} after Holm, whatever the methods do."
    )
    filters = [task_filter(table, AVERAGE), Filter("against", "Against", opponents, opponents[0])]
    caption = "Every method against FGResQ (or the best) and against the trivial rows."
    return Table("significance", caption, columns, rows, table, filters, note)


def undecided_sentence(run: Run) -> str:
    """Say how many comparisons decide something, and how many never could."""
    verdicts = run.trust["significance"]["verdict"]
    if verdicts.empty:
        return ""
    decided = int(verdicts.isin([BETTER, WORSE]).sum())
    cannot = int(verdicts.eq(CANNOT).sum())
    return (
        f"Of {count(len(verdicts))} comparisons {count(decided)} are decided at {LEVEL:g} after "
        f"Holm; {count(cannot)} could not be, whatever the methods do."
    )


def critical_figures(run: Run, methods: Methods) -> list[Picture]:
    """Draw a critical-difference diagram a task, the average first."""
    ranks = run.trust["mean_ranks"]
    tasks = sorted(dict.fromkeys(ranks["task"]), key=lambda task: task != AVERAGE)
    return [critical_figure(run, with_trivial(methods), task) for task in tasks]


def critical_figure(run: Run, methods: Methods, task: str) -> Picture:
    """Draw the mean ranks of a task; a bar joins methods that Nemenyi's test does not part."""
    from scikit_posthocs import critical_difference_diagram  # it brings pyplot along

    ranks = run.trust["mean_ranks"].query("task == @task")
    pairs = run.trust["nemenyi"].query("task == @task")
    # a dollar sign would be taken for mathematics
    names = {m: methods.title(m).replace("$", r"\$") for m in ranks["method"]}
    places = pd.Series(ranks["mean_rank"].to_numpy(), [names[m] for m in ranks["method"]])
    p = pd.DataFrame(1.0, places.index, places.index)
    for pair in pairs.itertuples():
        one, other = names[pair.method], names[pair.other]
        p.loc[one, other] = p.loc[other, one] = pair.p
    first = ranks.iloc[0]
    with style():
        figure = Figure(figsize=(8.4, 0.7 + 0.2 * len(places)), layout="constrained")
        axes = figure.subplots()
        axes.grid(visible=False)
        critical_difference_diagram(
            places,
            p,
            alpha=LEVEL,
            ax=axes,
            label_fmt_left="{label} ({rank:.1f})",
            label_fmt_right="({rank:.1f}) {label}",
            elbow_props={"color": INK, "linewidth": 0.7},
            marker_props={"s": 14},
            crossbar_props={"color": BLUE, "linewidth": 2.4},
        )
        for bar in axes.get_lines():  # its points come out of a set, whose order is chance
            if np.ptp(np.asarray(bar.get_ydata(), float)) == 0:
                bar.set_xdata(np.sort(np.asarray(bar.get_xdata(), float)))
        axes.spines["top"].set_color(MUTED)
        axes.set_title(task)
        caption = (
            f"{task}: mean rank of the methods over {first.families} families (1 is the best). A "
            f"bar joins methods that Nemenyi's test does not part at {LEVEL:g}: their mean ranks "
            f"lie less than {decimal(first.critical_difference, 1)} apart. Friedman's test: p "
            f"{chance(first.friedman_p)}."
        )
        said = ", ".join(f"{name} {rank:.1f}" for name, rank in places.items())
        return picture(figure, f"fig-critical-{task}", caption, f"Mean ranks, {task}: {said}")


def choice_tables(run: Run, methods: Methods) -> list[Table]:
    """Build a table a choice: the rank of every method under each setting of it."""
    table, known = run.trust["choices"], with_trivial(methods)
    return [
        choice_table(own, str(choice), known) for choice, own in table.groupby("choice", sort=False)
    ]


def choice_table(own: pd.DataFrame, choice: str, methods: Methods) -> Table:
    """Build the ranks of one choice, in the order of its first setting."""
    settings = list(dict.fromkeys(own["setting"]))
    found = {(r.method, r.setting): r for r in own.itertuples()}
    names = list(dict.fromkeys(own["method"]))

    def order(method: str) -> tuple[float, str]:
        rank = found[method, settings[0]].rank
        return (float("inf") if missing(rank) else float(rank), method)

    rows = [
        Row(
            [methods.cell(m), *(rank_cell(found[m, s], m, methods) for s in settings)],
            mark=methods.role(m).replace(" ", "-"),
            fixed=not methods.ranked(m),
        )
        for m in sorted(names, key=order)
    ]
    moved = sum(len({found[m, s].rank for s in settings}) > 1 for m in names if methods.ranked(m))
    tied = own[own["setting"].eq(settings[0])]["ties"].sum()
    note = f"{count(moved)} of {count(len(names))} methods change their rank."
    if choice.startswith("tie"):
        note += f" {count(tied)} pairs are ties of some method."
    name = f"choice_{choice.split()[0]}"
    caption = f"Ranking by {choice}: rank, and the mean over tasks it comes of."
    return Table(name, caption, head("Method", *settings), rows, own, note=note)


def rank_cell(row: Any, method: str, methods: Methods) -> Cell:
    """Give the cell of a rank with its value; of a label source the value alone."""
    if missing(row.rank):
        why = "label source" if not methods.ranked(method) else "lacks tasks"
        return Cell("–", float("inf"), f"{decimal(row.value)}, {why}", "number")
    return Cell(f"{row.rank:.0f}", float(row.rank), decimal(row.value), "number")


def misleading(sources: Mapping[str, dict[str, Any]], run: Run) -> dict[str, str]:
    """Say of which sources of a run pooled correlations mislead, and why."""
    named = {r["source"]: sources.get(r["source"], {}) for r in run.present}
    return {
        source: entry["pooled_misleads"]
        for source, entry in named.items()
        if entry.get("pooled_misleads")
    }


def within_table(run: Run, methods: Methods, sources: Mapping[str, dict[str, Any]]) -> Table | None:
    """Build the pooled correlation beside that inside groups; what misleads is marked."""
    table, known = run.trust["within"], with_trivial(methods)
    if table.empty:
        return None
    wrong = misleading(sources, run)
    titles = {record["source"]: record["title"] for record in run.records}
    rows = []
    for line, r in enumerate(table.itertuples(), start=2):
        mark, tag = ("number few", "misleads") if r.source in wrong else ("number", "")
        pooled = interval(r.pooled_low, r.pooled_high)
        sort = "" if missing(r.pooled) else float(r.pooled)
        rows.append(
            Row(
                [
                    known.cell(r.method),
                    text(titles.get(r.source, r.source)),
                    text(r.task),
                    Cell(decimal(r.pooled), sort, pooled, mark, tag, line),
                    number(r.within, 3, interval(r.within_low, r.within_high), row=line),
                    whole(r.n),
                    whole(r.groups),
                ],
                mark=known.role(r.method).replace(" ", "-"),
                fixed=not known.ranked(r.method),
                filters={"task": r.task, "source": titles.get(r.source, r.source)},
            )
        )
    columns = head(
        "Method",
        "Data",
        "Task",
        ("SRCC, pooled", "over all images"),
        ("SRCC in groups", "mean over groups"),
        ("n", "images"),
        "Groups",
    )
    note = " ".join(
        f"Pooled over {titles.get(source, source)} misleads: {reason}."
        for source, reason in wrong.items()
    )
    shown = list(dict.fromkeys(titles.get(s, s) for s in table["source"]))
    filters = [task_filter(table), Filter("source", "Data", shown)]
    caption = "Pooled correlation beside the correlation inside groups."
    return Table("within", caption, columns, rows, table, filters, note)
