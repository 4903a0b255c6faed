"""A-FINE's model: what its equations promise, on small random networks, and its backbones."""

from __future__ import annotations

import copy
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from fgresq import workspace
from fgresq.errors import UserError
from fgresq.metrics import lpips_vgg
from fgresq.model import adaptive as a
from fgresq.networks import token_levels as t
from fgresq.networks.vit import resampled_positions
from tests.afine_numpy import cubic

# F_s where both images are the same, before training
NOTHING = 4 / (1 + np.exp(0.5 / 0.15)) - 2


def needs(name: str) -> pytest.MarkDecorator:
    """Skip a test where weights are not at hand."""
    here = (workspace.weights_of(name) / "card.json").exists()
    return pytest.mark.skipif(not here, reason=f"run 'fgresq weights {name}'")


@pytest.fixture(scope="module")
def model() -> a.Afine:
    """A small tower of random weights, N's curve centred where its values lie."""
    torch.manual_seed(0)
    made = a.Afine(t.ClipLevels(t.clip_visual(64, 2)), seed=1).eval()
    made.naturalness_scale = a.Calibrator(0.05, 0.05)
    return made


def images(count: int, seed: int = 0) -> torch.Tensor:
    """Random pictures (n, 3, 64, 64) in [0, 1]."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, 3, 5, 5, generator=generator)
    return functional.interpolate(coarse, (64, 64), mode="bicubic").clamp(0, 1)


def fidelity(model: a.Afine, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """F of pictures."""
    return model.fidelity(a.terms(model.encode(x).levels, model.encode(y).levels))


def test_f_is_a_distance_with_its_least_at_the_same_image(model):
    x, y = images(4), images(4, seed=1)
    assert fidelity(model, x, x).abs().max() < 1e-6
    assert torch.allclose(fidelity(model, x, y), fidelity(model, y, x), atol=1e-6)
    assert (fidelity(model, x, y) > 0.05).all()
    trained = copy.deepcopy(model.fidelity)
    trained.alpha.data[:40] = -3.0  # as training may leave it
    alpha, beta = trained.weights()
    assert min(alpha.min(), beta.min()) > 0
    assert float(alpha.sum() + beta.sum()) == pytest.approx(1, abs=1e-6)
    for scale, least in ((0.0, 0.0), (1.0, 1e-4)):
        moved = (x + scale * (y - x)).requires_grad_()
        (gradient,) = torch.autograd.grad(fidelity(model, x, moved).sum(), moved)
        assert gradient.isfinite().all()
        assert gradient.norm() >= least if least else gradient.norm() < 1e-6


def test_a_black_image_has_a_value_and_a_gradient(model):
    black = torch.zeros(1, 3, 64, 64, requires_grad=True)
    value = model(black, images(1)).sum()
    (gradient,) = torch.autograd.grad(value, black)
    assert value.isfinite() and gradient.isfinite().all() and gradient.norm() > 0


def test_d_of_the_same_image_is_not_nothing(model):
    x, y = images(4), images(4, seed=1).requires_grad_()
    found = model.values(model.encode(x), model.encode(x))
    assert torch.allclose(found.distance, NOTHING + found.naturalness, atol=1e-5)
    assert torch.equal(found.naturalness, found.reference_naturalness)
    assert (model(x, y) - model(y, x)).abs().max() > 0.1

    def natural(image: torch.Tensor) -> torch.Tensor:
        return model.naturalness_scale(model.naturalness(model.encode(image).moments))

    same = y.detach().requires_grad_()
    (of_d,) = torch.autograd.grad(model(same, y.detach()).sum(), same)
    (of_n,) = torch.autograd.grad(natural(same).sum(), same)
    expected = (1 - model.k * natural(same))[:, None, None, None] * of_n
    assert torch.allclose(of_d, expected, atol=1e-5 * float(expected.abs().max()))


class Given(nn.Module):
    """In the place of N: the first of the means."""

    def forward(self, moments: a.Moments) -> torch.Tensor:
        return moments.means[:, 0]


@pytest.fixture
def told(model) -> a.Afine:
    """The model with N_s as it is given."""
    made = a.Afine(model.tower)
    made.naturalness, made.naturalness_scale = Given(), nn.Identity()
    return made


def judged(model: a.Afine, own: torch.Tensor, reference: float) -> a.Values:
    """Judge an image whose F is 0.5 by N_s alone."""
    channels = len(model.fidelity.alpha)
    half = torch.full((1, channels), 0.5)
    moments = [a.Moments(n[None, None], n[None, None]) for n in (own, torch.tensor(reference))]
    return model.of_statistics(a.Terms(half, half), *moments)


def test_lambda_and_the_trap_above_one_by_k(told):
    assert float(told.k) == pytest.approx(5.0067, abs=1e-4)
    far = judged(told, torch.tensor(2.0), -2.0)
    assert float(far.distance) == pytest.approx(float(far.fidelity), abs=1e-8)
    assert float(far.fidelity) == pytest.approx(0, abs=1e-5)  # F is 0.5, the middle of its curve
    assert float(judged(told, torch.tensor(0.7), 0.7).weight) == 1
    signs = []
    for own in (0.19, 0.21):  # 1 / k is 0.1997
        value = torch.tensor(own, requires_grad=True)
        (slope,) = torch.autograd.grad(judged(told, value, 0.3).distance.sum(), value)
        signs.append(float(slope.sign()))
        assert bool(told.turned(value)) == (own > 0.2)
    assert signs == [1.0, -1.0]
    worse = [float(judged(told, torch.tensor(n), 1.5).distance) for n in (1.5, 1.0)]
    assert worse == pytest.approx([1.5, 12.2], abs=0.05)


def test_calibrators():
    values = torch.linspace(0, 1, 101)
    for made in (a.Calibrator(*a.START_F, a.LIMITS_F), a.Calibrator(*a.START_N)):
        found = made(values)
        alone = torch.stack([made(v) for v in values])
        assert torch.allclose(found, alone, atol=1e-6) and (found.diff() > 0).all()
        turned = a.Calibrator(float(made.centre), -float(made.width))
        assert torch.equal(found, turned(values))
        assert made(torch.tensor([-1e4, 1e4])).tolist() == [-2.0, 2.0]
    assert float(a.Calibrator(*a.START_F, a.LIMITS_F)(torch.tensor(0.0))) == pytest.approx(
        -1.8622, abs=1e-4
    )
    for given, held in (((-1.0, 5.0), (0.05, 0.70)), ((2.0, 0.0), (0.95, 0.01))):
        outside, at_limit = a.Calibrator(*given, a.LIMITS_F), a.Calibrator(*held)
        assert torch.equal(outside(values), at_limit(values))
        outside(values).sum().backward()
        assert not outside.centre.grad and not outside.width.grad


def test_the_scale_to_100_keeps_the_order():
    distance = torch.tensor([-10.0, -5, -1.9710, 0, 2])
    assert a.scaled(distance).tolist() == pytest.approx([3.28, 21.8, 50, 69.6, 84.2], abs=0.05)
    assert float(a.scaled(torch.tensor(-2.62474))) == pytest.approx(43.15711594, abs=1e-4)


def test_half_precision_does_not_reach_the_heads(model):
    """A dead channel in float16: 1e-10 would be 0, and 0 by 0 no number."""
    with torch.inference_mode():
        found = [x.half() for x in model.tower(images(2))]
        found[1][:, :5] = 0
        levels = [a.statistics(x) for x in found]
        assert float(model.fidelity(a.terms(levels, levels)).abs().max()) < 1e-6
        moments = a.Encoded((64, 64), levels).moments
        with torch.autocast("cpu", torch.bfloat16):
            inside, compared = model.naturalness(moments), a.terms(levels, levels)
        assert inside.dtype == compared.structure.dtype == torch.float32
        assert torch.equal(inside, model.naturalness(moments))


def test_a_batch_is_its_images_one_by_one(model):
    x, y = images(3), images(3, seed=1)
    with torch.inference_mode():
        alone = torch.cat([model(b[None], c[None]) for b, c in zip(x, y, strict=True)])
        assert torch.allclose(model(x, y), alone, rtol=1e-4, atol=1e-5)


def test_positions_lie_along_the_sequence():
    table = torch.randn(50, 8, generator=torch.Generator().manual_seed(0))
    assert torch.equal(t.along_the_sequence(table, 50), table)
    found = t.along_the_sequence(table, 257)
    assert np.allclose(found, cubic(257, 50) @ table.numpy(), atol=1e-5)
    grid = resampled_positions(table[None], 16)[0]
    assert float((found - grid).norm() / grid.norm()) > 0.5


def test_both_images_go_to_the_next_multiples(model):
    x = torch.rand(1, 3, 33, 64)
    fitted = a.to_multiples(x, 32)
    rows = torch.from_numpy(cubic(64, 33)).float()
    assert torch.allclose(fitted, torch.einsum("ab,ncbd->ncad", rows, x), atol=1e-5)
    assert fitted.min() < 0 and a.to_multiples(x, 1) is x
    assert [level.centred.shape[2] for level in model.encode(x).levels] == [64 * 64, 4, 4]
    with pytest.raises(ValueError, match="the image has 64x33 pixels, its reference 64x32"):
        model(x, x[:, :, :32])
    with pytest.raises(ValueError, match="the image has 64x33 pixels, its reference 33x64"):
        model(x, x.transpose(2, 3))


def test_statistics_are_all_that_the_heads_need(model):
    """What a frozen tower gives may be kept: no pixel and no feature is looked at again."""
    x, y = model.encode(images(2)), model.encode(images(2, seed=1))
    kept = model.of_statistics(a.terms(x.levels, y.levels), y.moments, x.moments)
    for value, found in zip(model.values(y, x), kept, strict=True):
        assert torch.equal(value, found)


@needs("vgg16")
def test_vgg16_is_that_of_lpips():
    """Whose taps are checked against the authors' LPIPS."""
    made, x = a.afine_on("vgg16"), torch.rand(1, 3, 37, 48)
    with torch.inference_mode():
        found = made.tower(x)
        taps = lpips_vgg.model().taps((x - made.tower.mean) / made.tower.std)
        for level, tap in zip(found[1:], taps, strict=True):
            assert torch.allclose(level, tap.flatten(2), rtol=1e-4, atol=1e-4)
        assert made(x, x.flip(2)).isfinite().all()
    assert torch.equal(found[0], x.flatten(2)) and len(made.fidelity.alpha) == 1475
    assert [p.in_features for p in made.naturalness.projections] == [128, 256, 512, 1024, 1024]
    assert made.naturalness.head[0].in_features == 6 + 5 * 128
    assert a.title("vgg16") == "A-FINE (VGG16)"


def test_a_vit_in_dinov2s_form_is_that_of_timm():
    torch.manual_seed(0)
    trunk = t.dino_trunk(depth=2).eval()
    tower, x = t.DinoLevels(trunk), torch.rand(1, 3, 518, 518)
    with torch.inference_mode():
        found = tower(x)
        pixels = (x - tower.mean) / tower.std
        taps = trunk.forward_intermediates(
            pixels, indices=2, norm=False, output_fmt="NLC", intermediates_only=True
        )
        for level, tap in zip(found[1:], taps, strict=True):
            assert torch.allclose(level, tap.clamp(min=0).transpose(1, 2), atol=1e-5)
            assert float((level == 0).float().mean()) > 0.1
        grid = t.over_the_grid(trunk.pos_embed, 16, 16)
        assert torch.allclose(grid, resampled_positions(trunk.pos_embed, 16), atol=1e-6)
        assert tower(torch.rand(1, 3, 28, 56))[2].shape == (1, 384, 8)


@needs("dinov2_vits14")
def test_dinov2_takes_sides_of_14():
    made = a.afine_on("dinov2_vits14")
    with torch.inference_mode():
        found = made.encode(torch.rand(1, 3, 30, 40))
    assert [level.centred.shape[2] for level in found.levels] == [42 * 42, *[9] * 12]
    assert len(made.fidelity.alpha) == 4611
    assert [p.in_features for p in made.naturalness.projections] == [768]
    assert made.naturalness.head[0].in_features == 1542


def test_the_random_backbone_is_that_of_its_seed(monkeypatch):
    monkeypatch.setattr(t, "dino_trunk", partial(t.dino_trunk, depth=2))
    first, again, other = (a.afine_on("random", seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(first[name], again[name]) for name in first)
    names = ("fidelity.alpha", "naturalness.head.0.weight", "tower.trunk.blocks.1.mlp.fc1.weight")
    assert not any(torch.equal(first[name], other[name]) for name in names)
    assert first["tower.trunk.blocks.1.ls1.gamma"].eq(1).all()  # else its blocks would do nothing
    assert float(first["fidelity.alpha"].mean()) == pytest.approx(0.1, abs=1e-3)
    assert float(first["fidelity.alpha"].std()) == pytest.approx(0.01, abs=1e-3)


def test_backbones_that_cannot_be_had(monkeypatch):
    with pytest.raises(UserError, match="unknown backbone 'vgg61'.*'vgg16'"):
        a.afine_on("vgg61")
    monkeypatch.setattr("fgresq.networks.clip.clip_at_hand", lambda *_: False)
    with pytest.raises(UserError, match=r"A-FINE \(CLIP ViT-B/32\).*fetch clip_vit_b32"):
        a.afine_on("clip_vit_b32")
