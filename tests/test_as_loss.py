"""Quality as a loss: its value is the score's, its gradient the slope, and no trainer moves it."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn

import fgresq
from fgresq import workspace
from fgresq.errors import UserError
from fgresq.images import write_png
from fgresq.metrics import dists, embedded, fgresq_published, lpips
from fgresq.model.alignment import Alignment
from fgresq.model.fgresq import FGResQ
from fgresq.model.opinion import bent
from fgresq.model.released import Released
from fgresq.networks.task_clip import build_clip
from fgresq.networks.towers import sibling
from fgresq.presets import preset_named
from fgresq.scoring import as_loss
from fgresq.scoring.predict import Scorer
from fgresq.tables import TASKS
from fgresq.weights.checkpoints import trained_state, write_weights
from tests.conftest import picture
from tests.damages import noised

MISSING = [
    name
    for name in ("lpips_alex", "vgg16", "dists")
    if not (workspace.weights_of(name) / "card.json").exists()
]
NEEDS = pytest.mark.skipif(bool(MISSING), reason=f"run 'fgresq weights' for {MISSING}")
DISTANCES = [pytest.param(name, marks=NEEDS) for name in ("lpips", "dists")]
PHOTO, WORSE = picture(1, 64), noised(picture(1, 64), 25)


def tensor(*images: np.ndarray) -> torch.Tensor:
    return torch.stack([torch.from_numpy(i.copy()).permute(2, 0, 1).float() / 255 for i in images])


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A folder as stage 2 writes it, of a random tower of two blocks and random heads."""
    preset = preset_named("mini")
    changed = {"tower": "random_vits14", "levels": (1, 2), "trainable_blocks": 1}
    tower = preset.tower.model_copy(update=changed)
    clip = build_clip(tower, workspace.weights_of("random_vits14"), list(TASKS))
    model = FGResQ.build(preset.stage2, sibling(clip.visual.tower))
    torch.manual_seed(4)
    for value in model.heads.parameters():
        nn.init.normal_(value, std=0.1)
    state = {f"quality.{n}": v for n, v in trained_state(model).items()}
    degradation = Alignment(clip, "contrastive")
    state |= {f"degradation.{n}": v for n, v in trained_state(degradation).items()}
    card = {"kind": "FGResQ", "tower": tower.model_dump(mode="json"), "objective": "contrastive"}
    folder = tmp_path_factory.mktemp("run") / "0"
    write_weights(folder, state, {**card, "settings": preset.stage2.model_dump(mode="json")})
    return folder


@pytest.fixture
def official(monkeypatch):
    """The released architecture, small, with random weights, as if it were placed."""
    torch.manual_seed(5)
    model = Released(128, 2)
    for value in model.parameters():
        nn.init.normal_(value, std=0.1)
    monkeypatch.setattr(fgresq_published, "absent", lambda: None)
    monkeypatch.setattr(fgresq_published, "model", lambda: model)
    return model


def logit(score: float) -> float:
    return math.log(score / (1 - score))


@pytest.mark.parametrize("name", DISTANCES)
def test_a_distance_is_that_of_the_method(name):
    method = {"lpips": lpips, "dists": dists}[name]
    loss = fgresq.loss(name)
    values = [method.score(image, PHOTO) for image in (WORSE, noised(PHOTO, 8))]
    found = loss(tensor(WORSE, noised(PHOTO, 8)), tensor(PHOTO, PHOTO))
    assert float(found) == pytest.approx(np.mean(values), abs=1e-6)
    assert float(loss(tensor(PHOTO), tensor(PHOTO))) == pytest.approx(0, abs=1e-6)


def test_the_embedded_model_is_unbent_and_lower_is_better():
    loss = fgresq.loss("embedded")
    points = loss.points(tensor(PHOTO, WORSE)).tolist()
    assert [bent(p) for p in points] == pytest.approx(
        [embedded.score(PHOTO), embedded.score(WORSE)], abs=1e-3
    )
    better, worse = (float(loss(tensor(image))) for image in (PHOTO, WORSE))
    assert (better < worse) == (points[0] > points[1]) and min(better, worse) > 0
    spread = float(as_loss.opinion.card()["rater_sd"])
    slope = 1.702 / (math.sqrt(2) * spread)
    expected = np.mean([math.log1p(math.exp(-slope * (p - 50))) for p in points])
    assert float(loss(tensor(PHOTO, WORSE))) == pytest.approx(expected, abs=1e-5)
    linear = fgresq.loss("embedded", form="linear")
    assert float(linear(tensor(PHOTO))) == pytest.approx(slope * (50 - points[0]), abs=1e-5)


def test_a_large_image_is_seen_in_the_tiles_of_the_score(monkeypatch):
    monkeypatch.setattr(as_loss.opinion, "TILE", 48)
    points = fgresq.loss("embedded").points(tensor(PHOTO[:, :50]))
    assert bent(float(points)) == pytest.approx(embedded.score(PHOTO[:, :50].copy()), abs=1e-3)


@pytest.mark.parametrize("size", [96, 240])
def test_a_checkpoint_has_the_logit_of_its_score(checkpoint, tmp_path, size):
    image = picture(3, size)
    write_png(tmp_path / "a.png", image)
    expected = logit(Scorer(checkpoint)(tmp_path / "a.png"))
    loss = fgresq.loss(checkpoint)
    with torch.no_grad():
        found = loss.logits(tensor(image, image))
    # the scorer rounds views to 8 bits and tokens to float16
    assert found.tolist() == pytest.approx([expected] * 2, abs=0.02 * max(1, abs(expected)))
    value = math.log1p(math.exp(-float(found[0])))
    assert float(loss(tensor(image, image))) == pytest.approx(value, abs=1e-5)


def test_the_official_model_has_the_logit_of_its_score(official):
    image = picture(3, 240)
    expected = logit(fgresq_published.score(image))
    loss = fgresq.loss("fgresq")
    found = float(loss.logits(tensor(image))[0].detach())
    assert found == pytest.approx(expected, abs=0.02 * max(1, abs(expected)))


def slope_ratio(loss: nn.Module, image: torch.Tensor, target: torch.Tensor, step: float) -> float:
    """Give a difference over two steps along the gradient, by the gradient."""
    image = image.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(image, target), image)
    assert torch.isfinite(gradient).all() and gradient.abs().sum() > 0
    assert (gradient.flatten(1).abs().sum(1) > 0).all()  # of every image of the batch
    way = gradient / gradient.norm()
    with torch.no_grad():
        ahead, behind = (float(loss(image + s * step * way, target)) for s in (1, -1))
    return (ahead - behind) / (2 * step) / float(gradient.norm())


@pytest.mark.parametrize(("name", "step"), [("embedded", 0.0005), ("checkpoint", 0.02)])
def test_gradients_are_finite_differences(checkpoint, name, step):
    loss = fgresq.loss(checkpoint if name == "checkpoint" else name, form="linear")
    images = 0.1 + 0.8 * tensor(PHOTO, WORSE)
    assert slope_ratio(loss, images, images, step) == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("name", DISTANCES)
def test_gradients_of_distances_are_finite_differences(name):
    images, targets = 0.1 + 0.8 * tensor(WORSE, PHOTO), tensor(PHOTO, WORSE)
    assert slope_ratio(fgresq.loss(name), images, targets, 0.0005) == pytest.approx(1, abs=0.03)


def test_a_gradient_comes_after_the_models_scored_in_inference_mode(official):
    embedded.score(PHOTO)
    fgresq_published.score(PHOTO)
    for name in ("embedded", "fgresq"):
        image = tensor(PHOTO).requires_grad_()
        fgresq.loss(name)(image).backward()
        assert image.grad.abs().sum() > 0


def test_the_gradient_passes_where_values_are_cut_off():
    image = (tensor(PHOTO) * 1.2 - 0.1).requires_grad_()
    loss = fgresq.loss("embedded")
    loss(image).backward()
    outside = (image < 0) | (image > 1)
    assert outside.any() and image.grad[outside].abs().min() >= 0
    assert image.grad[outside].abs().sum() > 0
    assert float(loss(image)) == pytest.approx(float(loss(image.clamp(0, 1))), abs=1e-6)


class Trainer(nn.Module):
    """A network with the loss in it, as trainers hold them."""

    def __init__(self) -> None:
        super().__init__()
        self.network = nn.Conv2d(3, 3, 3, padding=1)
        self.loss = fgresq.loss("embedded")


def test_no_trainer_moves_it():
    trainer = Trainer()
    before = copy.deepcopy(trainer.loss.networks[0].state_dict())
    value = float(trainer.loss(tensor(PHOTO)))
    trainer.train()
    trainer.requires_grad_(True)
    trainer.apply(lambda part: nn.init.zeros_(part.weight) if hasattr(part, "weight") else None)
    trainer.half()
    assert not trainer.loss.training and not any(n.training for n in trainer.loss.networks)
    assert {name.split(".")[0] for name in trainer.state_dict()} == {"network"}
    assert list(trainer.loss.parameters()) == []
    trainer.float()
    optimiser = torch.optim.AdamW(trainer.parameters(), lr=0.1, weight_decay=0.5)
    for _ in range(2):
        optimiser.zero_grad()
        trainer.loss(trainer.network(tensor(PHOTO, WORSE))).backward()
        optimiser.step()
    after = trainer.loss.networks[0].state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert all(p.grad is None for p in trainer.loss.networks[0].parameters())
    assert float(trainer.loss(tensor(PHOTO))) == value


def test_it_computes_in_float32_under_autocast():
    loss, image = fgresq.loss("embedded"), tensor(PHOTO)
    value = loss(image)
    with torch.autocast("cpu", torch.bfloat16):
        inside = loss(image)
        half = loss(image.bfloat16())
    assert inside.dtype == half.dtype == torch.float32
    assert float(inside) == float(value)
    assert float(half) == pytest.approx(float(loss(image.bfloat16().float())), abs=1e-6)


def test_steps_along_the_gradient_raise_the_score():
    image = tensor(WORSE)
    loss = fgresq.loss("embedded")
    for _ in range(3):
        image = image.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(loss(image), image)
        image = (image - 0.5 * gradient / gradient.norm()).clamp(0, 1)
    assert float(loss(image)) < float(loss(tensor(WORSE)))
    model = fgresq.load("embedded")
    assert model.score(image[0]) > model.score(WORSE)


@pytest.mark.parametrize(
    ("image", "told"),
    [
        (torch.zeros(3, 64, 64), "no batch of images"),
        (torch.zeros(1, 64, 64, 3), "no batch of images"),
        (torch.zeros(1, 3, 64, 64, dtype=torch.uint8), "no batch of images"),
        (torch.zeros(1, 3, 64, 31), "31x64 is too small"),
    ],
)
def test_what_it_cannot_take_is_told(image, told):
    with pytest.raises(UserError, match=f"loss 'embedded': .*{told}"):
        fgresq.loss("embedded")(image)


@NEEDS
def test_a_distance_wants_its_target():
    with pytest.raises(UserError, match="compares with a target"):
        fgresq.loss("lpips")(tensor(PHOTO))
    with pytest.raises(UserError, match="one of"):
        fgresq.loss("lpips")(tensor(PHOTO), tensor(PHOTO)[:, :, :40])


def test_names_and_forms_are_helped(monkeypatch, tmp_path):
    with pytest.raises(UserError, match="Did you mean 'embedded'"):
        fgresq.loss("embeded")
    with pytest.raises(UserError, match="unknown form 'soft'"):
        fgresq.loss("embedded", form="soft")
    monkeypatch.setattr(fgresq_published, "folder", lambda: tmp_path)
    with pytest.raises(UserError, match="data fetch fgresq_released"):
        fgresq.loss("fgresq")
    with pytest.raises(UserError, match="no such folder"):
        fgresq.loss(tmp_path / "nothing")
