"""PIQE (Venkatanath et al. 2015): visible distortion of the active blocks, 0 to 100; lower better.

Conventions of MATLAB's piqe: rgb2gray rounded to 8 bits, padded to blocks of 16x16 by mirroring at
the bottom and the right; normalised by mean and deviation under a Gaussian 7x7 of sigma 7/6,
borders repeated. A block of variance above 0.1 is active. It is distorted where one of the 11
segments of 6 pixels on one of its four edges has a deviation under 0.1, which adds 1 less its
variance, and noisy where its deviation is more than twice that of its surround beside its centre,
which adds its variance. The score is 100 (sum + 1) / (active blocks + 1).
"""

from __future__ import annotations

import cv2
import numpy as np

from fgresq.ops.least import NoValue, need_pixels
from fgresq.ops.planes import gray

KIND = "NR"
BLOCK, SEGMENT = 16, 6  # pixels
ACTIVE, IMPAIRED = 0.1, 0.1  # variance of an active block, deviation of a segment without detail
WINDOW, SIGMA = 7, 7 / 6


def normalised(plane: np.ndarray) -> np.ndarray:
    """Give a plane (h, w) less its local mean, by its local deviation and 1."""
    kernel = cv2.getGaussianKernel(WINDOW, SIGMA, cv2.CV_64F)
    edge = cv2.BORDER_REPLICATE
    mean, square = (
        cv2.sepFilter2D(p, cv2.CV_64F, kernel, kernel, borderType=edge)
        for p in (plane, np.square(plane))
    )
    return (plane - mean) / (np.sqrt(np.abs(square - np.square(mean))) + 1)


def blocks_of(image: np.ndarray) -> np.ndarray:
    """Give the normalised blocks (n, 16, 16) of uint8 RGB (h, w, 3)."""
    below, right = (-size % BLOCK for size in image.shape[:2])
    gray_plane = gray(image).astype(np.float64)
    plane = cv2.copyMakeBorder(gray_plane, 0, below, 0, right, cv2.BORDER_REFLECT)
    rows, columns = (size // BLOCK for size in plane.shape)
    cut = normalised(plane).reshape(rows, BLOCK, columns, BLOCK)
    return cut.swapaxes(1, 2).reshape(-1, BLOCK, BLOCK)


def distorted(blocks: np.ndarray) -> np.ndarray:
    """Say of blocks (n, 16, 16) whether a segment of an edge is without detail."""
    edges = np.stack([blocks[:, 0], blocks[:, -1], blocks[:, :, 0], blocks[:, :, -1]], axis=1)
    segments = np.lib.stride_tricks.sliding_window_view(edges, SEGMENT, axis=2)
    return (segments.std(axis=3, ddof=1) < IMPAIRED).any(axis=(1, 2))


def noisy(blocks: np.ndarray) -> np.ndarray:
    """Say of blocks (n, 16, 16) whether their deviation is that of noise."""
    half = BLOCK // 2
    deviation = blocks.std(axis=(1, 2), ddof=1)
    centre = blocks[:, :, half - 1 : half + 1].std(axis=(1, 2), ddof=1)
    surround = np.delete(blocks, [half - 1, half], axis=2).std(axis=(1, 2), ddof=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.nan_to_num(centre / surround)
        beside = np.abs(deviation - ratio) / np.maximum(deviation, ratio)
    return deviation > 2 * beside


def score(image: np.ndarray, reference: np.ndarray | None = None) -> float:
    """Give the PIQE of a uint8 RGB image, 0 to 100; the reference is not looked at.

    Raises:
        NoValue: it has less than 16 pixels on a side, or no block of it is active, as of a flat
            one, which MATLAB's function calls the worst of all, 100.
    """
    need_pixels(image, BLOCK)
    blocks = blocks_of(image)
    variance = blocks.var(axis=(1, 2), ddof=1)
    active = variance > ACTIVE
    if not active.any():
        raise NoValue("it is flat: no block of it has anything to judge")
    blocks, variance = blocks[active], variance[active]
    total = (distorted(blocks) * (1 - variance) + noisy(blocks) * variance).sum()
    return float(100 * (total + 1) / (len(blocks) + 1))
