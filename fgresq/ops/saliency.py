"""SDSP (Zhang, Gu and Li 2013): where people look, from frequency, place and warmth of colour.

Conventions of the authors' MATLAB code, with VSI's settings: at 256x256 by imresize (bilinear, with
its antialiasing), in CIELAB of white D50, brought back to the image's size and stretched to [0, 1].
"""

from __future__ import annotations

import math
from functools import lru_cache

import cv2
import numpy as np
from scipy import fft

from fgresq.ops.flat import is_flat

SIDE = 256
CENTRE, BANDWIDTH = 0.021, 1.34  # of the log-Gabor filter, cycles a pixel
SPREAD = 145.0  # pixels, of the preference for the middle
WARMTH = 0.001
XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
WHITE = np.array([0.9642, 1.0, 0.8251])[:, None]  # D50
EPSILON, KAPPA = 0.008856, 903.3  # of CIELAB


@lru_cache(maxsize=8)
def _shrinking(size: int, to: int) -> np.ndarray:
    """Weights (to, size) of imresize's triangle, as wide as the step, mirrored at the ends."""
    step = size / to
    middle = (np.arange(to) + 0.5) * step - 0.5
    first = np.floor(middle - step).astype(int)
    places = first[:, None] + np.arange(2 * math.ceil(step) + 3)
    weights = np.maximum(1 - np.abs(places - middle[:, None]) / step, 0)
    weights /= weights.sum(1, keepdims=True)
    mirrored = np.concatenate([np.arange(size), np.arange(size)[::-1]])[places % (2 * size)]
    matrix = np.zeros((to, size))
    np.add.at(matrix, (np.arange(to)[:, None], mirrored), weights)
    return matrix.astype(np.float32)


def resized(plane: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize float32 (h, w) bilinearly, as imresize: averaged where a side shrinks."""
    if plane.shape[0] > height:
        plane = _shrinking(plane.shape[0], height) @ plane
    if plane.shape[1] > width:
        plane = plane @ _shrinking(plane.shape[1], width).T
    if plane.shape != (height, width):
        plane = cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR)
    return plane


@lru_cache(maxsize=1)
def _filter() -> np.ndarray:
    """Give the log-Gabor filter on the half plane, float32 (256, 129); no corners, no mean."""
    steps = fft.ifftshift((np.arange(SIDE) - SIDE // 2) / SIDE)
    square = steps[:, None] ** 2 + steps[: SIDE // 2 + 1] ** 2
    with np.errstate(divide="ignore"):
        distance = np.log(np.sqrt(square) / CENTRE)
    passed = np.exp(-(distance**2) / (2 * BANDWIDTH**2)) * (square <= 0.25)
    return passed.astype(np.float32)


@lru_cache(maxsize=1)
def _middle() -> np.ndarray:
    """Give the preference for the middle, float32 (256, 256)."""
    away = np.square(np.arange(1, SIDE + 1) - SIDE / 2)
    return np.exp(-(away[:, None] + away) / SPREAD**2).astype(np.float32)


def lab(rgb: np.ndarray) -> np.ndarray:
    """Give CIELAB (3, n) of sRGB float32 (3, n), 0 to 255."""
    level = rgb / np.float32(255)
    linear = np.where(level <= 0.04045, level / 12.92, cv2.pow((level + 0.055) / 1.055, 2.4))
    scaled = (XYZ / WHITE).astype(np.float32) @ linear
    root = np.where(scaled > EPSILON, np.cbrt(scaled), (KAPPA * scaled + 16) / 116)
    return np.stack([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


def _stretched(values: np.ndarray) -> np.ndarray:
    """Bring the least value to 0 and the greatest to 1; equal values give 0."""
    least, most = float(values.min()), float(values.max())
    return (values - np.float32(least)) / np.float32((most - least) or 1)


def saliency(image: np.ndarray) -> np.ndarray:
    """Give the saliency of uint8 RGB (h, w, 3), float32 (h, w) in [0, 1]; of a flat image 0."""
    height, width = image.shape[:2]
    if is_flat(image):  # rounding would be stretched to [0, 1]
        return np.zeros((height, width), np.float32)
    planes = [resized(plane, SIDE, SIDE) for plane in cv2.split(image.astype(np.float32))]
    colours = lab(np.stack(planes).reshape(3, -1)).reshape(3, SIDE, SIDE)
    passed = fft.irfft2(fft.rfft2(colours) * _filter(), (SIDE, SIDE))
    frequency = np.sqrt(np.square(passed).sum(0))
    warm = np.square(_stretched(colours[1])) + np.square(_stretched(colours[2]))
    colour = -np.expm1(-warm / np.float32(WARMTH**2))
    return _stretched(resized(frequency * _middle() * colour, height, width))
