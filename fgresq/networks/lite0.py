"""EfficientNet-Lite0 with its ImageNet weights under timm's names; its input is (x - 127) / 128."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn

from fgresq.networks.torchvision_ops import make_importable
from fgresq.weights.cards import read_weights

if TYPE_CHECKING:
    from timm.models.efficientnet import EfficientNet

STAGES = 5  # of its seven, to stride 16
CHANNELS = (16, 24, 40, 80, 112)  # of these stages
STEM = {
    "_conv_stem": "conv_stem",
    "_bn0": "bn1",
    "_conv_head": "conv_head",
    "_bn1": "bn2",
    "_fc": "classifier",
}
FIRST = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
OTHER = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}


def lite0() -> EfficientNet:
    """Make EfficientNet-Lite0 by timm, with random weights."""
    make_importable()
    import timm
    from timm.models.efficientnet import EfficientNet

    model = timm.create_model("tf_efficientnet_lite0")
    assert isinstance(model, EfficientNet)
    return model


def efficientnet(folder: Path) -> EfficientNet:
    """Load EfficientNet-Lite0, renamed to timm's `tf_efficientnet_lite0`, strictly.

    Raises:
        UserError: its weights are not there, are damaged, or the folder is of other weights.
    """
    weights = read_weights("efficientnet_lite0", folder=folder)
    model = lite0()
    stages = [list(stage.children()) for stage in model.blocks]
    flat = [f"blocks.{i}.{j}" for i, stage in enumerate(stages) for j in range(len(stage))]
    state = {}
    for name, tensor in weights.items():
        found = re.match(r"_blocks\.(\d+)\.(\w+)\.(\w+)$", name)
        if found:
            block, layer, kind = int(found[1]), found[2], found[3]
            state[f"{flat[block]}.{(FIRST if block == 0 else OTHER)[layer]}.{kind}"] = tensor
        else:
            layer, kind = name.rsplit(".", 1)
            state[f"{STEM[layer]}.{kind}"] = tensor
    model.load_state_dict(state, strict=True)
    return model.eval()


class Stages(nn.Module):
    """The first five stages, to stride 16.

    Args:
        whole: the network that they are of.
    """

    def __init__(self, whole: EfficientNet) -> None:
        super().__init__()
        self.stem = nn.Sequential(whole.conv_stem, whole.bn1)
        self.stages = nn.ModuleList(list(whole.blocks)[:STAGES])

    def maps(self, pixels: torch.Tensor) -> Iterator[torch.Tensor]:
        """Yield the maps (n, c, h, w) of each stage, of uint8 RGB (n, h, w, 3)."""
        x = self.stem((pixels.permute(0, 3, 1, 2).float() - 127) / 128)
        for stage in self.stages:
            x = stage(x)
            yield x
