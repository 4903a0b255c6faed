"""The losses of FGResQ's stages (paper, equations 4 and 6 to 9), and of A-FINE's triplets."""

from __future__ import annotations

import math

import torch
from torch.nn import functional

EPSILON = 1e-8


def contrastive_loss(
    image: torch.Tensor, text: torch.Tensor, temperature: torch.Tensor, targets: str
) -> torch.Tensor:
    """Two-way contrastive alignment of images with the texts of their tasks (equation 4).

    Args:
        image: (N, D) unit vectors.
        text: (N, D) unit vectors, the text of each image's task.
        temperature: the factor t on the cosines.
        targets: same_text, every item with the same text is a match; diagonal, only its own,
            which makes true matches into negatives, since a batch holds few distinct texts.
    """
    logits = temperature * image @ text.T
    if targets == "diagonal":
        match = torch.eye(len(image), device=image.device)
    else:
        match = (text @ text.T > 1 - 1e-4).float()
        match = match / match.sum(dim=1, keepdim=True)
    rows = functional.cross_entropy(logits, match)
    columns = functional.cross_entropy(logits.T, match.T / match.sum(dim=0)[:, None])
    return 0.5 * (rows + columns)


def thurstone_loss(first: torch.Tensor, second: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
    """Fidelity loss of pairs by Thurstone's Case V with variances of 1.

    The chance p that the first is better is Phi((second - first) / sqrt 2). The epsilon stands
    inside both roots, so that the gradient is finite where p is 0 or 1.

    Args:
        first, second: (n,) what a model says of both images, lower better.
        label: (n,) 1: the first is better, 0: the second, 0.5: alike.

    Returns:
        (n,), from about 0 to 1; -0.0001 where the model is sure and right.
    """
    chance = 0.5 * (1.0 + torch.erf((second - first) / 2.0))
    agree = torch.sqrt(chance * label + EPSILON)
    differ = torch.sqrt((1.0 - chance) * (1.0 - label) + EPSILON)
    return 1.0 - agree - differ


def fidelity_loss(
    logits: torch.Tensor, scores: torch.Tensor, groups: torch.Tensor | None = None
) -> torch.Tensor:
    """Mean fidelity loss over all i < j of one scene (equation 6).

    Args:
        logits: (N,) predicted, before the sigmoid: with scores in (0, 1) the loss has a floor.
        scores: (N,) true, higher better.
        groups: (N,) numbers; where given, only images of one group are compared.

    Returns:
        A scalar in [0, 1]; 0 where there is nothing to compare. An epsilon inside the roots
        keeps the gradient finite where p or q is 0 or 1.
    """
    first, second = torch.triu_indices(len(logits), len(logits), offset=1, device=logits.device)
    if groups is not None:
        inside = groups[first] == groups[second]
        first, second = first[inside], second[inside]
    if len(first) == 0:
        return logits.sum() * 0.0
    truth = 0.5 * (1.0 + torch.sign(scores[first] - scores[second]))
    return thurstone_loss(logits[second], logits[first], truth).mean()  # which has lower better


def huber_loss(
    logits: torch.Tensor, scores: torch.Tensor, groups: torch.Tensor | None = None
) -> torch.Tensor:
    """Mean Huber loss of logits (N,) against scores (N,) of spread 1; groups have no say in it."""
    return functional.huber_loss(logits, scores)


def plcc_loss(
    logits: torch.Tensor, scores: torch.Tensor, groups: torch.Tensor | None = None
) -> torch.Tensor:
    """Half of 1 - PLCC, the means of each group taken off both sides first.

    Args:
        logits: (N,) predicted.
        scores: (N,) true, higher better.
        groups: (N,) numbers; None: all are of one group.

    Returns:
        A scalar in [0, 1]; 0 where no scores of a group differ.
    """
    within = torch.zeros(len(logits), dtype=torch.long, device=logits.device)
    if groups is not None:
        within = torch.unique(groups, return_inverse=True)[1]
    x, y = (inside_means(values, within) for values in (logits, scores))
    if float(y.abs().max()) < 1e-6:  # scores of spread 1
        return 0.0 * logits.sum()
    spread = torch.sqrt(x.square().sum() * y.square().sum() + EPSILON)
    return 0.5 * (1.0 - (x * y).sum() / spread)


def inside_means(values: torch.Tensor, groups: torch.Tensor) -> torch.Tensor:
    """Take off each value (N,) the mean of its group; groups are numbered from 0."""
    count = torch.bincount(groups).to(values.dtype)
    total = torch.zeros_like(count).index_add(0, groups, values)
    return values - (total / count)[groups]


SCENE_LOSSES = {"fidelity": fidelity_loss, "huber": huber_loss, "plcc": plcc_loss}


def scene_weights(counts: dict[str, int]) -> dict[str, float]:
    """Weights in inverse proportion to a scene's number of images, of mean 1 (equation 7)."""
    inverse = {scene: 1.0 / count for scene, count in counts.items()}
    total = math.fsum(inverse.values())
    return {scene: value * len(inverse) / total for scene, value in inverse.items()}


def ranking_loss(
    logits: torch.Tensor, fraction_a: torch.Tensor, equal: torch.Tensor
) -> torch.Tensor:
    """Cross-entropy of the predicted ranking of pairs (equation 8).

    Args:
        logits: (P, 2) or (P, 3) class logits: B better, A better (, equal).
        fraction_a: (P,) 1 where A is preferred, 0 where B, 0.5 where neither.
        equal: (P,) bool, pairs judged equal; with two classes their target is one half each.
    """
    if logits.shape[1] == 2:
        target = torch.stack([1.0 - fraction_a, fraction_a], dim=1)
    else:
        hard = torch.stack([1.0 - fraction_a, fraction_a, torch.zeros_like(fraction_a)], dim=1)
        target = torch.where(
            equal[:, None], torch.tensor([0.0, 0.0, 1.0], device=logits.device), hard
        )
    return functional.cross_entropy(logits, target)
