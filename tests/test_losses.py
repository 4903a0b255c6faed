"""The losses, the sampler and the heads: against plain loops, and their properties."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from fgresq.model.heads import PromptBlock, QualityHeads, preference_probability
from fgresq.training.losses import contrastive_loss, fidelity_loss, ranking_loss, scene_weights
from fgresq.training.sampler import SceneSampler


def test_fidelity_equals_a_plain_loop() -> None:
    logits, scores = torch.tensor([0.3, -1.2, 2.0, 0.1]), torch.tensor([0.4, 0.2, 0.2, 0.9])
    terms = []
    for i in range(4):
        for j in range(i + 1, 4):
            p = (1 + math.copysign(1, scores[i] - scores[j]) * (scores[i] != scores[j])) / 2
            z = float(logits[i] - logits[j]) / math.sqrt(2)
            q = 0.5 * (1 + math.erf(z / math.sqrt(2)))
            terms.append(1 - math.sqrt(float(p) * q) - math.sqrt((1 - float(p)) * (1 - q)))
    assert float(fidelity_loss(logits, scores)) == pytest.approx(np.mean(terms), abs=2e-4)


def test_fidelity_is_least_for_the_right_order_and_has_finite_gradients() -> None:
    scores = torch.tensor([0.1, 0.5, 0.9])
    right = fidelity_loss(torch.tensor([-9.0, 0.0, 9.0]), scores)
    wrong = fidelity_loss(torch.tensor([9.0, 0.0, -9.0]), scores)
    assert float(right) < 1e-3 and float(wrong) > 0.99
    logits = torch.tensor([50.0, -50.0, 0.0], requires_grad=True)
    fidelity_loss(logits, scores).backward()
    assert torch.isfinite(logits.grad).all()
    assert float(fidelity_loss(torch.tensor([1.0]), torch.tensor([1.0]))) == 0.0


def test_scene_weights_are_inverse_to_counts_with_mean_one() -> None:
    weights = scene_weights({"a": 10, "b": 30})
    assert weights["a"] == pytest.approx(3 * weights["b"])
    assert sum(weights.values()) == pytest.approx(2)


def test_two_class_ranking_is_binary_cross_entropy() -> None:
    logits, target = torch.randn(8, 2), torch.tensor([1.0, 0, 0.5, 1, 0, 0.5, 1, 1])
    expected = functional.binary_cross_entropy_with_logits(logits[:, 1] - logits[:, 0], target)
    assert torch.isclose(ranking_loss(logits, target, target == 0.5), expected)
    chance = preference_probability(logits)
    assert torch.allclose(chance, torch.sigmoid(logits[:, 1] - logits[:, 0]))


def test_three_class_ranking_has_a_class_for_equal() -> None:
    logits = torch.tensor([[0.0, 0.0, 9.0], [0.0, 9.0, 0.0]])
    target, equal = torch.tensor([0.5, 1.0]), torch.tensor([True, False])
    assert float(ranking_loss(logits, target, equal)) < 0.01
    assert preference_probability(logits)[0] == pytest.approx(0.5, abs=1e-3)


def test_diagonal_targets_punish_what_same_text_targets_reward() -> None:
    text = functional.one_hot(torch.tensor([0, 0, 1, 1]), 8).float()
    scale = torch.tensor(20.0)
    same = contrastive_loss(text, text, scale, "same_text")
    assert float(same) == pytest.approx(math.log(2), abs=1e-3)
    shuffled = contrastive_loss(text.flip(0), text, scale, "same_text")
    assert float(shuffled) > 5
    image = text.clone().requires_grad_(True)
    contrastive_loss(image, text, scale, "diagonal").backward()
    assert float(image.grad.abs().max()) < 1e-4, "four equal matches: nothing to separate them by"


def test_the_released_start_never_learns_from_the_degradation() -> None:
    features = torch.randn(5, 16)
    for init, alive in (("official_zero", False), ("xavier", True)):
        torch.manual_seed(0)
        block = PromptBlock(16, 16, init)
        optimizer = torch.optim.Adam(block.parameters(), lr=0.1)
        for _ in range(5):
            optimizer.zero_grad()
            (block(features) - 1).square().mean().backward()
            optimizer.step()
        first = block.task_mlp[0].weight.grad.abs().max()
        spread = block(torch.randn(5, 16)).std(dim=0).max()
        assert (float(first) > 0) == alive and (float(spread) > 1e-6) == alive


@pytest.mark.parametrize("fuse", ["paper", "released"])
@pytest.mark.parametrize("compare", ["paper", "released"])
def test_the_heads_have_the_shapes_of_paper_and_release(fuse: str, compare: str) -> None:
    heads = QualityHeads(8, 8, "xavier", fuse, compare, use_degradation=True)
    quality = heads.quality(torch.randn(3, 8), torch.randn(3, 8))
    assert quality.shape == (3, 16 if fuse == "paper" else 24)
    assert heads.score_logits(quality).shape == (3,)
    assert heads.compare_logits(quality, quality).shape == (3, 2 if compare == "paper" else 3)


def test_without_degradation_features_they_have_no_say() -> None:
    heads = QualityHeads(8, 8, "xavier", "paper", "paper", use_degradation=False)
    general = torch.randn(3, 8)
    first, second = (heads.quality(general, torch.randn(3, 8)) for _ in range(2))
    assert torch.equal(first, second)


def test_an_epoch_holds_every_item_once_and_a_batch_one_scene() -> None:
    scenes = np.array(["a"] * 17 + ["b"] * 9 + ["c"] * 4)
    sampler = SceneSampler(scenes, 8, seed=3)
    for epoch in (0, 5):
        batches = [sampler.step(epoch * sampler.per_epoch + k) for k in range(sampler.per_epoch)]
        assert sorted(np.concatenate(batches)) == list(range(30))
        assert all(len(set(scenes[batch])) == 1 and len(batch) > 1 for batch in batches)


def test_a_step_depends_on_seed_and_number_alone() -> None:
    scenes = np.repeat(["a", "b"], 20)
    one, other = SceneSampler(scenes, 8, 0), SceneSampler(scenes, 8, 0)
    steps = [one.step(k) for k in range(14)]
    assert all(np.array_equal(other.step(k), steps[k]) for k in reversed(range(14)))
    assert not np.array_equal(SceneSampler(scenes, 8, 1).step(0), steps[0])


def test_groups_stay_together() -> None:
    groups = np.repeat(np.arange(10), 4)
    sampler = SceneSampler(np.zeros(40), 8, 0, groups)
    assert all(len(set(groups[batch])) == 2 for batch in sampler.epoch(0))
