"""One forward an image: what training, the levels and the ridge read is of the same pass."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from fgresq import workspace
from fgresq.files import sha256
from fgresq.images import write_png
from fgresq.networks import vit
from fgresq.networks.towers import StandInTower
from fgresq.presets import preset_named
from fgresq.tables import DEGRADED, write_images
from fgresq.training import features, token_cache
from tests.conftest import image_table, picture, ridge_options

DINOV2 = Path("data/weights/dinov2_vits14").resolve()


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    """Three images, written, and a cache of their own."""
    monkeypatch.setattr(workspace, "tokens", lambda: tmp_path / "cache")
    table = image_table(3, 3, np.linspace(0, 1, 3))
    table["path"] = [str(tmp_path / f"{k}.png") for k in range(3)]
    for number, path in enumerate(table["path"]):
        write_png(path, picture(number, 256))
    return table.assign(sha256=[sha256(path) for path in table["path"]])


def features_by_verb(images: pd.DataFrame, folder: Path, **ridge: int) -> np.ndarray:
    write_images(folder / "images.csv", images)
    features.main(
        argparse.Namespace(
            tower="dinov2",
            images=folder / "images.csv",
            weights=DINOV2,
            out=folder / "f.npz",
            threads=1,
            options=ridge_options(**ridge),
        )
    )
    with np.load(folder / "f.npz") as data:
        return data["features"]


def test_the_ridge_reads_the_forward_of_training(images, tmp_path, monkeypatch):
    """To the last bit what a pass of its own gives, and no such pass is made."""
    own = vit.features(vit.dinov2(DINOV2), images["path"], [6])[0]
    monkeypatch.setattr(features, "features", None)
    assert np.array_equal(features_by_verb(images, tmp_path, block=6), own)
    tower = preset_named("mini").tower
    monkeypatch.setattr(token_cache, "build_tower", None)  # all that follows is there already
    assert token_cache.encoded(images, tower, DINOV2).shape == (3, 1, 4 + 65, 384)
    assert np.array_equal(features_by_verb(images, tmp_path, block=6), own)


def test_an_image_that_is_not_trained_on_has_a_pass_of_its_own(images, tmp_path):
    own = vit.features(vit.dinov2(DINOV2), images["path"], [6])[0]
    table = images.assign(task=["denoising", DEGRADED, "denoising"])
    assert np.allclose(features_by_verb(table, tmp_path, block=6), own, atol=1e-4)


@pytest.mark.parametrize("other", [{"block": 8}, {"block": 6, "grid": 2}])
def test_another_block_or_grid_is_not_the_forward_of_training(images, tmp_path, monkeypatch, other):
    monkeypatch.setattr(features, "pooled_features", None)
    own = vit.features(vit.dinov2(DINOV2), images["path"], [other["block"]], other.get("grid", 1))
    assert np.array_equal(features_by_verb(images, tmp_path, **other), own[0])


def test_a_lost_half_of_the_cache_is_made_again(images):
    tower = preset_named("mini").tower
    tokens, blocks = token_cache.fill(images, tower, DINOV2)
    whole = sha256(tokens), sha256(blocks)
    for lost in (blocks, tokens):
        lost.unlink()
        assert (tokens, blocks) == token_cache.fill(images, tower, DINOV2)
        assert (sha256(tokens), sha256(blocks)) == whole


def test_pixels_have_no_features_beside_them(images):
    tower = preset_named("mini").tower.model_copy(update={"crop": "random"})
    pixels, blocks = token_cache.fill(images, tower, DINOV2)
    assert pixels.exists() and not blocks.exists()


def test_every_block_below_the_cut_is_pooled_once():
    trunk, pixels = vit.vit(0), torch.randn(2, 3, 224, 224)
    with torch.inference_mode():
        wanted = torch.stack(vit.pooled(trunk, pixels, [1, 2, 3]), dim=1)
        tower = StandInTower(trunk, [1, 3, 4], trainable=1, merge=2)
        tokens, blocks = tower.lower_and_blocks(pixels)
    assert torch.equal(blocks, wanted)
    assert torch.equal(tokens[:, :4].flatten(1), wanted[:, [0, 2]].flatten(1))
