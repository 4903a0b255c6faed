"""Render the report of a preset: one self-contained page, and a CSV for each of its tables.

Where the preset has no result of its own, the results of a stand-in preset are shown, marked as
such in every section. Numbers of the paper come from the folder given by --paper and nowhere else.
Beside the page, `absences.json` holds what the step `headline` says of it in the terminal.
"""

from __future__ import annotations

import argparse
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

from fgresq import workspace
from fgresq.analysis.roles import measure_of
from fgresq.catalogues import add_methods, add_sources, methods_file, read_methods, read_sources
from fgresq.files import write_json
from fgresq.options import add_options, options_of
from fgresq.report import (
    beside,
    comparison,
    datasets,
    figures,
    label_only,
    observer_tables,
    panels,
    paper,
    training_figures,
)
from fgresq.report import funnel_tables as funnel
from fgresq.report import interval_tables as intervals
from fgresq.report import retrained as baselines
from fgresq.report import training_tables as training
from fgresq.report.absences import absences, fold_note, partial_notes, refuse_absent
from fgresq.report.cells import Methods, Table, stat_label
from fgresq.report.coverage import Shown, coverage, coverage_sentence, coverage_table, tasks_in
from fgresq.report.gallery import gallery
from fgresq.report.label_only import LabelOnly, read_label_only
from fgresq.report.machines import machines_sentences, read_machines
from fgresq.report.method_tables import methods_table
from fgresq.report.page import render, write_page
from fgresq.report.results import Run, read_run, same
from fgresq.report.source_states import brought_in_by, sources_table
from fgresq.report.terminal import ABSENCES
from fgresq.report.transfer_tables import Transfer, read_shown
from fgresq.sections import Report, Section
from fgresq.settings import read_yaml

PARTS = {
    "data": "results/data/PRESET",
    "pairs": "results/pairs/PRESET",
    "analysis": "results/analysis/PRESET",
    "metrics": "reports/metrics/PRESET.json",
}


class Options(Section):
    """What this step reads of a preset."""

    report: Report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    add_options(parser, Options)
    for part, usual in PARTS.items():
        parser.add_argument(f"--{part}", required=True, help=f"{usual} of the preset")
    parser.add_argument("--labels", required=True, help="results/labels/PRESET of the preset")
    parser.add_argument("--scores", nargs="*", default=[], help="score tables of the preset")
    parser.add_argument("--states", help="what the preset has of every method")
    parser.add_argument("--machines", help="what moves between processors, measured (JSON)")
    parser.add_argument("--human", help="folder of the committed bench of transfer")
    parser.add_argument("--paper", help="folder of the reported numbers")
    add_methods(parser)
    add_sources(parser)
    parser.add_argument(
        "--require", nargs="*", default=[], help="sources and methods whose absence is an error"
    )
    parser.add_argument("--stand-in-preset", help="preset whose results stand in")
    for part, usual in PARTS.items():
        parser.add_argument(f"--stand-in-{part}", help=f"{usual} of the stand-in")
    parser.add_argument(
        "--stand-in-scores", nargs="*", default=[], help="score tables of the stand-in"
    )
    parser.add_argument("--stand-in-states", help="what the stand-in has of every method")
    parser.add_argument("--out", required=True, help="page to write")


def read_stand_in(args: argparse.Namespace) -> Run | None:
    """Read the stand-in run, if one is named."""
    if not args.stand_in_preset:
        return None
    parts = {part: getattr(args, f"stand_in_{part}") for part in PARTS}
    scores, states = args.stand_in_scores, args.stand_in_states
    return read_run(args.stand_in_preset, **parts, scores=scores, states=states)


def tables_of(
    run: Run, asked: Run, labels: LabelOnly, numbers: paper.Paper, methods: Methods
) -> dict[str, Any]:
    """Build the tables of the page by section; `run` is shown, `asked` is what was wanted."""
    titles = {record["source"]: record["title"] for record in run.records}
    table3 = paper.compare_table3(numbers, run, methods)
    table2 = paper.compare_intervals(numbers, run, methods)
    own = run is asked
    matched, comparable = paper.tally(table3, table2) if own else (0, 0)
    made = comparison.comparison_tables(run.performance, methods)
    return {
        "average": made[0] if made else None,
        "by_stat": by_stat(made[1:]),
        "leak": comparison.leak_table(run.leak),
        "measures": observer_tables.measures_table(run),
        "observers": observer_tables.ranking_table(run, methods),
        "evidence": observer_tables.evidence_table(run),
        "intervals": intervals.interval_tables(run.intervals, titles, methods),
        "label_counts": label_only.counts_table(labels),
        "label_rows": label_only.true_tables(labels),
        "label_nulls": label_only.nulls_table(labels),
        "paper3": beside.paper_table(
            "paper_table3", "Table 3: paper beside ours, split by pairs.", table3, "Task", "average"
        ),
        "paper2": beside.paper_table(
            "paper_table2", "Intervals: paper beside ours.", table2, "Interval", paper.OVERALL
        ),
        "paper_labels": labels_beside(numbers, labels),
        "matched": matched,
        "comparable": comparable,
        "reasons": sorted(set(table3["reason"]) - {"", "not measured"}),
        "datasets": [datasets.measured_table(run), datasets.printed_table(numbers, run, labels)],
        "tasks": datasets.task_counts(numbers, run),
        "funnel": [
            funnel.funnel_table(run, numbers),
            funnel.task_funnel_table(run),
            funnel.dataset_funnel_table(run),
        ],
        "threshold": funnel.threshold_table(run),
    }


def labels_beside(numbers: paper.Paper, labels: LabelOnly) -> Table | None:
    """Build the paper's interval rows beside those of metric values that came with labels."""
    rows = label_only.compare_label_only(numbers, labels)
    if rows.empty:
        return None
    items = ", ".join(dict.fromkeys(rows["item"].str.replace("table", "Table ")))
    caption = f"{items}: paper beside rows from the true labels."
    return beside.paper_table("paper_labels", caption, rows, "Interval", paper.OVERALL)


def training_of(run: Run, numbers: paper.Paper, methods: Methods) -> dict[str, Any]:
    """Build what the page shows of a run's training: sentences, tables, figures."""
    trained, table4 = run.trained, paper.compare_table4(numbers, run)
    caption = "Table 4: paper beside ours."
    beside4 = beside.paper_table("paper_table4", caption, table4, "Task", "average")
    return {
        "run": run,
        "tower": (trained.record.get("tower") or {}).get("words", ""),
        "sentences": [training.task_sentence(trained), training.reliability_sentence(trained)],
        "tables": {
            "confusion": training.confusion_table(trained),
            "ablation": training.ablation_table(trained),
            "paper4": beside4 if table4["ours"].notna().any() else None,
            "reliability": training.reliability_table(trained),
            "runs": training.runs_table(trained),
            "baselines": baselines.baselines_table(trained, methods),
        },
        "figures": {
            "curves": training_figures.curves_figure(trained),
            "confusion": training_figures.confusion_figure(trained),
            "ablation": training_figures.forest_figure(trained),
            "reliability": training_figures.reliability_figure(trained),
            "baselines": baselines.baselines_figure(trained, methods),
        },
        "tally": paper.tally(table4),
    }


def by_stat(tables: list[Table]) -> dict[str, list[Table]]:
    """Put the tables of both splits of a statistic together."""
    grouped: dict[str, list[Table]] = {}
    for table in tables:
        grouped.setdefault(table.name.rpartition("_")[0], []).append(table)
    return grouped


def figures_of(run: Run, methods: Methods) -> dict[str, Any]:
    """Draw the figures of the page by section."""
    titles = {record["source"]: record["title"] for record in run.records}
    return {
        "comparison": figures.comparison_figure(run, methods),
        "intervals": panels.interval_figures(run, titles, methods),
        "funnel": figures.funnel_figure(run),
        "threshold": figures.threshold_figure(run),
        "preference": panels.preference_figures(run, titles),
    }


def all_tables(value: Any) -> list[Table]:
    """Collect the tables in nested lists and mappings."""
    if isinstance(value, Table):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [table for item in inner for table in all_tables(item)]


def flat(record: Any, prefix: str = "") -> list[tuple[str, str]]:
    """Flatten a JSON record to lines of (key, value)."""
    if isinstance(record, dict):
        return [line for key in sorted(record) for line in flat(record[key], f"{prefix}{key} / ")]
    if isinstance(record, list) and any(isinstance(item, dict | list) for item in record):
        return [line for i, item in enumerate(record) for line in flat(item, f"{prefix}{i + 1} / ")]
    shown = ", ".join(map(str, record)) if isinstance(record, list) else record
    return [(prefix.removesuffix(" / "), "–" if shown is None else str(shown))]


def page_values(
    asked: Run,
    stand_in: Run | None,
    labels: LabelOnly,
    numbers: paper.Paper,
    methods: Methods,
    sources: dict[str, dict[str, Any]],
    machines: dict[str, Any],
    pairs: int,
    transfer: Transfer | None = None,
) -> dict[str, Any]:
    """Build everything the template names."""
    run = stand_in if stand_in is not None and not asked.measured else asked
    seen = methods.in_run(run.records)
    shown_pairs = gallery(run, seen, pairs)
    trainer = next((r for r in (asked, stand_in) if r is not None and r.trained.there), None)
    tasks = tasks_in({pair.pair["task"] for pair in shown_pairs})
    steps = {same(entry["title"]): brought_in_by(name, entry) for name, entry in sources.items()}
    shown = Shown(run, asked.preset, tasks, trainer, asked.trained.absent, labels, steps)
    covered = coverage(numbers, state_of(shown, asked))
    tables = tables_of(run, asked, labels, numbers, seen)
    tables["coverage"] = coverage_table(covered)
    tables["sources"] = sources_table(sources, asked, labels)
    runs = [asked] if run is asked else [asked, run]
    tables["transfer"] = transfer.tables if transfer else []
    tables["methods"] = [
        t for r in runs for t in [methods_table(r, methods.in_run(r.records))] if t
    ]
    trained = training_of(trainer, numbers, methods) if trainer else None
    if trained and trainer is asked:
        tables["matched"] += trained["tally"][0]
        tables["comparable"] += trained["tally"][1]
    return {
        "training": trained,
        "truncated": asked.trained.truncated,
        "asked": asked,
        "run": run,
        "stand_in": run is not asked,
        "headline": asked.metrics.get("headline", ""),
        "people": run.metrics.get("observers", {}).get("sentence", ""),
        "shared_sentence": observer_tables.shared_sentence(run, seen),
        "absences": absences(asked, methods),
        "partial": partial_notes(run, methods),
        "tables": tables,
        "figures": figures_of(run, seen),
        "gallery": shown_pairs,
        "methods": methods,
        "stat_label": stat_label,
        "shown_methods": sorted({v.method for pair in shown_pairs for v in pair.verdicts}),
        "coverage_sentence": coverage_sentence(covered),
        "nulls_sentence": label_only.nulls_sentence(labels),
        "leak_sentence": comparison.leak_sentence(run.leak),
        "funnel_notes": funnel.funnel_notes(run),
        "tolerance": paper.TOLERANCE,
        "notes": numbers.notes,
        "transfer": transfer,
        "machines": machines_sentences(machines, run.preset, measure_of(run.records)),
        "provenance": flat(asked.provenance),
        "stand_in_provenance": flat(run.provenance) if run is not asked else [],
    }


def state_of(shown: Shown, asked: Run) -> Shown:
    """Let the records of the preset asked for say which of its data sets are absent."""
    if shown.run is asked:
        return shown
    known = {record["source"] for record in shown.run.records}
    extra = [record for record in asked.records if record["source"] not in known]
    joined = replace(shown.run, records=[*shown.run.records, *extra])
    return replace(shown, run=joined)


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    parts = {part: getattr(args, part) for part in PARTS}
    asked = read_run(args.preset, **parts, scores=args.scores, states=args.states)
    known = read_yaml(args.methods) if args.methods else read_methods()
    methods = Methods(known, methods_file(args.methods))
    refuse_absent(args.require, asked, methods)
    numbers = paper.read_paper(args.paper or workspace.reports("paper"))
    labels = read_label_only(args.labels)
    sources = read_yaml(args.sources) if args.sources else read_sources()
    most = options_of(args, Options).report.gallery
    stand_in, machines = read_stand_in(args), read_machines(args.machines)
    transfer = read_shown(args.human)
    values = page_values(
        asked, stand_in, labels, numbers, methods, sources, machines, most, transfer
    )
    html = render("report.html.j2", **values)
    told = {"absent": values["absences"], "folds": fold_note(asked)}
    write_json(Path(args.out).with_name(ABSENCES), told)
    write_page(args.out, html, all_tables([values["tables"], values["training"]]))
    logging.info("report of preset '%s': %s", args.preset, Path(args.out))
