"""The network of LPIPS, version 0.1, on AlexNet: of the method, and of simulated observers."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import nn
from torch.nn import functional

from fgresq.networks.frozen import ready
from fgresq.networks.perceptual import Perceptual
from fgresq.weights.cards import read_weights

SMALLEST = 31  # pixels: below it the third layer has nothing left
CHANNELS = (64, 192, 384, 256, 256)


class AlexLpips(Perceptual):
    """AlexNet's convolutions, each of which is an output."""

    def __init__(self) -> None:
        layers = [
            nn.Conv2d(3, 64, 11, stride=4, padding=2),
            nn.Conv2d(64, 192, 5, padding=2),
            nn.Conv2d(192, 384, 3, padding=1),
            nn.Conv2d(384, 256, 3, padding=1),
            nn.Conv2d(256, 256, 3, padding=1),
        ]
        super().__init__(layers, CHANNELS)

    def taps(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Give the five outputs (n, c, h, w)."""
        found = []
        for place, layer in enumerate(self.features):
            x = functional.relu_(layer(x))
            found.append(x)
            if place < 2:
                x = functional.max_pool2d(x, 3, stride=2)
        return found


@lru_cache(maxsize=1)
def model() -> AlexLpips:
    """Load the network; every weight must be named and used."""
    network = AlexLpips()
    network.load_state_dict(read_weights("lpips_alex"), strict=True)
    return ready(network)
