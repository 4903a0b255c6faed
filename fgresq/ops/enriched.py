"""The features of IL-NIQE (Zhang, Zhang, Bovik, IEEE TIP 2015), and distances between them.

Conventions of the MATLAB release: the image is resized to 524x524 in 8 bits and cut to 504x504;
36 blocks of 84x84 at two scales, the second through a Gaussian of 0.9. A block and a scale have 234
features: normalised luminance and its products (18), gradients of three opponent channels (6 + 12),
colour (6), and responses of 3 x 4 log-Gabor filters with their gradients (192). Shapes of Weibull
distributions are at the maximum of their likelihood; the authors' search ends within 0.01 of it.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from scipy import fft
from scipy.linalg import pinv

from fgresq.ops.flat import need_structure
from fgresq.ops.imresize import imresize
from fgresq.ops.least import NoValue
from fgresq.ops.natural import fit, products

SIDE, BLOCK = 524, 84
BLOCKS = SIDE // BLOCK  # a side
FEATURES = 468
GREATEST = 1e4  # features are cut off there
TINY = float(np.finfo(float).eps)
# rows: O1 (red-green), O2 (yellow-blue), O3 (luminance); columns: R, G, B
_OPPONENT = np.array([[0.30, 0.04, -0.35], [0.34, -0.60, 0.17], [0.06, 0.63, 0.27]])
_LOG_OPPONENT = np.array([[1, 1, 1], [1, 1, -2], [1, -1, 0]]) / np.sqrt([[3], [6], [2]])
_LOCAL = cv2.getGaussianKernel(5, 5 / 6, cv2.CV_64F)
_BETWEEN_SCALES = cv2.getGaussianKernel(6, 0.9, cv2.CV_64F)
GRADIENT_SIGMA, WAVELENGTH = 1.66, 2.4  # pixels, at the first scale
GRADIENT_SHRINKS, WAVELENGTH_SHRINKS = 0.28, 0.87  # powers of the scale


def blocks(plane: np.ndarray) -> np.ndarray:
    """Cut a plane (h, w) into its 36 blocks (36, h / 6, w / 6)."""
    side = plane.shape[0] // BLOCKS
    cut = plane.reshape(BLOCKS, side, BLOCKS, side).swapaxes(1, 2)
    return cut.reshape(BLOCKS * BLOCKS, side, side)


def local_deviation(plane: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give local mean and standard deviation of a plane (h, w)."""
    border = cv2.BORDER_REPLICATE
    mean = cv2.sepFilter2D(plane, cv2.CV_64F, _LOCAL, _LOCAL, borderType=border)
    square = cv2.sepFilter2D(plane * plane, cv2.CV_64F, _LOCAL, _LOCAL, borderType=border)
    return mean, np.sqrt(np.abs(square - mean * mean))


def gradient(plane: np.ndarray, sigma: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give both derivatives of a Gaussian-smoothed plane, and their magnitude; zeros outside."""
    reach = np.arange(-np.ceil(3 * sigma), np.ceil(3 * sigma) + 1)
    smooth = np.exp(-(reach**2) / (2 * sigma**2))
    slope = reach * smooth
    across, down = (
        cv2.sepFilter2D(plane, cv2.CV_64F, *kernels, borderType=cv2.BORDER_CONSTANT)
        for kernels in ((slope, smooth), (smooth, slope))
    )
    return across, down, cv2.magnitude(across, down) + TINY


@lru_cache(maxsize=2)
def log_gabors(side: int, wavelength: float) -> list[np.ndarray]:
    """Give 12 filters (side, side) in the frequency domain, of 3 wavelengths and 4 directions."""
    x, y = np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side))
    radius, angle = np.hypot(x, y), np.arctan2(-y, x)
    radius[0, 0] = 1
    found = []
    for step in range(3):
        band = np.exp(-(np.log(radius * wavelength * 1.31**step) ** 2) / (2 * np.log(0.55) ** 2))
        band[0, 0] = 0
        for turn in np.arange(4) * np.pi / 4:
            apart = np.abs(np.angle(np.exp(1j * (angle - turn))))
            found.append(band * np.exp(-(apart**2) / (2 * (np.pi / 4 / 1.10) ** 2)))
    return found


def responses(plane: np.ndarray, wavelength: float) -> list[np.ndarray]:
    """Give real and imaginary parts of what 12 log-Gabor filters make of a plane."""
    spectrum = fft.fft2(plane)
    made = [fft.ifft2(spectrum * one) for one in log_gabors(plane.shape[0], wavelength)]
    return [part for response in made for part in (response.real.copy(), response.imag.copy())]


def gaussian_like(plane: np.ndarray) -> list[np.ndarray]:
    """Give shape and width of the generalised Gaussian of each block."""
    shape = fit(blocks(plane))
    return [shape.alpha, (shape.left + shape.right) / 2 * shape.scale]


def weibull(plane: np.ndarray) -> list[np.ndarray]:
    """Give scale and shape of the Weibull distribution of each block, most likely ones."""
    logs = np.log(blocks(plane).reshape(BLOCKS * BLOCKS, -1))
    top = logs.max(1, keepdims=True)
    logs -= top
    mean = logs.mean(1)
    with np.errstate(divide="ignore", invalid="ignore"):
        shape = 1.2 / logs.std(1)
        for _ in range(6):  # Newton's method
            powers = np.exp(shape[:, None] * logs)
            total, first = powers.sum(1), np.einsum("nk,nk->n", powers, logs)
            second = np.einsum("nk,nk,nk->n", powers, logs, logs)
            centre = first / total
            slope = second / total - centre**2 + shape**-2
            shape = np.maximum(shape - (centre - 1 / shape - mean) / slope, shape / 4)
        scale = np.exp(shape[:, None] * logs).mean(1) ** (1 / shape) * np.exp(top[:, 0])
    return [scale, shape]


def colour(rgb: list[np.ndarray]) -> list[np.ndarray]:
    """Give mean and variance of each block in three log-opponent channels."""
    logs = [np.log(plane + 1e-5) for plane in rgb]
    centred = np.stack([plane - plane.mean() for plane in logs])
    cut = [blocks(plane) for plane in np.tensordot(_LOG_OPPONENT, centred, 1)]
    return [part for b in cut for part in (b.mean((1, 2)), b.var((1, 2), ddof=1))]


def scale_features(opponent: list[np.ndarray], rgb: list[np.ndarray], scale: int) -> np.ndarray:
    """Compute the 234 features (36, 234) of all blocks at one scale."""
    sigma = GRADIENT_SIGMA / scale**GRADIENT_SHRINKS
    mean, deviation = local_deviation(opponent[2])
    normal = (opponent[2] - mean) / (deviation + 1)
    found = gaussian_like(normal)
    for product in products(blocks(normal)):
        shape = fit(product)
        found += [shape.alpha, shape.mean, shape.left * shape.scale, shape.right * shape.scale]
    slopes = [gradient(plane, sigma) for plane in opponent]
    filtered = responses(opponent[2], WAVELENGTH / scale**WAVELENGTH_SHRINKS)
    further = [gradient(plane, sigma) for plane in filtered]
    found += [part for *_, size in slopes for part in weibull(size)]
    found += colour(rgb)
    planes = [p for x, y, _ in slopes for p in (x, y)] + filtered
    planes += [p for x, y, _ in further for p in (x, y)]
    found += [part for plane in planes for part in gaussian_like(plane)]
    found += [part for *_, size in further for part in weibull(size)]
    return np.stack(found, axis=1)


def coarser(plane: np.ndarray) -> np.ndarray:
    """Smooth a plane and take every other pixel."""
    kernel, border = _BETWEEN_SCALES, cv2.BORDER_REPLICATE
    smooth = cv2.sepFilter2D(plane, cv2.CV_64F, kernel, kernel, anchor=(2, 2), borderType=border)
    return np.ascontiguousarray(smooth[::2, ::2])


def features(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute the features of a uint8 RGB image of any size.

    Returns:
        (36, 468), NaN where a block is flat; and the mean local deviation (36,), its sharpness.
    """
    edge = BLOCKS * BLOCK
    square = imresize(image, SIDE, SIDE)[:edge, :edge].astype(float)
    rgb = [np.ascontiguousarray(square[..., channel]) for channel in range(3)]
    opponent = [np.tensordot(row, rgb, 1) for row in _OPPONENT]
    sharpness = blocks(local_deviation(opponent[2])[1]).mean((1, 2))
    found = [scale_features(opponent, rgb, 1)]
    found.append(scale_features([*map(coarser, opponent)], [*map(coarser, rgb)], 2))
    return np.minimum(np.hstack(found), GREATEST), sharpness


def usable(image: np.ndarray) -> np.ndarray:
    """Compute the features (36, 468) of an image.

    Raises:
        NoValue: it is flat, or less than two blocks have all features.
    """
    need_structure(image)
    found, _ = features(image)
    whole = int((~np.isnan(found).any(axis=1)).sum())
    if whole < 2:
        raise NoValue(f"only {whole} of its {len(found)} blocks are not flat, it takes 2")
    return found


def distance(found: np.ndarray, mean: np.ndarray, covariance: np.ndarray) -> float:
    """Give the mean distance of blocks from pristine ones.

    Args:
        found: (blocks, n), projected features; a block with NaN counts as the mean of the others.
        mean, covariance: (n,) and (n, n), of pristine blocks.
    """
    whole = found[~np.isnan(found).any(axis=1)]
    both = pinv((covariance + np.cov(whole, rowvar=False)) / 2)
    apart = np.where(np.isnan(found), whole.mean(0), found) - mean
    return float(np.sqrt(np.einsum("bi,ij,bj->b", apart, both, apart)).mean())
