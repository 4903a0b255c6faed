"""A judge whose chances were fitted to pairs that were judged: its file, and what it changes.

The file lies in the folder of the weights; those of the models that have no folder of their own,
embedded and official, among the fitted models (docs/places.md).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fgresq import workspace
from fgresq.analysis.calibration import TINY, Calibration
from fgresq.errors import UserError
from fgresq.files import read_json
from fgresq.scoring.facts import PEOPLE, SIMULATED, Facts
from fgresq.scoring.preferences import Preference, answer_of

FILE = "calibration.json"
ORIGINS = {"human": PEOPLE, "simulated": SIMULATED, "derived from scores": "scores"}


def place_of(name: str) -> Path:
    """Give where the calibration of a judge lies, by the name that it was asked for."""
    folder = Path(name)
    return folder / FILE if folder.is_dir() else workspace.models() / "calibration" / f"{name}.json"


def logit_of(found: Preference) -> float:
    """Give log(P(A better) / P(B better)); swapped, its negative to the last bit."""
    assert found.a_better is not None and found.b_better is not None
    return math.log(max(found.a_better, TINY)) - math.log(max(found.b_better, TINY))


def recalibrated(found: Preference, calibration: Calibration) -> Preference:
    """Give a preference with calibrated chances, and the answer that they give."""
    a, b, equal = (float(own[0]) for own in calibration.chances(np.array([logit_of(found)])))
    chances = a, b, equal if calibration.band else None
    better = answer_of(*chances)
    return replace(found, better=better, a_better=a, b_better=b, equal=chances[2])


def read_calibration(path: Path, identity: str) -> dict[str, Any]:
    """Read a calibration.

    Args:
        path: of it.
        identity: of the weights that it has to be of.

    Raises:
        UserError: it is of another form, or of other weights.
    """
    told = read_json(path)
    mend = "Run fgresq calibrate again, or remove the file"
    numbers: list[Any] = (
        [told.get(n) for n in ("temperature", "band")] if isinstance(told, dict) else [None]
    )
    if not all(isinstance(n, (int, float)) and math.isfinite(n) for n in numbers):
        raise UserError(path, "it is no calibration", mend)
    temperature, band = map(float, numbers)
    if temperature <= 0 or band < 0 or told.get("label_origin") not in ORIGINS:
        raise UserError(path, "its temperature, band or label_origin can be none", mend)
    if told.get("weights") != identity:
        raise UserError(path, "it was fitted to other weights", mend)
    return told


def calibration_of(name: str, weights_name: Callable[[str], str]) -> dict[str, Any] | None:
    """Read the calibration of a judge; None: it has none.

    Args:
        name: of the judge.
        weights_name: names the weights of a judge by content.
    """
    path = place_of(name)
    return read_calibration(path, weights_name(name)) if path.exists() else None


def calibrate_facts(facts: Facts, told: Mapping[str, Any], name: str) -> Facts:
    """Let the facts of a judge say to what its chances were fitted."""
    by = ORIGINS[told["label_origin"]]
    chances = (
        f"{facts.chances}; calibrated on {told['pairs']} pairs judged by {by} "
        f"(temperature {told['temperature']:.3g}, {place_of(name)})"
    )
    return replace(facts, chances=chances, calibrated_by=by)
