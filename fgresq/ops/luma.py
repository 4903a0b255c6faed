"""Y of YCbCr, as restoration papers measure it: BT.601, 16 to 235, borders cut."""

from __future__ import annotations

import numpy as np

from fgresq.ops.least import NoValue

WEIGHTS = np.array([65.481, 128.553, 24.966])  # of R, G, B in [0, 1]; black is 16, white 235
BLACK = 16.0


def luma(image: np.ndarray) -> np.ndarray:
    """Give Y of uint8 RGB (h, w, 3), float64 (h, w), 16 to 235, unrounded.

    MATLAB's rgb2ycbcr gives the same of an image of doubles, by 255; of one of bytes it rounds.
    """
    return BLACK + image @ (WEIGHTS / 255)


def inner_luma(image: np.ndarray, border: int, least: int) -> np.ndarray:
    """Give Y of what is left of uint8 RGB (h, w, 3) without `border` pixels on all four sides.

    Raises:
        NoValue: less than `least` pixels are left on a side.
    """
    height, width = image.shape[:2]
    if min(height, width) - 2 * border < least:
        reason = f"{width}x{height} is too small, it takes {least}x{least} pixels"
        raise NoValue(f"{reason} inside a border of {border}" if border else reason)
    return luma(image[border : height - border, border : width - border])
