"""Towers, features and ridge: strict loading, invariants, out-of-fold prediction, bad input."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file

from fgresq.errors import UserError
from fgresq.files import sha256
from fgresq.images import write_png
from fgresq.metrics import features, ridge, towers
from fgresq.tables import (
    IMAGE_COLUMNS,
    PAIR_COLUMNS,
    empty,
    read_scores,
    write_images,
    write_pairs,
    write_table,
)

DINOV2 = Path("data/weights/dinov2_vits14")
needs_dinov2 = pytest.mark.skipif(
    not (DINOV2 / "model.safetensors").exists(),
    reason="needs data/weights/dinov2_vits14: run 'fgresq weights dinov2_vits14'",
)


def image_table(count: int, families: int, score: np.ndarray) -> pd.DataFrame:
    rows = {
        "image": [f"s/{k:03}" for k in range(count)],
        "source": "s",
        "task": "denoising",
        "content": [f"c{k % families}" for k in range(count)],
        "group": [f"c{k % families}" for k in range(count)],
        "family": [f"f{k % families}" for k in range(count)],
        "algorithm": "a",
        "path": "",
        "reference": "",
        "mask": "",
        "raw_score": score,
        "score": score,
        "sha256": "",
        "reference_sha256": "",
    }
    return pd.DataFrame(rows, columns=list(IMAGE_COLUMNS))


@pytest.fixture
def linear() -> tuple[pd.DataFrame, np.ndarray]:
    """60 images of 6 families whose score is linear in 5 features."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(60, 5))
    score = values @ np.array([0.3, -0.2, 0.1, 0, 0])
    score = (score - score.min()) / np.ptp(score)
    return image_table(60, 6, score), values


def folds_of(images: pd.DataFrame, count: int) -> pd.DataFrame:
    families = sorted(set(images["family"]))
    return pd.DataFrame(
        {"source": "s", "family": families, "fold": [k % count for k in range(len(families))]}
    )


def pairs_of(images: pd.DataFrame, sides: list[str]) -> pd.DataFrame:
    names = images["image"].tolist()
    rows = [
        {
            "pair": f"s#{k}",
            "image_a": names[2 * k],
            "image_b": names[2 * k + 1],
            "task": "denoising",
            "source": "s",
            "group": "c",
            "family": "f",
            "score_difference": 0.1,
            "ssim": 0.9,
            "preference": "A",
            "fraction_a": 1.0,
            "label_origin": "simulated",
            "fold": 0,
            "split_pairs": side,
        }
        for k, side in enumerate(sides)
    ]
    return pd.DataFrame(rows, columns=list(PAIR_COLUMNS))


def test_a_linear_score_is_found_out_of_fold(linear):
    images, values = linear
    found = ridge.by_family(images, values, folds_of(images, 3))
    assert sorted(found["image"]) == images["image"].tolist()
    joined = images.merge(found, on="image")
    assert joined["score"].corr(joined["value"]) > 0.97


def test_a_score_of_noise_is_not_learnt(linear):
    images, values = linear
    images = images.assign(score=np.random.default_rng(1).random(len(images)))
    found = images.merge(ridge.by_family(images, values, folds_of(images, 3)), on="image")
    assert abs(found["score"].corr(found["value"])) < 0.45


def test_the_penalty_is_chosen_by_the_error_inside_groups():
    """A score that follows the features inside groups only, over large offsets of the groups."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(40), 6)
    values = rng.normal(size=(240, 8))
    score = values @ rng.normal(size=8) + rng.normal(0, 30, 40)[groups]
    assert ridge.penalty(values, score, groups, groups) == ridge.ALPHAS[0]
    noise = rng.normal(size=240)
    assert ridge.penalty(values, noise, groups, groups) > ridge.ALPHAS[0]


def test_a_fold_does_not_see_its_own_scores(linear):
    images, values = linear
    folds = folds_of(images, 3)
    before = ridge.by_family(images, values, folds).set_index("image")["value"]
    inside = images["family"].isin(folds.loc[folds["fold"] == 1, "family"])
    changed = images.assign(score=images["score"].where(~inside, 1 - images["score"]))
    after = ridge.by_family(changed, values, folds).set_index("image")["value"]
    own = images.loc[inside, "image"]
    assert (before[own] == after[own]).all()
    assert not np.allclose(before.drop(own), after.drop(own))


def test_pair_split_gives_values_for_images_of_test_pairs_only(linear):
    images, values = linear
    pairs = pairs_of(images, ["train"] * 20 + ["test"] * 5)
    found = ridge.by_pairs(images, values, pairs)
    assert sorted(found["image"]) == images["image"].tolist()[40:50]
    assert ridge.by_pairs(images, values, pairs[:0]).empty


def test_equal_scores_and_an_empty_side_are_user_errors(linear):
    images, values = linear
    with pytest.raises(UserError, match="fold 0.*scores are alike"):
        ridge.by_family(images.assign(score=0.5), values, folds_of(images, 3))
    with pytest.raises(UserError, match="fold 0.*no image is left to train on"):
        ridge.by_family(images, values, folds_of(images, 1))
    with pytest.raises(UserError, match="split 'pairs'.*no image is left"):
        ridge.by_pairs(images, values, pairs_of(images, ["test"]))


def test_a_family_without_fold_is_named(linear):
    images, values = linear
    with pytest.raises(UserError, match="f5.*has no fold"):
        ridge.by_family(images, values, folds_of(images, 3).query("family != 'f5'"))


def call_ridge(folder: Path, images: pd.DataFrame, values: np.ndarray, names=None) -> Path:
    write_images(folder / "images.csv", images)
    write_pairs(folder / "pairs.csv", pairs_of(images, ["train", "test"] if len(images) else []))
    write_table(folder / "folds.csv", folds_of(images, 3), ridge.FOLD_COLUMNS)
    np.savez(
        folder / "t.npz",
        image=np.array(names or images["image"].tolist(), dtype=str),
        features=values,
    )
    ridge.main(
        argparse.Namespace(
            method="ridge_t",
            features=folder / "t.npz",
            images=folder / "images.csv",
            pairs=folder / "pairs.csv",
            folds=folder / "folds.csv",
            out=folder / "scores.csv",
        )
    )
    return folder / "scores.csv"


def test_score_table_of_the_verb(linear, tmp_path):
    scores = read_scores(call_ridge(tmp_path, *linear))
    assert scores["split"].value_counts().to_dict() == {"family": 60, "pairs": 2}
    assert set(scores["method"]) == {"ridge_t"} and np.isfinite(scores["value"]).all()


def test_an_empty_table_flows_through(tmp_path):
    assert read_scores(call_ridge(tmp_path, empty(IMAGE_COLUMNS), np.empty((0, 5)))).empty
    features.main(
        argparse.Namespace(
            tower="random",
            images=tmp_path / "images.csv",
            weights=None,
            out=tmp_path / "f.npz",
            threads=1,
            options={"block": 1, "grid": 1, "seed": 0},
        )
    )
    with np.load(tmp_path / "f.npz") as data:
        assert data["features"].shape == (0, 768) and data["image"].shape == (0,)


def test_an_image_without_features_is_named(linear, tmp_path):
    images, values = linear
    with pytest.raises(UserError, match="s/059.*has no features"):
        call_ridge(tmp_path, images, values[:59], images["image"].tolist()[:59])


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
                options={"block": 1, "grid": 1, "seed": 0},
            )
        )
    assert sha256(tmp_path / "a.npz") == sha256(tmp_path / "b.npz")


def test_unknown_tower_and_block_are_named(tmp_path):
    args = {"images": tmp_path, "weights": None, "out": tmp_path, "threads": 1}
    options = {"block": 1, "grid": 1, "seed": 0}
    with pytest.raises(UserError, match="Did you mean 'dinov2'"):
        features.main(argparse.Namespace(tower="dino", options=options, **args))
    with pytest.raises(UserError, match="no block 13"):
        features.main(argparse.Namespace(tower="random", options={**options, "block": 13}, **args))


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
    save_file(state, tmp_path / "model.safetensors")
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
