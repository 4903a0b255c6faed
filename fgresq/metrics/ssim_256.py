"""SSIM at the scale its authors suggest (Wang et al. 2004, ssim.m): higher better.

As `ssim`, after both images are averaged over F x F pixels and decimated by F, the shorter side by
256, rounded: the images are seen from three to five times their height. Borders are mirrored.
"""

from __future__ import annotations

import cv2
import numpy as np

from fgresq.ops.exact_ssim import exact_ssim
from fgresq.ops.least import need_pixels
from fgresq.ops.planes import gray, viewing_factor
from fgresq.ops.reference import OncePerReference
from fgresq.ops.ssim_plane import WINDOW, Statistics, plane_statistics


def seen(plane: np.ndarray) -> np.ndarray:
    """Average and decimate float32 (h, w) by its factor, as imfilter(..., 'symmetric') does."""
    factor = viewing_factor(plane.shape)
    if factor == 1:
        return plane
    middle = (factor - 1) // 2  # where imfilter puts the middle of its window
    mean = cv2.boxFilter(
        plane, cv2.CV_32F, (factor, factor), anchor=(middle, middle), borderType=cv2.BORDER_REFLECT
    )
    return np.ascontiguousarray(mean[::factor, ::factor])


def part(image: np.ndarray) -> Statistics:
    """Give what one uint8 RGB image contributes."""
    return plane_statistics(seen(gray(image)))


reference_part = OncePerReference(part)


def score(image: np.ndarray, reference: np.ndarray) -> float:
    """Give the SSIM of two uint8 RGB images of one shape, in [-1, 1]; identical images give 1.

    Raises:
        NoValue: they have less than 11 pixels on a side, its window.
    """
    need_pixels(image, WINDOW)
    return exact_ssim(part(image), reference_part(reference))
