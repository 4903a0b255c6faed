"""SSIM against the reference (Wang et al. 2004): luminance, Gaussian 11x11, higher better."""

from __future__ import annotations

import numpy as np

from fgresq.ssim import ssim


def score(image: np.ndarray, reference: np.ndarray) -> float:
    """Give the SSIM of two uint8 RGB images of one shape, in [-1, 1]; identical images give 1."""
    return ssim(image, reference)
