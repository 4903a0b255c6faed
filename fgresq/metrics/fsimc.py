"""FSIMc (Zhang, Zhang, Mou and Zhang 2011): FSIM with the similarity of colour; higher better.

Conventions of the authors' FeatureSIM.m, its second result: FSIM's map times the power 0.03 of the
similarity of I and of Q of YIQ.
"""

from __future__ import annotations

import cv2
import numpy as np

from fgresq.ops.feature_similarity import (
    SMALLEST,
    Features,
    alike,
    features,
    pooled,
    real_power,
    seen,
)
from fgresq.ops.flat import need_one_structure
from fgresq.ops.least import need_pixels
from fgresq.ops.planes import similarity
from fgresq.ops.reference import OncePerReference

T_COLOUR = 200
POWER = 0.03


def part(image: np.ndarray) -> tuple[Features, tuple[np.ndarray, ...]]:
    """Give the features of uint8 RGB (h, w, 3), and I and Q."""
    return features(image), tuple(cv2.split(seen(image, slice(1, 3))))


reference_part = OncePerReference(part)


def score(image: np.ndarray, reference: np.ndarray) -> float:
    """Give the FSIMc of two uint8 RGB images of one shape, in [-1, 1]; identical images give 1.

    Raises:
        NoValue: they have less than 2 pixels on a side, or neither has features, as flat ones.
    """
    need_pixels(image, SMALLEST)
    need_one_structure(image, reference)
    (here, colours), (there, others) = part(image), reference_part(reference)
    same, weight = alike(here, there)
    in_phase, quadrature = (
        similarity(a, b, T_COLOUR) for a, b in zip(colours, others, strict=True)
    )
    return pooled(same * real_power(in_phase * quadrature, POWER), weight)
