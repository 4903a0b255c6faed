"""SSIM of two images (Wang et al. 2004), with what one image contributes computed only once.

Luminance (ITU-R BT.601) of 8-bit RGB, Gaussian window 11x11 of sigma 1.5, data range 255,
K1 = 0.01, K2 = 0.03; the mean is over the positions where the window lies wholly inside.
"""

from __future__ import annotations

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


@dataclass(frozen=True)
class Statistics:
    """What one image contributes to SSIM; float32 arrays, luminance minus 127.5.

    Args:
        luma: (h, w).
        mean: (h - 10, w - 10), Gaussian mean.
        bright: (h - 10, w - 10), Gaussian mean of the luminance itself.
        brightness: (h - 10, w - 10), its square plus C1 / 2.
        spread: (h - 10, w - 10), Gaussian variance plus C2 / 2.
    """

    luma: np.ndarray
    mean: np.ndarray
    bright: np.ndarray
    brightness: np.ndarray
    spread: np.ndarray


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
    if min(plane.shape) < WINDOW:
        raise ValueError(f"SSIM needs {WINDOW}x{WINDOW} pixels, got {plane.shape}")
    luma = plane - _CENTRE
    mean = _gaussian(luma)
    spread = np.maximum(_gaussian(luma * luma) - mean * mean, 0) + np.float32(_C2 / 2)
    bright = mean + _CENTRE
    return Statistics(luma, mean.copy(), bright, bright * bright + np.float32(_C1 / 2), spread)


def ssim_of(a: Statistics, b: Statistics) -> float:
    """Give the mean SSIM of two images of one size from their statistics.

    In [-1, 1], 1 = identical; symmetric.

    Raises:
        ValueError: the sizes differ.
    """
    if a.luma.shape != b.luma.shape:
        raise ValueError(f"sizes differ: {a.luma.shape} and {b.luma.shape}")
    # Each factor of the quotient is half of Wang's: fewer passes over memory, the bulk of the cost.
    covariance = _covariance(a, b)
    quotient = a.bright * b.bright
    quotient += np.float32(_C1 / 2)
    quotient *= covariance
    bottom = a.spread + b.spread
    bottom *= a.brightness + b.brightness
    quotient /= bottom
    total = cv2.sumElems(quotient)[0]
    return min(4.0 * total / quotient.size, 1.0)  # rounding may pass 1 by 1e-8


def contrast_of(a: Statistics, b: Statistics) -> float:
    """Give the mean of SSIM's contrast and structure alone, in [-1, 1], of images of one size."""
    quotient = _covariance(a, b)
    quotient /= a.spread + b.spread
    return min(2.0 * cv2.sumElems(quotient)[0] / quotient.size, 1.0)


def ssim(a: np.ndarray, b: np.ndarray) -> float:
    """Give the mean SSIM of two uint8 RGB images (h, w, 3); in [-1, 1], 1 = identical."""
    return ssim_of(statistics(a), statistics(b))


def _covariance(a: Statistics, b: Statistics) -> np.ndarray:
    """Give the Gaussian covariance plus C2 / 2."""
    covariance = _gaussian(a.luma * b.luma, delta=_C2 / 2)
    covariance -= a.mean * b.mean
    return covariance


def _gaussian(plane: np.ndarray, delta: float = 0.0) -> np.ndarray:
    filtered = cv2.sepFilter2D(plane, cv2.CV_32F, _KERNEL, _KERNEL, delta=delta)
    return filtered[MARGIN:-MARGIN, MARGIN:-MARGIN]
