"""VSI (Zhang, Shen and Li 2014): similarity weighted by visual saliency; higher better.

Conventions of the authors' VSI.m: the opponent colours L, M, N of RGB, averaged and decimated with
the saliency so that the shorter side is near 256, Scharr gradients of L, zeros outside.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from fgresq.ops.feature_similarity import SCHARR, pooled, real_power
from fgresq.ops.flat import need_one_structure
from fgresq.ops.least import NoValue, need_pixels
from fgresq.ops.planes import decimated, gradient, similarity, viewing_factor
from fgresq.ops.reference import OncePerReference
from fgresq.ops.saliency import saliency

SMALLEST = 2  # pixels: one has no gradient
LMN = np.array([[0.06, 0.63, 0.27], [0.30, 0.04, -0.35], [0.34, -0.60, 0.17]], np.float32)
T_SALIENCY, T_GRADIENT, T_COLOUR = 1.27, 386, 130
POWER_GRADIENT, POWER_COLOUR = 0.4, 0.02


class Features(NamedTuple):
    """Saliency, gradient magnitude of L, and the colours M and N, float32 (h, w) each."""

    saliency: np.ndarray
    gradient: np.ndarray
    m: np.ndarray
    n: np.ndarray


def features(image: np.ndarray) -> Features:
    """Take the features of uint8 RGB (h, w, 3)."""
    factor = viewing_factor(image.shape)
    light, m, n = cv2.split(decimated(cv2.transform(image.astype(np.float32), LMN), factor))
    return Features(decimated(saliency(image), factor), gradient(light, SCHARR), m, n)


reference_part = OncePerReference(features)


def score(image: np.ndarray, reference: np.ndarray) -> float:
    """Give the VSI of two uint8 RGB images of one shape, in [-1, 1]; identical images give 1.

    Raises:
        NoValue: they have less than 2 pixels on a side, or nothing is salient, as in flat ones.
    """
    need_pixels(image, SMALLEST)
    need_one_structure(image, reference)
    here, there = features(image), reference_part(reference)
    weight = np.maximum(here.saliency, there.saliency)
    if not weight.any():
        raise NoValue("nothing in it and its reference is salient")
    same = cv2.pow(similarity(here.gradient, there.gradient, T_GRADIENT), POWER_GRADIENT)
    same *= similarity(here.saliency, there.saliency, T_SALIENCY)
    colour = similarity(here.m, there.m, T_COLOUR) * similarity(here.n, there.n, T_COLOUR)
    return pooled(same * real_power(colour, POWER_COLOUR), weight)
