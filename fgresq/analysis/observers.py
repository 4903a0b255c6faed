"""Say what the choice of the measure that stands for people does to a run.

Simulated observers see one measure (setting `labels/measure`). Their pairs are labelled once more
by every measure that has scores here: --out gives the macro pair accuracy of every method by the
labels of each (columns as `performance`, stat acc of the split by family), on the same pairs, which
were kept by the scores of the measure that the setting names. Trained methods learnt from that
one's labels. --record says how many pairs are decided at each slope (fitted, and both ends of its
interval), and how often people agree with the measure (--evidence). Where no observer is simulated
the table has no rows and the record is empty.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fgresq.analysis.bootstrap import average
from fgresq.analysis.inputs import (
    Inputs,
    Options,
    add_shared_arguments,
    read_inputs,
    write_rounded,
)
from fgresq.analysis.performance import accuracy
from fgresq.analysis.roles import measure_of
from fgresq.files import read_json, write_json
from fgresq.measures import MEASURES, MeasureName
from fgresq.options import options_of
from fgresq.pairs.labels import Sight, simulated
from fgresq.sections import Labels
from fgresq.tables import TASKS, read_table

COLUMNS: dict[str, type] = {
    "measure": str,  # that the observers see: a key of MEASURES
    "method": str,
    "value": float,  # mean pair accuracy over tasks
    "low": float,  # 95 % bootstrap interval over families
    "high": float,
    "n": int,  # decided pairs
    "families": int,
    "tasks": int,
}
EVIDENCE_COLUMNS: dict[str, type] = {
    "set": str,  # whose people were asked
    "measure": str,
    "acc": float,  # share of decided pairs in which people agree with the measure
    "acc_low": float,  # 95 % interval over families
    "acc_high": float,
    "slope": float,  # of Thurstone's Case V, 1 over the unit of the measure
    "slope_low": float,
    "slope_high": float,
    "nll": float,  # mean negative log-likelihood of a vote; a coin has .6931
    "decided": int,
    "pairs": int,
    "families": int,
}
ENDS = ("low", "fitted", "high")


class ObserverOptions(Options):
    """What this step reads of a preset."""

    labels: Labels


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    add_shared_arguments(parser, ObserverOptions)
    parser.add_argument("--sources", required=True, help="source records")
    parser.add_argument("--evidence", help="table of the agreement of measures with people")
    parser.add_argument("--record", required=True, help="record to write (JSON)")


def read_evidence(path: str | Path | None) -> pd.DataFrame | None:
    """Read how often people agree with each measure; None where the table is not there."""
    return read_table(path, EVIDENCE_COLUMNS) if path and Path(path).exists() else None


def relabelled(
    inputs: Inputs, measure: MeasureName, labels: Labels, slope: float
) -> pd.DataFrame | None:
    """Label the simulated pairs of a run as observers would who see a measure.

    Args:
        inputs: of the run.
        measure: a key of MEASURES.
        labels: settings of the observers.
        slope: of the measure, 1 over its unit.

    Returns:
        The pairs whose two images the measure's method scored; None where it scored none.
    """
    quality = inputs.values(MEASURES[measure].method, "family")
    pairs = inputs.pairs[inputs.pairs["label_origin"].eq("simulated")]
    pairs = pairs[pairs["image_a"].isin(quality.index) & pairs["image_b"].isin(quality.index)]
    if pairs.empty:
        return None
    return simulated(pairs, quality, Sight(slope, labels.indifference), labels.seed)


def accuracies(inputs: Inputs, pairs: pd.DataFrame, ties: str) -> list[dict[str, Any]]:
    """Give the macro pair accuracy of every method by the labels of these pairs."""
    rows = []
    for method in inputs.methods:
        values = inputs.values(method, "family")
        gap = pairs["image_a"].map(values) - pairs["image_b"].map(values)
        decided = pairs.assign(gap=gap)[gap.notna() & pairs["preference"].ne("equal")]
        present = [task for task in TASKS if pairs["task"].eq(task).any()]
        weights = inputs.draws.weights
        parts = [accuracy(decided[decided["task"].eq(t)], weights, ties) for t in present]
        mean = average(parts, len(weights))
        low, high = mean.interval()
        numbers = {"value": mean.value, "low": low, "high": high, "n": mean.n}
        tasks = sum(np.isfinite(part.value) for part in parts)
        rows.append(
            {"method": method, **numbers, "families": len(mean.families), "tasks": int(tasks)}
        )
    return rows


def decided_at(inputs: Inputs, measure: MeasureName, labels: Labels) -> dict[str, float]:
    """Count the decided pairs at the slope of a measure and at both ends of its interval."""
    found: dict[str, float] = {}
    for end in ENDS:
        slope = getattr(labels.slope(measure), end)
        pairs = relabelled(inputs, measure, labels, slope)
        assert pairs is not None, measure
        found |= {f"slope_{end}": slope, end: int(pairs["preference"].ne("equal").sum())}
        found["pairs"] = len(pairs)
    return found


def agreement(evidence: pd.DataFrame | None, measure: str) -> dict[str, Any] | None:
    """Give how often people agree with a measure; None where that was not measured."""
    rows = evidence[evidence["measure"].eq(measure)] if evidence is not None else []
    if not len(rows):
        return None
    row = rows.iloc[0]
    return {
        **{"set": row["set"], "value": float(row["acc"]), "decided": int(row["decided"])},
        **{"low": float(row["acc_low"]), "high": float(row["acc_high"])},
    }


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    options, measure = options_of(args, ObserverOptions), measure_of(read_json(args.sources))
    inputs = read_inputs(args, ObserverOptions)
    rows, decided = [], {}
    for name in MEASURES if measure else ():
        pairs = relabelled(inputs, name, options.labels, options.labels.slope(name).fitted)
        if pairs is not None:
            own = accuracies(inputs, pairs, options.analysis.metric_ties)
            rows += [{"measure": name, **row} for row in own]
            decided[name] = decided_at(inputs, name, options.labels)
    write_rounded(args.out, rows, COLUMNS)
    evidence = read_evidence(args.evidence)
    record = {
        "measure": measure,
        "indifference": options.labels.indifference,
        "agreement": {name: agreement(evidence, name) for name in MEASURES},
        "decided": decided,
        "evidence": [] if evidence is None else evidence.to_dict("records"),
    }
    write_json(args.record, record if measure else {})
