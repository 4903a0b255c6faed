"""Planes of full-reference methods: gray, decimation, gradients, as MATLAB code has them.

Planes are float32 (h, w), 0 to 255. "Zeros outside" is conv2(..., 'same') of MATLAB.
"""

from __future__ import annotations

import cv2
import numpy as np

# rgb2gray of MATLAB: the first row of the inverse of its YIQ matrix.
_GRAY = np.array([[0.298936021293775, 0.587043074451121, 0.114020904255103]])


def gray(image: np.ndarray) -> np.ndarray:
    """Give rgb2gray of uint8 RGB (h, w, 3): whole numbers, as it returns uint8."""
    return cv2.transform(image, _GRAY).astype(np.float32)


def viewing_factor(shape: tuple[int, ...]) -> int:
    """Give how many pixels of a side are averaged, so that the shorter one is near 256."""
    return max(1, int(min(shape[:2]) / 256 + 0.5))  # round() of MATLAB takes halves up


def decimated(plane: np.ndarray, factor: int) -> np.ndarray:
    """Average factor x factor pixels around every factor-th pixel from the first; zeros outside.

    Returns:
        Shape (ceil(h / factor), ceil(w / factor)), and channels if the plane has them.
    """
    if factor == 1:
        return plane
    before = factor - 1 - factor // 2  # where conv2 puts the middle of its kernel
    height, width = (-(-size // factor) * factor for size in plane.shape[:2])
    below, right = height - plane.shape[0], width - plane.shape[1]
    if before or below or right:
        sides = before, below, before, right
        plane = cv2.copyMakeBorder(plane, *sides, cv2.BORDER_CONSTANT, value=0)[:height, :width]
    size = width // factor, height // factor
    return cv2.resize(plane, size, interpolation=cv2.INTER_AREA)


def gradient(plane: np.ndarray, smooth: tuple[float, float, float]) -> np.ndarray:
    """Give the magnitude of the gradient: differences over two pixels, smoothed across.

    Args:
        plane: the image; zeros outside.
        smooth: weights across, such as those of Prewitt or Scharr.
    """
    across, along = np.array(smooth, np.float32), np.array([1, 0, -1], np.float32)
    outside = cv2.BORDER_CONSTANT
    horizontal = cv2.sepFilter2D(plane, cv2.CV_32F, along, across, borderType=outside)
    vertical = cv2.sepFilter2D(plane, cv2.CV_32F, across, along, borderType=outside)
    return cv2.magnitude(horizontal, vertical)


def similarity(a: np.ndarray, b: np.ndarray, constant: float) -> np.ndarray:
    """Give (2 a b + constant) / (a^2 + b^2 + constant), position by position."""
    top = a * b
    top *= 2
    top += np.float32(constant)
    # a^2 + b^2 = (a - b)^2 + 2 a b: identical values give exactly 1
    bottom = a - b
    bottom *= bottom
    bottom += top
    top /= bottom
    return top
