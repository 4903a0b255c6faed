"""The embedded model: what raters would say of an image, on the scale of rated photographs.

The first five stages of EfficientNet-Lite0 as ImageNet left them; of each the mean and the spread
of every channel over the image; and a line through these 544 numbers, which is what people taught.
No resize: an image is looked at as it is, a large one in tiles. The file in the package holds all
of it, so nothing is fetched.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from scipy.special import ndtr
from torch import nn

from fgresq import workspace
from fgresq.networks.lite0 import CHANNELS, Stages
from fgresq.networks.lite_stages import PlainLite0
from fgresq.weights.checkpoints import checkpoint_card, read_checkpoint

if TYPE_CHECKING:
    from timm.models.efficientnet import EfficientNet

KIND = "embedded"
WIDTH = 2 * sum(CHANNELS)
LEAST, MOST = 0.0, 100.0  # ends of the scale of LIVE In the Wild
EDGE = 5.0  # points from an end within which values are bent
TILE = 768  # pixels: a side up to this is looked at whole


class OpinionNet(Stages):
    """Stages of EfficientNet-Lite0, pooled, and a line through what they give.

    Args:
        whole: the network whose stages they are; None: its weights are still to be loaded.
    """

    centre: torch.Tensor
    spread: torch.Tensor

    def __init__(self, whole: EfficientNet | None = None) -> None:
        super().__init__(whole or cast("EfficientNet", PlainLite0()))  # of the same attributes
        self.register_buffer("centre", torch.zeros(WIDTH))
        self.register_buffer("spread", torch.ones(WIDTH))
        self.line = nn.Linear(WIDTH, 1)
        self.requires_grad_(False).eval()

    def features(self, pixels: torch.Tensor) -> torch.Tensor:
        """Give mean and spread of every channel of every stage.

        Args:
            pixels: uint8 RGB (n, h, w, 3).

        Returns:
            float32 (n, WIDTH).
        """
        found: list[torch.Tensor] = []
        for maps in self.maps(pixels):
            found += [maps.mean((2, 3)), (maps.var((2, 3)) + 1e-4).sqrt()]
        return torch.cat(found, dim=1)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Give the opinion (n,) of uint8 RGB (n, h, w, 3), in points, unbounded."""
        return self.points(self.features(pixels))

    def points(self, features: torch.Tensor) -> torch.Tensor:
        """Give the opinion (n,) of features (n, WIDTH)."""
        return self.line((features - self.centre) / self.spread)[:, 0]


def stretches(length: int) -> list[slice]:
    """Cut a side into as few equal stretches as hold at most TILE pixels each."""
    count = -(-length // TILE)
    ends = [round(k * length / count) for k in range(count + 1)]
    return [slice(a, b) for a, b in zip(ends, ends[1:], strict=False)]


def bent(points: float) -> float:
    """Bend what lies near the ends of the scale, or beyond, into it; the order stays.

    Nothing changes further than EDGE from either end; cut off, the best images would be ties.
    """
    if points > MOST - EDGE:
        return MOST - EDGE * math.exp((MOST - EDGE - points) / EDGE)
    if points < LEAST + EDGE:
        return LEAST + EDGE * math.exp((points - LEAST - EDGE) / EDGE)
    return points


def opinion(network: OpinionNet, image: np.ndarray) -> float:
    """Score an image, the mean of its tiles by their areas, between LEAST and MOST.

    Args:
        network: that scores.
        image: uint8 RGB (h, w, 3), of 32 pixels a side at least.
    """
    return look(network, image)[0]


@torch.inference_mode()
def look(network: OpinionNet, image: np.ndarray) -> tuple[float, np.ndarray]:
    """Give what `opinion` gives, and the features (WIDTH,) that it follows from, likewise a mean.

    Args:
        network: that scores.
        image: uint8 RGB (h, w, 3), of 32 pixels a side at least.
    """
    total, features = 0.0, np.zeros(WIDTH)
    for rows, columns in product(*map(stretches, image.shape[:2])):
        tile = torch.from_numpy(image[rows, columns].copy())  # whatever its strides
        found, area = network.features(tile[None]), tile.shape[0] * tile.shape[1]
        total += area * float(network.points(found))
        features += area * found[0].double().numpy()
    whole = image.shape[0] * image.shape[1]
    return bent(total / whole), (features / whole).astype(np.float32)


def preference(score_a: float, score_b: float, spread: float) -> float:
    """Give the probability that A is preferred, after Thurstone: Phi(difference / root 2 SD).

    It is *derived* from how raters of photographs differ, and was fitted to no pair.

    Args:
        score_a, score_b: of `opinion`.
        spread: SD of the raters' opinions of one image, points.
    """
    return float(ndtr((score_a - score_b) / (np.sqrt(2) * spread)))


def folder() -> Path:
    """Give the folder of the package that holds the model."""
    return workspace.packaged("embedded")


def card() -> dict[str, Any]:
    """Read the card of the embedded model."""
    return checkpoint_card(folder(), KIND)


@lru_cache(maxsize=1)
def embedded() -> OpinionNet:
    """Load the embedded model, strictly.

    Raises:
        UserError: the package's file is damaged.
    """
    return load(folder())


def load(place: Path) -> OpinionNet:
    """Load a model of this kind from its folder, strictly; it computes in float32.

    Raises:
        UserError: there is none, or it is damaged.
    """
    checkpoint_card(place, KIND)
    network = OpinionNet()
    state = {name: value.float() for name, value in read_checkpoint(place).items()}
    network.load_state_dict(state, strict=True)
    return network
