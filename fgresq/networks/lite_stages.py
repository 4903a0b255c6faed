"""The stages of EfficientNet-Lite0 in torch alone, under timm's names: timm takes seconds to load.

Their weights are still to be loaded. Values are timm's to the last bit.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

EPSILON = 1e-3  # of the batch norms
STEM = 32  # channels
# expansion, channels, kernel, stride of the first block, blocks; of the first five stages
STAGES = ((1, 16, 3, 1, 1), (6, 24, 3, 2, 2), (6, 40, 5, 2, 2), (6, 80, 3, 2, 3), (6, 112, 5, 1, 3))


class SameConv(nn.Conv2d):
    """A convolution padded as TensorFlow does: at stride 2 more at the right and the bottom.

    Args:
        into, out: channels.
        kernel, stride: pixels.
        groups: of channels.
    """

    def __init__(self, into: int, out: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        edge = kernel // 2 if stride == 1 else 0
        super().__init__(into, out, kernel, stride, edge, groups=groups, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Give maps (n, out, h / stride, w / stride), rounded up, of maps (n, into, h, w)."""
        if self.stride != (1, 1):
            pads: list[int] = []
            for length in (x.shape[3], x.shape[2]):
                steps = (length + self.stride[0] - 1) // self.stride[0]  # ONNX cuts towards nought
                whole = max((steps - 1) * self.stride[0] + self.kernel_size[0] - length, 0)
                pads += [whole // 2, whole - whole // 2]
            x = functional.pad(x, pads)
        return super().forward(x)


class Norm(nn.BatchNorm2d):
    """A batch norm, and ReLU6 behind it where it is not the last of a block."""

    def __init__(self, channels: int, bent: bool = True) -> None:
        super().__init__(channels, eps=EPSILON)
        self.bent = bent

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Give maps of the same shape."""
        x = super().forward(x)
        return functional.relu6(x, inplace=True) if self.bent else x


class Separable(nn.Module):
    """The block of the first stage: by channel, then across channels."""

    def __init__(self, into: int, out: int, kernel: int) -> None:
        super().__init__()
        self.conv_dw, self.bn1 = SameConv(into, into, kernel, groups=into), Norm(into)
        self.conv_pw, self.bn2 = SameConv(into, out, 1), Norm(out, bent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Give maps (n, out, h, w) of maps (n, into, h, w)."""
        return self.bn2(self.conv_pw(self.bn1(self.conv_dw(x))))


class Inverted(nn.Module):
    """A block of the other stages: wider, by channel, narrow again, beside its input."""

    def __init__(self, into: int, out: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = into * expansion
        self.beside = stride == 1 and into == out
        self.conv_pw, self.bn1 = SameConv(into, wide, 1), Norm(wide)
        self.conv_dw, self.bn2 = SameConv(wide, wide, kernel, stride, groups=wide), Norm(wide)
        self.conv_pwl, self.bn3 = SameConv(wide, out, 1), Norm(out, bent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Give maps (n, out, h / stride, w / stride), rounded up, of maps (n, into, h, w)."""
        found = self.bn1(self.conv_pw(x))
        found = self.bn3(self.conv_pwl(self.bn2(self.conv_dw(found))))
        return found + x if self.beside else found


class PlainLite0(nn.Module):
    """The stem and the first five stages, with the attributes of timm's network."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_stem, self.bn1 = SameConv(3, STEM, 3, 2), Norm(STEM)
        stages, into = [], STEM
        for expansion, out, kernel, stride, count in STAGES:
            blocks: list[nn.Module] = []
            for number in range(count):
                if expansion == 1:
                    blocks.append(Separable(into, out, kernel))
                else:
                    step = stride if number == 0 else 1
                    blocks.append(Inverted(into, out, kernel, step, expansion))
                into = out
            stages.append(nn.Sequential(*blocks))
        self.blocks = nn.Sequential(*stages)
