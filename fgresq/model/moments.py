"""Means, variances and covariances of features, by which A-FINE compares and judges images.

All are float32 whatever the features are: in float16 1e-10 is 0, and a channel that is dead in both
images would be 0 by 0.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch.nn import functional

EPSILON = 1e-10


class Level(NamedTuple):
    """Statistics over the positions of a level: mean and variance (n, c), features less mean."""

    mean: torch.Tensor
    variance: torch.Tensor
    centred: torch.Tensor


class Moments(NamedTuple):
    """Means and population variances (n, C) of all channels of all levels, level by level."""

    means: torch.Tensor
    variances: torch.Tensor


class Terms(NamedTuple):
    """What F compares, (n, C) each: L of means and S of covariances, 1 where both are the same."""

    luminance: torch.Tensor
    structure: torch.Tensor


class Encoded(NamedTuple):
    """An image seen by a backbone: its own size (height, width), and the statistics of levels."""

    size: tuple[int, int]
    levels: list[Level]

    @property
    def moments(self) -> Moments:
        """Give what N looks at, and F beside the terms of a pair."""
        means = torch.cat([level.mean for level in self.levels], dim=1)
        return Moments(means, torch.cat([level.variance for level in self.levels], dim=1))


def statistics(features: torch.Tensor) -> Level:
    """Take the statistics of a level (n, c, positions)."""
    features = features.float()
    mean = features.mean(2)
    centred = features - mean[:, :, None]
    return Level(mean, centred.square().mean(2), centred)


def terms(x: list[Level], y: list[Level]) -> Terms:
    """Compare the levels of two batches of images of one size."""
    luminance, structure = [], []
    for a, b in zip(x, y, strict=True):
        squares = a.mean.square() + b.mean.square()
        luminance.append((2 * a.mean * b.mean + EPSILON) / (squares + EPSILON))
        covariance = (a.centred * b.centred).mean(2)
        structure.append((2 * covariance + EPSILON) / (a.variance + b.variance + EPSILON))
    return Terms(torch.cat(luminance, dim=1), torch.cat(structure, dim=1))


def to_multiples(image: torch.Tensor, patch: int) -> torch.Tensor:
    """Bring (n, 3, h, w) to the next multiples of a patch: bicubic, no antialiasing, no clamp."""
    height, width = image.shape[2:]
    size = (-(-height // patch) * patch, -(-width // patch) * patch)
    if size == (height, width):
        return image
    return functional.interpolate(image, size, mode="bicubic", align_corners=False)
