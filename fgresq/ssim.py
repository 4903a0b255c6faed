"""SSIM of two images (Wang et al. 2004), with what one image contributes computed only once.

Luminance (ITU-R BT.601) of 8-bit RGB, Gaussian window 11x11 of sigma 1.5, data range 255,
K1 = 0.01, K2 = 0.03; the mean is over the positions where the window lies wholly inside.

The cost is moving planes through memory, not arithmetic. So planes start at a cache line and have
whole cache lines a row, each pass over them is one flat loop, results are written in place, and an
image is gone through in strips whose scratch stays in the cache.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

WINDOW = 11
MARGIN = WINDOW // 2
_KERNEL = cv2.getGaussianKernel(WINDOW, 1.5, cv2.CV_32F)
_C1 = (0.01 * 255) ** 2
_C2 = (0.03 * 255) ** 2
_BT601 = np.array([[0.299, 0.587, 0.114]], dtype=np.float32)
# Variances are taken of values around mid-gray: smaller squares lose less in float32.
_CENTRE = np.float32(127.5)
_LINE = 16  # float32 values in a cache line
# Pixels of a strip, the quickest of those tried: short ones lose more to the calls themselves.
_STRIP = 48_000


@dataclass(frozen=True)
class Statistics:
    """What one image (h, w) contributes to SSIM: float32 planes of W columns, W a multiple of 16.

    In all planes but the first, columns 5 to w - 5 hold values, the others what is not to be read,
    and row 0 belongs to row 5 of the image.

    Args:
        size: (h, w).
        luma: (h, W), luminance minus 127.5, from column 0.
        mean: (h - 10, W), its Gaussian mean.
        bright: (h - 10, W), Gaussian mean of the luminance itself.
        brightness: (h - 10, W), the square of that plus C1 / 2.
        spread: (h - 10, W), Gaussian variance plus C2 / 2.
    """

    size: tuple[int, int]
    luma: np.ndarray
    mean: np.ndarray
    bright: np.ndarray
    brightness: np.ndarray
    spread: np.ndarray


def bytes_of(height: int, width: int) -> int:
    """Give the bytes that the statistics of an image take."""
    return 4 * _columns(width) * (5 * height - 4 * 2 * MARGIN)


def luminance(image: np.ndarray) -> np.ndarray:
    """Give the BT.601 luminance of uint8 RGB (h, w, 3) as float32 (h, w), 0 to 255, unrounded."""
    return cv2.transform(image.astype(np.float32), _BT601)


def statistics(image: np.ndarray) -> Statistics:
    """Compute what one uint8 RGB image (h, w, 3), at least 11x11, contributes to SSIM.

    Raises:
        ValueError: the image is smaller than the window.
    """
    return plane_statistics(luminance(image))


def plane_statistics(plane: np.ndarray) -> Statistics:
    """Compute what one plane, float32 (h, w), 0 to 255, at least 11x11, contributes to SSIM.

    Raises:
        ValueError: the plane is smaller than the window.
    """
    height, width = plane.shape
    if min(height, width) < WINDOW:
        raise ValueError(f"SSIM needs {WINDOW}x{WINDOW} pixels, got {plane.shape}")
    luma = _plane(height, width)
    luma[:, width:] = 0
    np.subtract(plane, _CENTRE, out=luma[:, :width])
    mean, bright, brightness, spread = (_plane(height - 2 * MARGIN, width) for _ in range(4))
    mean[:] = _gaussian(luma)
    np.add(mean, _CENTRE, out=bright)
    np.add(np.square(bright, out=brightness), np.float32(_C1 / 2), out=brightness)
    np.maximum(_gaussian(luma * luma) - mean * mean, 0, out=spread)
    spread += np.float32(_C2 / 2)
    return Statistics((height, width), luma, mean, bright, brightness, spread)


def similarities(pairs: Sequence[tuple[Statistics, Statistics]]) -> list[float]:
    """Give the mean SSIM of pairs of images of one size from their statistics.

    Each in [-1, 1], 1 = identical; symmetric. A value depends on its two images alone. Few images
    in many pairs go fastest: what they share of a strip is then still in the cache.

    Raises:
        ValueError: the sizes differ.
    """
    return _means(pairs, _strip_sum, 4.0)


def contrast_of(a: Statistics, b: Statistics) -> float:
    """Give the mean of SSIM's contrast and structure alone, in [-1, 1], of images of one size."""
    return _means([(a, b)], _contrast_sum, 2.0)[0]


def _means(
    pairs: Sequence[tuple[Statistics, Statistics]],
    strip_sum: Callable[[Statistics, Statistics, slice, list[np.ndarray]], float],
    factor: float,
) -> list[float]:
    """Give `factor` times the mean of what `strip_sum` sums, for each pair, strip by strip."""
    sizes = {image.size for pair in pairs for image in pair}
    if len(sizes) > 1:
        raise ValueError(f"sizes differ: {' and '.join(map(str, sorted(sizes)))}")
    if not pairs:
        return []
    ((height, width),) = sizes
    valid = height - 2 * MARGIN
    rows = min(valid, max(WINDOW, _STRIP // _columns(width)))
    scratch = [_plane(rows + 2 * MARGIN, width) for _ in range(4)]
    totals = np.zeros(len(pairs))
    for top in range(0, valid, rows):
        strip = slice(top, min(top + rows, valid))
        for at, (a, b) in enumerate(pairs):
            totals[at] += strip_sum(a, b, strip, scratch)
    # Rounding may pass 1 by 1e-8.
    return np.minimum(factor * totals / (valid * (width - 2 * MARGIN)), 1.0).tolist()


def _covariance(
    a: Statistics, b: Statistics, strip: slice, scratch: list[np.ndarray]
) -> np.ndarray:
    """Give the Gaussian covariance plus C2 / 2 of some rows, in the second plane of the scratch."""
    rows = strip.stop - strip.start
    product, filtered = (plane[: rows + 2 * MARGIN] for plane in scratch[:2])
    seen = slice(strip.start, strip.stop + 2 * MARGIN)
    np.multiply(a.luma[seen], b.luma[seen], out=product)
    cv2.sepFilter2D(product, cv2.CV_32F, _KERNEL, _KERNEL, dst=filtered, delta=_C2 / 2)
    covariance = filtered[MARGIN:-MARGIN]
    covariance -= np.multiply(a.mean[strip], b.mean[strip], out=scratch[2][:rows])
    return covariance


def _contrast_sum(a: Statistics, b: Statistics, strip: slice, scratch: list[np.ndarray]) -> float:
    """Sum half of SSIM's contrast and structure over some rows of the planes."""
    quotient = _covariance(a, b, strip, scratch)
    quotient /= np.add(a.spread[strip], b.spread[strip], out=scratch[3][: len(quotient)])
    return cv2.sumElems(quotient[:, MARGIN : a.size[1] - MARGIN])[0]


def _strip_sum(a: Statistics, b: Statistics, strip: slice, scratch: list[np.ndarray]) -> float:
    """Sum a quarter of SSIM over some rows of the planes: each factor is half of Wang's."""
    covariance = _covariance(a, b, strip, scratch)
    product, _, top, bottom = (plane[: len(covariance)] for plane in scratch)
    np.multiply(a.bright[strip], b.bright[strip], out=top)
    top += np.float32(_C1 / 2)
    top *= covariance
    np.add(a.spread[strip], b.spread[strip], out=bottom)
    bottom *= np.add(a.brightness[strip], b.brightness[strip], out=product)
    top /= bottom
    return cv2.sumElems(top[:, MARGIN : a.size[1] - MARGIN])[0]


def ssim_of(a: Statistics, b: Statistics) -> float:
    """Give the mean SSIM of two images of one size from their statistics; see `similarities`."""
    return similarities([(a, b)])[0]


def ssim(a: np.ndarray, b: np.ndarray) -> float:
    """Give the mean SSIM of two uint8 RGB images (h, w, 3); in [-1, 1], 1 = identical."""
    return ssim_of(statistics(a), statistics(b))


def _columns(width: int) -> int:
    return -(-width // _LINE) * _LINE


def _plane(height: int, width: int) -> np.ndarray:
    """Allocate float32 (height, width or a little more) that starts at a cache line."""
    count = height * _columns(width)
    raw = np.empty(count + _LINE, np.float32)
    start = -raw.ctypes.data % (4 * _LINE) // 4
    return raw[start : start + count].reshape(height, -1)


def _gaussian(plane: np.ndarray) -> np.ndarray:
    return cv2.sepFilter2D(plane, cv2.CV_32F, _KERNEL, _KERNEL)[MARGIN:-MARGIN]
