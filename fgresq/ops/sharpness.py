"""Sharpness by one line: the log-variance of the Laplacian.

It knows nothing of quality, and on pictures of restorers agrees with people often: what a trained
method is worth there is what it has beyond this.
"""

from __future__ import annotations

import cv2
import numpy as np

FLAT = 1e-12  # added to the variance, so that a flat image has a value as well


def sharpness(image: np.ndarray) -> float:
    """Give the natural logarithm of the variance of the Laplacian of the luma; higher is sharper.

    Args:
        image: uint8 RGB (h, w, 3).
    """
    luma = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float64)
    return float(np.log(cv2.Laplacian(luma, cv2.CV_64F).var() + FLAT))
