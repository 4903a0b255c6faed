"""Towers, features and ridge: strict loading, invariants, out-of-fold prediction, bad input."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fgresq.errors import UserError
from fgresq.tables import (
    IMAGE_COLUMNS,
    PAIR_COLUMNS,
    empty,
    read_scores,
    write_images,
    write_pairs,
    write_table,
)
from fgresq.training import features, ridge
from tests.conftest import image_table, ridge_options


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
            keep=None,
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
            options=ridge_options(block=1),
        )
    )
    with np.load(tmp_path / "f.npz") as data:
        assert data["features"].shape == (0, 768) and data["image"].shape == (0,)


def test_an_image_without_features_is_named(linear, tmp_path):
    images, values = linear
    with pytest.raises(UserError, match="s/059.*has no features"):
        call_ridge(tmp_path, images, values[:59], images["image"].tolist()[:59])
