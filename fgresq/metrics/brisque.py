"""BRISQUE (Mittal, Moorthy, Bovik 2012): an SVM on statistics of natural scenes; lower better.

Conventions of the authors' MATLAB code: gray rounded to 8 bits, zeros outside the image, two
scales by imresize; the SVM and the ranges of its features are of that release, fitted to LIVE.
Weights: `fgresq weights brisque`.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from fgresq.ops.flat import need_structure
from fgresq.ops.least import NoValue, need_pixels
from fgresq.ops.natural import fit, gray, half, nearest_shape, normalised, products
from fgresq.weights.cards import read_weights

KIND = "NR"
SMALLEST = 16  # pixels: the window is 7 wide and the second scale has half of them
# allrange of the release: least and greatest value of each feature, to which the SVM was fitted
LOW = np.array([
    0.338, 0.017204, 0.236, -0.123884, 0.000155, 0.001122, 0.244, -0.123586, 0.000152, 0.000975,
    0.249, -0.135687, 0.000174, 0.000913, 0.258, -0.143408, 0.000179, 0.000888, 0.471, 0.012809,
    0.218, -0.094876, 1.5e-05, 0.001272, 0.222, -0.115772, 1.6e-05, 0.001374, 0.227, -0.117188,
    3e-05, 0.001122, 0.228, -0.12243, 2.8e-05, 0.001118,
])  # fmt: skip
HIGH = np.array([
    10, 0.806612, 1.642, 0.20293, 0.712298, 0.470257, 1.641, 0.179083, 0.710456, 0.470984, 1.555,
    0.100858, 0.684173, 0.534174, 1.561, 0.100486, 0.685696, 0.536508, 3.264, 0.703171, 1.046,
    0.187459, 0.442057, 0.40803, 1.042, 0.162604, 0.444362, 0.40243, 0.996, 0.098323, 0.531903,
    0.369589, 0.99, 0.098658, 0.530092, 0.370399,
])  # fmt: skip


def features(plane: np.ndarray) -> np.ndarray:
    """Compute the 36 features of a gray image, float64 (h, w), 0 to 255; NaN where it is flat."""
    found: list[float] = []
    for scale in (1, 2):
        if scale == 2:
            plane = half(plane)
        blocks = normalised(plane, cv2.BORDER_CONSTANT)[None]
        spread = np.square(blocks).mean()
        with np.errstate(invalid="ignore"):
            ratio = np.square(np.abs(blocks).mean()) / spread
        found += [float(nearest_shape(ratio)), spread]
        for product in products(blocks):
            shape = fit(product)
            four = shape.alpha, shape.mean, shape.left**2, shape.right**2
            found += [float(value[0]) for value in four]
    return np.array(found)


@lru_cache(maxsize=1)
def model() -> dict[str, np.ndarray]:
    """Load the SVM."""
    return {name: value.numpy() for name, value in read_weights("brisque").items()}


def regression(values: np.ndarray) -> float:
    """Give the SVM's answer to 36 features."""
    svm, scaled = model(), 2 * (values - LOW) / (HIGH - LOW) - 1
    distances = np.square(svm["vectors"] - scaled).sum(1)
    return float(svm["coefficients"] @ np.exp(-svm["gamma"] * distances) - svm["rho"])


def score(image: np.ndarray, reference: np.ndarray | None = None) -> float:
    """Give the BRISQUE of a uint8 RGB image, about 0 to 100; the reference is not looked at.

    Raises:
        NoValue: it has less than 16 pixels on a side, or is flat.
    """
    need_pixels(image, SMALLEST)
    plane = gray(image)
    need_structure(plane)
    found = features(plane)
    if not np.isfinite(found).all():
        raise NoValue("it is too flat to have statistics")
    return regression(found)
