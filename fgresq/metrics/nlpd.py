"""NLPD (Laparra et al. 2016): normalised Laplacian pyramid distance; lower better, identity is 0.

Conventions of the authors' NLP_dist.m: gray in [0, 1] (here rgb2gray, rounded to 8 bits); Laplacian
pyramid of six levels (Burt and Adelson 1983), borders mirrored, the last level the low pass; each
level divided by a constant and a weighted sum of the sizes of its neighbours, zeros outside; root
mean square of the differences of each level, averaged over the levels. Constants and weights are
those that they fitted to the McGill data set and publish with their code.
"""

from __future__ import annotations

import cv2
import numpy as np

from fgresq.ops.least import need_pixels
from fgresq.ops.planes import gray
from fgresq.ops.reference import OncePerReference

SMALLEST = 32  # pixels: five halvings leave one
LOW_PASS = np.array([0.05, 0.25, 0.4, 0.25, 0.05])
CONSTANTS = (0.0248, 0.0185, 0.0179, 0.0191, 0.0220, 0.2782)
# of each level: the weights of the neighbours above, left, right, below and two to the right
NEIGHBOURS = (
    (0.1011, 0.1493, 0.1460, 0.1015, 0.0072),
    (0.0757, 0.1986, 0.1846, 0.0837, 0.0),
    (0.0477, 0.2138, 0.2243, 0.0467, 0.0),
    (0.0, 0.2503, 0.2616, 0.0, 0.0),
    (0.0, 0.2598, 0.2552, 0.0, 0.0),
    (0.0, 0.2215, 0.0717, 0.0, 0.0),
)


def kernel(weights: tuple[float, ...]) -> np.ndarray:
    """Lay the weights out (5, 5), turned round: their code convolves and cv2 correlates."""
    laid = np.zeros((5, 5))
    laid[1, 2], laid[2, 1], laid[2, 3], laid[3, 2], laid[2, 4] = weights
    return laid[::-1, ::-1].copy()


def halved(plane: np.ndarray) -> np.ndarray:
    """Smooth (h, w), borders mirrored with the outermost pixel, and keep every second pixel."""
    low = cv2.sepFilter2D(plane, cv2.CV_64F, LOW_PASS, LOW_PASS, borderType=cv2.BORDER_REFLECT)
    return low[::2, ::2]


def enlarged(plane: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Bring (h, w) to a shape of twice its size, or one less, with the border repeated."""
    wide = cv2.copyMakeBorder(np.ascontiguousarray(plane), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    sparse = np.zeros((2 * wide.shape[0], 2 * wide.shape[1]))
    sparse[::2, ::2] = 4 * wide
    full = cv2.sepFilter2D(sparse, cv2.CV_64F, LOW_PASS, LOW_PASS, borderType=cv2.BORDER_CONSTANT)
    return full[2 : 2 + shape[0], 2 : 2 + shape[1]]


def normalised(image: np.ndarray) -> list[np.ndarray]:
    """Give the six normalised levels of uint8 RGB (h, w, 3), finest first."""
    plane = gray(image).astype(np.float64) / 255
    levels = []
    for _ in CONSTANTS[1:]:
        small = halved(plane)
        levels.append(plane - enlarged(small, plane.shape))
        plane = small
    levels.append(np.ascontiguousarray(plane))
    found = []
    for level, constant, weights in zip(levels, CONSTANTS, NEIGHBOURS, strict=True):
        outside = cv2.BORDER_CONSTANT
        around = cv2.filter2D(np.abs(level), cv2.CV_64F, kernel(weights), borderType=outside)
        found.append(level / (constant + around))
    return found


reference_part = OncePerReference(normalised)


def score(image: np.ndarray, reference: np.ndarray) -> float:
    """Give the NLPD of two uint8 RGB images of one shape, 0 or more.

    Raises:
        NoValue: they have less than 32 pixels on a side.
    """
    need_pixels(image, SMALLEST)
    pairs = zip(normalised(image), reference_part(reference), strict=True)
    return float(np.mean([np.sqrt(np.square(a - b).mean()) for a, b in pairs]))
