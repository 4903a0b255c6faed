"""Write what a preset has of every method: values here, or why none, with the next step.

The states are: computed here, trained here, absent (in the preset, without any value, or unable to
run on this machine), not run (able to, but not named in the preset).
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pandas as pd

from fgresq.catalogues import add_methods, read_methods
from fgresq.files import write_json
from fgresq.scoring.registry import own_absence
from fgresq.tables import read_scores
from fgresq.training.collect import UNTESTED

COMPUTED, TRAINED, ABSENT, NOT_RUN = "computed here", "trained here", "absent", "not run"
NO_IMAGE = "there is no image to score"
STEPS = {
    "no reference": "fill the column `reference` of the image table, or use a method without one",
    NO_IMAGE: "bring in a source of the preset",
    UNTESTED: "name folds, or `pairs`, under runs/full in config/config.yaml",
}
MEND = "mend that and run the same command again"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    parser.add_argument("--scores", nargs="*", default=[], help="score tables of the preset")
    parser.add_argument("--named", nargs="*", default=[], help="methods that the preset names")
    parser.add_argument("--full", nargs="*", default=[], help="methods that `full: true` adds")
    add_methods(parser)
    parser.add_argument("--out", required=True, help="JSON to write")


def counted(scores: pd.DataFrame) -> dict[str, Any]:
    """Count the images of a method's score table, those with a value, and the others' reasons."""
    whole = set(scores.loc[scores["value"].notna(), "image"])
    rest = scores[~scores["image"].isin(whole)].drop_duplicates("image")
    without = dict(Counter(rest["reason"]).most_common())
    return {"images": scores["image"].nunique(), "values": len(whole), "without": without}


def why_none(counts: dict[str, Any], entry: Mapping[str, Any]) -> dict[str, str | None]:
    """Say why a method of the preset has no value, in the form of an absence without a code."""
    reason = next(iter(counts["without"]), NO_IMAGE)
    step = STEPS.get(reason) or entry.get("needs") or MEND
    return {"code": None, "reason": reason, "next_step": step}


def state(name: str, entry: Mapping[str, Any], scores: pd.DataFrame | None) -> dict[str, Any]:
    """Give the state of a method.

    Args:
        name: of the method.
        entry: of the method in the catalogue.
        scores: its score table; None where the preset does not name it.

    Returns:
        `state`, `images`, `values`, `without` (images by reason), and `absent` (code, reason and
        next step; code is null where the images and not the machine are why) or null.
    """
    counts = {"images": 0, "values": 0, "without": {}} if scores is None else counted(scores)
    if counts["values"]:
        return {"state": TRAINED if entry["trained"] else COMPUTED, **counts, "absent": None}
    absent = own_absence(name, entry)
    if absent:
        return {"state": ABSENT, **counts, "absent": absent.record()}
    if scores is not None:
        return {"state": ABSENT, **counts, "absent": why_none(counts, entry)}
    return {"state": NOT_RUN, **counts, "absent": None}


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    tables = [read_scores(path) for path in args.scores]
    joined = pd.concat(tables, ignore_index=True) if tables else None
    found: dict[str, Any] = {}
    for name, entry in read_methods(args.methods).items():
        own = joined[joined["method"].eq(name)] if joined is not None else None
        found[name] = state(name, entry, own if name in args.named else None)
        found[name]["full"] = name in args.full  # one that `make report-full` brings in
    write_json(args.out, found)
