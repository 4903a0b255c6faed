"""Trained weights on disk: safetensors with a card, loaded strictly."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import nn

from fgresq.errors import UserError
from fgresq.files import atomic, read_json, sha256, write_json

WEIGHTS, CARD = "weights.safetensors", "card.json"
MEND = "Train again, or give the folder of a run: weights.safetensors with its card.json"


def write_weights(folder: Path, state: dict[str, torch.Tensor], card: dict[str, Any]) -> None:
    """Write weights, then the card that names their hash."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    with atomic(folder / WEIGHTS) as scratch:
        scratch.write_bytes(save(plain))
    write_json(folder / CARD, {**card, "sha256": sha256(folder / WEIGHTS)})


def checkpoint_card(folder: Path, kind: str) -> dict[str, Any]:
    """Read the card of a folder of weights.

    Raises:
        UserError: there is no such folder or card, or it is of another kind.
    """
    if not folder.is_dir():
        raise UserError(folder, "there is no such folder of weights", MEND)
    card = read_json(folder / CARD)
    if not isinstance(card, dict) or card.get("kind") != kind:
        found = card.get("kind") if isinstance(card, dict) else None
        raise UserError(folder / CARD, f"this is no {kind} (its kind is {found!r})", MEND)
    return card


def read_checkpoint(folder: Path) -> dict[str, torch.Tensor]:
    """Read the weights of a folder; nothing is unpickled.

    Raises:
        UserError: the file is missing, cut short, of another form, such as a pickle, or not the
            one that its card names.
    """
    path = folder / WEIGHTS
    if not path.exists():
        raise UserError(path, "there are no such weights", MEND)
    data = path.read_bytes()
    if data[:2] in (b"PK", b"\x80\x02", b"\x80\x04", b"\x80\x05"):
        raise UserError(path, "this is a pickle, which can run code when read", MEND)
    try:
        state = load(data)
    except (SafetensorError, json.JSONDecodeError) as error:
        raise UserError(path, f"not whole safetensors ({error})", MEND) from error
    card = read_json(folder / CARD)
    if not isinstance(card, dict) or card.get("sha256") != hashlib.sha256(data).hexdigest():
        raise UserError(path, f"its SHA-256 is not the one in {CARD}: they are of two runs", MEND)
    return state


def load_strictly(model: nn.Module, state: dict[str, torch.Tensor], where: Path) -> None:
    """Load every trained weight of a module; a missing, further or misshapen one is an error.

    Frozen weights are not in the file: they come of the tower's own package.
    """
    wanted = {n: p.shape for n, p in trained_state(model).items()}
    for name in [*wanted, *state]:
        if name not in state or name not in wanted or state[name].shape != wanted[name]:
            raise UserError(
                where,
                f"the weights are of another architecture (at '{name}')",
                "Use the settings that its card.json names",
            )
    model.load_state_dict(state, strict=False)


def trained_state(model: nn.Module) -> dict[str, torch.Tensor]:
    """Give what training may change or fit: trainable parameters, and mean and spread."""
    trainable = {name for name, p in model.named_parameters() if p.requires_grad}
    fitted = {name for name, _ in model.named_buffers() if name.endswith(("centre", "spread"))}
    return {n: v for n, v in model.state_dict().items() if n in trainable | fitted}
