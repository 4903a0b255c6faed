"""The losses against plain loops over their equations, and the sampler against its words."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from fgresq.training.losses import contrastive_loss, fidelity_loss, ranking_loss, scene_weights
from fgresq.training.sampler import SceneSampler


def softmax(row: list[float]) -> list[float]:
    top = max(row)
    powers = [math.exp(value - top) for value in row]
    return [power / sum(powers) for power in powers]


def slow_contrastive(
    image: np.ndarray, text: np.ndarray, t: float, names: list[int], same_text: bool
) -> float:
    """Mean cross-entropy of images over texts and of texts over images, by loops."""
    count = len(image)
    logits = [[t * float(image[i] @ text[j]) for j in range(count)] for i in range(count)]
    total = 0.0
    for turned in (False, True):
        for i in range(count):
            row = [logits[j][i] if turned else logits[i][j] for j in range(count)]
            match = [
                float(names[i] == names[j]) if same_text else float(i == j) for j in range(count)
            ]
            chance = softmax(row)
            total -= sum(m / sum(match) * math.log(p) for m, p in zip(match, chance, strict=True))
    return total / (2 * count)


@pytest.mark.parametrize("targets", ["same_text", "diagonal"])
@pytest.mark.parametrize("wobble", [0.0, 0.003])
def test_contrastive_alignment_equals_a_plain_loop(targets: str, wobble: float) -> None:
    """Texts occur unequally often, so that rows and columns are scaled by different counts.

    Only texts that are not wholly alike tell the two kinds of targets apart: over texts that are,
    both losses are the same number.
    """
    rng = np.random.default_rng(0)
    names = [0, 0, 0, 1, 1, 2]
    text = np.linalg.qr(rng.normal(size=(6, 6)))[0][names] + wobble * rng.normal(size=(6, 6))
    image = rng.normal(size=(6, 6))
    image, text = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (image, text))
    given = (torch.from_numpy(array).float() for array in (image, text))
    found = float(contrastive_loss(*given, torch.tensor(7.0), targets))
    same, own = (slow_contrastive(image, text, 7.0, names, kind) for kind in (True, False))
    assert found == pytest.approx(same if targets == "same_text" else own, rel=1e-5)
    assert (abs(same - own) > 1e-3) == (wobble > 0)


def slow_fidelity(logits: list[float], scores: list[float], groups: list[int] | None) -> float:
    terms = []
    for i in range(len(logits)):
        for j in range(i + 1, len(logits)):
            if groups is None or groups[i] == groups[j]:
                p = 0.5 if scores[i] == scores[j] else float(scores[i] > scores[j])
                q = 0.5 * (1 + math.erf((logits[i] - logits[j]) / 2))
                terms.append(1 - math.sqrt(p * q) - math.sqrt((1 - p) * (1 - q)))
    return sum(terms) / len(terms) if terms else 0.0


@pytest.mark.parametrize(
    "groups", [None, [0, 0, 1, 1, 0, 2], [5, 5, 5, 5, 5, 5], [0, 1, 2, 3, 4, 5]]
)
def test_fidelity_inside_groups_equals_a_plain_loop(groups: list[int] | None) -> None:
    logits, scores = [0.3, -1.2, 2.0, 0.1, 0.7, -0.4], [0.4, 0.2, 0.2, 0.9, 0.1, 0.5]
    given = None if groups is None else torch.tensor(groups)
    found = float(fidelity_loss(torch.tensor(logits), torch.tensor(scores), given))
    assert found == pytest.approx(slow_fidelity(logits, scores, groups), abs=2e-4)


def test_scores_of_other_groups_have_no_gradient_on_each_other() -> None:
    logits = torch.tensor([0.0, 1.0, 0.5], requires_grad=True)
    fidelity_loss(logits, torch.tensor([1.0, 0.0, 0.5]), torch.tensor([0, 0, 1])).backward()
    gradient = logits.grad
    assert gradient is not None and float(gradient[2]) == 0
    assert float(gradient[0]) < 0 < float(gradient[1]), "the better image is to rise"


def test_nothing_to_compare_costs_nothing_and_has_a_gradient() -> None:
    logits = torch.tensor([0.4, 0.9], requires_grad=True)
    loss = fidelity_loss(logits, torch.tensor([0.0, 1.0]), torch.tensor([0, 1]))
    loss.backward()
    assert float(loss) == 0 and logits.grad is not None and not logits.grad.any()


def test_scene_weights_are_the_equation() -> None:
    found = scene_weights({"a": 10, "b": 30, "c": 15})
    assert found == pytest.approx({"a": 1.5, "b": 0.5, "c": 1.0})
    assert scene_weights({"a": 7}) == pytest.approx({"a": 1.0})


def slow_ranking(logits: list[list[float]], targets: list[list[float]]) -> float:
    total = 0.0
    for row, target in zip(logits, targets, strict=True):
        total -= sum(t * math.log(p) for t, p in zip(target, softmax(row), strict=True))
    return total / len(logits)


def test_ranking_equals_a_plain_loop_and_a_is_the_second_class() -> None:
    """Classes are: B better, A better (, equal); the targets are written by hand."""
    two, three = [[0.2, -0.4], [1.0, 0.3], [0.5, 0.9]], [[0.2, -0.4, 0.1], [1, 0.3, 2], [0.5, 0, 1]]
    share, equal = torch.tensor([1.0, 0.0, 0.5]), torch.tensor([False, False, True])
    found = float(ranking_loss(torch.tensor(two), share, equal))
    assert found == pytest.approx(slow_ranking(two, [[0, 1], [1, 0], [0.5, 0.5]]))
    found = float(ranking_loss(torch.tensor(three), share, equal))
    assert found == pytest.approx(slow_ranking(three, [[0, 1, 0], [1, 0, 0], [0, 0, 1]]))


SCENES = np.array(["a"] * 17 + ["b"] * 9 + ["c"] * 4 + ["d"])


def test_batches_are_as_large_as_asked_and_a_last_one_is_never_single() -> None:
    sizes = sorted(
        (str(SCENES[batch[0]]), len(batch)) for batch in SceneSampler(SCENES, 8, 3).epoch(0)
    )
    assert sizes == [("a", 8), ("a", 9), ("b", 9), ("c", 4), ("d", 1)]


def test_steps_walk_through_the_epochs_in_order() -> None:
    sampler = SceneSampler(SCENES, 8, 3)
    walked = [sampler.step(k) for k in range(3 * sampler.per_epoch)]
    fresh = SceneSampler(SCENES, 8, 3)
    expected = [batch for number in range(3) for batch in fresh.epoch(number)]
    assert sampler.per_epoch == 5 and len(walked) == len(expected)
    assert all(np.array_equal(one, other) for one, other in zip(walked, expected, strict=True))
    assert not np.array_equal(np.concatenate(walked[:5]), np.concatenate(walked[5:10]))


def test_an_epoch_is_drawn_once_and_not_at_each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    epoch = SceneSampler.epoch
    monkeypatch.setattr(SceneSampler, "epoch", lambda self, k: drawn.append(k) or epoch(self, k))
    sampler = SceneSampler(SCENES, 8, 3)
    for step in range(2 * sampler.per_epoch):
        sampler.step(step)
    assert drawn == [0, 1]


def test_groups_stay_together_in_an_order_that_changes() -> None:
    """Groups carry any names; inside an epoch each is one stretch of the items of its scene."""
    groups = np.repeat([f"g{k}" for k in range(5)], 4)
    sampler = SceneSampler(np.zeros(20), 20, 0, groups)
    orders = []
    for number in range(6):
        (batch,) = sampler.epoch(number)
        named = groups[batch].tolist()
        orders.append(tuple(named[::4]))
        assert named == np.repeat(named[::4], 4).tolist() and len(set(named)) == 5
    assert len(set(orders)) > 3
