"""What FSIM, FSIMc and VSI share: features of luminance, their similarity, and how it is pooled."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from fgresq.ops.least import NoValue
from fgresq.ops.phase import congruency
from fgresq.ops.planes import decimated, gradient, similarity, viewing_factor

SMALLEST = 2  # pixels: one has no frequencies
SCHARR = (3 / 16, 10 / 16, 3 / 16)
YIQ = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
T_PHASE, T_GRADIENT = 0.85, 160


class Features(NamedTuple):
    """Phase congruency and gradient magnitude of an image, float32 (h, w) each."""

    phase: np.ndarray
    gradient: np.ndarray


def seen(image: np.ndarray, channels: slice) -> np.ndarray:
    """Give channels of YIQ of uint8 RGB (h, w, 3), float32, averaged and decimated."""
    planes = cv2.transform(image.astype(np.float32), YIQ[channels].astype(np.float32))
    return decimated(planes, viewing_factor(image.shape))


def features(image: np.ndarray) -> Features:
    """Take the features of uint8 RGB (h, w, 3)."""
    luminance = seen(image, slice(0, 1))
    return Features(congruency(luminance), gradient(luminance, SCHARR))


def alike(a: Features, b: Features) -> tuple[np.ndarray, np.ndarray]:
    """Give the similarity and its weight at every position.

    Raises:
        NoValue: neither has features, as flat ones, so that no position has a weight.
    """
    weight = np.maximum(a.phase, b.phase)
    if not weight.any():
        raise NoValue("neither it nor its reference has features")
    same = similarity(a.gradient, b.gradient, T_GRADIENT)
    same *= similarity(a.phase, b.phase, T_PHASE)
    return same, weight


def pooled(same: np.ndarray, weight: np.ndarray) -> float:
    """Give the weighted mean of a similarity, which is 1 at most."""
    flat = weight.ravel().astype(np.float64)
    return min(float(same.ravel() @ flat / flat.sum()), 1.0)


def real_power(values: np.ndarray, power: float) -> np.ndarray:
    """Give the real part of a power below 1, as MATLAB has it for negative values too."""
    found = cv2.pow(np.abs(values), power)
    found[values < 0] *= np.cos(np.pi * power)
    return found
