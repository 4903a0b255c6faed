"""BRISQUE (Mittal, Moorthy, Bovik 2012): an SVM on statistics of natural scenes; lower better.

Conventions of the authors' MATLAB code: gray rounded to 8 bits, zeros outside the image, two
scales by imresize; the SVM was fitted to LIVE. Weights: `fgresq weights brisque`.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from fgresq.metrics import NoValue, need_pixels
from fgresq.metrics.frozen import read_weights
from fgresq.metrics.natural import fit, gray, half, nearest_shape, normalised, products

KIND = "NR"
SMALLEST = 16  # pixels: the window is 7 wide and the second scale has half of them


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
    """Load the SVM and the ranges of its features."""
    state = read_weights("brisque") | read_weights("brisque", "ranges.safetensors")
    return {name: value.numpy() for name, value in state.items()}


def regression(values: np.ndarray) -> float:
    """Give the SVM's answer to 36 features."""
    svm = model()
    scaled = 2 * (values - svm["low"]) / (svm["high"] - svm["low"]) - 1
    distances = np.square(svm["vectors"] - scaled).sum(1)
    return float(svm["coefficients"] @ np.exp(-svm["gamma"] * distances) - svm["rho"])


def score(image: np.ndarray, reference: np.ndarray | None = None) -> float:
    """Give the BRISQUE of a uint8 RGB image, about 0 to 100; the reference is not looked at.

    Raises:
        NoValue: it has less than 16 pixels on a side, or is flat.
    """
    need_pixels(image, SMALLEST)
    found = features(gray(image))
    if not np.isfinite(found).all():
        raise NoValue("it is too flat to have statistics")
    return regression(found)
