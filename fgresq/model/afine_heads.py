"""A model on A-FINE's equations that was trained here, in a folder: its heads, and what tower.

The weights are those of `Afine` without the tower's, which comes out of its own package and is
known by a digest on the card. Where training changed the tower, it lies beside the heads. Weights
in float16, as they are shipped, are read as float32.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from fgresq.errors import UserError, unknown
from fgresq.files import atomic
from fgresq.model.adaptive import Afine
from fgresq.model.standardised import Standardised
from fgresq.networks.token_levels import BACKBONES, TokenLevels, levels_of
from fgresq.weights.checkpoints import (
    CARD,
    WEIGHTS,
    checkpoint_card,
    read_checkpoint,
    write_weights,
)

HEADS_KIND = "A-FINE"
TOWER = "tower.safetensors"  # there if training changed it
OWN = "tower."  # how the names of the tower's weights begin
SCALE = "naturalness.standardised."  # how those of what is not in the paper begin
MEND = "Train again, or give the folder of a run whole"

State = dict[str, torch.Tensor]


def tower_digest(tower: TokenLevels) -> str:
    """Give the SHA-256 of a tower's weights: names, shapes and float32 bytes, in order of names."""
    found = hashlib.sha256()
    for name, value in sorted(tower.state_dict().items()):
        found.update(f"{name}{tuple(value.shape)}".encode())
        found.update(value.detach().float().cpu().contiguous().numpy().tobytes())
    return found.hexdigest()


def heads_of(model: Afine) -> State:
    """Give the weights of all but the tower."""
    return {name: x for name, x in model.state_dict().items() if not name.startswith(OWN)}


def put_heads(model: Afine, state: State, where: Path) -> None:
    """Put weights into the heads, strictly; makes room for a standardisation that they hold.

    Raises:
        UserError: one is missing, further, of another shape or no finite number.
    """
    if any(name.startswith(SCALE) for name in state):
        model.naturalness.standardised = Standardised(len(model.fidelity.alpha))
    wanted = {name: value.shape for name, value in heads_of(model).items()}
    for name in [*wanted, *state]:
        if name not in state or name not in wanted or state[name].shape != wanted[name]:
            problem = f"the weights are of a tower of another form (at '{name}')"
            raise UserError(where, problem, "Use the backbone that its card.json names")
        if not bool(state[name].isfinite().all()):
            raise UserError(where, f"{name} holds numbers that are not finite", MEND)
    model.load_state_dict({name: x.float() for name, x in state.items()}, strict=False)


def write_heads(
    folder: Path, model: Afine, card: dict[str, Any], *, half: int = 0, tuned: bool = False
) -> None:
    """Write the heads with a card, the card last.

    Args:
        folder: to write.
        model: trained.
        card: `backbone`, and `seed` where it is a random one, are what the tower is built by again;
            the rest is for people.
        half: numbers from which a tensor is kept as float16; 0: none is. Of a standardisation none
            is ever: near-dead channels have spreads that float16 does not know.
        tuned: training changed the tower, so that it is kept as well.
    """
    if tuned:
        own = {k: v.detach().cpu().contiguous() for k, v in model.tower.state_dict().items()}
        with atomic(folder / TOWER) as scratch:
            scratch.write_bytes(save(own))
    state = {
        name: x.half() if half and x.numel() >= half and not name.startswith(SCALE) else x
        for name, x in heads_of(model).items()
    }
    tower = {"sha256": tower_digest(model.tower), "tuned": tuned}
    write_weights(folder, state, {**card, "kind": HEADS_KIND, "tower": tower})


def put_tower(tower: TokenLevels, path: Path) -> None:
    """Put the weights of a tower that training changed into one of its form.

    Raises:
        UserError: the file is missing, not whole, or of another form.
    """
    try:
        tower.load_state_dict(load(path.read_bytes()), strict=True)
    except (OSError, SafetensorError, ValueError, RuntimeError) as error:
        problem = f"it is not the whole tower of this model ({type(error).__name__})"
        raise UserError(path, problem, MEND) from error


def read_heads(folder: Path) -> Afine:
    """Build the model of a folder, frozen.

    Raises:
        UserError: the folder is none, or of another kind; its weights are not whole or not those
            of a tower of this form; or the tower at hand is another, or cannot be had.
    """
    card, state = checkpoint_card(folder, HEADS_KIND), read_checkpoint(folder)
    backbone, tower = card.get("backbone"), card.get("tower")
    if backbone not in BACKBONES:
        raise unknown(folder / CARD, "backbone", str(backbone), BACKBONES)
    if not isinstance(tower, dict):
        raise UserError(folder / CARD, "it does not say what tower the heads are for", MEND)
    model = Afine(levels_of(backbone, int(card.get("seed", 0))))
    put_heads(model, state, folder / WEIGHTS)
    if tower.get("tuned"):
        put_tower(model.tower, folder / TOWER)
    if tower_digest(model.tower) != tower.get("sha256"):
        problem = f"the heads are for another {BACKBONES[backbone]} than the weights at hand"
        raise UserError(
            folder, problem, "Fetch the weights that its card.json names, or train anew"
        )
    return model.eval().requires_grad_(False)
