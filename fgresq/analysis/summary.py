"""Collect the numbers of a run in one metrics file, and where they come from in another.

The metrics file lives in git: numbers rounded to 6 decimals, the family split by task and the
pairs split by its average, the intervals, the funnel, the leak of the random split, the ablation
and the task accuracy where training was run, what stands for people where observers are simulated,
and one headline made from them; docs/data-dictionary.md has its form. With --plots, its mean
accuracies become a table, which `dvc plots diff` draws. The provenance file holds commit, settings
digest, manifests, seeds, device and versions. None holds a time.

Where the numbers are those in git to within what moves between processors (--machines), git's
metrics file stands as it is; else the new one is written, and what moved is told.
"""

from __future__ import annotations

import argparse
import json
import logging
from typing import Any

import numpy as np
import pandas as pd

from fgresq.analysis.ablation import ABLATION_COLUMNS
from fgresq.analysis.headline import headline, origins_of, stands_for_people
from fgresq.analysis.inputs import INTERVAL_COLUMNS, PERFORMANCE_COLUMNS
from fgresq.analysis.provenance import provenance
from fgresq.analysis.reproduced import settle, tolerance_of, trained_in
from fgresq.arguments import settings_json
from fgresq.catalogues import add_methods, read_methods
from fgresq.files import json_text, read_json, write_json, write_text
from fgresq.options import options_of
from fgresq.presets import Preset
from fgresq.records import Funnel
from fgresq.tables import read_table, write_table

DIGITS = 6
AVERAGE = "average"  # over tasks, in the place of one
PLOT_COLUMNS: dict[str, type] = {
    "method": str,
    "value": float,  # mean pair accuracy over tasks, families of the test side unseen
    "low": float,  # 95 % bootstrap interval over families
    "high": float,
    "n": int,  # decided pairs
}
INPUTS = {
    "performance": "table of the step performance",
    "intervals": "table of the step intervals",
    "sources": "source records",
    "funnel": "funnel records",
    "leak": "leak of the random split",
    "threshold": "JND threshold",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    parser.add_argument("--preset", required=True, help="name of the preset")
    parser.add_argument(
        "--options",
        type=settings_json,
        metavar="JSON",
        help="all settings of the preset as JSON (default: from the settings file)",
    )
    for name, meaning in INPUTS.items():
        parser.add_argument(f"--{name}", required=True, help=meaning)
    add_methods(parser)
    parser.add_argument("--ablation", help="table of the step ablation, if training was run")
    parser.add_argument("--training", help="record of the step training, if training was run")
    parser.add_argument("--observers", help="record of the step observers")
    parser.add_argument("--machines", help="what moves between processors, measured (JSON)")
    parser.add_argument("--out", required=True, help="metrics file to write")
    parser.add_argument("--plots", help="table of them to write, for `dvc plots diff`")
    parser.add_argument("--provenance", required=True, help="provenance file to write")


def nest(table: pd.DataFrame, keys: list[str], numbers: list[str]) -> dict[str, Any]:
    """Turn rows into nested mappings along `keys`, down to {number: rounded value or None}."""
    nested: dict[str, Any] = {}
    for row in table.to_dict("records"):
        place = nested
        for key in keys:
            place = place.setdefault(row[key], {})
        place.update({name: rounded(row[name]) for name in numbers})
    return nested


def rounded(value: Any) -> Any:
    """Round every number in a JSON value; NaN becomes None."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    if isinstance(value, (int, np.integer)):
        return value if isinstance(value, bool) else int(value)
    if isinstance(value, float):
        return round(value, DIGITS) + 0.0 if np.isfinite(value) else None
    return value


def observers_of(record: dict[str, Any]) -> dict[str, Any]:
    """Give what stands for people, in a sentence too, without the whole of its evidence."""
    if not record:
        return {}
    kept = {key: value for key, value in record.items() if key != "evidence"}
    return {**kept, "sentence": stands_for_people(record)}


def ablation_of(path: str | None) -> dict[str, Any]:
    """Give the ablation by variant and statistic; empty without one."""
    if path is None:
        return {}
    table = read_table(path, ABLATION_COLUMNS)
    return nest(table, ["variant", "stat"], ["value", "difference", "low", "high", "n"])


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    options, methods, records = (
        options_of(args, Preset),
        read_methods(args.methods),
        read_json(args.sources),
    )
    performance = read_table(args.performance, PERFORMANCE_COLUMNS)
    training = read_json(args.training) if args.training else {}
    observers = read_json(args.observers) if args.observers else {}
    intervals = read_table(args.intervals, INTERVAL_COLUMNS)
    numbers = ["value", "low", "high", "n"]
    of_family = performance[performance["split"].eq("family")]
    of_pairs = performance[performance["split"].eq("pairs") & performance["task"].eq("average")]
    metrics = {
        "preset": args.preset,
        "headline": headline(performance, methods, records, training),
        "observers": observers_of(observers),
        "label_origins": origins_of(records),
        "sources": {r["source"]: {"status": r["status"], "images": r["images"]} for r in records},
        "family": nest(of_family, ["method", "task", "stat"], numbers),
        "pairs": nest(of_pairs, ["method", "task", "stat"], numbers),
        "intervals": nest(intervals, ["source", "method", "bin", "stat"], [*numbers, "null"]),
        "ablation": ablation_of(args.ablation),
        "task_accuracy": training.get("task_accuracy"),
        "funnel": {f["source"]: funnel_counts(f) for f in read_json(args.funnel)},
        "leak": read_json(args.leak),
        "threshold": read_json(args.threshold)["threshold"],
    }
    tolerance = tolerance_of(args.machines, args.preset)
    text, said = settle(args.out, json_text(rounded(metrics)), tolerance, trained_in(methods))
    if said:
        logging.info(said)
    write_text(args.out, text)
    if args.plots:
        write_table(args.plots, plotted(json.loads(text)), PLOT_COLUMNS)
    made = provenance(args.preset, options.record(), records, training, args.threads)
    write_json(args.provenance, made)


def plotted(metrics: dict[str, Any]) -> pd.DataFrame:
    """Give the mean pair accuracy of every method as a table, from the metrics file."""
    rows = [
        {"method": method, **{name: stats[AVERAGE]["acc"][name] for name in list(PLOT_COLUMNS)[1:]}}
        for method, stats in metrics["family"].items()
        if "acc" in stats.get(AVERAGE, {})
    ]
    return pd.DataFrame(rows, columns=list(PLOT_COLUMNS))


def funnel_counts(funnel: Funnel) -> dict[str, Any]:
    """Give the pairs and images after each step of a funnel, and what the source supplied."""
    steps = {s["step"]: {"pairs": s["pairs"], "images": s["images"]} for s in funnel["steps"]}
    return {"steps": steps, "supplied_pairs": funnel["supplied_pairs"]}
