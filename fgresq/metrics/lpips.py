"""LPIPS, version 0.1, on AlexNet (Zhang et al. 2018): lower better, identical images give 0.

RGB scaled to [-1, 1], no resize, no crop; distances of unit-length features of five layers,
weighted by channel, averaged over the positions and summed. Weights: `fgresq weights lpips_alex`.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from fgresq.metrics import need_pixels
from fgresq.metrics.frozen import as_tensor, read_weights

SMALLEST = 31  # pixels: below it the third layer has nothing left
CHANNELS = (64, 192, 384, 256, 256)
# The input scaled to [-1, 1], less its mean and by its deviation: LPIPS's own numbers.
SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
EPSILON = 1e-10


class Lpips(nn.Module):
    """AlexNet's convolutions, and the weights of the channels."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.ModuleList(
            [
                nn.Conv2d(3, 64, 11, stride=4, padding=2),
                nn.Conv2d(64, 192, 5, padding=2),
                nn.Conv2d(192, 384, 3, padding=1),
                nn.Conv2d(384, 256, 3, padding=1),
                nn.Conv2d(256, 256, 3, padding=1),
            ]
        )
        self.linear = nn.ParameterList([torch.zeros(count) for count in CHANNELS])

    def forward(self, image: torch.Tensor) -> list[torch.Tensor]:
        """Give the unit-length features (n, c, h, w) of five layers of RGB (n, 3, h, w), 0 to 1."""
        shift, scale = (torch.tensor(v)[:, None, None] for v in (SHIFT, SCALE))
        x = (2 * image - 1 - shift) / scale
        found = []
        for place, layer in enumerate(self.features):
            x = functional.relu(layer(x))
            found.append(x / (x.square().sum(1, keepdim=True).sqrt() + EPSILON))
            if place < 2:
                x = functional.max_pool2d(x, 3, stride=2)
        return found

    def distance(self, a: list[torch.Tensor], b: list[torch.Tensor]) -> torch.Tensor:
        """Give the distance (n,) of the features of two images."""
        parts = zip(a, b, self.linear, strict=True)
        return sum((x - y).square().mean((2, 3)) @ weights for x, y, weights in parts)


@lru_cache(maxsize=1)
def model() -> Lpips:
    """Load the network; every weight must be named and used."""
    network = Lpips()
    network.load_state_dict(read_weights("lpips_alex"), strict=True)
    return network.eval()


@lru_cache(maxsize=1)
def _reference_features(pixels: bytes, shape: tuple[int, ...]) -> list[torch.Tensor]:
    return model()(as_tensor(np.frombuffer(pixels, np.uint8).reshape(shape)))


@torch.no_grad()
def score(image: np.ndarray, reference: np.ndarray) -> float:
    """Give the LPIPS of two uint8 RGB images of one shape.

    Raises:
        NoValue: they have less than 31 pixels on a side.
    """
    need_pixels(image, SMALLEST)
    there = _reference_features(reference.tobytes(), reference.shape)
    return float(model().distance(model()(as_tensor(image)), there))
