"""FSIM (Zhang, Zhang, Mou and Zhang 2011): similarity of features of luminance; higher better.

Conventions of the authors' FeatureSIM.m, its first result; the second, with colour, is the method
`fsimc`. Luminance 0.299 R + 0.587 G + 0.114 B, not rounded; averaged and decimated so that the
shorter side is near 256; Scharr gradients, zeros outside; weighted by phase congruency.
"""

from __future__ import annotations

import numpy as np

from fgresq.ops.feature_similarity import SMALLEST, alike, features, pooled
from fgresq.ops.flat import need_one_structure
from fgresq.ops.least import need_pixels
from fgresq.ops.reference import OncePerReference

reference_part = OncePerReference(features)


def score(image: np.ndarray, reference: np.ndarray) -> float:
    """Give the FSIM of two uint8 RGB images of one shape, in [0, 1]; identical images give 1.

    Raises:
        NoValue: they have less than 2 pixels on a side, or neither has features, as flat ones.
    """
    need_pixels(image, SMALLEST)
    need_one_structure(image, reference)
    return pooled(*alike(features(image), reference_part(reference)))
