"""SSIM where rounding would show: equal planes are exactly alike, flat ones differ in light alone.

The variance of a flat plane is a difference of two large numbers, in float32 up to .004 and not 0,
and other at another level; so is the covariance with itself.
"""

from __future__ import annotations

import numpy as np

from fgresq.ops.flat import is_flat
from fgresq.ops.ssim_plane import Statistics, contrast_of, ssim_of

_C1 = (0.01 * 255) ** 2


def exact_ssim(a: Statistics, b: Statistics) -> float:
    """Give the mean SSIM of two planes of one size, in [-1, 1]; of equal ones exactly 1."""
    if _equal(a, b):
        return 1.0
    if _flat(a, b):
        light, other = float(a.luma[0, 0]) + 127.5, float(b.luma[0, 0]) + 127.5
        return (2 * light * other + _C1) / (light * light + other * other + _C1)
    return ssim_of(a, b)


def exact_contrast(a: Statistics, b: Statistics) -> float:
    """Give SSIM's contrast and structure alone, in [-1, 1]; of equal or flat planes exactly 1."""
    return 1.0 if _equal(a, b) or _flat(a, b) else contrast_of(a, b)


def _equal(a: Statistics, b: Statistics) -> bool:
    return np.array_equal(a.luma, b.luma)


def _flat(a: Statistics, b: Statistics) -> bool:
    return is_flat(a.luma) and is_flat(b.luma)
