"""The second stream of DB-CNN where S-CNN is not: maps of a frozen EfficientNet-Lite0.

Its 112 channels at stride 16, averaged to 8 x 8 a view.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from fgresq.absent import Absent
from fgresq.networks.lite0 import efficientnet, lite0

SECONDS = ("efficientnet_lite0", "random_lite0")
CHANNELS, SIDE = 112, 8
DEPTH = 5  # stages of blocks, to stride 16


def second_absence(name: str, weights: Path) -> Absent | None:
    """Say why a second stream cannot be had here; `weights` is the folder of the stand-in's."""
    if name not in SECONDS or name == "random_lite0" or folder_of(weights).exists():
        return None
    return Absent(
        "no_weights",
        "the weights of its second stream, EfficientNet-Lite0, are not at hand",
        "run `fgresq weights efficientnet_lite0` once with network",
    )


def folder_of(weights: Path) -> Path:
    """Give the folder of EfficientNet-Lite0's weights, beside the stand-in's."""
    return weights.parent / "efficientnet_lite0"


def second_network(name: str, weights: Path, seed: int) -> nn.Module:
    """Build the network up to stride 16; with random weights of a seed where so named."""
    if name == "efficientnet_lite0":
        whole = efficientnet(folder_of(weights))
    else:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            whole = lite0().eval()
    return nn.Sequential(whole.conv_stem, whole.bn1, *list(whole.blocks)[:DEPTH]).eval()


def second_maps(network: nn.Module, crops: torch.Tensor) -> torch.Tensor:
    """Give maps (N, 112, 8, 8) of uint8 crops (N, 224, 224, 3)."""
    pixels = (crops.permute(0, 3, 1, 2).float() - 127) / 128
    return functional.adaptive_avg_pool2d(network(pixels), SIDE)
