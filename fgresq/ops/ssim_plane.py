"""SSIM of two images (Wang et al. 2004), with what one image contributes computed only once.

Luminance (ITU-R BT.601) of 8-bit RGB, Gaussian window 11x11 of sigma 1.5, data range 255,
K1 = 0.01, K2 = 0.03; the mean is over the positions where the window lies wholly inside.

What a pair costs is one pass over both images, row by row, compiled by numba: between two numpy
calls a plane would be written out and read again, and the memory's speed would be the limit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numba import njit

WINDOW = 11
MARGIN = WINDOW // 2
_KERNEL = cv2.getGaussianKernel(WINDOW, 1.5, cv2.CV_32F)
_G0, _G1, _G2, _G3, _G4, _G5 = _KERNEL[: MARGIN + 1, 0]
_C1 = np.float32((0.01 * 255) ** 2)
_C2 = np.float32((0.03 * 255) ** 2)
# Squares and products are taken of values around mid-gray: smaller ones lose less in float32.
_CENTRE = np.float32(127.5)
_TWO = np.float32(2)
_BT601 = np.array([[0.299, 0.587, 0.114]], dtype=np.float32)


def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function for this machine at its first call; the result is kept beside the source.

    Without "fastmath" each operation is rounded as written, the same on every processor.
    """
    settings: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
    try:
        return njit(function, cache=True, **settings)
    except RuntimeError:  # neither the source's folder nor the user's can be written to
        return njit(function, **settings)


@dataclass(frozen=True)
class Statistics:
    """What one image (h, w) contributes to SSIM, as float32 planes.

    Args:
        luma: (h, w), luminance minus 127.5.
        mean: (h - 10, w - 10), its Gaussian mean.
        variance: (h - 10, w - 10), its Gaussian variance.
    """

    luma: np.ndarray
    mean: np.ndarray
    variance: np.ndarray

    @property
    def size(self) -> tuple[int, int]:
        """Give (h, w)."""
        return self.luma.shape


def bytes_of(height: int, width: int) -> int:
    """Give the bytes that the statistics of an image take."""
    return 4 * (height * width + 2 * (height - 2 * MARGIN) * (width - 2 * MARGIN))


def luminance(image: np.ndarray) -> np.ndarray:
    """Give the BT.601 luminance of uint8 RGB (h, w, 3) as float32 (h, w), 0 to 255, unrounded."""
    return cv2.transform(image.astype(np.float32), _BT601)


def statistics(image: np.ndarray) -> Statistics:
    """Compute what one uint8 RGB image (h, w, 3), at least 11x11, contributes to SSIM.

    Raises:
        ValueError: the image is smaller than the window.
    """
    return plane_statistics(luminance(image))


def plane_statistics(plane: np.ndarray) -> Statistics:
    """Compute what one plane, float32 (h, w), 0 to 255, at least 11x11, contributes to SSIM.

    Raises:
        ValueError: the plane is smaller than the window.
    """
    if min(plane.shape) < WINDOW:
        raise ValueError(f"SSIM needs {WINDOW}x{WINDOW} pixels, got {plane.shape}")
    luma = plane - _CENTRE
    mean = _gaussian(luma)
    return Statistics(luma, mean, np.maximum(_gaussian(luma * luma) - mean * mean, 0))


def _gaussian(plane: np.ndarray) -> np.ndarray:
    inside = slice(MARGIN, -MARGIN)
    filtered = cv2.sepFilter2D(plane, cv2.CV_32F, _KERNEL, _KERNEL)[inside, inside]
    return np.ascontiguousarray(filtered)


def similarities(pairs: Iterable[tuple[Statistics, Statistics]]) -> list[float]:
    """Give the mean SSIM of pairs of images from their statistics.

    Each in [-1, 1], 1 = identical; symmetric. Threads may do so side by side: the lock of Python is
    let go.

    Raises:
        ValueError: the sizes of a pair differ.
    """
    return [ssim_of(a, b) for a, b in pairs]


def ssim_of(a: Statistics, b: Statistics) -> float:
    """Give the mean SSIM of two images of one size from their statistics; see `similarities`."""
    return _mean(a, b, True)


def contrast_of(a: Statistics, b: Statistics) -> float:
    """Give the mean of SSIM's contrast and structure alone, in [-1, 1], of images of one size."""
    return _mean(a, b, False)


def ssim(a: np.ndarray, b: np.ndarray) -> float:
    """Give the mean SSIM of two uint8 RGB images (h, w, 3); in [-1, 1], 1 = identical."""
    return ssim_of(statistics(a), statistics(b))


def _mean(a: Statistics, b: Statistics, whole: bool) -> float:
    if a.size != b.size:
        raise ValueError(f"sizes differ: {a.size} and {b.size}")
    total = _sum(a.luma, a.mean, a.variance, b.luma, b.mean, b.variance, whole)
    return min(total / a.mean.size, 1.0)  # rounding may pass 1 by 1e-8


@_compiled
def _sum(
    luma_a: np.ndarray,
    mean_a: np.ndarray,
    variance_a: np.ndarray,
    luma_b: np.ndarray,
    mean_b: np.ndarray,
    variance_b: np.ndarray,
    whole: bool,
) -> float:
    """Sum SSIM, or without `whole` its contrast and structure, over the valid positions."""
    height, width = luma_a.shape
    products = np.empty((WINDOW, width), np.float32)  # of the last 11 rows
    column = np.empty(width, np.float32)
    inner = np.empty(width - 2 * MARGIN, np.float32)
    sums = np.zeros(width - 2 * MARGIN)  # float64: a float32 sum of a column loses the 5th digit
    for y in range(height):
        product, row_a, row_b = products[y % WINDOW], luma_a[y], luma_b[y]
        for x in range(width):
            product[x] = row_a[x] * row_b[x]
        top = y - WINDOW + 1
        if top >= 0:
            _down(products, top, column)
            _across(column, inner)
            _add(inner, mean_a[top], variance_a[top], mean_b[top], variance_b[top], whole, sums)
    return sums.sum()


@_compiled
def _down(rows: np.ndarray, top: int, out: np.ndarray) -> None:
    """Weigh 11 rows, of which row y lies at y modulo 11, from the one numbered `top`."""
    r0, r1, r2 = rows[top % WINDOW], rows[(top + 1) % WINDOW], rows[(top + 2) % WINDOW]
    r3, r4, r5 = rows[(top + 3) % WINDOW], rows[(top + 4) % WINDOW], rows[(top + 5) % WINDOW]
    r6, r7, r8 = rows[(top + 6) % WINDOW], rows[(top + 7) % WINDOW], rows[(top + 8) % WINDOW]
    r9, r10 = rows[(top + 9) % WINDOW], rows[(top + 10) % WINDOW]
    # In two parts: with twelve rows in one loop, the compiler gives up on vectors.
    for x in range(out.size):
        out[x] = _G5 * r5[x] + _G4 * (r4[x] + r6[x]) + _G3 * (r3[x] + r7[x])
    for x in range(out.size):
        out[x] += _G2 * (r2[x] + r8[x]) + _G1 * (r1[x] + r9[x]) + _G0 * (r0[x] + r10[x])


@_compiled
def _across(row: np.ndarray, out: np.ndarray) -> None:
    """Weigh 11 neighbours in a row (w) to (w - 10)."""
    for x in range(out.size):
        out[x] = (
            _G5 * row[x + 5]
            + _G4 * (row[x + 4] + row[x + 6])
            + _G3 * (row[x + 3] + row[x + 7])
            + _G2 * (row[x + 2] + row[x + 8])
            + _G1 * (row[x + 1] + row[x + 9])
            + _G0 * (row[x] + row[x + 10])
        )


@_compiled
def _add(
    product: np.ndarray,
    mean_a: np.ndarray,
    variance_a: np.ndarray,
    mean_b: np.ndarray,
    variance_b: np.ndarray,
    whole: bool,
    sums: np.ndarray,
) -> None:
    """Add the SSIM of a row of positions to `sums`, given the Gaussian mean of the product."""
    if whole:
        for x in range(sums.size):
            covariance = product[x] - mean_a[x] * mean_b[x]
            a, b = mean_a[x] + _CENTRE, mean_b[x] + _CENTRE
            above = (_TWO * (a * b) + _C1) * (_TWO * covariance + _C2)
            below = (a * a + b * b + _C1) * (variance_a[x] + variance_b[x] + _C2)
            sums[x] += above / below
    else:
        for x in range(sums.size):
            covariance = product[x] - mean_a[x] * mean_b[x]
            sums[x] += (_TWO * covariance + _C2) / (variance_a[x] + variance_b[x] + _C2)
