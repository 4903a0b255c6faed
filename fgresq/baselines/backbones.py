"""What the baselines look through: cached tokens of the stand-in, or a network on crops.

Both give `Streams`: features of several depths, shallow first, and the deepest map. With
`standardise` each number of them is brought to mean 0 and spread 1 over the training images, as
FGResQ's features are, since a small head learns little from DINOv2's raw scale.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from fgresq import workspace
from fgresq.absent import Absent
from fgresq.baselines.base import FIT_BATCH, Baseline, Feed, Inputs
from fgresq.baselines.shared import PUBLISHED
from fgresq.errors import UserError, capital
from fgresq.networks.torchvision_ops import make_importable
from fgresq.networks.vit import normalised
from fgresq.sections import Tower

if TYPE_CHECKING:
    from timm.models import FeatureListNet

TOKEN_WIDTH = 384
STAGES = (1, 2, 3, 4)  # of a backbone: strides 4 to 32, of VGG16 2 to 16 (up to conv5_3)
FETCH = {"vgg16": "weights", "resnet18": "data fetch", "resnet50": "data fetch"}


@dataclass
class Streams:
    """Features of n views.

    Args:
        levels: one (n, D) a depth, pooled, shallow first.
        grid: (n, C, h, w), the deepest map.
        views: how many of the n belong to one image, next to each other.
    """

    levels: list[torch.Tensor]
    grid: torch.Tensor
    views: int


class Scale(nn.Module):
    """Bring each number of dimension 1 to mean 0 and spread 1; the identity until fitted."""

    centre: torch.Tensor
    spread: torch.Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(width))
        self.register_buffer("spread", torch.ones(width))

    def fit(self, values: torch.Tensor) -> None:
        """Fit to values (n, width)."""
        self.centre.copy_(values.mean(dim=0))
        self.spread.copy_(values.std(dim=0).clamp(min=1e-4))

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Scale values (n, width, ...)."""
        shape = (1, -1, *[1] * (values.dim() - 2))
        return (values - self.centre.view(shape)) / self.spread.view(shape)


class Backbone(nn.Module):
    """Gives `Streams` of a batch, scaled.

    Args:
        widths: D of each level.
        channels: C of the map.
    """

    def __init__(self, widths: list[int], channels: int) -> None:
        super().__init__()
        self.widths, self.channels = widths, channels
        self.scales = nn.ModuleList([Scale(width) for width in [*widths, channels]])

    def raw(self, inputs: Inputs) -> Streams:
        """Give the streams of a batch as they are."""
        raise NotImplementedError

    def forward(self, inputs: Inputs) -> Streams:
        """Give the streams of a batch, scaled."""
        found = self.raw(inputs)
        parts = [s(v) for s, v in zip(self.scales, [*found.levels, found.grid], strict=True)]
        return Streams(parts[:-1], parts[-1], found.views)

    def fit(self, feed: Feed, rows: np.ndarray) -> None:
        """Fit the scales to images; those of the map to its mean over places."""
        parts: list[list[torch.Tensor]] = []
        with torch.no_grad():
            for at in range(0, len(rows), FIT_BATCH):
                found = self.raw(feed.evaluation(rows[at : at + FIT_BATCH]))
                parts.append([*found.levels, found.grid.mean(dim=(2, 3))])
        for scale, values in zip(self.scales, zip(*parts, strict=True), strict=True):
            assert isinstance(scale, Scale)
            scale.fit(torch.cat(values))


class TokenBackbone(Backbone):
    """The frozen stand-in, read from the cache (`fgresq.baselines.feeds`).

    Its tokens (N, views, T, 384) are a class token and the mean patch token of each level, then
    the last block's class token and patches.

    Args:
        levels: how many.
    """

    def __init__(self, levels: int) -> None:
        super().__init__([2 * TOKEN_WIDTH] * levels, TOKEN_WIDTH)

    def raw(self, inputs: Inputs) -> Streams:
        """Cut the tokens apart."""
        tokens, kept = inputs["tokens"].flatten(0, 1), 2 * len(self.widths)
        levels = tokens[:, :kept].flatten(1).split(self.widths, dim=1)
        patches = tokens[:, kept + 1 :]
        side = math.isqrt(patches.shape[1])
        grid = patches.transpose(1, 2).unflatten(2, (side, side))
        return Streams(list(levels), grid, inputs["tokens"].shape[1])


class PixelBackbone(Backbone):
    """A convolutional network on crops, all of it trained.

    Args:
        network: of timm, with `features_only`.
    """

    def __init__(self, network: FeatureListNet) -> None:
        widths = network.feature_info.channels()
        super().__init__(widths, widths[-1])
        self.network = network

    def raw(self, inputs: Inputs) -> Streams:
        """Run the network; a level is the mean of its map."""
        maps = self.network(normalised(inputs["crops"]))
        return Streams([m.mean(dim=(2, 3)) for m in maps], maps[-1], 1)


def weights_of(name: str) -> Path:
    """Give the file of a network's ImageNet weights."""
    packaged = name not in PUBLISHED
    folder = workspace.weights_of(name) if packaged else workspace.checkpoints() / name
    return folder / "model.safetensors"


def absence_of(name: str) -> Absent | None:
    """Say why a backbone cannot be had here, or None where it can."""
    if name == "stand_in" or weights_of(name).exists():
        return None
    return Absent(
        "no_weights",
        f"the ImageNet weights of its published backbone {name} are not at hand",
        f"run `fgresq {FETCH[name]} {name}`, or put them in {weights_of(name)}",
    )


def pixel_backbone(name: str) -> PixelBackbone:
    """Build vgg16, resnet18 or resnet50 with its ImageNet weights, loaded strictly.

    Raises:
        UserError: they are not there, or are of another network.
    """
    make_importable()
    import timm
    from timm.models import FeatureListNet

    path = weights_of(name)
    if absent := absence_of(name):
        raise UserError(path, "there are no such weights", capital(absent.next_step))
    network = timm.create_model(name, features_only=True, out_indices=STAGES)
    assert isinstance(network, FeatureListNet)
    try:
        loaded = load_file(path)
    except SafetensorError as error:
        raise UserError(path, f"the file is damaged ({error})", "Fetch it again") from error
    state = {k: v for k, v in loaded.items() if not k.startswith("fc.")}
    if name == "vgg16":  # ours counts convolutions; timm counts layers
        own = {k.rsplit(".", 1)[0]: None for k in network.state_dict()}
        of_layer = dict(enumerate(own))
        state = {
            f"{of_layer[int(k.split('.')[1])]}.{k.rsplit('.', 1)[1]}": v
            for k, v in state.items()
            if k.startswith("features.")
        }
    try:
        network.load_state_dict(state, strict=True)
    except RuntimeError as error:
        raise UserError(path, f"not the weights of {name} ({error})", "Fetch it again") from error
    return PixelBackbone(network)


def backbone_of(tower: Tower, name: str) -> Backbone:
    """Build a backbone by the name that a baseline's settings have for it."""
    if name == "stand_in":
        return TokenBackbone(len(tower.levels))
    return pixel_backbone(name)


class OnBackbone(Baseline):
    """A baseline that judges each view by the streams of a backbone and averages over views."""

    def __init__(self, backbone: Backbone, standardise: bool) -> None:
        super().__init__()
        self.backbone, self.standardise = backbone, standardise

    def start(self, feed: Feed, rows: np.ndarray) -> None:
        """Fit the scales of the backbone to the training images."""
        if self.standardise:
            self.backbone.fit(feed, rows)

    def judge(self, streams: Streams, inputs: Inputs) -> torch.Tensor:
        """Give the logits (n,) of views."""
        raise NotImplementedError

    def forward(self, inputs: Inputs) -> torch.Tensor:
        """Give the logits (N,) of images, higher better."""
        streams = self.backbone(inputs)
        return self.judge(streams, inputs).unflatten(0, (-1, streams.views)).mean(dim=1)
