"""Frozen networks of the full-reference methods: strict loading, and images as tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

import numpy as np
import torch
from torch import nn

from fgresq.ops.least import need_pixels
from fgresq.ops.reference import OncePerReference

Network = TypeVar("Network", bound=nn.Module)
Features = TypeVar("Features")
# Channels of VGG16's convolutions, stage by stage; each stage has half of the pixels a side.
VGG16 = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


def ready(network: Network) -> Network:
    """Set a network up for scoring; `as_tensor` lays channels last, and so lie its weights."""
    # torch declares this form of `to` for tensors alone
    network.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


def as_tensor(image: np.ndarray) -> torch.Tensor:
    """Give uint8 RGB (h, w, 3) as float32 (1, 3, h, w) in [0, 1]."""
    return torch.from_numpy(image.astype(np.float32)).permute(2, 0, 1)[None] / 255


class Distance(Protocol[Features]):
    """A network that gives features of an image, and the distance of two images by them."""

    def __call__(self, image: torch.Tensor, /) -> Features:
        """Give the features of RGB (1, 3, h, w), 0 to 1."""

    def distance(self, a: Features, b: Features, /) -> torch.Tensor:
        """Give the distance of two images, one number."""


def by_network(
    model: Callable[[], Distance[Features]], smallest: int
) -> Callable[[np.ndarray, np.ndarray], float]:
    """Make the `score` of a method that measures a distance between features of both images.

    Args:
        model: gives the network, whose `distance` takes what it gives of two images.
        smallest: pixels that a side must have; with fewer there is no value.

    Returns:
        A function of two uint8 RGB images of one shape; lower better.
    """

    def part(image: np.ndarray) -> Features:
        return model()(as_tensor(image))

    of_reference = OncePerReference(part)

    @torch.inference_mode()
    def score(image: np.ndarray, reference: np.ndarray) -> float:
        need_pixels(image, smallest)
        return float(model().distance(part(image), of_reference(reference)))

    return score
