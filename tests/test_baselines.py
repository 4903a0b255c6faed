"""The retrained baselines as networks: shapes, gradients, and what makes each of them itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from fgresq.baselines import hyperiqa, metaiqa
from fgresq.baselines.backbones import (
    Backbone,
    PixelBackbone,
    TokenBackbone,
    pixel_backbone,
    weights_of,
)
from fgresq.baselines.base import Baseline, Feed, Inputs, Labels, SettledFeed
from fgresq.baselines.dbcnn import DBCNN, bilinear, scnn
from fgresq.baselines.hyperiqa import Generated, HyperIQA
from fgresq.baselines.metaiqa import MetaIQA, adapted, meta_loss
from fgresq.baselines.shared import baseline_options
from fgresq.errors import UserError
from fgresq.networks.torchvision_ops import make_importable
from fgresq.presets import load
from fgresq.training.losses import fidelity_loss
from fgresq.workspace import HOME

LEVELS, VIEWS, SIDE, SECOND = 2, 2, 4, 5
PRESETS = load().presets
SIZES = PRESETS["mini"].baselines
BUILDERS: dict[str, Callable[[], Baseline]] = {
    "dbcnn": lambda: DBCNN(TokenBackbone(LEVELS), None, SECOND, True),
    "hyperiqa": lambda: HyperIQA(TokenBackbone(LEVELS), True, SIZES.hyperiqa),
    "metaiqa": lambda: MetaIQA(TokenBackbone(LEVELS), True, SIZES.metaiqa.hidden),
}


def batch(count: int, seed: int = 0) -> Inputs:
    """Give random tokens and second maps of images of two views."""
    torch.manual_seed(seed)
    tokens = torch.randn(count, VIEWS, 2 * LEVELS + 1 + SIDE**2, 384)
    return {"tokens": tokens, "second": torch.randn(count, VIEWS, SECOND, SIDE, SIDE)}


class Fixed(Feed):
    """Gives rows of one batch."""

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs

    def evaluation(self, rows: np.ndarray) -> Inputs:
        """Give rows of the batch."""
        return {name: values[rows] for name, values in self.inputs.items()}


def labels(count: int) -> Labels:
    """Give rising scores of one group and task."""
    return Labels(torch.linspace(0, 1, count), torch.zeros(count, dtype=torch.long), None, 1.0)


@pytest.fixture(params=BUILDERS)
def model(request: pytest.FixtureRequest) -> Baseline:
    """Give each of the networks on tokens."""
    torch.manual_seed(0)
    return BUILDERS[request.param]().eval()


def test_one_logit_an_image_that_does_not_depend_on_the_batch(model: Baseline) -> None:
    inputs = batch(3)
    together = model(inputs)
    alone = torch.cat([model({n: v[k : k + 1] for n, v in inputs.items()}) for k in range(3)])
    assert together.shape == (3,) and together.isfinite().all()
    assert torch.allclose(together, alone, atol=1e-5)  # float32, sums in another order


def test_an_image_is_the_mean_of_its_views(model: Baseline) -> None:
    inputs = batch(2)
    views = [model({n: v[:, k : k + 1] for n, v in inputs.items()}) for k in range(VIEWS)]
    assert torch.allclose(model(inputs), torch.stack(views).mean(dim=0), atol=1e-5)


def test_the_gradient_reaches_every_parameter(model: Baseline) -> None:
    """Of the logits: the loss compares images, so that a constant added to all has none."""
    (model(batch(4)) * torch.tensor([1.0, -2.0, 3.0, -1.0])).sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().max() > 0, name


def test_a_tiny_labelled_set_is_learnt(model: Baseline) -> None:
    inputs, wanted = batch(8), labels(8)
    model.start(Fixed(inputs), np.arange(8))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    first = float(model.losses(inputs, wanted)["loss"])
    for _ in range(60):
        optimizer.zero_grad()
        loss = model.losses(inputs, wanted)["loss"]
        loss.backward()
        optimizer.step()
    assert float(loss) < 0.2 * first
    assert torch.equal(model(inputs).argsort(), torch.arange(8))


def test_the_scales_are_fitted_to_the_training_images_alone(model: Baseline) -> None:
    inputs = batch(12)
    far = {name: torch.cat([values, values + 100]) for name, values in inputs.items()}
    model.start(Fixed(far), np.arange(12))
    levels = model.backbone(inputs).levels[0]
    assert torch.allclose(levels.mean(dim=0), torch.zeros(768), atol=1e-4)
    assert torch.allclose(levels.std(dim=0), torch.ones(768), atol=1e-3)


def test_bilinear_pooling_is_the_outer_product() -> None:
    torch.manual_seed(0)
    first, second = torch.randn(2, 3, 4, 4), torch.randn(2, 5, 4, 4)
    found = bilinear(first, second).unflatten(1, (3, 5))
    for n in range(2):
        outer = sum(
            torch.outer(first[n, :, y, x], second[n, :, y, x]) for y in range(4) for x in range(4)
        )
        root = outer.sign() * (outer / 16).abs().sqrt()
        assert torch.allclose(found[n], root / root.norm(), atol=1e-4)  # the epsilon in the root


@pytest.mark.parametrize("name", ["dbcnn", "metaiqa"])
def test_settled_features_give_the_same_logits(name: str) -> None:
    torch.manual_seed(0)
    model, inputs = BUILDERS[name](), batch(5)
    feed = SettledFeed(model, Fixed(inputs), 5)
    assert torch.allclose(model(feed.evaluation(np.arange(5))), model(inputs), atol=1e-6)


def test_bilinear_pooling_takes_streams_of_other_sizes() -> None:
    first, second = torch.randn(2, 3, 4, 4), torch.randn(2, 5, 8, 8)
    small = nn.functional.avg_pool2d(second, 2)
    assert torch.allclose(bilinear(first, second), bilinear(first, small))


def test_bilinear_pooling_has_a_finite_gradient_where_nothing_is() -> None:
    first = torch.zeros(1, 3, 2, 2, requires_grad=True)
    bilinear(first, torch.ones(1, 5, 2, 2)).sum().backward()
    assert first.grad.isfinite().all()


def test_generated_weights_are_an_image_s_own() -> None:
    torch.manual_seed(0)
    model = BUILDERS["hyperiqa"]()
    content = model.content(model.backbone(batch(2)).grid)
    for layer in model.layers:
        for values in layer.weights(content):
            assert not torch.allclose(values[0], values[1])
    same = content[:1].expand(2, -1, -1, -1)
    assert torch.equal(*model.layers[0].weights(same)[0])


def test_the_generated_layer_is_a_linear_layer() -> None:
    published = Generated(14, 1, 64, 7)  # of no multiple of 7 x 7: its weights come of the mean
    assert published.pooled and not BUILDERS["hyperiqa"]().layers[-1].pooled
    for layer, side in ((BUILDERS["hyperiqa"]().layers[0], 4), (published, 7)):
        check_linear(layer, torch.randn(2, 64, side, side))


def check_linear(layer: Generated, grid: torch.Tensor) -> None:
    """Check a layer against its weights, applied one image at a time."""
    values = torch.randn(2, layer.shape[1])
    weight, bias = layer.weights(grid)
    for n in range(2):
        wanted = weight[n] @ values[n] / layer.shape[1] ** 0.5 + bias[n]
        assert torch.allclose(layer(values, grid)[n], wanted, atol=1e-5)


class Line(nn.Module):
    """A linear score of two numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([2.0, 2.0]))

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Give the scores (N,) of values (N, 2)."""
        return values @ self.weight


def family(seed: int, count: int = 24) -> tuple[torch.Tensor, torch.Tensor, None]:
    """Give a batch of a task: the first number is better the larger, the second is of no use."""
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(count, 2, generator=generator)
    sign = 1.0 if seed % 2 else -1.0  # the task tells which way; a few images must show it
    return values * torch.tensor([1.0, 3.0]), sign * values[:, 0], None


def after_adapting(model: nn.Module, rate: float) -> float:
    """Give the mean loss on unseen tasks after one step inside each."""
    found = []
    for seed in range(1000, 1010):
        weights = adapted(model, *family(seed), rate)
        values, scores, _ = family(seed + 100)
        logits = torch.func.functional_call(model, weights, (values,))
        found.append(float(fidelity_loss(logits, scores)))
    return float(np.mean(found))


def test_meta_learning_makes_adapting_better() -> None:
    """Tasks that differ in sign have no common answer; a start that a step turns either way has."""
    model, rate = Line(), 1.0
    before = after_adapting(model, rate)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-1)
    for step in range(40):
        tasks = [(family(4 * step + k), family(4 * step + k + 2000)) for k in range(4)]
        optimizer.zero_grad()
        meta_loss(model, tasks, rate).backward()
        optimizer.step()
    assert after_adapting(model, rate) < 0.8 * before


def test_the_meta_gradient_is_of_second_order() -> None:
    """The gradient through the inner step equals finite differences of the adapted loss."""
    model, task = Line().double(), [(family(1), family(3))]
    task = [tuple((v.double(), s.double(), g) for v, s, g in task[0])]
    meta_loss(model, task, 0.5).backward()
    for k in range(2):
        sides = []
        for step in (1e-5, -1e-5):
            moved = Line().double()
            moved.weight.data[k] += step
            sides.append(float(meta_loss(moved, task, 0.5)))
        slope = (sides[0] - sides[1]) / 2e-5
        assert float(model.weight.grad[k]) == pytest.approx(slope, rel=1e-4, abs=1e-7)


def test_metaiqa_adapts_without_being_changed() -> None:
    model = BUILDERS["metaiqa"]()
    before = {n: v.clone() for n, v in model.state_dict().items()}
    weights = adapted(model, batch(4), torch.linspace(0, 1, 4), None, 0.1)
    assert all(torch.equal(v, before[n]) for n, v in model.state_dict().items())
    assert any(not torch.equal(v, before[n]) for n, v in weights.items())
    assert model.head[0].out_features == SIZES.metaiqa.hidden


def test_s_cnn_has_stride_16_and_128_channels() -> None:
    with torch.no_grad():
        assert scnn().eval()(torch.zeros(1, 3, 224, 224)).shape == (1, 128, 14, 14)


class Stages(Backbone):
    """The widths of a published backbone, and nothing that computes them."""

    def __init__(self, widths: list[int]) -> None:
        super().__init__(widths, widths[-1])


def test_preset_paper_builds_the_published_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    """HyperIQA's code: HyperNet(16, 112, 224, 112, 56, 28, 14, 7); MetaIQA: 512."""
    widths = {"hyperiqa": [256, 512, 1024, 2048], "metaiqa": [64, 128, 256, 512]}
    built = {}
    for name, module in (("hyperiqa", hyperiqa), ("metaiqa", metaiqa)):
        monkeypatch.setattr(module, "backbone_of", lambda *_, own=name: Stages(widths[own]))
        built[name] = module.build(*baseline_options(PRESETS["paper"], name), Path("nowhere"))
    shapes = [layer.shape for layer in built["hyperiqa"].layers]
    assert shapes == [(112, 224), (56, 112), (28, 56), (14, 28), (1, 14)]
    assert [part.out_features for part in built["hyperiqa"].local] == [16, 16, 16, 176]
    assert built["hyperiqa"].content(torch.zeros(1, 2048, 7, 7)).shape == (1, 112, 7, 7)
    assert built["hyperiqa"].layers[0].weight.out_channels == 512
    assert built["metaiqa"].head[0].out_features == 512
    small = HyperIQA(TokenBackbone(3), True, SIZES.hyperiqa)
    assert [layer.shape for layer in small.layers] == [(32, 48), (16, 32), (1, 16)]


@pytest.mark.parametrize("name", ["hyperiqa", "metaiqa", "dbcnn"])
def test_published_backbones_take_crops(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make_importable()
    import timm

    torch.manual_seed(0)
    network = timm.create_model("resnet18", features_only=True, out_indices=(1, 2, 3, 4))
    backbone = PixelBackbone(network)
    if name == "dbcnn":
        model = DBCNN(backbone, scnn(), 128, False)
    else:
        monkeypatch.setattr(f"fgresq.baselines.{name}.backbone_of", lambda *_: backbone)
        settings = baseline_options(PRESETS["paper"], name)
        model = {"hyperiqa": hyperiqa, "metaiqa": metaiqa}[name].build(*settings, Path("nowhere"))
    crops = torch.randint(0, 256, (3, 224, 224, 3), dtype=torch.uint8)
    model.eval().losses({"crops": crops}, labels(3))["loss"].backward()
    first = next(network.parameters())
    assert first.grad is not None and first.grad.abs().max() > 0


def test_a_damaged_backbone_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # no workspace
    monkeypatch.setenv(HOME, str(tmp_path))
    path = weights_of("resnet18")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"cut short")
    with pytest.raises(UserError, match="resnet18/model.safetensors: the file is damaged"):
        pixel_backbone("resnet18")
