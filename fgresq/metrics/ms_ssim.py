"""MS-SSIM (Wang, Simoncelli and Bovik 2003): SSIM over five scales; higher better.

Conventions of the authors' msssim.m: rgb2gray rounded to 8 bits, Gaussian 11x11 at every scale,
halved by averages over 2x2 with mirrored borders, product of the powers of the mean contrast and
structure, and of the mean SSIM of the coarsest scale. A negative mean, whose power their code gives
as a complex number, counts as 0 here.
"""

from __future__ import annotations

import cv2
import numpy as np

from fgresq.ops.exact_ssim import exact_contrast, exact_ssim
from fgresq.ops.least import need_pixels
from fgresq.ops.planes import gray
from fgresq.ops.reference import OncePerReference
from fgresq.ops.ssim_plane import Statistics, plane_statistics

POWERS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
SMALLEST = 176  # pixels: the authors want the window's 11 at the coarsest scale, 16 times


def halved(plane: np.ndarray) -> np.ndarray:
    """Average float32 (h, w) over 2x2 to (ceil(h / 2), ceil(w / 2)), the last line repeated."""
    below, right = (size % 2 for size in plane.shape)
    if below or right:
        plane = cv2.copyMakeBorder(plane, 0, below, 0, right, cv2.BORDER_REPLICATE)
    size = plane.shape[1] // 2, plane.shape[0] // 2
    return cv2.resize(plane, size, interpolation=cv2.INTER_AREA)


def scales(image: np.ndarray) -> list[Statistics]:
    """Give what uint8 RGB (h, w, 3) contributes at every scale, finest first."""
    plane = gray(image)
    found = [plane_statistics(plane)]
    for _ in POWERS[1:]:
        plane = halved(plane)
        found.append(plane_statistics(plane))
    return found


reference_part = OncePerReference(scales)


def score(image: np.ndarray, reference: np.ndarray) -> float:
    """Give the MS-SSIM of two uint8 RGB images of one shape, in [0, 1]; identical images give 1.

    Raises:
        NoValue: they have less than 176 pixels on a side.
    """
    need_pixels(image, SMALLEST)
    *fine, coarse = zip(scales(image), reference_part(reference), strict=True)
    means = [exact_contrast(*pair) for pair in fine] + [exact_ssim(*coarse)]
    return float(np.prod(np.maximum(means, 0.0) ** POWERS))
