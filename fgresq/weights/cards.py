"""Weights by name that lie in a folder with their card, as `fgresq weights NAME` writes them.

The card (card.json) names the weights and the SHA-256 of each file, so that a file cut short, that
of another network, or a folder of other weights is told before a tensor of it is looked for.
Weights that were trained here are read by their folder: fgresq/weights/checkpoints.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from fgresq import workspace
from fgresq.errors import UserError
from fgresq.files import read_json, sha256


def read_card(name: str, folder: Path | None = None) -> dict[str, Any]:
    """Read the card of the weights `name` of the catalogue.

    Args:
        name: of the weights.
        folder: where they lie; None: where the workspace or the user cache has them.

    Raises:
        UserError: the folder has none, or is one of other weights.
    """
    path, step = (folder or workspace.weights_of(name)) / "card.json", f"'fgresq weights {name}'"
    if not path.exists():
        raise UserError(path, f"there is no card of the weights {name}", f"Run {step}")
    card = read_json(path)
    found = card.get("name") if isinstance(card, dict) else None
    if found != name or not isinstance(card.get("files"), dict):
        problem = f"this is no card of the weights {name} (its name is {found!r})"
        raise UserError(path, problem, f"Give the folder that {step} makes")
    return card


def read_weights(
    name: str, file: str = "model.safetensors", folder: Path | None = None
) -> dict[str, torch.Tensor]:
    """Read a file of the weights `name` of the catalogue.

    Args:
        name: of the weights.
        file: of them.
        folder: where they lie; None: where the workspace or the user cache has them.

    Raises:
        UserError: it is not there, is damaged, or is of other weights.
    """
    folder, mend = folder or workspace.weights_of(name), f"Run 'fgresq weights {name}'"
    path = folder / file
    if not path.exists():
        raise UserError(path, "there are no such weights", mend)
    if read_card(name, folder)["files"].get(file) != sha256(path):
        problem = "the file is damaged or another's: its SHA-256 is not the one in card.json"
        raise UserError(path, problem, mend)
    return load_file(path)
