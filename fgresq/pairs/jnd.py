"""Just noticeable difference of a pixel: the model of Wu et al. 2017, and its injection as noise.

Jinjian Wu et al., "Enhanced Just Noticeable Difference Model for Images With Pattern Complexity",
IEEE Transactions on Image Processing 26(6), 2017. A pixel hides a change by the brightness of its
surround (luminance adaptation), by contrast, and by how many orientations meet there (pattern
complexity); clean edges hide little. Borders are mirrored.
"""

from __future__ import annotations

import cv2
import numpy as np

from fgresq.ops.ssim_plane import luminance

SIGNS = ("random", "plus")
PLANES = ("luminance", "rgb")

_SURROUND = np.array(
    [[1, 1, 1, 1, 1], [1, 2, 2, 2, 1], [1, 2, 0, 2, 1], [1, 2, 2, 2, 1], [1, 1, 1, 1, 1]],
    dtype=np.float32,
)
_DISK = (np.hypot(*np.mgrid[-3:4, -3:4]) <= 3).astype(np.uint8)
# Upper and lower threshold of the edges, in units of the Sobel filter: 10 % and 20 % of the data
# range, as is usual for Canny; a step of about 22 gray levels is an edge. The published model gives
# none. The authors' code takes the upper from the highest step in the image, so that one sharp edge
# unprotects all others; the median SSIM of Kodak falls from 0.93 to 0.89 by that.
_EDGE_LOWER, _EDGE_UPPER = 25.5, 51.0


def adaptation(plane: np.ndarray) -> np.ndarray:
    """Give the luminance adaptation LA of a float32 plane (h, w), 0 to 255: gray levels."""
    surround = cv2.filter2D(plane, cv2.CV_32F, _SURROUND / 32)
    surround = np.where(surround <= 127, 32 + surround * (127 - 32) / 127, surround)
    dark = 17 * (1 - np.sqrt(np.minimum(surround, 127) / 127)) + 3
    return 0.7 * np.where(surround < 127, dark, 3 / 128 * (surround - 127) + 3)


def contrast(plane: np.ndarray) -> np.ndarray:
    """Give the standard deviation Lc in 5x5 windows of a float32 plane (h, w): gray levels."""
    centred = plane - np.float32(127.5)  # smaller squares lose less in float32
    mean = cv2.blur(centred, (5, 5))
    return np.sqrt(np.maximum(cv2.blur(centred * centred, (5, 5)) - mean * mean, 0))


def complexity(plane: np.ndarray) -> np.ndarray:
    """Count the distinct gradient orientations in 3x3, unsmoothed: uint8 (h, w), 1 to 9.

    An orientation has no direction: 12-degree bins centred on multiples of 12, 180 = 0. Gradients
    (Prewitt, per pixel) below 5 are plain: together one more kind, and 1 where they are central.
    """
    step = np.array([-1, 0, 1], np.float32)
    box = np.full(3, 1 / 3, np.float32)
    across = cv2.sepFilter2D(plane, cv2.CV_32F, step, box)
    down = cv2.sepFilter2D(plane, cv2.CV_32F, box, step)
    plain = np.hypot(across, down) < 5
    bins = np.rint(np.degrees(np.arctan2(down, across)) % 180 / 12).astype(np.int64) % 15
    # One bit a bin, so that a neighbourhood is a bitwise or and its count a population count.
    bits = np.left_shift(1, np.where(plain, 15, bins)).astype(np.uint16)
    bits = np.pad(bits, 1, mode="edge")
    bits = bits[:-2] | bits[1:-1] | bits[2:]
    bits = bits[:, :-2] | bits[:, 1:-1] | bits[:, 2:]
    return np.where(plain, 1, np.bitwise_count(bits)).astype(np.uint8)


def edge_protection(plane: np.ndarray) -> np.ndarray:
    """Give the weight of pattern masking: 1 away from edges, 0 on them; float32 (h, w).

    One minus Canny edges at sigma sqrt 2, dilated by a disk of 3, smoothed by a Gaussian of 0.8.
    """
    smooth = cv2.GaussianBlur(plane, (11, 11), 2**0.5)
    # cv2.Canny takes 16-bit gradients: 16 steps a unit, at most 4 * 255 * 16 = 16,320
    across, down = (
        np.rint(16 * cv2.Sobel(smooth, cv2.CV_32F, dx, 1 - dx)).astype(np.int16) for dx in (1, 0)
    )
    edges = cv2.Canny(across, down, 16 * _EDGE_LOWER, 16 * _EDGE_UPPER, L2gradient=True) > 0
    protected = 1 - cv2.dilate(edges.astype(np.uint8), _DISK).astype(np.float32)
    return cv2.GaussianBlur(protected, (5, 5), 0.8)


def jnd(plane: np.ndarray) -> np.ndarray:
    """Give the JND map of one plane.

    Args:
        plane: float32 (h, w), 0 to 255.

    Returns:
        float32 (h, w), gray levels, positive: a smaller change is not noticed.
    """
    plane = plane.astype(np.float32)
    adapted, deviation = adaptation(plane), contrast(plane)
    masking = 0.115 * 16 * deviation**2.4 / (deviation**2 + 26**2)
    kinds = cv2.GaussianBlur(complexity(plane).astype(np.float32), (3, 3), 1)
    pattern = deviation * 0.3 * kinds**2.7 / (kinds**2 + 1) * edge_protection(plane)
    visual = np.maximum(masking, pattern)
    return (adapted + visual - 0.3 * np.minimum(adapted, visual)).astype(np.float32)


def jnd_maps(image: np.ndarray, plane: str) -> np.ndarray:
    """Give the JND maps of uint8 RGB (h, w, 3): float32 (h, w, 1) or (h, w, 3), gray levels.

    `luminance`: one map, of the luminance, to be added to all channels, which is the same as
    adding it to Y of YCbCr. `rgb`: each channel has the map of itself.
    """
    if plane == "luminance":
        return jnd(luminance(image))[..., None]
    return np.stack([jnd(image[..., channel]) for channel in range(3)], axis=-1)


def inject(
    image: np.ndarray, maps: np.ndarray, sign: str, beta: float, rng: np.random.Generator
) -> np.ndarray:
    """Add a JND map as noise: I + beta * sign * JND, rounded and clipped to uint8 (h, w, 3).

    Args:
        image: uint8 RGB (h, w, 3).
        maps: of `jnd_maps`; every plane of it has signs of its own.
        sign: `random`, +1 or -1 a pixel with equal chance; `plus`, +1 everywhere.
        beta: share of the map that is added.
        rng: where the signs come from; `plus` draws nothing.
    """
    noise = np.float32(beta) * maps
    if sign == "random":
        noise = noise * (2 * rng.integers(0, 2, maps.shape, dtype=np.int8) - 1)
    return np.clip(np.rint(image + noise), 0, 255).astype(np.uint8)
