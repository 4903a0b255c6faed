"""Crops that are drawn at each step: by whose seed, which way round, and what is read of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
import torch

from fgresq.baselines import feeds
from fgresq.networks.vit import CROP, SIZE
from fgresq.sections import Stage2, Tower
from fgresq.training import feed as feeding
from fgresq.training import stage2
from fgresq.training.setup import Setup
from tests.training_world import INTERRUPTED, call, make_world, options, shallow_towers

NONE = np.empty(0, dtype=int)


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each pixel of six images tell its row, its column and its image."""
    rows, columns = np.mgrid[:SIZE, :SIZE]
    images = [np.stack([rows, columns, np.full_like(rows, k)], axis=-1) for k in range(6)]
    monkeypatch.setattr(feeding, "encoded", lambda *given: np.stack(images).astype(np.uint8))


def setup_of(seed: int) -> Setup[Stage2]:
    """Give a run of a seed, whose crops are drawn."""
    made = options("stage2", {"crop": "random", "flip": True}, seed=seed)
    tower, settings = Tower.model_validate(made["tower"]), Stage2.model_validate(made["stage2"])
    none = pd.DataFrame()
    sides = (NONE, NONE, none, none)
    return Setup("stage2", tower, settings, none, *sides, Path("nowhere"), torch.device("cpu"))


def test_a_crop_is_a_window_of_its_image_mirrored_from_side_to_side_or_not(places: None) -> None:
    feed, mirrored, corners = setup_of(0).feed(), set(), set()
    for step in range(4):
        crops = feed.training(np.array([1, 4, 5]), step).numpy().astype(int)
        assert crops.shape == (3, CROP, CROP, 3)
        for number, crop in zip((1, 4, 5), crops, strict=True):
            down, across = np.diff(crop[..., 0], axis=0), np.diff(crop[..., 1], axis=1)
            assert (crop[..., 2] == number).all() and (down == 1).all()
            assert abs(across[0, 0]) == 1 and (across == across[0, 0]).all()
            mirrored.add(int(across[0, 0]))
            corners.add((crop[0, 0, 0], crop[0, :, 1].min()))
    assert mirrored == {1, -1} and len(corners) > 6


def test_crops_follow_from_the_seed_of_the_run_and_from_the_step(
    places: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = np.arange(6)
    monkeypatch.setattr(feeds, "on_tokens", lambda settings: False)
    for drawn in (
        [setup_of(seed).feed().training(rows, step) for seed in (0, 7) for step in (0, 1)],
        [
            feeds.feed_of(cast(Any, setup_of(seed))).training(rows, step)["crops"]
            for seed in (0, 7)
            for step in (0, 1)
        ],
    ):
        assert len({crops.numpy().tobytes() for crops in drawn}) == 4
        assert torch.equal(setup_of(7).feed().training(rows, 1), drawn[3])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of a world with a stage 1."""
    made = make_world().write(tmp_path_factory.mktemp("crops"))
    with shallow_towers():
        assert call(made, ["stage1", "0"], options("stage1"), "first") == 0
    return made


@pytest.mark.parametrize(
    ("crop", "read", "fresh"),
    [("random", True, True), ("random", False, False), ("native", True, False)],
)
def test_degradation_features_are_of_the_crop_that_is_drawn(
    place: Path, monkeypatch: pytest.MonkeyPatch, crop: str, read: bool, fresh: bool
) -> None:
    """Those of stage 1 are of the centre: they serve where nothing is drawn."""
    asked = []

    def noted(folder: Path, setup: object, fresh: bool, objective: str) -> None:
        asked.append(fresh)
        raise KeyboardInterrupt

    monkeypatch.setattr(stage2, "Degradation", noted)
    settings = options("stage2", {"crop": crop}, use_degradation=read)
    assert call(place, ["stage2", "0"], settings, "asked", "--degradation=first") == INTERRUPTED
    assert asked == [fresh]
