"""Statistics of natural scenes, as BRISQUE and NIQE take them (Mittal et al. 2012, 2013).

Both follow the authors' MATLAB code: rgb2gray rounded to 8 bits, imresize by a half with its
antialiasing, and shapes looked up on a grid of 0.2 to 10 in steps of 0.001.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from scipy.special import gamma

from fgresq.ops.imresize import cubic

# rgb2gray of MATLAB: the first row of the inverse of its YIQ matrix.
_GRAY = np.array([0.298936021293775, 0.587043074451121, 0.114020904255103])
_WINDOW = cv2.getGaussianKernel(7, 7 / 6, cv2.CV_64F)
_SHIFTS = ((0, 1), (1, 0), (1, 1), (1, -1))  # rows, columns
_SHAPES = 0.2 + 0.001 * np.arange(9801)
_RATIOS = gamma(2 / _SHAPES) ** 2 / (gamma(1 / _SHAPES) * gamma(3 / _SHAPES))  # rises


def _halving_kernel() -> np.ndarray:
    """Weights of 8 pixels: imresize's cubic, twice as wide, between the middle two."""
    weights = cubic(np.arange(-3.5, 4) / 2)
    return weights / weights.sum()


_HALVING = _halving_kernel()


class Shape(NamedTuple):
    """Asymmetric generalised Gaussians: shape, and standard deviation left and right of 0."""

    alpha: np.ndarray
    left: np.ndarray
    right: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        """Give the mean, in terms of the standard deviations."""
        return (self.right - self.left) * gamma(2 / self.alpha) / gamma(1 / self.alpha) * self.scale

    @property
    def scale(self) -> np.ndarray:
        """Give what makes scales of the standard deviations."""
        return np.sqrt(gamma(1 / self.alpha) / gamma(3 / self.alpha))


def gray(image: np.ndarray) -> np.ndarray:
    """Give rgb2gray of uint8 RGB (h, w, 3) as float64 (h, w), whole numbers 0 to 255."""
    return np.floor(image @ _GRAY + 0.5)


def half(plane: np.ndarray) -> np.ndarray:
    """Halve float64 (h, w) to (ceil(h / 2), ceil(w / 2)), as imresize(plane, 0.5)."""
    small = cv2.sepFilter2D(
        plane, cv2.CV_64F, _HALVING, _HALVING, anchor=(3, 3), borderType=cv2.BORDER_REFLECT
    )
    return np.ascontiguousarray(small[::2, ::2])


def normalised(plane: np.ndarray, border: int) -> np.ndarray:
    """Give float64 (h, w), 0 to 255, less its local mean, by its local deviation plus 1.

    Args:
        plane: the image.
        border: what lies outside, of OpenCV: BORDER_CONSTANT (zeros) or BORDER_REPLICATE.
    """
    mean = cv2.sepFilter2D(plane, cv2.CV_64F, _WINDOW, _WINDOW, borderType=border)
    square = cv2.sepFilter2D(plane * plane, cv2.CV_64F, _WINDOW, _WINDOW, borderType=border)
    return (plane - mean) / (np.sqrt(np.abs(square - mean * mean)) + 1)


def products(blocks: np.ndarray) -> list[np.ndarray]:
    """Multiply blocks (n, h, w) by themselves, moved right, down and along both diagonals."""
    return [blocks * np.roll(blocks, shift, axis=(1, 2)) for shift in _SHIFTS]


def nearest_shape(ratio: np.ndarray) -> np.ndarray:
    """Look up the shape whose ratio of moments is nearest; a ratio that is NaN gives 0.2."""
    above = np.clip(np.searchsorted(_RATIOS, ratio), 1, len(_RATIOS) - 1)
    below = above - 1
    nearer = np.abs(_RATIOS[below] - ratio) <= np.abs(_RATIOS[above] - ratio)
    place = np.where(nearer, below, above)
    return _SHAPES[np.where(np.isnan(ratio), 0, place)]


def fit(blocks: np.ndarray) -> Shape:
    """Fit an asymmetric generalised Gaussian to each block of (n, h, w); NaN where it is flat."""
    values = blocks.reshape(len(blocks), -1)
    squares = values * values
    left = np.where(values < 0, squares, 0).sum(1)
    with np.errstate(divide="ignore", invalid="ignore"):
        total = squares.sum(1)
        sides = (
            np.sqrt(left / (values < 0).sum(1)),
            np.sqrt(np.where(values > 0, squares, 0).sum(1) / (values > 0).sum(1)),
        )
        balance = sides[0] / sides[1]
        ratio = np.abs(values).mean(1) ** 2 / (total / values.shape[1])
        ratio *= (balance**3 + 1) * (balance + 1) / (balance**2 + 1) ** 2
    return Shape(nearest_shape(ratio), *sides)
