"""What was built and trained: settings of the full model's first run, and its tensors' shapes.

Read from the cards and the header of the weights that the run left, so that a drawing of the model
follows from what was trained and not from what was meant.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from fgresq.analysis.ablation import FULL
from fgresq.analysis.trained_runs import TrainedRun
from fgresq.errors import UserError

WEIGHTS = "weights.safetensors"


def tensor_shapes(path: Path) -> dict[str, list[int]]:
    """Give the shape of every tensor of a file of weights, by name; no tensor is read.

    Raises:
        UserError: the file is damaged.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            return {name: list(file.get_slice(name).get_shape()) for name in sorted(file.keys())}
    except SafetensorError as error:
        raise UserError(path, f"not whole safetensors ({error})", "Train again") from error


def architecture(stage1: list[TrainedRun], stage2: list[TrainedRun]) -> dict[str, Any] | None:
    """Give what the full model's first run was made of; None where its weights are not at hand.

    Returns:
        `run`, `tower` and `stage2` (settings), `objective`, `stage1` (settings and tasks; null
        where that run is not given) and `shapes`: of what stage 2 trained or fitted, `quality.*`,
        and of what stage 1 trained before, `degradation.*`. What is not in it stayed frozen.

    Raises:
        UserError: the weights are damaged.
    """
    runs = (run for run in stage2 if run.variant == FULL and run.absent is None)
    run = next((run for run in runs if (run.folder / WEIGHTS).exists()), None)
    if run is None:
        return None
    before = (first for first in stage1 if (first.variant, first.name) == (FULL, run.name))
    first = next((first.card for first in before if first.absent is None), None)
    return {
        "run": run.name,
        "tower": run.card["tower"],
        "stage1": first and {**first["options"]["stage1"], "tasks": first["tasks"]},
        "stage2": run.card["settings"],
        "objective": run.card.get("objective", "contrastive"),
        "shapes": tensor_shapes(run.folder / WEIGHTS),
    }
