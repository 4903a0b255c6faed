"""The loss and the metric inside frameworks: contract tests on small registries of their kinds."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from types import ModuleType

import numpy as np
import pytest
import torch

import fgresq
from fgresq import integrations
from fgresq.errors import UserError
from fgresq.integrations.frameworks import judge_named
from fgresq.metrics import embedded, psnr_y
from tests.conftest import picture
from tests.damages import noised

PHOTO, WORSE = picture(1, 64), noised(picture(1, 64), 25)
FRAMEWORKS = ("basicsr", "neosr", "trainner")


class Registry:
    """A registry as these frameworks have it: the name is the object's, twice is an error."""

    def __init__(self, lower: bool = False) -> None:
        self.lower, self.held = lower, {}

    def name(self, text: str) -> str:
        return text.lower() if self.lower else text

    def register(self):
        def keep(thing):
            name = self.name(thing.__name__)
            assert name not in self.held, f"{name} was already registered"
            self.held[name] = thing
            return thing

        return keep

    def get(self, name):
        return self.held[self.name(name)]

    def __contains__(self, name):
        return self.name(name) in self.held


def tensor(*images: np.ndarray) -> torch.Tensor:
    return torch.stack([torch.from_numpy(i.copy()).permute(2, 0, 1).float() / 255 for i in images])


@pytest.fixture(params=FRAMEWORKS)
def registered(request):
    losses, metrics = (Registry(request.param == "trainner") for _ in range(2))
    integrations.register(request.param, losses, metrics)
    integrations.register(request.param, losses, metrics)  # a second import does no harm
    return request.param, losses, metrics


def built(losses: Registry, **options):
    """Build a loss as they do: the key `type` is its name, all others are arguments."""
    options = copy.deepcopy(options)
    return losses.get(options.pop("type"))(**options).to("cpu")


def test_the_loss_is_called_as_each_framework_calls_it(registered):
    framework, losses, _ = registered
    loss = built(losses, type="FgresqLoss", loss_weight=0.5, model="embedded")
    output = tensor(PHOTO, WORSE).requires_grad_()
    plain = fgresq.loss("embedded")(output)
    value = loss(output, tensor(PHOTO, PHOTO))
    assert loss.loss_weight == 0.5
    # traiNNer-redux multiplies itself by abs(loss_weight), and the others do not
    total = value * abs(loss.loss_weight) if framework == "trainner" else value
    assert float(total.detach()) == pytest.approx(0.5 * float(plain.detach()), rel=1e-6)
    total.backward()
    assert output.grad.abs().sum() > 0 and float(value.detach()) > 0
    assert list(loss.parameters()) == [] and not loss.loss.training


def test_the_perceptual_slot_of_basicsr_takes_a_pair():
    losses, metrics = Registry(), Registry()
    integrations.register("basicsr", losses, metrics)
    loss = built(losses, type="FgresqPerceptualLoss", loss_weight=2.0, model="embedded")
    percep, style = loss(tensor(PHOTO), tensor(WORSE))
    expected = 2 * float(fgresq.loss("embedded")(tensor(PHOTO)))
    assert style is None and float(percep) == pytest.approx(expected, rel=1e-6)


def calculated(framework, metrics, data, options):
    """Call a metric as their `calculate_metric` does; options hold what the model reads besides."""
    options = copy.deepcopy(options)
    more = {"device": torch.device("cpu")} if framework == "trainner" else {}
    return metrics.get(options.pop("type"))(**data, **options, **more)


def arrays(framework: str, image: np.ndarray, target: np.ndarray) -> dict[str, np.ndarray]:
    """Give what validation hands over: uint8 (h, w, 3), BGR in BasicSR and neosr."""
    order = slice(None) if framework == "trainner" else slice(None, None, -1)
    return {"img": image[..., order].copy(), "img2": target[..., order].copy()}


def test_the_metric_is_called_as_each_framework_calls_it(registered):
    framework, _, metrics = registered
    data = arrays(framework, WORSE, PHOTO)
    found = calculated(
        framework, metrics, data, {"type": "calculate_fgresq", "better": "higher", "crop_border": 0}
    )
    assert isinstance(found, float) and found == pytest.approx(embedded.score(WORSE), rel=1e-8)
    options = {"type": "calculate_fgresq", "model": "psnr_y", "crop_border": 4}
    found = calculated(framework, metrics, data, options)
    assert found == pytest.approx(psnr_y.score(WORSE, PHOTO, border=4), rel=1e-8)
    turned = {name: np.moveaxis(image, 2, 0) for name, image in data.items()}
    assert calculated(framework, metrics, turned, {**options, "input_order": "CHW"}) == found


def test_channels_are_not_mixed_up(registered):
    framework, _, metrics = registered
    red = PHOTO.copy()
    red[..., 1:] //= 4
    data = arrays(framework, red, PHOTO)
    found = calculated(framework, metrics, data, {"type": "calculate_fgresq", "model": "psnr_y"})
    assert found == pytest.approx(psnr_y.score(red, PHOTO), rel=1e-8)
    assert found != pytest.approx(psnr_y.score(red[..., ::-1], PHOTO[..., ::-1]), rel=1e-3)


def test_an_image_without_a_value_is_nan_and_an_option_that_does_nothing_is_refused(caplog):
    losses, metrics = Registry(), Registry()
    integrations.register("basicsr", losses, metrics)
    flat = np.full((48, 48, 3), 7, np.uint8)
    assert np.isnan(metrics.get("calculate_fgresq")(flat, flat))
    assert "embedded has no value: it is flat" in caplog.text
    with pytest.raises(UserError, match="psnr_y and"):
        metrics.get("calculate_fgresq")(PHOTO, PHOTO, test_y_channel=True)
    gray = metrics.get("calculate_fgresq")(PHOTO[..., 0], None)
    assert gray == pytest.approx(embedded.score(np.repeat(PHOTO[..., :1], 3, 2)), rel=1e-8)
    judge_named.cache_clear()


def test_a_framework_that_is_installed_is_found_by_its_module(monkeypatch):
    module = ModuleType("basicsr.utils.registry")
    module.LOSS_REGISTRY, module.METRIC_REGISTRY = Registry(), Registry()
    for name in ("basicsr", "basicsr.utils"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    integrations.register("basicsr")
    assert set(module.LOSS_REGISTRY.held) == {"FgresqLoss", "FgresqPerceptualLoss"}
    with pytest.raises(UserError, match=r"traiNNer-redux: it cannot be imported .*Install it"):
        integrations.register("trainner")
    with pytest.raises(UserError, match="Did you mean 'basicsr'"):
        integrations.register("BasicSr")


def test_a_torchmetric_accumulates_over_batches():
    metric = integrations.torchmetric("psnr_y", border=2)
    assert metric.higher_is_better is True
    metric.update(tensor(WORSE), tensor(PHOTO))
    metric.update([noised(PHOTO, 5), noised(PHOTO, 9)], [PHOTO, PHOTO])
    values = [psnr_y.score(noised(PHOTO, d), PHOTO, border=2) for d in (5, 9)]
    expected = np.mean([psnr_y.score(WORSE, PHOTO, border=2), *values])
    assert float(metric.compute()) == pytest.approx(expected, rel=1e-7)
    metric.reset()
    assert np.isnan(float(metric.compute()))
    once = metric(tensor(WORSE), tensor(PHOTO))  # forward gives the batch's own
    assert float(once) == pytest.approx(psnr_y.score(WORSE, PHOTO, border=2), rel=1e-7)


def test_a_torchmetric_counts_what_has_no_value():
    metric = integrations.torchmetric("embedded")
    metric.update([PHOTO, np.zeros((40, 40, 3), np.uint8)])
    assert (int(metric.count), int(metric.without)) == (1, 1)
    assert float(metric.compute()) == pytest.approx(embedded.score(PHOTO), rel=1e-7)
    again = pickle.loads(pickle.dumps(metric))
    assert float(again.compute()) == float(metric.compute())


def test_a_torchmetric_sums_over_processes():
    """Two processes: torchmetrics gathers each state of both, here this one's and a second's."""
    second = {"total": 60.0, "count": 2, "without": 1}
    order = iter(second.values())

    def gather(value, group):
        return [value, torch.tensor(next(order), dtype=value.dtype)]

    metric = integrations.torchmetric(
        "embedded", dist_sync_fn=gather, distributed_available_fn=lambda: True
    )
    metric.update(PHOTO[None])
    expected = (embedded.score(PHOTO) + 60) / 3
    assert float(metric.compute()) == pytest.approx(expected, rel=1e-7)


ONE_OF_TWO = """
import sys
import numpy as np, torch, torch.distributed as dist
from fgresq import integrations
rank = int(sys.argv[1])
dist.init_process_group("gloo", init_method=f"file://{sys.argv[2]}", rank=rank, world_size=2)
torch.set_num_threads(1)
metric = integrations.torchmetric("psnr_y")
reference = np.full((2, 40, 40, 3), 100, np.uint8)
worse = reference + np.uint8(4 + 12 * rank)
metric.update(list(worse[: rank + 1]), list(reference[: rank + 1]))
print(float(metric.compute()))
dist.destroy_process_group()
"""


def test_a_torchmetric_is_the_mean_over_two_real_processes(tmp_path):
    """One image here and two worse ones there: each process gives the mean of all three."""
    words = [sys.executable, "-c", ONE_OF_TWO]
    started = [
        subprocess.Popen([*words, str(rank), str(tmp_path / "store")], stdout=-1, stderr=-1)
        for rank in range(2)
    ]
    told = [process.communicate(timeout=120) for process in started]
    assert [process.returncode for process in started] == [0, 0], told[0][1][-500:]
    reference = np.full((40, 40, 3), 100, np.uint8)
    here, there = (psnr_y.score(reference + np.uint8(by), reference) for by in (4, 16))
    for out, _ in told:
        value = float(out)
        assert value == pytest.approx((here + 2 * there) / 3, rel=1e-7)
        assert abs(value - (here + there) / 2) > 1  # not the mean of both processes


def test_a_missing_torchmetrics_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchmetrics", None)
    monkeypatch.delitem(sys.modules, "fgresq.integrations.accumulated")
    with pytest.raises((UserError, ModuleNotFoundError)) as told:
        integrations.torchmetric()
    assert isinstance(told.value, UserError) and "pip install torchmetrics" in str(told.value)
