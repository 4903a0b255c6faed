"""On a GPU: LPIPS and DISTS give what they give on the CPU, and training repeats itself."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from skimage import data

from benchmarks import gpu_training
from fgresq import workspace
from fgresq.metrics import dists, lpips, lpips_vgg
from fgresq.networks import frozen
from fgresq.presets import load
from fgresq.runs import STAGE_FORMS, stage_options
from fgresq.training import loop
from tests.damages import blurred, noised

WEIGHTS = {"lpips": ["lpips_alex"], "lpips_vgg": ["vgg16"], "dists": ["vgg16", "dists"]}
METHODS = {"lpips": lpips, "lpips_vgg": lpips_vgg, "dists": dists}
PHOTO = np.ascontiguousarray(data.astronaut()[:179, 100:301])


def distance_on(device: str, name: str, image: np.ndarray, reference: np.ndarray) -> torch.Tensor:
    """Give the distance with the network and the images on a device; what they make must follow."""
    network = copy.deepcopy(METHODS[name].model()).to(device)
    with torch.inference_mode():
        parts = [network(frozen.as_tensor(i).to(device)) for i in (image, reference)]
        return network.distance(*parts)


def needed(name: str) -> None:
    """Skip the test where the weights of a method are not at hand."""
    for weights in WEIGHTS[name]:
        if not (workspace.weights_of(weights) / "card.json").exists():
            pytest.skip(f"run 'fgresq weights {weights}'")


@pytest.mark.parametrize("name", METHODS)
def test_nothing_of_a_distance_stays_on_the_cpu(name):
    """On PyTorch's device `meta`, which has shapes and no numbers: no GPU is needed."""
    needed(name)
    assert distance_on("meta", name, PHOTO, PHOTO).device.type == "meta"
    found = float(distance_on("cpu", name, noised(PHOTO, 10), PHOTO))
    assert found == pytest.approx(METHODS[name].score(noised(PHOTO, 10), PHOTO), rel=1e-5)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize("name", METHODS)
def test_a_gpu_gives_the_distances_of_the_cpu(name, monkeypatch):
    """TF32, which has ten bits of a number, is off: float32 on both."""
    needed(name)
    monkeypatch.setattr(torch.backends.cuda.matmul, "allow_tf32", False)
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    for image in (noised(PHOTO, 10), blurred(PHOTO, 2)):
        found = float(distance_on("cuda", name, image, PHOTO))
        assert found == pytest.approx(METHODS[name].score(image, PHOTO), rel=1e-4)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_training_on_a_gpu_repeats_and_resumes_in_the_same_bytes(tmp_path, monkeypatch):
    """The paper's path on a small tower: crops drawn each step, every block trained, bf16."""
    preset = load().presets["paper"]
    over = {"tower": "ViT-S-32-alt", "pretrained": None, "max_steps": 4}
    preset = preset.model_copy(update={"tower": preset.tower.model_copy(update=over)})
    stages = {name: stage_options(preset, form).record() for name, form in STAGE_FORMS.items()}
    for name in ("config", "workflow"):
        (tmp_path / name).symlink_to(Path.cwd() / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(loop, "CHECKPOINT_EVERY", 2)
    gpu_training.write_tables(448)
    gpu_training.fill_cache(preset.tower)
    for stage in STAGE_FORMS:
        assert gpu_training.run(stage, stage, stages[stage]) == 0
    assert gpu_training.run_again(stages["stage2"])
    assert gpu_training.killed_and_resumed(stages["stage2"])
