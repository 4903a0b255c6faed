"""DISTS (Ding et al. 2020): structure and texture of VGG16 features; lower better, identity is 0.

RGB in [0, 1] with ImageNet statistics, no crop. No resize: the authors' metric takes images as
they are, and only their example may resize the shorter side to 256. Weights: `fgresq weights
vgg16` and `fgresq weights dists`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from fgresq.networks.frozen import VGG16, by_network, ready
from fgresq.weights.cards import read_weights

SMALLEST = 16  # pixels: below it the deepest layer has no pixel of its own
CHANNELS = (3, 64, 128, 256, 512, 512)
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
HANN = (0.25, 0.5, 0.25)  # the inner part of a Hann window of 5, as the authors take it
C1 = C2 = 1e-6


class Layer(NamedTuple):
    """Statistics of one layer: mean (c,), variance (c,), features less their mean (c, h * w)."""

    mean: torch.Tensor
    variance: torch.Tensor
    centred: torch.Tensor


def l2_pool(x: torch.Tensor, window: torch.Tensor) -> torch.Tensor:
    """Halve (1, c, h, w) by the root of a weighted mean of squares, so that it does not alias.

    Args:
        x: the features.
        window: the weights (3, 3), on the device of the features.
    """
    windows = window.expand(x.shape[1], 1, 3, 3)
    pooled = functional.conv2d(x * x, windows, stride=2, padding=1, groups=x.shape[1])
    return (pooled + 1e-12).sqrt()


class Dists(nn.Module):
    """VGG16's convolutions with L2 pooling, and the weights alpha and beta of the channels."""

    mean: torch.Tensor
    std: torch.Tensor
    window: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        widths = [3, *(width for stage in VGG16 for width in stage)]
        pairs = zip(widths[:-1], widths[1:], strict=True)
        self.features = nn.ModuleList([nn.Conv2d(a, b, 3, padding=1) for a, b in pairs])
        self.alpha = nn.Parameter(torch.zeros(1, sum(CHANNELS), 1, 1))
        self.beta = nn.Parameter(torch.zeros(1, sum(CHANNELS), 1, 1))
        # Buffers move with the network; they are no weights, so no file of weights holds them.
        for name, values in (("mean", MEAN), ("std", STD)):
            self.register_buffer(name, torch.tensor(values)[:, None, None], persistent=False)
        hann = torch.tensor(HANN)
        self.register_buffer("window", hann[:, None] * hann, persistent=False)

    def forward(self, image: torch.Tensor) -> list[Layer]:
        """Give the statistics of the image itself and of five stages, RGB (1, 3, h, w), 0 to 1."""
        found, layers = [statistics(image)], iter(self.features)
        x = (image - self.mean) / self.std
        for place, stage in enumerate(VGG16):
            if place:
                x = l2_pool(x, self.window)
            for _ in stage:
                x = functional.relu_(next(layers)(x))
            found.append(statistics(x))
        return found

    def terms(self, a: list[Layer], b: list[Layer]) -> tuple[torch.Tensor, torch.Tensor]:
        """Give what alpha and beta weigh, (1475,) each: how alike means and covariances are."""
        texture, structure = [], []
        for x, y in zip(a, b, strict=True):
            means = 2 * x.mean * y.mean + C1
            texture.append(means / (x.mean.square() + y.mean.square() + C1))
            covariance = (x.centred * y.centred).mean(1)
            structure.append((2 * covariance + C2) / (x.variance + y.variance + C2))
        return torch.cat(texture), torch.cat(structure)

    def distance(self, a: list[Layer], b: list[Layer]) -> torch.Tensor:
        """Give the distance of two images of one size from their statistics."""
        texture, structure = self.terms(a, b)
        alpha, beta = self.alpha.flatten(), self.beta.flatten()
        similarity = alpha @ texture + beta @ structure
        return 1 - similarity / (alpha.sum() + beta.sum())


def statistics(x: torch.Tensor) -> Layer:
    """Take the statistics of features (1, c, h, w) over their positions."""
    flat = x[0].flatten(1)
    mean = flat.mean(1)
    centred = flat - mean[:, None]
    return Layer(mean, (centred * centred).mean(1), centred)


@lru_cache(maxsize=1)
def model() -> Dists:
    """Load the network; every weight must be named and used, but LPIPS's beside VGG16's."""
    vgg = {k: v for k, v in read_weights("vgg16").items() if not k.startswith("linear.")}
    network = Dists()
    network.load_state_dict({**vgg, **read_weights("dists")}, strict=True)
    return ready(network)


score = by_network(model, SMALLEST)
