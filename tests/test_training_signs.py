"""Which way round: A and B, better and worse, in what training learns, where it starts and writes.

In the small world an image is the brighter the better it is, so all that learns, or starts at a
ridge, tells the test side's images and pairs: ACC above .95. A sign that is turned gives the
opposite.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from torch.func import functional_call

from fgresq.baselines.metaiqa import adapted
from fgresq.tables import read_images, read_pairs
from fgresq.training.losses import fidelity_loss
from tests.training_world import (
    call,
    make_world,
    options,
    options_of_baseline,
    shallow_towers,
)

STILL = {"lr_encoder": 0.0, "lr_heads": 0.0}
# from a random start, by the heads alone: what is not learnt is not there
LEARN = {"train_encoder": False, "epochs": 40, "lr_heads": 3e-3, "head_init": "random"}


@pytest.fixture(scope="module", autouse=True)
def shallow() -> Iterator[None]:
    """Train on towers of two blocks."""
    with shallow_towers():
        yield


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of a world, with stage 1 of run 0 in `first`."""
    made = make_world().write(tmp_path_factory.mktemp("signs"))
    assert call(made, ["stage1", "0"], options("stage1"), "first") == 0
    return made


def second(place: Path, out: str, run: str = "0", **over: object) -> Path:
    """Train stage 2 of a run; give its folder."""
    settings = options("stage2", **over)
    assert call(place, ["stage2", run], settings, out, "--degradation=first") == 0
    return place / out


def share_of_scores(place: Path, out: Path) -> float:
    """Give ACC: the share of test pairs of different scores that the written values order."""
    images = read_images(place / "images.csv").set_index("image")
    values = pd.read_csv(out / "scores.csv").set_index("image")["value"]
    right = []
    for _, own in images.loc[values.index].groupby(["source", "group"]):
        for one, two in combinations(own.index, 2):
            gap = own.loc[one, "score"] - own.loc[two, "score"]
            if abs(gap) > 0.1:
                right.append((values[one] > values[two]) == (gap > 0))
    return float(np.mean(right))


def share_of_ranking(place: Path, out: Path) -> float:
    """Give ranking ACC: the share of preferred images to which the written chances point."""
    pairs = read_pairs(place / "pairs.csv").set_index("pair")
    chances = pd.read_csv(out / "ranking.csv").set_index("pair")["probability_a"]
    liked = pairs.loc[chances.index, "preference"]
    assert {"A", "B"} <= set(liked)
    clear = liked.ne("equal")
    return float(((chances > 0.5) == liked.eq("A"))[clear].mean())


def test_the_fidelity_loss_alone_teaches_scores(place: Path) -> None:
    out = second(place, "by-scores", lambda_rank=0, **LEARN)
    assert share_of_scores(place, out) > 0.95


@pytest.mark.parametrize("compare", ["paper", "released"])
def test_the_ranking_loss_alone_teaches_preferences(place: Path, compare: str) -> None:
    out = second(place, f"by-pairs-{compare}", lambda_scene=0, compare=compare, **LEARN)
    assert share_of_ranking(place, out) > 0.95


@pytest.mark.parametrize("compare", ["paper", "released"])
def test_the_start_at_a_ridge_tells_scores_and_pairs(place: Path, compare: str) -> None:
    out = second(place, f"start-{compare}", compare=compare, **STILL)
    assert share_of_scores(place, out) > 0.95
    assert share_of_ranking(place, out) > 0.95


def test_both_losses_keep_what_the_ridge_knew(place: Path) -> None:
    out = second(place, "both", epochs=30, lr_encoder=1e-5, lr_heads=1e-3)
    assert share_of_scores(place, out) > 0.95
    assert share_of_ranking(place, out) > 0.95
    history = pd.read_csv(out / "history.csv")
    assert history["loss"].tail(4).mean() < history["loss"].head(4).mean()


@pytest.mark.parametrize("method", ["dbcnn", "hyperiqa", "metaiqa"])
def test_a_baseline_s_scores_are_higher_the_better(place: Path, method: str) -> None:
    settings = options_of_baseline(method, epochs=40, lr_heads=3e-3)
    out = f"{method}-signs"
    assert call(place, ["train-baseline", method, "0"], settings, out) == 0
    assert share_of_scores(place, place / out) > 0.95


def test_a_step_inside_a_meta_task_goes_downhill() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 1), nn.Flatten(0))
    values, scores = torch.randn(8, 4), torch.rand(8)
    weights = adapted(model, values, scores, None, 0.1)
    logits = model(values), functional_call(model, weights, (values,))
    before, after = (float(fidelity_loss(found, scores)) for found in logits)
    assert after < before - 1e-3


def test_stage_1_reads_the_task_off_the_tint_of_test_images(tmp_path: Path) -> None:
    """Every task is tinted by a colour of its own."""
    world = make_world()
    tints = {"denoising": 0, "deblurring": 1, "dehazing": 2}
    of = {"weak": "denoising", "mild": "denoising", "strong": "deblurring", "odd": "dehazing"}
    world.images["task"] = world.images["algorithm"].map(of).fillna(world.images["task"])
    for image, task in world.images[["image", "task"]].to_numpy():
        world.pixels[image] = world.pixels[image] // 2
        world.pixels[image][..., tints.get(task, 0)] += 120
    place = world.write(tmp_path)
    settings = options("stage1", epochs=25, lr_heads=3e-3)
    assert call(place, ["stage1", "0"], settings, "tinted") == 0
    tasks = pd.read_csv(place / "tinted/tasks.csv")
    assert len(tasks) == 8 and set(tasks["task"]) == set(tints)
    assert (tasks["task"] == tasks["predicted"]).all()


@pytest.mark.parametrize("part", ["tower", "heads"])
def test_each_rate_moves_its_own_part(place: Path, part: str) -> None:
    rates = {"lr_encoder": 1e-3 * (part == "tower"), "lr_heads": 1e-3 * (part == "heads")}
    states = [
        load_file(second(place, f"{part}-{name}", **over) / "weights.safetensors")
        for name, over in (("still", STILL), ("moved", rates))
    ]
    moved = {n for n in states[0] if not torch.equal(states[0][n], states[1][n])}
    assert moved and all(name.startswith(f"quality.{part}.") for name in moved)
