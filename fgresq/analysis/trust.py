"""Say which method may be trusted for what, and whether families enough were there to tell.

Beside the table of --out (significance.csv), under the names of TABLES:

  significance   every method against FGResQ and against every trivial row: difference with its
                 interval, sign-flip test, Holm, and the least p that could be reached
  mean_ranks     mean ranks over families with the critical difference; nemenyi: its p by pair
  gaps           accuracy from fine to coarse
  margins        chance that the preferred image is first against the method's own difference;
                 margin_steps: at round differences, and what a chance of 75 % needs
  restorers      which method over-rates which restorer
  choices        ranking under other rules for ties, fits of the PLCC, splits
  within         pooled correlation beside that inside groups

Trivial rows are in all of them: sharpness, a constant order of restorers, a random network. What
is drawn or turned is families, never pairs. A method that made the labels is never ranked.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Any

from fgresq.analysis import (
    choices,
    gaps,
    margins,
    mean_ranks,
    restorer_bias,
    significance,
    within,
)
from fgresq.analysis.inputs import (
    Inputs,
    Options,
    add_shared_arguments,
    read_inputs,
    write_rounded,
)
from fgresq.analysis.judged import judge
from fgresq.analysis.roles import LABEL_SOURCE, roles_in
from fgresq.analysis.trivial import with_trivial
from fgresq.analysis.trust_tables import TABLES
from fgresq.files import read_json
from fgresq.options import options_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    add_shared_arguments(parser)
    parser.add_argument("--sources", required=True, help="source records")


def tables_of(
    inputs: Inputs, label_sources: set[str], ties: str, seed: int
) -> dict[str, list[dict[str, Any]]]:
    """Compute the rows of every table of TABLES.

    Args:
        inputs: of a run, with the trivial rows.
        label_sources: methods that made its labels.
        ties: what a tie of a method is worth.
        seed: of the random ways of turning signs.
    """
    judged = judge(inputs, "family", ties)
    ranks, pairs = mean_ranks.rankings(judged, label_sources)
    curves, steps = margins.margins(judged)
    return {
        "significance": significance.comparisons(judged, label_sources, seed),
        "mean_ranks": ranks,
        "nemenyi": pairs,
        "gaps": gaps.by_gap(judged),
        "margins": curves,
        "margin_steps": steps,
        "restorers": restorer_bias.flattery(judged, inputs.images),
        "choices": choices.rankings(inputs, judged, label_sources),
        "within": within.pooled_and_within(inputs),
    }


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    options = options_of(args, Options).analysis
    inputs = with_trivial(read_inputs(args))
    roles = roles_in(inputs.methods, read_json(args.sources))
    label_sources = {name for name, entry in roles.items() if entry["role"] == LABEL_SOURCE}
    made = tables_of(inputs, label_sources, options.metric_ties, options.seed)
    folder = Path(args.out).parent
    for name, rows in made.items():
        path = Path(args.out) if name == "significance" else folder / f"{name}.csv"
        write_rounded(path, rows, TABLES[name])
    told = f"{len(inputs.methods)} methods, {len(inputs.draws.families)} families"
    logging.info("%s: %s", folder, told)
