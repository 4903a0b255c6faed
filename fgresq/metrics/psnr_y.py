"""PSNR of luma, as papers on super-resolution print it, in dB; higher better.

Y = 16 + 65.481 R + 128.553 G + 24.966 B for R, G, B in [0, 1] (BT.601, as MATLAB's rgb2ycbcr),
not rounded; `border` pixels, as a rule the scale of super-resolution, are cut on all four sides;
peak 255. PSNR over R, G and B is the method `psnr`.
"""

from __future__ import annotations

import numpy as np

from fgresq.ops.luma import inner_luma

EPSILON = np.finfo(np.float64).eps  # keeps identity finite, as in the method `psnr`


def score(image: np.ndarray, reference: np.ndarray, *, border: int = 0) -> float:
    """Give the PSNR of the luma of two uint8 RGB images of one shape; identity gives 361.2 dB.

    Args:
        image, reference: the images.
        border: pixels cut on every side.

    Raises:
        NoValue: nothing is left inside the border.
    """
    difference = inner_luma(image, border, 1) - inner_luma(reference, border, 1)
    return float(20 * np.log10(255 / (np.sqrt(np.square(difference).mean()) + EPSILON)))
