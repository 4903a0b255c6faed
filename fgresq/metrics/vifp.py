"""VIFp (Sheikh and Bovik 2006): visual information fidelity in the pixel domain; higher better.

Conventions of the authors' vifp_mscale.m: rgb2gray rounded to 8 bits, four scales with Gaussian
windows of 17, 9, 5 and 3 pixels (deviation a fifth of that), positions where the window lies wholly
inside, noise variance 2. Identity is 1 but for rounding; enhanced contrast may pass 1.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from fgresq.ops.flat import need_information
from fgresq.ops.least import need_pixels
from fgresq.ops.planes import gray
from fgresq.ops.reference import OncePerReference

SMALLEST = 41  # pixels: below it the fourth scale has no position
WINDOWS = (17, 9, 5, 3)
NOISE = 2.0
TINY = 1e-10


class Scale(NamedTuple):
    """One scale of an image, float64: plane (h, w), mean and variance (h - n + 1, w - n + 1)."""

    plane: np.ndarray
    mean: np.ndarray
    variance: np.ndarray


def blurred(plane: np.ndarray, window: int) -> np.ndarray:
    """Filter with a Gaussian of `window` pixels, only where it lies wholly inside."""
    kernel, margin = cv2.getGaussianKernel(window, window / 5, cv2.CV_64F), window // 2
    return cv2.sepFilter2D(plane, cv2.CV_64F, kernel, kernel)[margin:-margin, margin:-margin]


def scales(image: np.ndarray) -> list[Scale]:
    """Take the local mean and variance of uint8 RGB (h, w, 3) at four scales."""
    plane, found = gray(image).astype(np.float64), []
    for place, window in enumerate(WINDOWS):
        if place:
            plane = np.ascontiguousarray(blurred(plane, window)[::2, ::2])
        mean = blurred(plane, window)
        variance = np.maximum(blurred(plane * plane, window) - mean * mean, 0)
        found.append(Scale(plane, mean, variance))
    return found


def carried(there: Scale, here: Scale, window: int) -> float:
    """Give the information (nats) of the reference that the image carries at one scale."""
    covariance = blurred(there.plane * here.plane, window)
    covariance -= there.mean * here.mean
    seen = (there.variance >= TINY) & (here.variance >= TINY)
    gain = np.where(seen, np.maximum(covariance / (there.variance + TINY), 0), 0)
    # variance the gain leaves unexplained; where there is no gain, all of the image's
    rest = np.maximum(here.variance - gain * covariance, TINY)
    return float(np.log1p(gain * gain * there.variance / (rest + NOISE)).sum())


def reference_side(reference: np.ndarray) -> tuple[list[Scale], float]:
    """Give the scales of a reference, and the information (nats) in it."""
    need_information(gray(reference))
    found = scales(reference)
    return found, float(sum(np.log1p(scale.variance / NOISE).sum() for scale in found))


reference_part = OncePerReference(reference_side)


def score(image: np.ndarray, reference: np.ndarray) -> float:
    """Give the VIFp of two uint8 RGB images of one shape, 0 or more.

    Raises:
        NoValue: they have less than 41 pixels on a side, or the reference is flat.
    """
    need_pixels(image, SMALLEST)
    there, information = reference_part(reference)
    parts = zip(there, scales(image), WINDOWS, strict=True)
    return sum(carried(a, b, window) for a, b, window in parts) / information
