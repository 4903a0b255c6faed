"""The loss of triplets: what people say of two images against what a model does (A-FINE)."""

from __future__ import annotations

import torch

from fgresq.training.losses import EPSILON


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
