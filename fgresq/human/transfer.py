"""The bench of transfer: how far rows agree with people on sets that they were not trained on.

`make human` calls `fgresq step transfer --images SET.csv ... --out results/human/transfer.csv`. An
image table names its set; beside it lie the set's pairs (.pairs.csv) and record (.json). What is
trained on what, and which set may tell, is declared in fgresq/data/human.yaml before any run, and
nothing is chosen here: penalty, blocks and rows are those of the file. Controls are added to every
table. Beside the table a record (.json) says command, commit, roles and counts of settings.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from fgresq.analysis.bootstrap import Draws, Measure
from fgresq.analysis.provenance import PACKAGES, git_state, version
from fgresq.analysis.trivial import constant_order
from fgresq.errors import UserError
from fgresq.files import digest, write_json
from fgresq.human.agreement import (
    OF_PAIRS,
    Question,
    best_of,
    difference,
    draws_of,
    measured,
    of_pairs,
    questions,
)
from fgresq.human.answers import Bench, Values
from fgresq.human.at_hand import read_sets
from fgresq.human.declared import (
    CONSTANT,
    FGRESQ,
    SHARPNESS,
    Declared,
    Line,
    add_declared,
    controls,
    read_declared,
    told,
)
from fgresq.human.rated_sets import RatedSet
from fgresq.human.transfer_table import COLUMNS
from fgresq.tables import write_table

COMMAND = "make human"
TRIVIAL = (SHARPNESS, CONSTANT)
HEAD = {FGRESQ: "score head"}
COMPARISON_HEAD = "comparison head"  # of pairs; a row of its own, where the comparison has learnt


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    parser.add_argument(
        "--images", type=Path, nargs="+", required=True, help="image tables, one a set"
    )
    parser.add_argument("--models", type=Path, help="folder of rows of kind fgresq, by name")
    parser.add_argument("--out", type=Path, required=True, help="table to write (CSV)")
    add_declared(parser)


def simple(bench: Bench) -> dict[str, Values]:
    """Give the two controls that learn nothing from images: sharpness, and a constant order."""
    names = [n for n in bench.declared.of_role("select", "test") if n in bench.sets]
    return {
        SHARPNESS: {name: bench.sets[name].sharpness[None] for name in names},
        CONSTANT: {name: constant_order(bench.sets[name].images)[None] for name in names},
    }


def lines_of(declared: Declared) -> list[Line]:
    """List the rows that are trained or asked: untrained towers, then those declared."""
    return [*controls(declared), *declared.rows]


def all_answers(bench: Bench) -> tuple[dict[str, Values], dict[str, str]]:
    """Ask every row of every set that it is measured on; give also why rows have no answers."""
    found, lacking = simple(bench), {}
    for line in tqdm(lines_of(bench.declared), desc="rows", disable=None):
        lacking[line.name] = bench.lacking(line)
        if not lacking[line.name]:
            found[line.name] = bench.answers(line)
    return found, lacking


def settings_of(bench: Bench, answers: dict[str, Values]) -> dict[str, int]:
    """Count the settings that have looked at the labels of each set, the rows here included.

    Controls and methods without training are no settings.
    """
    tried = [row.name for row in bench.declared.rows if row.train]
    return {
        name: rated.settings + sum(name in answers.get(row, {}) for row in tried)
        for name, rated in bench.declared.sets.items()
    }


def described(declared: Declared) -> dict[str, dict[str, str]]:
    """Describe every row by name: kind, what it was trained on, its tower."""
    rows = {name: {"kind": "control", "trained_on": "", "tower": ""} for name in TRIVIAL}
    untrained = {line.name for line in controls(declared)}
    for line in lines_of(declared):
        blocks = "" if line.tower == "lite0" else f", block {'+'.join(map(str, line.blocks))}"
        rows[line.name] = {
            "kind": "control" if line.name in untrained else line.kind,
            "trained_on": told(line.train),
            "tower": f"{line.tower}{blocks}" if line.kind == "ridge" else HEAD.get(line.kind, ""),
        }
        if line.kind == FGRESQ:
            rows[line.compared] = {**rows[line.name], "tower": COMPARISON_HEAD}
    return rows


def trivial_for(declared: Declared) -> dict[str, tuple[str, ...]]:
    """Name, for every row that is no control, the trivial rows that it has to beat."""
    own = {line.train: line.name for line in controls(declared)}
    found: dict[str, tuple[str, ...]] = {}
    for line in declared.rows:
        found[line.name] = (*TRIVIAL, own[line.train]) if line.train else TRIVIAL
        found[line.compared] = found[line.name]
    return found


def on_question(
    own: RatedSet, question: Question, answers: dict[str, Values], draws: Draws, bench: Bench
) -> list[dict[str, Any]]:
    """Measure every row that answered for a set; a line each, with its difference."""
    rows = {n: v[own.name] for n, v in answers.items() if own.name in v}
    measures = {n: measured(own, values, question, draws) for n, values in rows.items()}
    if question.measure in OF_PAIRS:
        for name, gaps in bench.compared(own.name).items():
            measures[name] = of_pairs(own, gaps, question, draws)
    trivial = trivial_for(bench.declared)
    return [
        line_of(name, measure, question, measures, trivial.get(name, ()))
        for name, measure in measures.items()
    ]


def line_of(
    name: str,
    measure: Measure,
    question: Question,
    measures: dict[str, Measure],
    trivial: tuple[str, ...],
) -> dict[str, Any]:
    """Write a line of the table, but for what holds of the whole set or row."""
    low, high = measure.interval()
    line: dict[str, Any] = {"row": name, "votes": question.votes, "measure": question.measure}
    line |= {"value": measure.value, "low": low, "high": high, "n": measure.n}
    line |= {"families": len(measure.families), "majority": question.most, "against": ""}
    line["reason"] = "" if np.isfinite(measure.value) else measure.note or "no value"
    best = best_of(measures, trivial)
    if not best or line["reason"]:
        return line
    line |= {"against": best, **gap_of(measure, measures[best], "difference")}
    return line | gap_of(measure, measures[SHARPNESS], "over_sharpness")


def gap_of(measure: Measure, other: Measure, column: str) -> dict[str, float]:
    """Give what a row has over another, with its interval, under names of columns."""
    gap = difference(measure, other)
    low, high = gap.interval()
    return {column: gap.value, f"{column}_low": low, f"{column}_high": high}


def table_of(bench: Bench, answers: dict[str, Values], lacking: dict[str, str]) -> pd.DataFrame:
    """Measure all rows on all sets."""
    declared, settings = bench.declared, settings_of(bench, answers)
    rows = described(declared)
    lines: list[dict[str, Any]] = []
    for name in declared.of_role("select", "test"):
        role = {"set": name, "role": declared.sets[name].role, "settings": settings[name]}
        found = []
        if name in bench.sets:
            own = bench.sets[name]
            draws = draws_of(own, declared.bootstrap, declared.seed)
            for question in questions(own):
                found += on_question(own, question, answers, draws, bench)
        found += absent_lines(bench, name, lacking)
        lines += [{**line, **rows[line["row"]], **role} for line in found]
    table = pd.DataFrame(lines).reindex(columns=list(COLUMNS))
    texts = [name for name, kind in COLUMNS.items() if kind is str]
    return table.assign(**{name: table[name].fillna("") for name in texts}).round(6)


def absent_lines(bench: Bench, name: str, lacking: dict[str, str]) -> list[dict[str, Any]]:
    """Give a line with the reason for every row that has nothing to say of a set."""
    asked = [line for line in lines_of(bench.declared) if name in bench.declared.read_by(line)]
    if name not in bench.sets:
        reasons = dict.fromkeys([*TRIVIAL, *(line.name for line in asked)], bench.absent[name])
    else:
        reasons = {o.name: lacking[o.name] or bench.lacking_on(o, name) for o in asked}
    return [{"row": row, "reason": reason} for row, reason in reasons.items() if reason]


def record_of(bench: Bench, settings: dict[str, int]) -> dict[str, Any]:
    """Describe the run: command, commit, what was declared, and what was at hand."""
    sets = {
        name: {
            "role": rated.role,
            "settings": settings[name],
            "absent": bench.absent.get(name, ""),
            **(about(bench.sets[name]) if name in bench.sets else {}),
        }
        for name, rated in bench.declared.sets.items()
    }
    return {
        "command": COMMAND,
        **git_state(),
        "declared": digest(bench.declared.record()),
        "seed": bench.declared.seed,
        "refits": bench.declared.refits,
        "bootstrap": bench.declared.bootstrap,
        "penalty": bench.declared.penalty,
        "sets": sets,
        "versions": {package: version(package) for package in PACKAGES},
    }


def about(own: RatedSet) -> dict[str, Any]:
    """Count what a set at hand holds."""
    return {
        "images": len(own.images),
        "families": int(own.images["family"].nunique()),
        "pairs": len(own.pairs),
        "left_out": int((~own.taken).sum()),
        "merged": own.merged,
        "manifest": own.manifest,
    }


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    cv2.ipp.setUseIPP(False)  # its sums depend on where memory happens to lie
    torch.set_num_threads(args.threads)
    declared = read_declared(args.declared)
    sets, absent = read_sets(args.images, declared)
    if not sets:
        mend = "Place at least one of them (docs/data-sets.md)"
        raise UserError("the bench of transfer", "none of its sets is at hand", mend)
    bench = Bench(declared, sets, absent, models=args.models)
    answers, lacking = all_answers(bench)
    write_table(args.out, table_of(bench, answers, lacking), COLUMNS)
    write_json(args.out.with_suffix(".json"), record_of(bench, settings_of(bench, answers)))
    logging.info("%s: %d rows on %d sets", args.out, len(answers), len(sets))
