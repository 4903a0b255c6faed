"""What the linear weights of LPIPS and DISTS read of a pair: they learn from it without pixels.

LPIPS (AlexNet): the mean squared difference of unit features, of 1,152 channels. DISTS: L of means
and S of covariances (c = 1e-6) of the image and of five stages of VGG16 with its L2 pooling, of
2 x 1,475 channels. With the published weights these numbers give the methods' own scores.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from fgresq.files import digest
from fgresq.metrics import dists
from fgresq.networks import alex_lpips
from fgresq.networks.frozen import as_tensor
from fgresq.weights.cards import read_card


@dataclass(frozen=True)
class Perceived:
    """A method whose distance is linear in terms of a pair.

    Args:
        title: of the method.
        network: gives its network, with the published weights.
        weights_files: names of weights that the network reads.
        of_features: gives the terms (C,) of a network and of what it makes of two images.
        similar: whether the terms are 1, not 0, where both images are the same: the distance is
            then 1 less their mean by the weights.
    """

    title: str
    network: Callable[[], Any]
    weights_files: tuple[str, ...]
    of_features: Callable[[Any, Any, Any], torch.Tensor]
    similar: bool

    def state(self) -> str:
        """Name by content the weights that the terms follow from."""
        return digest([read_card(name)["files"] for name in self.weights_files])

    def see(self, image: np.ndarray) -> Any:
        """Give the features of uint8 RGB (h, w, 3)."""
        with torch.inference_mode():
            return self.network()(as_tensor(image))

    def terms(self, image: Any, reference: Any) -> np.ndarray:
        """Give the terms, float32 (C,), of what was seen of an image and of its reference."""
        with torch.inference_mode():
            return self.of_features(self.network(), image, reference).numpy()

    def weights(self) -> torch.Tensor:
        """Give the published weights (C,), float32, none below 0."""
        own = self.network().state_dict().items()
        return torch.cat([value.flatten() for name, value in own if not is_convolution(name)])

    def distance(self, terms: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Give the distance (n,) by terms (n, C) and weights (C,), lower better."""
        found = terms @ weights
        return 1 - found / weights.sum() if self.similar else found

    def named(self, weights: torch.Tensor) -> dict[str, torch.Tensor]:
        """Give weights (C,) as the network's file names and shapes them."""
        own = {k: v for k, v in self.network().state_dict().items() if not is_convolution(k)}
        parts = weights.split([value.numel() for value in own.values()])
        return {k: p.reshape(v.shape) for (k, v), p in zip(own.items(), parts, strict=True)}


def is_convolution(name: str) -> bool:
    """Tell whether a weight is one of the tower below the linear weights."""
    return name.startswith("features.")


def of_lpips(network: Any, a: Any, b: Any) -> torch.Tensor:
    """Give LPIPS's terms, layer by layer."""
    return torch.cat(network.differences(a, b), dim=1)[0]


def of_dists(network: Any, a: Any, b: Any) -> torch.Tensor:
    """Give DISTS's terms: those of alpha, then those of beta."""
    return torch.cat(network.terms(a, b))


PERCEIVED = {
    "lpips": Perceived("LPIPS", alex_lpips.model, ("lpips_alex",), of_lpips, False),
    "dists": Perceived("DISTS", dists.model, ("vgg16", "dists"), of_dists, True),
}
