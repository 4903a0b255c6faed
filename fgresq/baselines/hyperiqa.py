"""HyperIQA (Su et al., CVPR 2020): what an image shows decides how its quality is judged.

A hyper-network reads the deepest map and generates the weights of a small network, an own one for
every image, that turns distortion features of several depths into the score. Here the published
224-112-56-28-14-1 units are fewer, as hundreds of images train them and not ten thousand.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from fgresq.absent import Absent
from fgresq.baselines.backbones import Backbone, OnBackbone, Streams, absence_of, backbone_of
from fgresq.baselines.base import Inputs

SIDE = 4  # of the map that weights are generated from
HYPER = 64  # its channels
LOCAL = 16  # distortion features a depth
UNITS = (32, 16, 1)  # of the generated network


class Generated(nn.Module):
    """One fully connected layer whose weights come of a map.

    Args:
        inputs, outputs: its units; their product is a multiple of `SIDE` squared.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.shape = (outputs, inputs)
        self.weight = nn.Conv2d(HYPER, inputs * outputs // SIDE**2, 3, padding=1)
        self.bias = nn.Linear(HYPER, outputs)

    def weights(self, grid: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Give weights (n, outputs, inputs) and biases (n, outputs) of a map (n, HYPER, 4, 4)."""
        weight = self.weight(grid).flatten(1).unflatten(1, self.shape)
        return weight, self.bias(grid.mean(dim=(2, 3)))

    def forward(self, values: torch.Tensor, grid: torch.Tensor) -> torch.Tensor:
        """Give (n, outputs) of values (n, inputs), each by its own image's weights."""
        weight, bias = self.weights(grid)
        return torch.einsum("noi,ni->no", weight, values) / self.shape[1] ** 0.5 + bias


class HyperIQA(OnBackbone):
    """The hyper-network, the local features, and the generated network.

    Args:
        backbone: gives the streams.
        standardise: fit the backbone's scales first.
    """

    def __init__(self, backbone: Backbone, standardise: bool) -> None:
        super().__init__(backbone, standardise)
        self.reduce = nn.Conv2d(backbone.channels, HYPER, 1)
        self.local = nn.ModuleList([nn.Linear(width, LOCAL) for width in backbone.widths])
        units = [LOCAL * len(backbone.widths), *UNITS]
        pairs = zip(units[:-1], units[1:], strict=True)
        self.layers = nn.ModuleList([Generated(a, b) for a, b in pairs])

    def content(self, grid: torch.Tensor) -> torch.Tensor:
        """Give the map (n, HYPER, 4, 4) that weights are generated from."""
        return functional.adaptive_avg_pool2d(functional.relu(self.reduce(grid)), SIDE)

    def judge(self, streams: Streams, inputs: Inputs) -> torch.Tensor:
        """Give the logits (n,) of views."""
        content = self.content(streams.grid)
        values = torch.cat([f(v) for f, v in zip(self.local, streams.levels, strict=True)], dim=1)
        for layer in self.layers[:-1]:
            values = torch.sigmoid(layer(values, content))
        return self.layers[-1](values, content).squeeze(1)


def absence(options: dict[str, Any], weights: Path) -> Absent | None:
    """Say why it cannot be had here, or None where it can."""
    return absence_of(options["baseline"]["backbone"])


def build(options: dict[str, Any], weights: Path) -> HyperIQA:
    """Build the network from its settings."""
    return HyperIQA(backbone_of(options), options["baseline"]["standardise"])
