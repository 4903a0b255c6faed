"""NIQE (Mittal, Soundararajan, Bovik 2013): distance from pristine statistics; lower better.

Conventions of the authors' MATLAB code: gray rounded to 8 bits, blocks of 96x96 from the top left
(what is left over at the right and the bottom is not looked at), two scales by imresize, and
every block counts: sharp ones are chosen only where the pristine model is fitted. The pristine
model is the authors' own. Weights: `fgresq weights niqe`.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from scipy.linalg import pinv

from fgresq.ops.flat import need_structure
from fgresq.ops.least import NoValue
from fgresq.ops.natural import fit, gray, half, normalised, products
from fgresq.weights.cards import read_weights

KIND = "NR"
BLOCK = 96  # pixels


def cut(plane: np.ndarray, side: int) -> np.ndarray:
    """Cut a plane (rows * side, columns * side) into blocks (rows * columns, side, side)."""
    rows, columns = plane.shape[0] // side, plane.shape[1] // side
    return plane.reshape(rows, side, columns, side).swapaxes(1, 2).reshape(-1, side, side)


def block_features(blocks: np.ndarray) -> np.ndarray:
    """Compute 18 features of each block of (n, h, w)."""
    shape = fit(blocks)
    found = [shape.alpha, (shape.left + shape.right) / 2 * shape.scale]
    for product in products(blocks):
        shape = fit(product)
        found += [shape.alpha, shape.mean, shape.left * shape.scale, shape.right * shape.scale]
    return np.stack(found, axis=1)


def features(plane: np.ndarray) -> np.ndarray:
    """Compute 36 features of each block of a gray image, float64 (h, w), 0 to 255.

    Returns:
        (blocks, 36).
    """
    rows, columns = plane.shape[0] // BLOCK, plane.shape[1] // BLOCK
    plane = plane[: rows * BLOCK, : columns * BLOCK]
    fine = cut(normalised(plane, cv2.BORDER_REPLICATE), BLOCK)
    coarse = cut(normalised(half(plane), cv2.BORDER_REPLICATE), BLOCK // 2)
    return np.hstack([block_features(fine), block_features(coarse)])


def basis(height: int, width: int) -> str:
    """Say on how much of an image of a size a value rests; flat blocks are left out of it."""
    count = (height // BLOCK) * (width // BLOCK)
    return f"{count} blocks of {BLOCK}x{BLOCK}"


@lru_cache(maxsize=1)
def model() -> tuple[np.ndarray, np.ndarray]:
    """Load the mean (36,) and the covariance (36, 36) of pristine images."""
    state = read_weights("niqe")
    return state["mu_pris_param"].numpy().reshape(-1), state["cov_pris_param"].numpy()


def distance(found: np.ndarray) -> float:
    """Give the distance of the features (blocks, 36) of an image from those of pristine images.

    A feature that is NaN is left out of the mean, its block out of the covariance.

    Raises:
        NoValue: less than two blocks have all features.
    """
    whole = found[~np.isnan(found).any(axis=1)]
    if len(whole) < 2:
        raise NoValue(f"only {len(whole)} of its {len(found)} blocks are not flat, it takes 2")
    mean, covariance = model()
    apart = np.nanmean(found, axis=0) - mean
    return float(np.sqrt(apart @ pinv((covariance + np.cov(whole, rowvar=False)) / 2) @ apart))


def score(image: np.ndarray, reference: np.ndarray | None = None) -> float:
    """Give the NIQE of a uint8 RGB image, 0 or more; the reference is not looked at.

    Raises:
        NoValue: it has less than two blocks of 96x96 pixels, or is flat.
    """
    height, width = image.shape[:2]
    if (height // BLOCK) * (width // BLOCK) < 2:
        raise NoValue(f"{width}x{height} is too small, it takes two blocks of {BLOCK}x{BLOCK}")
    plane = gray(image)
    need_structure(plane)
    return distance(features(plane))
