"""What names a kept thing holds all that it follows from: checkpoints, a baseline's feed, methods.

`test_caches.py` has what is scored and encoded; here is the rest.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pandas as pd
import pytest
import torch

from fgresq.baselines import feeds
from fgresq.scoring import predict, registry
from tests.test_caches import TOWER
from tests.test_pairs import image_table

CPU = torch.device("cpu")


def test_scores_of_a_checkpoint_follow_from_its_weights_and_from_its_card(tmp_path: Path) -> None:
    """The card says how the weights are used: heads, levels, views."""
    names = []
    for card, weights in (("one", "one"), ("two", "one"), ("one", "two"), ("one", "one")):
        (tmp_path / predict.CARD).write_text(card)
        (tmp_path / predict.WEIGHTS).write_text(weights)
        names.append(predict.version_of(tmp_path, CPU))
    assert len(set(names[:3])) == 3 and names[3] == names[0]


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    """Give three images; a cache gives its name in place of an array."""
    monkeypatch.setattr(feeds, "kept", lambda key, *rest: key)
    for name in ("dinov2_vits14", "efficientnet_lite0"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "card.json").write_text(f'{{"name": "{name}", "files": {{}}}}')
    return image_table(tmp_path, {"park": 3})


def setup_of(images: pd.DataFrame, folder: Path, **over: object) -> Any:
    """Give a run of a baseline on these images."""
    tower = TOWER.model_copy(update=over)
    parts = {"images": images, "tower": tower, "weights": folder / "dinov2_vits14", "on": CPU}
    return cast(Any, SimpleNamespace(**parts))


def others(images: pd.DataFrame) -> list[pd.DataFrame]:
    """Give tables of other images under the same paths, fewer of them, and in another order."""
    changed = images.assign(sha256=["x", *images["sha256"][1:]])
    return [changed, images[:2], images[::-1]]


def test_second_maps_follow_from_images_views_network_and_weights(
    images: pd.DataFrame, tmp_path: Path
) -> None:
    lite0 = "efficientnet_lite0"
    names = [feeds.frozen_maps(setup_of(own, tmp_path), lite0) for own in others(images)]
    names += [feeds.frozen_maps(setup_of(images, tmp_path, grid=3), lite0)]
    names += [
        feeds.frozen_maps(setup_of(images, tmp_path, seed=seed), "random_lite0") for seed in (0, 1)
    ]
    names += [feeds.frozen_maps(setup_of(images, tmp_path), lite0)]
    (tmp_path / lite0 / "card.json").write_text('{"name": "of other weights"}')
    names += [feeds.frozen_maps(setup_of(images, tmp_path), lite0)]
    assert len(set(map(str, names))) == len(names) == 8


def test_frozen_tokens_follow_from_images_and_from_the_tower(
    images: pd.DataFrame, tmp_path: Path
) -> None:
    names = [feeds.frozen_tokens(setup_of(own, tmp_path)) for own in [images, *others(images)]]
    names += [
        feeds.frozen_tokens(setup_of(images, tmp_path, **{name: value}))
        for name, value in {"merge": 4, "trainable_blocks": 1, "grid": 3, "seed": 1}.items()
    ]
    assert len(set(map(str, names))) == len(names) == 8


def test_a_method_s_version_follows_from_the_hub_and_from_a_toolkit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for state in ("one", "two"):
        monkeypatch.setattr(registry, "state_of", lambda name, state=state: f"{name} {state}")
        assert registry.own_version("psnr", {"hub": "clip"}) == f"clip {state}"
    toolkit = SimpleNamespace(version=lambda: "pyiqa 3")
    monkeypatch.setattr(registry, "by_toolkit", lambda entry: toolkit)
    assert registry.own_version("psnr", {"pyiqa": {}}) == "pyiqa 3"


class Scorer:
    """A model that counts what it is asked."""

    on, tower, calls = CPU, TOWER, 0

    def __call__(self, path: str) -> float:
        """Give one half."""
        Scorer.calls += 1
        return 0.5


def test_scores_of_a_checkpoint_follow_from_the_weights_that_were_not_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checkpoint holds what was trained; the blocks below lie in a package, or in the Hub."""
    image_table(tmp_path, {"park": 1})
    pictures = [str(path) for path in tmp_path.rglob("*.png")]
    for name in ("card.json", predict.CARD, predict.WEIGHTS):
        (tmp_path / name).write_text("one")
    state = ["none"]
    monkeypatch.setattr(predict, "Scorer", lambda folder: Scorer())
    monkeypatch.setattr(predict.workspace, "weights_of", lambda name: tmp_path / "below")
    monkeypatch.setattr(predict, "state_of_clip", lambda *names: state[0])
    (tmp_path / "below").mkdir()
    card = tmp_path / "below/card.json"
    changes = (lambda: None, lambda: card.write_text("two"), lambda: state.append(state.pop() * 2))
    for number, change in enumerate(changes, 1):
        change()
        for _ in range(2):
            predict.score_paths(tmp_path, pictures, tmp_path / "kept")
        assert Scorer.calls == number
