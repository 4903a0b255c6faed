"""MATLAB's imresize, bicubic with antialiasing, to any size."""

from __future__ import annotations

from functools import lru_cache

import numpy as np


def cubic(x: np.ndarray) -> np.ndarray:
    """Give Keys' cubic kernel, a = -0.5."""
    x = np.abs(x)
    near, far = 1.5 * x**3 - 2.5 * x**2 + 1, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))


@lru_cache(maxsize=16)
def contributions(length: int, target: int) -> np.ndarray:
    """Give the matrix (target, length) that resizes one dimension; it mirrors at the ends."""
    scale = target / length
    stretch = min(scale, 1.0)  # the kernel is widened where the image shrinks
    centres = (np.arange(target) + 0.5) / scale - 0.5
    reach = int(np.ceil(4 / stretch)) + 2
    places = np.floor(centres - 2 / stretch).astype(int)[:, None] + np.arange(reach)
    weights = cubic(stretch * (centres[:, None] - places))
    weights /= weights.sum(1, keepdims=True)
    around = places % (2 * length)
    mirrored = np.where(around < length, around, 2 * length - 1 - around)
    matrix = np.zeros((target, length))
    np.add.at(matrix, (np.arange(target)[:, None], mirrored), weights)
    return matrix


def imresize(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize uint8 (h, w, c) to uint8 (height, width, c).

    As there, the dimension that shrinks more comes first, and both results are rounded to 8 bits.
    """
    order = sorted((0, 1), key=lambda axis: (height, width)[axis] / image.shape[axis])
    for axis in order:
        matrix = contributions(image.shape[axis], (height, width)[axis])
        resized = np.moveaxis(np.tensordot(matrix, image.astype(float), (1, axis)), 0, axis)
        image = np.floor(np.clip(resized, 0, 255) + 0.5).astype(np.uint8)
    return image
