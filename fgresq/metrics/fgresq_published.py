"""FGResQ with its authors' weights: no reference, values in (0, 1), higher better.

The authors' files, brought in by `fgresq data fetch fgresq_released`, in our towers. Image: 256x256
by OpenCV's bilinear (no antialiasing), aspect ratio ignored, centre crop of 224, CLIP's statistics.
They were fitted by their authors to the training side of FGRestore.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from fgresq import workspace
from fgresq.absent import Absent
from fgresq.raw import raw_state

if TYPE_CHECKING:  # `absent` is asked at every call of Snakemake: torch comes with the model
    import torch

    from fgresq.model.released import Released

KIND = "NR"
UPRIGHT = True  # its authors read by OpenCV, which turns a picture by its EXIF orientation
SIZE, CROP = 256, 224


def folder() -> Path:
    """Give where its files are placed."""
    return workspace.checkpoints() / "fgresq_released" / "weights"


def absent() -> Absent | None:
    """Say that the authors' file is not here, and how to get it."""
    path = folder() / "FGResQ.pth"
    if path.exists():
        return None
    return Absent(
        "no_weights",
        f"the authors' weights are not in place ({path})",
        "run `fgresq data fetch fgresq_released`, or put FGResQ.pth and Degradation.pth of the "
        f"folder weights/ of the model orpheus0429/FGResQ on Hugging Face into {folder()}/",
    )


def version() -> str:
    """Name the placed files by their content."""
    return raw_state(folder(), workspace.known_hashes("fgresq_released"))


@lru_cache(maxsize=1)
def model() -> Released:
    """Load the released model, on a CUDA device where there is one.

    Raises:
        UserError: a file is missing or not as released.
    """
    import torch

    from fgresq.model.released import read_released

    on = "cuda" if torch.cuda.is_available() else "cpu"
    return read_released(folder() / "FGResQ.pth", folder() / "Degradation.pth").to(on)


def crop(image: np.ndarray) -> torch.Tensor:
    """Give the centre crop, uint8 (1, 224, 224, 3), of uint8 RGB brought to 256x256."""
    import torch

    small = cv2.resize(image, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)
    edge = (SIZE - CROP) // 2
    return torch.from_numpy(small[edge : edge + CROP, edge : edge + CROP].copy())[None]


def score(image: np.ndarray, reference: np.ndarray | None = None) -> float:
    """Give the released model's score of a uint8 RGB image, in (0, 1), higher better."""
    return float(model().score(model().quality(crop(image))))


def compare(first: np.ndarray, second: np.ndarray) -> tuple[float, float, float]:
    """Give the chances that the second is better, the first is, or neither, of two RGB images."""
    a, b = (model().quality(crop(image)) for image in (first, second))
    return tuple(model().heads.compare_logits(a, b).softmax(dim=-1)[0].tolist())
