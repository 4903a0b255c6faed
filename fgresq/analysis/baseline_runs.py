"""Collect how the retrained baselines were trained: a row a run, and their losses by step.

A run whose method is absent here has the reason and no numbers. No time is told: it is the
machine's, and two machines would give two pages.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fgresq.analysis.inputs import write_rounded
from fgresq.analysis.learning import thin
from fgresq.analysis.trained_runs import STAGE1_HISTORY
from fgresq.errors import UserError
from fgresq.files import read_json
from fgresq.tables import read_table

END = 0.1  # of the steps: the last loss is their mean, as single batches jump
RUN_COLUMNS: dict[str, type] = {
    "method": str,
    "run": str,
    "seed": int,  # -1 where the run is absent; of the settings, with the run's own added
    "parameters": int,  # trained
    "steps": int,
    "train_images": int,
    "train_pairs": int,
    "test_images": int,
    "loss_start": float,  # mean over the first tenth of the steps
    "loss_end": float,  # over the last tenth
    "backbone": str,
    "device": str,
    "sha256": str,  # of the weights
    "truncated": int,  # 1: stopped by max_steps
    "absent": str,  # why there is no run, and the next step; else empty
}
CURVE_COLUMNS: dict[str, type] = {"method": str, "run": str, "step": int, "loss": float}
COUNTS = ("parameters", "steps", "train_images", "train_pairs", "test_images")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    parser.add_argument("runs", nargs="*", type=Path, help="folders .../METHOD/RUN")
    parser.add_argument("--out", required=True, help="table of runs to write")
    parser.add_argument("--curves", required=True, help="table of losses to write")


def row_of(folder: Path, card: dict[str, Any], history: pd.DataFrame) -> dict[str, Any]:
    """Give the facts of a run."""
    keys = {"method": folder.parent.name, "run": folder.name}
    nothing = {"seed": -1, **dict.fromkeys(COUNTS, 0), "truncated": 0, "absent": ""}
    words = dict.fromkeys(("backbone", "device", "sha256"), "")
    if card["kind"] == "absent":
        absent = f"{card['absent']['reason']}. Next step: {card['absent']['next_step']}"
        none = {"loss_start": np.nan, "loss_end": np.nan}
        return {**keys, **nothing, **words, **none, "absent": absent}
    part = max(1, round(END * len(history)))
    second = card["settings"].get("second")
    return {
        **keys,
        **nothing,
        **{name: card[name] for name in COUNTS},
        "seed": card["settings"]["seed"],
        "loss_start": history["loss"].head(part).mean(),
        "loss_end": history["loss"].tail(part).mean(),
        "backbone": card["settings"]["backbone"] + (f" + {second}" if second else ""),
        "device": card["device"],
        "sha256": card["sha256"],
        "truncated": int(bool(card["tower"]["max_steps"])),
    }


def read_history(path: Path) -> pd.DataFrame:
    """Read a history; a method of several losses has more columns than `loss`, their sum."""
    further = [name for name in pd.read_csv(path, nrows=0).columns if name not in STAGE1_HISTORY]
    return read_table(path, STAGE1_HISTORY | dict.fromkeys(further, float))


def read_run(folder: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Read a run: its facts and the points of its curve.

    Raises:
        UserError: the folder is no run of a baseline.
    """
    card = read_json(folder / "card.json")
    kind = card.get("kind", "") if isinstance(card, dict) else ""
    if kind != "absent" and not kind.startswith("baseline "):
        mend = "Give folders that train-baseline wrote, .../METHOD/RUN"
        raise UserError(folder / "card.json", f"this is no baseline (its kind is {kind!r})", mend)
    history = read_history(folder / "history.csv")
    keys = {"method": folder.parent.name, "run": folder.name}
    points = thin(history[["step", "loss"]]).to_dict("records")
    return row_of(folder, card, history), [{**keys, **p, "step": int(p["step"])} for p in points]


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    found = [read_run(folder) for folder in sorted(args.runs)]
    write_rounded(args.out, [row for row, _ in found], RUN_COLUMNS)
    write_rounded(args.curves, [p for _, points in found for p in points], CURVE_COLUMNS)
