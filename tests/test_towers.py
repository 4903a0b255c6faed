"""The frozen towers: views, features, weights."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from fgresq.errors import UserError
from fgresq.files import sha256, write_json
from fgresq.images import write_png
from fgresq.networks import vit as towers
from fgresq.tables import write_images
from fgresq.training import features
from tests.conftest import image_table, ridge_options

DINOV2 = Path("data/weights/dinov2_vits14")
needs_dinov2 = pytest.mark.skipif(
    not (DINOV2 / "model.safetensors").exists(),
    reason="needs data/weights/dinov2_vits14: run 'fgresq weights dinov2_vits14'",
)


@pytest.fixture(scope="module")
def png(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("image") / "a.png"
    ramp = np.linspace(0, 255, 90, dtype=np.uint8)
    write_png(path, np.stack([np.tile(ramp, (70, 1))] * 3, axis=-1))
    return str(path)


def test_features_do_not_depend_on_the_batch_or_on_later_blocks(png, monkeypatch):
    model = towers.vit(3)
    both = towers.features(model, [png, png], [1, 2])
    assert both.shape == (2, 2, 768) and both.dtype == np.float32
    monkeypatch.setattr(towers, "BATCH", 1)
    alone = towers.features(model, [png, png], [2])
    assert np.allclose(both[1], alone[0], atol=1e-5)


def test_views_lie_inside_and_a_small_image_is_enlarged(png, tmp_path):
    assert towers.starts(256, 1) == [16] and towers.starts(528, 2) == [20, 284]
    for length in (224, 225, 300, 1000):
        places = towers.starts(length, 3)
        assert places == sorted(places) and places[0] >= 0 and places[-1] <= length - towers.CROP
    assert towers.views(png, 2).shape == (4, 224, 224, 3)  # of 90 x 70 pixels
    large = np.random.default_rng(0).integers(0, 256, (300, 500, 3), dtype=np.uint8)
    write_png(tmp_path / "large.png", large)
    assert np.array_equal(towers.views(tmp_path / "large.png", 1)[0], large[38:262, 138:362])


def test_features_are_the_mean_over_the_views(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (448, 448, 3), dtype=np.uint8)
    write_png(tmp_path / "all.png", pixels)
    parts = []
    for y in (0, 224):
        for x in (0, 224):
            parts.append(str(tmp_path / f"{y}-{x}.png"))
            write_png(tmp_path / f"{y}-{x}.png", pixels[y : y + 224, x : x + 224])
    model = towers.vit(1)
    whole = towers.features(model, [str(tmp_path / "all.png")], [1], grid=2)[0, 0]
    assert np.allclose(whole, towers.features(model, parts, [1])[0].mean(axis=0), atol=1e-5)


def test_the_random_tower_is_the_seed_s(png):
    first, again, other = (towers.features(towers.vit(s), [png], [1]) for s in (0, 0, 1))
    assert np.array_equal(first, again) and not np.allclose(first, other)


def test_features_stop_at_the_block_asked_for(png):
    model = towers.vit(0)
    model.blocks[1] = torch.nn.Module()  # has no forward
    assert np.isfinite(towers.features(model, [png], [1])).all()
    with pytest.raises(NotImplementedError):
        towers.features(model, [png], [2])


def test_two_runs_of_the_verb_give_the_same_bytes(png, tmp_path):
    images = image_table(1, 1, np.array([0.5])).assign(path=png)
    write_images(tmp_path / "images.csv", images)
    for name in ("a", "b"):
        features.main(
            argparse.Namespace(
                tower="random",
                images=tmp_path / "images.csv",
                weights=None,
                threads=1,
                out=tmp_path / f"{name}.npz",
                options=ridge_options(block=1),
            )
        )
    assert sha256(tmp_path / "a.npz") == sha256(tmp_path / "b.npz")


def test_unknown_tower_and_block_are_named(tmp_path):
    args = {
        "images": tmp_path,
        "weights": None,
        "out": tmp_path,
        "threads": 1,
    }
    with pytest.raises(UserError, match="Did you mean 'dinov2'"):
        features.main(argparse.Namespace(tower="dino", options=ridge_options(), **args))
    given = ridge_options(block=13)
    with pytest.raises(UserError, match="'ridge/block': 13 is greater than the maximum of 12"):
        features.main(argparse.Namespace(tower="random", options=given, **args))


def test_positions_keep_the_class_token_and_a_constant():
    positions = torch.full((1, 1 + 37 * 37, 4), 2.0)
    positions[:, 0] = 5
    fitted = towers.resampled_positions(positions, 16)
    assert fitted.shape == (1, 257, 4)
    assert torch.allclose(fitted[:, 0], torch.tensor(5.0))
    assert torch.allclose(fitted[:, 1:], torch.tensor(2.0), atol=1e-5)
    assert torch.equal(towers.resampled_positions(fitted, 16), fitted)


def test_missing_weights_name_the_verb(tmp_path):
    with pytest.raises(UserError, match="fgresq weights dinov2_vits14"):
        towers.dinov2(tmp_path)


@needs_dinov2
def test_dinov2_loads_strictly(tmp_path):
    state = load_file(DINOV2 / "model.safetensors")
    state.pop("blocks.3.ls1.gamma")
    path = tmp_path / "model.safetensors"
    save_file(state, path)
    write_json(
        tmp_path / "card.json", {"name": "dinov2_vits14", "files": {path.name: sha256(path)}}
    )
    with pytest.raises(RuntimeError, match="blocks.3.ls1.gamma"):
        towers.dinov2(tmp_path)
    loaded = towers.dinov2(DINOV2).state_dict()
    assert set(loaded) == set(load_file(DINOV2 / "model.safetensors"))


GOLDEN = (
    [0.03687, -0.0199, -0.02298, -0.051, 0.00141, -0.00202],
    [-0.09532, -0.03361, 0.06175, -0.03341, 0.05531, 0.00174],
)


@needs_dinov2
def test_dinov2_matches_onnxruntime():
    """Golden values: block outputs of the ONNX graph in onnxruntime 1.31.1, same input."""
    pixels = torch.linspace(-2, 2, 3 * 224 * 224).reshape(1, 3, 224, 224).sin()
    with torch.inference_mode():
        found = towers.pooled(towers.dinov2(DINOV2), pixels, [1, 6])
    for values, golden in zip(found, GOLDEN, strict=True):
        assert values[0, [0, 1, 2, 384, 385, 386]].tolist() == pytest.approx(golden, abs=1e-4)
