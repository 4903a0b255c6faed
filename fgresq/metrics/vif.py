"""VIF (Sheikh and Bovik 2006): visual information fidelity of wavelet bands; higher better.

Conventions of the authors' vifvec.m: rgb2gray rounded to 8 bits, steerable pyramid of four levels
and order 5, two of the six orientations, blocks of 3x3 coefficients, noise variance 0.4, borders
of bands left out. Identity is 1 but for rounding; enhanced contrast may pass 1. The authors' later
short form in the pixel domain is the method `vifp`. Filters: `fgresq weights steerable_sp5`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np

from fgresq.ops.flat import need_information
from fgresq.ops.least import NoValue, need_pixels
from fgresq.ops.planes import gray
from fgresq.ops.reference import OncePerReference
from fgresq.weights.cards import read_weights

SMALLEST = 72  # pixels: 9, the low-pass filter, at the coarsest of four levels
LEVELS, ORIENTATIONS = 4, (0, 3)
BLOCK = 3
NOISE = 0.4
TINY = 1e-15


class Band(NamedTuple):
    """A band of the reference and what vifvec.m takes from it; float64.

    Args:
        window: pixels a side of its window.
        values: (h, w), multiples of 3.
        mean: (h // 3, w // 3), at the middle of each block.
        variance: the same, summed over the window.
        field: the same without borders, variance of each block in terms of the band's covariance.
        scales: (9,), eigenvalues of the covariance of a block.
    """

    window: int
    values: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    field: np.ndarray
    scales: np.ndarray


@lru_cache(maxsize=1)
def model() -> dict[str, np.ndarray]:
    """Load the filters: `low0` (5, 5), `low` (9, 9), `bands` (6, 7, 7)."""
    return {name: value.numpy() for name, value in read_weights("steerable_sp5").items()}


def correlated(plane: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Correlate, with the plane mirrored at the middle of its outermost pixels."""
    return cv2.filter2D(plane, cv2.CV_64F, kernel, borderType=cv2.BORDER_REFLECT_101)


def bands(image: np.ndarray) -> list[np.ndarray]:
    """Give the bands of uint8 RGB (h, w, 3), two a level, finest first, cut to whole blocks."""
    filters, found = model(), []
    low = correlated(gray(image).astype(np.float64), filters["low0"])
    for level in range(LEVELS):
        if level:
            low = np.ascontiguousarray(correlated(low, filters["low"])[::2, ::2])
        height, width = (size // BLOCK * BLOCK for size in low.shape)
        for orientation in ORIENTATIONS:
            band = correlated(low, filters["bands"][orientation])
            found.append(np.ascontiguousarray(band[:height, :width]))
    return found


def summed(values: np.ndarray, window: int) -> np.ndarray:
    """Sum over the window around the middle of each block."""
    total = cv2.boxFilter(
        values, cv2.CV_64F, (window, window), normalize=False, borderType=cv2.BORDER_REFLECT_101
    )
    return total[BLOCK // 2 :: BLOCK, BLOCK // 2 :: BLOCK]


def moments(values: np.ndarray, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Give the mean, and the variance summed over the window, at the middle of each block."""
    mean = summed(values, window) / window**2
    return mean, np.maximum(summed(values * values, window) - window**2 * mean * mean, 0)


def inner(values: np.ndarray, window: int) -> np.ndarray:
    """Leave out the blocks whose window reaches over the border."""
    margin = -(-(window // 2) // BLOCK)
    return values[margin:-margin, margin:-margin]


def described(place: int, values: np.ndarray) -> Band:
    """Model a band of the reference as Gaussian scale mixtures of 3x3 blocks.

    Raises:
        NoValue: the blocks do not span nine dimensions, as in a flat reference.
    """
    window = 2 ** (LEVELS - place // len(ORIENTATIONS)) + 1
    every = np.lib.stride_tricks.sliding_window_view(values, (BLOCK, BLOCK))
    covariance = np.cov(every.reshape(-1, BLOCK**2), rowvar=False, bias=True)
    if np.linalg.matrix_rank(covariance) < BLOCK**2:
        raise NoValue("its reference has too little detail to model")
    blocks = every[::BLOCK, ::BLOCK].reshape(-1, BLOCK**2)
    field = (blocks @ np.linalg.inv(covariance) * blocks).sum(1) / BLOCK**2
    mean, variance = moments(values, window)
    inside = inner(field.reshape(mean.shape), window)
    return Band(window, values, mean, variance, inside, np.linalg.eigvalsh(covariance))


def information(field: np.ndarray, scales: np.ndarray) -> float:
    """Sum the information (nats) of blocks over their nine components."""
    return float(np.log1p(field[..., None] * scales).sum())


def carried(band: Band, values: np.ndarray) -> float:
    """Give the information (nats) of one band of the reference that the image carries."""
    mean, variance = moments(values, band.window)
    covariance = summed(band.values * values, band.window)
    covariance -= band.window**2 * band.mean * mean
    gain = covariance / (band.variance + TINY)
    rest = (variance - gain * covariance) / band.window**2
    flat, empty = band.variance < TINY, variance < TINY
    # as in vifsub_est_M.m: where there is no gain, the summed variance is the noise
    rest = np.where(flat | (gain < 0), variance, rest)
    gain = np.where(flat | empty | (gain < 0), 0, gain)
    rest = np.where(empty, TINY, np.maximum(rest, TINY))
    kept = inner(gain * gain / (rest + NOISE), band.window) * band.field
    return information(kept, band.scales)


def reference_side(reference: np.ndarray) -> tuple[list[Band], float]:
    """Give the described bands of a reference, and the information (nats) in them."""
    need_information(gray(reference))
    found = [described(place, values) for place, values in enumerate(bands(reference))]
    return found, sum(information(band.field / NOISE, band.scales) for band in found)


reference_part = OncePerReference(reference_side)


def score(image: np.ndarray, reference: np.ndarray) -> float:
    """Give the VIF of two uint8 RGB images of one shape, 0 or more.

    Raises:
        NoValue: they have less than 72 pixels on a side, or the reference is too flat to model.
    """
    need_pixels(image, SMALLEST)
    there, whole = reference_part(reference)
    parts = zip(there, bands(image), strict=True)
    return sum(carried(band, values) for band, values in parts) / whole
