"""A ridge on a frozen tower as a judge: its folder's weights on one image at a time."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from fgresq import workspace
from fgresq.errors import UserError
from fgresq.networks.vit import TOWERS, WIDTH, features, tower
from fgresq.scoring.facts import BY_SCORES, Facts, taught_by
from fgresq.scoring.judge_kinds import check_judgeable
from fgresq.scoring.judges import RIDGE, Judge
from fgresq.weights.checkpoints import CARD, MEND, checkpoint_card, read_checkpoint

SCALE = "near 0 to 1, without ends, higher better"
SHAPES = {"mean": (WIDTH,), "scale": (WIDTH,), "weight": (WIDTH,), "bias": (1,)}


class RidgeJudge(Judge):
    """A ridge; which of two images is better follows from its scores, and how surely is not known.

    Args:
        folder: that `fgresq step ridge --keep` wrote.

    Raises:
        UserError: it holds no such weights, or its tower is not here.
    """

    portable = True
    protocol = "native"

    def __init__(self, folder: Path) -> None:
        card = checkpoint_card(folder, RIDGE)
        made = made_of(card, folder)
        self.block, self.grid = int(made["block"]), int(made["grid"])
        self.tower = tower(made["tower"], workspace.weights_of("dinov2_vits14"), int(made["seed"]))
        self.state = weights_of(folder)
        facts = Facts(f"ridge of {folder}", "NR", SCALE, True, *taught_by(card, folder), BY_SCORES)
        super().__init__(str(folder), facts)

    @torch.inference_mode()
    def look(self, image: np.ndarray, reference: np.ndarray | None) -> tuple[float, None]:
        """Give the score."""
        check_judgeable(image)
        with tempfile.NamedTemporaryFile(suffix=".ppm") as file:
            Image.fromarray(image).save(file, format="PPM")
            file.flush()
            found = features(self.tower, [file.name], [self.block], self.grid)[0, 0]
        state = self.state
        plain = (found.astype(np.float64) - state["mean"]) / state["scale"]
        return float(plain @ state["weight"] + state["bias"][0]), None


def made_of(card: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Read how the features of a ridge were made.

    Raises:
        UserError: its card does not say it, or names another tower.
    """
    made = card.get("features")
    keys = ("tower", "block", "grid", "seed")
    if not isinstance(made, dict) or any(key not in made for key in keys):
        raise UserError(folder / CARD, "it does not say how its features were made", MEND)
    if made["tower"] not in TOWERS:
        raise UserError(folder / CARD, f"there is no tower {made['tower']!r}", MEND)
    return made


def weights_of(folder: Path) -> dict[str, np.ndarray]:
    """Read the weights of a ridge, float64.

    Raises:
        UserError: one is missing or of another shape.
    """
    state = {name: value.numpy() for name, value in read_checkpoint(folder).items()}
    for name, shape in SHAPES.items():
        if name not in state or state[name].shape != shape:
            raise UserError(folder, f"the weights are of another model (at '{name}')", MEND)
    return state
