"""The objective, computed again by plain loops: groups, ties, scene weights, lambdas, A and B.

The losses are held to loops by themselves, and a whole step to what a run without a learning rate
writes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from fgresq.files import read_json
from fgresq.model.heads import preference_probability
from fgresq.sections import Stage2
from fgresq.tables import read_images, read_pairs
from fgresq.training.losses import fidelity_loss, ranking_loss
from fgresq.training.ridge import read_features
from fgresq.training.sampler import SceneSampler
from fgresq.training.stage2 import PairBatches
from tests.training_world import (
    call,
    make_world,
    options,
    options_of_baseline,
    shallow_towers,
    train_both,
)

STILL = {"lr_encoder": 0.0, "lr_heads": 0.0}


@pytest.fixture(scope="module", autouse=True)
def shallow() -> Iterator[None]:
    """Train on towers of two blocks."""
    with shallow_towers():
        yield


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of a world."""
    return make_world().write(tmp_path_factory.mktemp("objective"))


def fidelity(logits: list[float], scores: list[float], groups: list[str]) -> float:
    """Compute the fidelity loss by a plain loop over i < j of one group (equation 6)."""
    terms = []
    for i, j in combinations(range(len(logits)), 2):
        if groups[i] == groups[j]:
            p = 0.5 if scores[i] == scores[j] else float(scores[i] > scores[j])
            z = (logits[i] - logits[j]) / math.sqrt(2)
            q = 0.5 * (1 + math.erf(z / math.sqrt(2)))
            terms.append(1 - math.sqrt(p * q) - math.sqrt((1 - p) * (1 - q)))
    return sum(terms) / len(terms) if terms else 0.0


def stage2(**over: object) -> Stage2:
    """Give settings of stage 2."""
    return Stage2.model_validate(options("stage2", **over)["stage2"])


@pytest.mark.parametrize("seed", range(5))
def test_the_fidelity_loss_inside_groups_is_that_of_a_plain_loop(seed: int) -> None:
    """Groups lie between each other, one has a single member, and scores are tied."""
    rng = np.random.default_rng(seed)
    groups = rng.permutation([7, 7, 7, 2, 2, 2, 2, 5, 9, 9])
    logits, scores = rng.normal(size=10), rng.integers(0, 4, 10) / 4
    found = fidelity_loss(*(torch.from_numpy(v) for v in (logits, scores, groups)))
    assert float(found) == pytest.approx(
        fidelity(list(logits), list(scores), list(groups)), abs=1e-3
    )
    alone = torch.arange(10)
    assert float(fidelity_loss(torch.from_numpy(logits), torch.from_numpy(scores), alone)) == 0


def test_the_ranking_loss_is_that_of_a_plain_loop() -> None:
    """Three classes: B better, A better, equal; and two, where equal is half of each."""
    logits = np.random.default_rng(0).normal(size=(6, 3))
    liked = ["A", "B", "equal", "A", "equal", "B"]
    fraction = torch.tensor([{"A": 1.0, "B": 0.0, "equal": 0.5}[k] for k in liked])
    equal = torch.tensor([k == "equal" for k in liked])
    for classes in (2, 3):
        terms, chances = [], []
        for row, k in zip(logits[:, :classes], liked, strict=True):
            share = np.exp(row) / np.exp(row).sum()
            half = -0.5 * (math.log(share[0]) + math.log(share[1]))
            of_equal = half if classes == 2 else -math.log(share[-1])
            terms.append({"A": -math.log(share[1]), "B": -math.log(share[0])}.get(k, of_equal))
            chances.append(share[1] + (share[2] / 2 if classes == 3 else 0))
        given = torch.from_numpy(logits[:, :classes]).float()
        assert float(ranking_loss(given, fraction, equal)) == pytest.approx(np.mean(terms), 1e-5)
        assert preference_probability(given).tolist() == pytest.approx(chances, 1e-5)


@pytest.fixture(scope="module")
def covered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a world whose run `pairs` writes what the objective is made of.

    The tasks are of unequal size, in images as in pairs, and all training pairs are test pairs as
    well, so that each of their images has its value.
    """
    world = make_world()
    heavy = world.images["family"].eq("gamma") & world.images["source"].eq("t")
    world.images.loc[heavy, "task"] = "denoising"
    of = world.pairs["family"].eq("gamma") & world.pairs["source"].eq("t")
    world.pairs.loc[of, "task"] = "denoising"
    alpha = world.pairs.index[world.pairs["family"].eq("alpha") & world.pairs["source"].eq("t")]
    world.pairs = world.pairs.drop(alpha[[0, 5]]).assign(split_pairs="train")
    again = world.pairs.assign(split_pairs="test", pair="x" + world.pairs["pair"])
    world.pairs = pd.concat([world.pairs, again], ignore_index=True)
    return world.write(tmp_path_factory.mktemp("covered"))


def objective_of(place: Path, out: Path, tasks: list[str]) -> dict[str, dict[str, float]]:
    """Compute both terms of every scene by plain loops from what a still run wrote."""
    images = read_images(place / "images.csv")
    pairs = read_pairs(place / "pairs.csv").query("split_pairs == 'train'")
    values = pd.read_csv(out / "scores.csv").set_index("image")["value"]
    logits = {name: math.log(v / (1 - v)) for name, v in values.items()}
    inside = images[images["image"].isin(logits)]
    counts = inside["task"].value_counts()
    inverse = {task: 1 / counts[task] for task in tasks}
    weight = {task: inverse[task] * len(tasks) / sum(inverse.values()) for task in tasks}
    found = {}
    for task in tasks:
        own = inside[inside["task"].eq(task)]
        groups = (own["source"] + "/" + own["group"]).tolist()
        scene = fidelity([logits[n] for n in own["image"]], own["score"].tolist(), groups)
        terms = []
        for pair in pairs[pairs["task"].eq(task)].itertuples():
            ahead = logits[pair.image_a] - logits[pair.image_b]
            chance = 1 / (1 + math.exp(-ahead))
            share = {"A": 1.0, "B": 0.0, "equal": 0.5}[pair.preference]
            terms.append(-share * math.log(chance) - (1 - share) * math.log(1 - chance))
        found[task] = {"scene": weight[task] * scene, "rank": float(np.mean(terms))}
    return found


def test_a_step_s_objective_is_that_of_plain_loops(covered: Path) -> None:
    """Groups, scene weights, A and B and both lambdas, at the start, where nothing has moved."""
    settings = options("stage2", lambda_scene=5, lambda_rank=0.7, **STILL)
    out = train_both(covered, "pairs", "still", options("stage1"), settings)
    tasks = ["denoising", "deblurring"]
    expected = objective_of(covered, out, tasks)
    history = pd.read_csv(out / "history.csv").sort_values("scene")
    assert len(history) == read_json(out / "card.json")["steps"] == 2
    rows = sorted(expected.values(), key=lambda row: row["scene"])
    assert abs(rows[0]["scene"] - rows[1]["scene"]) > 0.01
    for row, found in zip(rows, history.to_dict("records"), strict=True):
        assert found["scene"] == pytest.approx(row["scene"], abs=2e-3)
        assert found["rank"] == pytest.approx(row["rank"], abs=1e-3)
        assert found["loss"] == pytest.approx(5 * found["scene"] + 0.7 * found["rank"], rel=1e-5)


def test_a_baseline_s_objective_is_that_of_plain_loops(covered: Path) -> None:
    settings = options_of_baseline("hyperiqa", **STILL)
    assert call(covered, ["train-baseline", "hyperiqa", "pairs"], settings, "still-b") == 0
    values = pd.read_csv(covered / "still-b/scores.csv").set_index("image")["value"]
    (covered / "as-scores").mkdir()
    chances = (1 / (1 + np.exp(-values))).rename("value").reset_index()
    chances.to_csv(covered / "as-scores/scores.csv", index=False)
    rows = objective_of(covered, covered / "as-scores", ["denoising", "deblurring"]).values()
    history = pd.read_csv(covered / "still-b/history.csv")
    assert sorted(history["loss"]) == pytest.approx(sorted(r["scene"] for r in rows), abs=2e-3)


def test_groups_of_one_name_in_two_sources_and_tasks_are_apart(place: Path) -> None:
    images = read_images(place / "images.csv")
    pairs = read_pairs(place / "pairs.csv")
    images.loc[images["algorithm"].eq("odd"), "task"] = "deraining"
    groups = PairBatches(
        images, pairs, Stage2.model_validate(options("stage2")["stage2"])
    ).groups.tolist()
    keys = images[["source", "task", "group"]].apply(tuple, axis=1).tolist()
    for (one, two), (a, b) in zip(combinations(groups, 2), combinations(keys, 2), strict=True):
        assert (one == two) == (a == b)


def test_images_of_a_batch_are_those_of_its_pairs_at_their_places(place: Path) -> None:
    images, pairs = read_images(place / "images.csv"), read_pairs(place / "pairs.csv")
    batches = PairBatches(
        images, pairs, Stage2.model_validate(options("stage2", batch=7)["stage2"])
    )
    seen = []
    for step in range(batches.sampler.per_epoch):
        chosen = batches.sampler.step(step)
        rows, place_of = batches.images_of(chosen)
        named = images["image"].to_numpy()[rows][place_of]
        assert named.tolist() == pairs[["image_a", "image_b"]].to_numpy()[chosen].T.tolist()
        liked = pairs["preference"].iloc[chosen]
        assert (batches.fraction[chosen] == liked.map({"A": 1, "B": 0, "equal": 0.5})).all()
        assert (batches.equal[chosen] == liked.eq("equal")).all()
        seen += chosen.tolist()
    assert sorted(seen) == list(range(len(pairs)))


def test_every_epoch_has_an_order_of_its_own() -> None:
    sampler = SceneSampler(np.zeros(40), 8, seed=0)
    orders = [np.concatenate(sampler.epoch(number)).tolist() for number in range(4)]
    assert all(one != two for one, two in combinations(orders, 2))


def test_features_are_read_in_the_order_of_the_image_table(place: Path, tmp_path: Path) -> None:
    images = read_images(place / "images.csv")
    order = np.random.default_rng(0).permutation(len(images))
    names = images["image"].to_numpy(dtype=str)[order]
    np.savez(tmp_path / "f.npz", image=names, features=order[:, None].astype(np.float32))
    assert read_features(tmp_path / "f.npz", images)[:, 0].tolist() == list(range(len(images)))
