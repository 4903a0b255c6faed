"""MDSI (Ziaei Nafchi et al. 2016): mean deviation of similarities; lower better, identity is 0.

Conventions of the authors' MDSI.m: RGB averaged over F x F pixels and decimated by F, the shorter
side by 256, rounded; luminance 0.2989 R + 0.5870 G + 0.1140 B and the chromaticities H and M of
their equation 9; Prewitt by thirds, zeros outside. Gradients are compared with each other (C1 =
140) and with those of the mean of both luminances (C2 = 55), colours with C3 = 550; the sum takes
0.6 of gradients (equation 10). Pooled by the mean absolute deviation of fourth roots, of which the
fourth root is taken once more (equation 12); the root of a negative similarity is complex.
"""

from __future__ import annotations

import cv2
import numpy as np

from fgresq.ops.least import need_pixels
from fgresq.ops.planes import decimated, gradient, similarity, viewing_factor

SMALLEST = 3  # pixels: the gradient's window
PREWITT = (1 / 3, 1 / 3, 1 / 3)
# luminance, then the chromaticities H and M
PLANES = np.array([[0.2989, 0.5870, 0.1140], [0.30, 0.04, -0.35], [0.34, -0.60, 0.17]])
C1, C2, C3 = 140.0, 55.0, 550.0
GRADIENTS = 0.6  # their proportion, the rest is colour
ROOT = 0.25


def planes(image: np.ndarray) -> list[np.ndarray]:
    """Give luminance, H and M of uint8 RGB (h, w, 3), decimated, float32."""
    small = decimated(image.astype(np.float32), viewing_factor(image.shape))
    return [np.ascontiguousarray(p) for p in np.moveaxis(cv2.transform(small, PLANES), 2, 0)]


def score(image: np.ndarray, reference: np.ndarray) -> float:
    """Give the MDSI of two uint8 RGB images of one shape, 0 or more.

    Raises:
        NoValue: they have less than 3 pixels on a side.
    """
    need_pixels(image, SMALLEST)
    (own, h, m), (other, h_other, m_other) = planes(image), planes(reference)
    mean = gradient((own + other) / 2, PREWITT)
    own, other = gradient(own, PREWITT), gradient(other, PREWITT)
    structure = similarity(own, other, C1)
    structure += similarity(own, mean, C2) - similarity(other, mean, C2)
    top = 2 * (h * h_other + m * m_other) + C3
    colour = top / (top + np.square(h - h_other) + np.square(m - m_other))
    roots = (GRADIENTS * structure + (1 - GRADIENTS) * colour).astype(np.complex128) ** ROOT
    return float(np.abs(roots - roots.mean()).mean() ** ROOT)
