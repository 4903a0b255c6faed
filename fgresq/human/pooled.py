"""What a frozen network, or a glance, gives of an image: the numbers that ridges are fitted to.

`dinov2` gives its class token beside its mean patch token after each block, down to a depth;
`random` is the same network untrained; `lite0` gives the mean of the maps of stages 1 to 5 of
EfficientNet-Lite0. All are averaged over views at the image's own size. `glance` gives what needs
no network: sharpness, and a perceptual hash.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import torch
from scipy.fft import dctn

from fgresq import workspace
from fgresq.human.tower_names import GLANCE, WEIGHTS
from fgresq.images import read_rgb
from fgresq.networks.lite0 import Stages, efficientnet
from fgresq.networks.vit import normalised, pooled, tower, views
from fgresq.ops.sharpness import sharpness
from fgresq.weights.cards import read_card

THUMB, LOW = 32, 8  # pixels a side of the thumbnail, and frequencies a side that are hashed
Pooler = Callable[[Sequence[str]], np.ndarray]


def perceptual_hash(image: np.ndarray) -> np.ndarray:
    """Hash what an image shows: 64 bits, bool (64,), of which copies of it change few.

    The thumbnail of 32 x 32 pixels of the luma, its cosine transform, and of the 8 x 8 lowest
    frequencies whether each lies above their median.

    Args:
        image: uint8 RGB (h, w, 3).
    """
    luma = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float64)
    thumb = cv2.resize(luma, (THUMB, THUMB), interpolation=cv2.INTER_AREA)
    low = dctn(thumb, norm="ortho")[:LOW, :LOW].ravel()
    return low > np.median(low)


def glances(paths: Sequence[str]) -> np.ndarray:
    """Give sharpness and the 64 bits of the perceptual hash of image files: float64 (n, 65)."""
    images = [read_rgb(path) for path in paths]
    return np.array([[sharpness(image), *perceptual_hash(image)] for image in images], np.float64)


def made_of(name: str) -> dict[str, object] | None:
    """Give the card of the weights that a tower is made of; None where it has none.

    Raises:
        UserError: the weights are not there.
    """
    return read_card(WEIGHTS[name]) if name in WEIGHTS else None


def pooler(name: str, grid: int, seed: int, depth: int) -> Pooler:
    """Give the function of image files that a tower, or a glance, is.

    Args:
        name: `glance`, or one of `DEPTHS`.
        grid: of views, a side of an image.
        seed: of the random tower's weights.
        depth: the deepest block, from 1; none after it is run.

    Returns:
        A function from n files to (n, 65) of a glance, else float16 (n, depth, width).
    """
    if name == GLANCE:
        return glances
    if name == "lite0":
        stages = Stages(efficientnet(workspace.weights_of(WEIGHTS[name]))).eval()
        return _averaged(lambda crops: _means(stages, crops)[:, None], grid)
    model, blocks = tower(name, None, seed), list(range(1, depth + 1))
    return _averaged(lambda crops: torch.stack(pooled(model, normalised(crops), blocks), 1), grid)


def _means(stages: Stages, crops: torch.Tensor) -> torch.Tensor:
    return torch.cat([maps.mean(dim=(2, 3)) for maps in stages.maps(crops)], dim=1)


def _averaged(of_crops: Callable[[torch.Tensor], torch.Tensor], grid: int) -> Pooler:
    def given(paths: Sequence[str]) -> np.ndarray:
        crops = np.concatenate([views(path, grid) for path in paths])
        with torch.inference_mode():
            found = of_crops(torch.from_numpy(crops)).unflatten(0, (len(paths), grid * grid))
        return found.mean(dim=1).half().numpy()

    return given
