"""SSIM against the reference (Wang et al. 2004): Gaussian 11x11, higher better.

Conventions of the authors' ssim_index.m: rgb2gray rounded to 8 bits, full resolution, positions
where the window lies wholly inside. Their later ssim.m first averages and decimates to about 256
pixels a side: that is the method `ssim_256`; up to 383 pixels a side the two are one.
"""

from __future__ import annotations

import numpy as np

from fgresq.ops.exact_ssim import exact_ssim
from fgresq.ops.least import need_pixels
from fgresq.ops.planes import gray
from fgresq.ops.reference import OncePerReference
from fgresq.ops.ssim_plane import WINDOW, Statistics, plane_statistics


def part(image: np.ndarray) -> Statistics:
    """Give what one uint8 RGB image contributes."""
    return plane_statistics(gray(image))


reference_part = OncePerReference(part)


def score(image: np.ndarray, reference: np.ndarray) -> float:
    """Give the SSIM of two uint8 RGB images of one shape, in [-1, 1]; identical images give 1.

    Raises:
        NoValue: they have less than 11 pixels on a side, its window.
    """
    need_pixels(image, WINDOW)
    return exact_ssim(part(image), reference_part(reference))
