"""LPIPS, version 0.1, on VGG16 (Zhang et al. 2018): lower better, identical images give 0.

RGB scaled to [-1, 1], no resize, no crop. Weights: `fgresq weights vgg16`.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import nn
from torch.nn import functional

from fgresq.networks.frozen import VGG16, by_network, ready
from fgresq.networks.perceptual import Perceptual
from fgresq.weights.cards import read_weights

SMALLEST = 16  # pixels: below it the last stage has nothing left


class VggLpips(Perceptual):
    """VGG16's convolutions; the last of each stage is an output."""

    def __init__(self) -> None:
        widths = [3, *(width for stage in VGG16 for width in stage)]
        pairs = zip(widths[:-1], widths[1:], strict=True)
        layers = [nn.Conv2d(a, b, 3, padding=1) for a, b in pairs]
        super().__init__(layers, tuple(stage[-1] for stage in VGG16))

    def taps(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Give the five outputs (n, c, h, w)."""
        found, layers = [], iter(self.features)
        for place, stage in enumerate(VGG16):
            if place:
                x = functional.max_pool2d(x, 2)
            for _ in stage:
                x = functional.relu_(next(layers)(x))
            found.append(x)
        return found


@lru_cache(maxsize=1)
def model() -> VggLpips:
    """Load the network; every weight must be named and used."""
    network = VggLpips()
    network.load_state_dict(read_weights("vgg16"), strict=True)
    return ready(network)


score = by_network(model, SMALLEST)
