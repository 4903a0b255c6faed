"""SSIM against the reference (Wang et al. 2004): luminance, Gaussian 11x11, higher better."""

from __future__ import annotations

import numpy as np

from fgresq.metrics import need_pixels
from fgresq.ssim import WINDOW, ssim


def score(image: np.ndarray, reference: np.ndarray) -> float:
    """Give the SSIM of two uint8 RGB images of one shape, in [-1, 1]; identical images give 1.

    Raises:
        NoValue: they have less than 11 pixels on a side, its window.
    """
    need_pixels(image, WINDOW)
    return ssim(image, reference)
