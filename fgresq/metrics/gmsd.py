"""GMSD (Xue et al. 2014): spread of the similarity of gradients; lower better, identity is 0.

Conventions of the authors' MATLAB code: rgb2gray rounded to 8 bits, averaged over 2x2 and
decimated by 2, Prewitt by thirds, zeros outside the image, T = 170, deviation over n - 1.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from fgresq.ops.least import need_pixels
from fgresq.ops.planes import decimated, gradient, gray, similarity
from fgresq.ops.reference import OncePerReference

SMALLEST = 3  # pixels: two after decimation, so that a deviation exists
PREWITT = (1 / 3, 1 / 3, 1 / 3)
T = 170


def gradients(image: np.ndarray) -> np.ndarray:
    """Give the gradients of uint8 RGB (h, w, 3), float32 (ceil(h / 2), ceil(w / 2))."""
    return gradient(decimated(gray(image), 2), PREWITT)


reference_part = OncePerReference(gradients)


def score(image: np.ndarray, reference: np.ndarray) -> float:
    """Give the GMSD of two uint8 RGB images of one shape, in [0, 1].

    Raises:
        NoValue: they have less than 3 pixels on a side.
    """
    need_pixels(image, SMALLEST)
    alike = similarity(gradients(image), reference_part(reference), T)
    spread = float(cv2.meanStdDev(alike)[1][0, 0])
    return spread * math.sqrt(alike.size / (alike.size - 1))
