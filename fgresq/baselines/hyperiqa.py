"""HyperIQA (Su et al., CVPR 2020): what an image shows decides how its quality is judged.

A hyper-network reads the deepest map and generates the weights of a small network, an own one for
every image, that turns distortion features of several depths into the score. Its sizes are
settings: the published 224-112-56-28-14-1 units in preset `paper`, fewer where hundreds of images
train them.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from fgresq.absent import Absent
from fgresq.baseline_sections import HyperIqa, HyperIqaRun
from fgresq.baselines.backbones import Backbone, OnBackbone, Streams, absence_of, backbone_of
from fgresq.baselines.base import Inputs
from fgresq.sections import Tower


class Generated(nn.Module):
    """One fully connected layer whose weights come of a map.

    Args:
        inputs, outputs: its units. Where their product is no multiple of `side` squared, as that of
            the published last layer, weights come of the map's mean, as in the authors' code.
        channels, side: of the map.
    """

    def __init__(self, inputs: int, outputs: int, channels: int, side: int) -> None:
        super().__init__()
        count = inputs * outputs
        self.shape, self.pooled = (outputs, inputs), count % side**2 > 0
        self.weight = (
            nn.Linear(channels, count)
            if self.pooled
            else nn.Conv2d(channels, count // side**2, 3, padding=1)
        )
        self.bias = nn.Linear(channels, outputs)

    def weights(self, grid: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Give weights (n, outputs, inputs) and biases (n, outputs) of a map."""
        mean = grid.mean(dim=(2, 3))
        weight = self.weight(mean if self.pooled else grid).flatten(1).unflatten(1, self.shape)
        return weight, self.bias(mean)

    def forward(self, values: torch.Tensor, grid: torch.Tensor) -> torch.Tensor:
        """Give (n, outputs) of values (n, inputs), each by its own image's weights."""
        weight, bias = self.weights(grid)
        return torch.einsum("noi,ni->no", weight, values) / self.shape[1] ** 0.5 + bias


class HyperIQA(OnBackbone):
    """The hyper-network, the local features, and the generated network.

    Args:
        backbone: gives the streams.
        standardise: fit the backbone's scales first.
        sizes: settings of the baseline: `side` and `channels` of the map that weights are generated
            from; distortion features, `local` a depth and `deepest` of the last one; `units` of
            the generated network between them and the score.
    """

    def __init__(self, backbone: Backbone, standardise: bool, sizes: HyperIqa) -> None:
        super().__init__(backbone, standardise)
        channels, self.side = sizes.channels, sizes.side
        self.reduce = nn.Conv2d(backbone.channels, channels, 1)
        local = [sizes.local] * (len(backbone.widths) - 1) + [sizes.deepest]
        parts = zip(backbone.widths, local, strict=True)
        self.local = nn.ModuleList([nn.Linear(width, count) for width, count in parts])
        units = [sum(local), *sizes.units, 1]
        pairs = zip(units[:-1], units[1:], strict=True)
        self.layers = nn.ModuleList([Generated(a, b, channels, self.side) for a, b in pairs])

    def content(self, grid: torch.Tensor) -> torch.Tensor:
        """Give the map (n, channels, side, side) that weights are generated from."""
        return functional.adaptive_avg_pool2d(functional.relu(self.reduce(grid)), self.side)

    def judge(self, streams: Streams, inputs: Inputs) -> torch.Tensor:
        """Give the logits (n,) of views."""
        content = self.content(streams.grid)
        values = torch.cat([f(v) for f, v in zip(self.local, streams.levels, strict=True)], dim=1)
        for layer in self.layers[:-1]:
            values = torch.sigmoid(layer(values, content))
        return self.layers[-1](values, content).squeeze(1)


def absence(settings: HyperIqaRun, weights: Path) -> Absent | None:
    """Say why it cannot be had here, or None where it can."""
    return absence_of(settings.backbone)


def build(tower: Tower, settings: HyperIqaRun, weights: Path) -> HyperIQA:
    """Build the network from its settings."""
    return HyperIQA(backbone_of(tower, settings.backbone), settings.standardise, settings)
