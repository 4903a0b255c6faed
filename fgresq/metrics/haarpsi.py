"""HaarPSI (Reisenhofer et al. 2018): similarity of Haar wavelets; higher better, identity is 1.

Conventions of the authors' HaarPSI.m: YIQ, averaged over 2x2 and decimated by 2, zeros outside;
Haar filters of 2, 4 and 8 pixels, the first two compared (C = 30), the third for weights; I and Q
averaged over 2x2 and compared as they are; a sigmoid of slope 4.2, the weighted mean, its inverse,
squared (their equations 6 to 11).
"""

from __future__ import annotations

import cv2
import numpy as np

from fgresq.ops.least import NoValue, need_pixels
from fgresq.ops.planes import decimated, similarity
from fgresq.ops.reference import OncePerReference

SMALLEST = 16  # pixels: the widest filter has 8 on an image of half of them
YIQ = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
C, SLOPE = 30.0, 4.2
SIZES = (2, 4, 8)


def haar(plane: np.ndarray, size: int, across: bool) -> np.ndarray:
    """Convolve float32 (h, w) with a Haar filter of `size` pixels as conv2(..., 'same') does."""
    step = np.repeat(np.array([-1, 1], np.float32) / size, size // 2)
    flat = np.full(size, 1, np.float32)
    # cv2 correlates, so the filter is turned round; its middle is that of conv2
    along, over = (flat, step[::-1].copy()) if across else (step[::-1].copy(), flat)
    middle = size // 2 - 1
    outside = cv2.BORDER_CONSTANT
    return cv2.sepFilter2D(
        plane, cv2.CV_32F, along, over, anchor=(middle, middle), borderType=outside
    )


def parts(image: np.ndarray) -> list[np.ndarray]:
    """Give of uint8 RGB the sizes of six wavelets, three a direction, and of I and Q averaged."""
    small = decimated(image.astype(np.float32), 2)
    luminance, *colours = (
        np.ascontiguousarray(p) for p in np.moveaxis(cv2.transform(small, YIQ), 2, 0)
    )
    found = [np.abs(haar(luminance, size, across)) for across in (True, False) for size in SIZES]
    for plane in colours:  # conv2 'same' of 2x2: the pixel, and those right of it and below
        edge = cv2.copyMakeBorder(plane, 0, 1, 0, 1, cv2.BORDER_CONSTANT, value=0)
        sums = edge[:-1, :-1] + edge[1:, :-1] + edge[:-1, 1:] + edge[1:, 1:]
        found.append(np.abs(sums / 4))
    return found


reference_part = OncePerReference(parts)


def score(image: np.ndarray, reference: np.ndarray) -> float:
    """Give the HaarPSI of two uint8 RGB images of one shape, in [0, 1].

    Raises:
        NoValue: they have less than 16 pixels on a side, or neither has any wavelet, as flat ones.
    """
    need_pixels(image, SMALLEST)
    flat = [bool((picture == picture[0, 0]).all()) for picture in (image, reference)]
    if all(flat):
        raise NoValue("it is flat, and so is its reference: there is nothing to compare")
    own, other = parts(image), reference_part(reference)
    alike = [similarity(a, b, C) for a, b in zip(own, other, strict=True)]
    local = [(alike[k] + alike[k + 1]) / 2 for k in (0, 3, 6)]
    weights = [np.maximum(own[k], other[k]) for k in (2, 5)]
    weights.append((weights[0] + weights[1]) / 2)
    total = sum(float(weight.sum(dtype=np.float64)) for weight in weights)
    pairs = zip(local, weights, strict=True)
    mean = (
        sum(float((w / (1 + np.exp(-SLOPE * a))).sum(dtype=np.float64)) for a, w in pairs) / total
    )
    return float((np.log(mean / (1 - mean)) / SLOPE) ** 2)
