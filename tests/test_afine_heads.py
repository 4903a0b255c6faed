"""Heads on A-FINE's equations in a folder: written, read, and what is at fault told."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
import torch

from fgresq.errors import UserError
from fgresq.files import read_json, write_json
from fgresq.model import afine_heads as h
from fgresq.model.adaptive import Afine, afine_on
from fgresq.model.moments import Moments
from fgresq.model.standardised import Standardised
from fgresq.networks import token_levels
from fgresq.weights.checkpoints import write_weights

CARD = {"backbone": "random", "seed": 3}


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """A random backbone of two blocks."""
    monkeypatch.setattr(token_levels, "dino_trunk", partial(token_levels.dino_trunk, depth=2))


@pytest.fixture
def model() -> Afine:
    """Heads with a standardisation, two channels of which were near dead."""
    made = afine_on("random", 3)
    made.naturalness.standardised = Standardised(len(made.fidelity.alpha))
    made.naturalness.standardised.spread[:, :2] = 1e-9
    return made


def test_what_is_written_is_read(model, tmp_path):
    h.write_heads(tmp_path, model, CARD)
    found = h.read_heads(tmp_path).state_dict()
    assert list(found) == list(model.state_dict())
    assert all(torch.equal(found[name], x) for name, x in model.state_dict().items())
    before = (tmp_path / "weights.safetensors").read_bytes()
    h.write_heads(tmp_path, h.read_heads(tmp_path), CARD)
    assert (tmp_path / "weights.safetensors").read_bytes() == before


def test_heads_are_shipped_in_half_the_bytes(model, tmp_path):
    h.write_heads(tmp_path / "whole", model, CARD)
    h.write_heads(tmp_path / "half", model, CARD, half=1024)
    whole, half = (h.read_heads(tmp_path / name).state_dict() for name in ("whole", "half"))
    sizes = [(tmp_path / name / "weights.safetensors").stat().st_size for name in ("whole", "half")]
    assert sizes[1] < 0.55 * sizes[0]
    assert all(torch.allclose(half[name], x, atol=1e-3) for name, x in whole.items())
    assert half["naturalness.standardised.spread"].min() > 0


def test_a_tower_that_was_tuned_lies_beside_them(model, tmp_path):
    model.tower.trunk.blocks[1].mlp.fc1.weight.data += 0.1
    h.write_heads(tmp_path, model, CARD)
    with pytest.raises(UserError, match="the heads are for another random weights than"):
        h.read_heads(tmp_path)
    h.write_heads(tmp_path, model, CARD, tuned=True)
    found = h.read_heads(tmp_path).state_dict()
    assert all(torch.equal(found[name], x) for name, x in model.state_dict().items())
    (tmp_path / h.TOWER).write_bytes(b"cut")
    with pytest.raises(UserError, match=r"tower\.safetensors: it is not the whole tower"):
        h.read_heads(tmp_path)


def change(folder: Path, **values: object) -> None:
    """Change a card."""
    write_json(folder / "card.json", {**read_json(folder / "card.json"), **values})


def test_heads_of_another_tower_are_refused(model, tmp_path):
    h.write_heads(tmp_path, model, CARD)
    change(tmp_path, seed=4)
    with pytest.raises(UserError, match="the heads are for another random weights than"):
        h.read_heads(tmp_path)
    change(tmp_path, backbone="vgg61")
    with pytest.raises(UserError, match=r"card\.json: unknown backbone 'vgg61'.*'vgg16'"):
        h.read_heads(tmp_path)
    change(tmp_path, backbone="random", tower=None)
    with pytest.raises(UserError, match="does not say what tower"):
        h.read_heads(tmp_path)
    change(tmp_path, kind="baseline")
    with pytest.raises(UserError, match=r"this is no A-FINE \(its kind is 'baseline'\)"):
        h.read_heads(tmp_path)


def test_a_tower_of_another_width_is_refused(model, tmp_path):
    narrow = Afine(token_levels.ClipLevels(token_levels.clip_visual(64, 2)))
    h.write_heads(tmp_path, narrow, CARD)
    with pytest.raises(UserError, match=r"a tower of another form \(at 'fidelity.alpha'\)"):
        h.read_heads(tmp_path)


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (lambda state: state.pop("raw_k"), "of another form"),
        (lambda state: state.update(more=torch.ones(1)), "of another form"),
        (lambda state: state.update(raw_k=torch.ones(1)), "of another form"),
        (lambda state: state.update(raw_k=torch.tensor(float("nan"))), "raw_k holds numbers"),
    ],
)
def test_weights_at_fault_are_told(model, tmp_path, edit, told):
    h.write_heads(tmp_path, model, CARD)
    state, card = h.heads_of(model), read_json(tmp_path / "card.json")
    edit(state)
    write_weights(tmp_path, state, card)
    with pytest.raises(UserError, match=told):
        h.read_heads(tmp_path)


def test_a_standardisation_does_not_throw_an_image_far_out():
    generator = torch.Generator().manual_seed(0)
    seen = Moments(*(torch.rand(40, 7, generator=generator) for _ in range(2)))
    seen.variances[:, 1] = 1e-12  # dead in training
    made = Standardised(7)
    made.fit(seen, (3, 4))
    own = (seen.means.double() - seen.means.double().mean(0)) / seen.means.double().std(0, False)
    assert torch.allclose(made(seen).means, torch.asinh(own).float(), atol=1e-5)
    alive = made(Moments(torch.ones(1, 7), torch.ones(1, 7)))
    assert alive.variances.abs().max() < 5 and made.spread.min() > 0.01
    flat = Standardised(7)
    flat.fit(Moments(torch.zeros(4, 7), torch.zeros(4, 7)), (3, 4))
    assert flat(seen).means.isfinite().all()
