"""FSIM (Zhang, Zhang, Mou and Zhang 2011): similarity of features of luminance; higher better.

Conventions of the authors' FeatureSIM.m, its first result; the second, with colour, is the method
`fsimc`. Luminance 0.299 R + 0.587 G + 0.114 B, not rounded; averaged and decimated so that the
shorter side is near 256; Scharr gradients, zeros outside; weighted by phase congruency.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from fgresq.ops.least import NoValue, need_pixels
from fgresq.ops.phase import congruency
from fgresq.ops.planes import decimated, gradient, similarity, viewing_factor
from fgresq.ops.reference import OncePerReference

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


reference_part = OncePerReference(features)


def score(image: np.ndarray, reference: np.ndarray) -> float:
    """Give the FSIM of two uint8 RGB images of one shape, in [0, 1]; identical images give 1.

    Raises:
        NoValue: they have less than 2 pixels on a side, or neither has features, as flat ones.
    """
    need_pixels(image, SMALLEST)
    return pooled(*alike(features(image), reference_part(reference)))
