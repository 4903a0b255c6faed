"""SSIM of luma, as papers on super-resolution print it; higher better, identity is 1.

Y as in the method `psnr_y`, not rounded, `border` pixels cut on all four sides; then SSIM (Wang et
al. 2004): Gaussian 11x11 of sigma 1.5, data range 255, positions where the window lies wholly
inside. SSIM of MATLAB's gray, rounded to 8 bits, is the method `ssim`.
"""

from __future__ import annotations

import numpy as np

from fgresq.ops.luma import inner_luma
from fgresq.ops.ssim_plane import WINDOW, Statistics, plane_statistics, ssim_of


def part(image: np.ndarray, border: int) -> Statistics:
    """Give what one uint8 RGB image contributes."""
    return plane_statistics(inner_luma(image, border, WINDOW).astype(np.float32))


def score(image: np.ndarray, reference: np.ndarray, *, border: int = 0) -> float:
    """Give the SSIM of the luma of two uint8 RGB images of one shape, in [-1, 1].

    Args:
        image, reference: the images.
        border: pixels cut on every side.

    Raises:
        NoValue: less than 11 pixels on a side, its window, are left inside the border.
    """
    return ssim_of(part(image, border), part(reference, border))
