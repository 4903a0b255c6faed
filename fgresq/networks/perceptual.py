"""What both kinds of LPIPS, version 0.1 (Zhang et al. 2018), have in common.

RGB scaled to [-1, 1], no resize, no crop; distances of unit-length features of five layers,
weighted by channel, averaged over the positions and summed.
"""

from __future__ import annotations

import torch
from torch import nn

# The input scaled to [-1, 1], less its mean and by its deviation: LPIPS's own numbers.
SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
EPSILON = 1e-10


class Perceptual(nn.Module):
    """Convolutions, and the weights of the channels of five of their outputs.

    A network defines `taps`, which gives those outputs of its input (n, 3, h, w).

    Args:
        convolutions: the layers, by which the weights' file names them.
        channels: of the five outputs.
    """

    shift: torch.Tensor
    scale: torch.Tensor

    def __init__(self, convolutions: list[nn.Conv2d], channels: tuple[int, ...]) -> None:
        super().__init__()
        self.features = nn.ModuleList(convolutions)
        self.linear = nn.ParameterList([torch.zeros(count) for count in channels])
        # Buffers move with the network; they are no weights, so no file of weights holds them.
        for name, values in (("shift", SHIFT), ("scale", SCALE)):
            self.register_buffer(name, torch.tensor(values)[:, None, None], persistent=False)

    def taps(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Give the five outputs (n, c, h, w)."""
        raise NotImplementedError

    def forward(self, image: torch.Tensor) -> list[torch.Tensor]:
        """Give the unit-length features (n, c, h, w) of five layers of RGB (n, 3, h, w), 0 to 1."""
        taps = self.taps((2 * image - 1 - self.shift) / self.scale)
        return [x / (torch.linalg.vector_norm(x, dim=1, keepdim=True) + EPSILON) for x in taps]

    def differences(self, a: list[torch.Tensor], b: list[torch.Tensor]) -> list[torch.Tensor]:
        """Give what the weights read: mean squared differences (n, c) of the five layers."""
        return [(x - y).square_().mean((2, 3)) for x, y in zip(a, b, strict=True)]

    def distance(self, a: list[torch.Tensor], b: list[torch.Tensor]) -> torch.Tensor:
        """Give the distance (n,) of the features of two images."""
        parts = zip(self.differences(a, b), self.linear, strict=True)
        return sum(found @ weights for found, weights in parts)
