"""CW-SSIM (Sampat et al. 2009): SSIM of complex wavelets, which small shifts leave alone; higher.

Conventions of the authors' cwssim_index.m with 4 levels and 8 orientations: gray (rgb2gray, rounded
to 8 bits), complex steerable pyramid (Portilla and Simoncelli 2000), the eight bands of the fourth
level; windows of 7x7 wholly inside; weights of a Gaussian around the middle, of a quarter of the
band's height; the mean over the bands. Their K is 0 by default; it is 1e-12 here, so that places
where neither image has anything are alike instead of undefined.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from fgresq.ops.least import NoValue, need_pixels
from fgresq.ops.planes import gray
from fgresq.ops.reference import OncePerReference

LEVELS, ORIENTATIONS = 4, 8
WINDOW = 7
SMALLEST = WINDOW * 2 ** (LEVELS - 1)  # pixels: the window on the fourth level
K = 1e-12


def middle(spectrum: np.ndarray) -> np.ndarray:
    """Keep the lower half of the frequencies of (h, w), zero frequency in the middle."""
    cut = []
    for size in spectrum.shape:
        centre, kept = math.ceil((size + 0.5) / 2), math.ceil((size - 0.5) / 2)
        start = centre - math.ceil((kept + 0.5) / 2)
        cut.append(slice(start, start + kept))
    return spectrum[cut[0], cut[1]]


def frequencies(shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Give of (h, w) frequencies the octave, 0 at the Nyquist frequency, and the angle."""
    down, across = (
        (np.arange(1, size + 1) - math.ceil((size + 0.5) / 2)) / (size / 2) for size in shape
    )
    radius = np.hypot(down[:, None], across[None, :])
    radius[radius == 0] = radius[radius > 0].min()
    return np.log2(radius), np.arctan2(down[:, None], across[None, :])


def rise(octaves: np.ndarray, end: float) -> np.ndarray:
    """Give a raised cosine's root: 0 up to an octave below `end`, 1 from `end` on."""
    return np.sin(np.pi / 2 * np.clip(octaves - end + 1, 0, 1))


def fall(octaves: np.ndarray, end: float) -> np.ndarray:
    """Give what `rise` leaves of the power: 1 up to an octave below `end`, 0 from `end` on."""
    return np.cos(np.pi / 2 * np.clip(octaves - end + 1, 0, 1))


def bands(image: np.ndarray) -> np.ndarray:
    """Give the complex bands (8, h / 8, w / 8), sides rounded up, of uint8 RGB (h, w, 3)."""
    spectrum = np.fft.fftshift(np.fft.fft2(gray(image).astype(np.float64)))
    octaves, angles = frequencies(spectrum.shape)
    spectrum = spectrum * fall(octaves, 0)
    for level in range(1, LEVELS):
        spectrum, octaves, angles = middle(spectrum), middle(octaves), middle(angles)
        spectrum = spectrum * fall(octaves, -level)
    spectrum = spectrum * rise(octaves, -LEVELS)
    order = ORIENTATIONS - 1
    scale = 2 * math.sqrt(
        2 ** (2 * order) * math.factorial(order) ** 2
        / (ORIENTATIONS * math.factorial(2 * order))
    )  # fmt: skip
    found = []
    for k in range(ORIENTATIONS):
        turned = np.cos(angles - np.pi * k / ORIENTATIONS)
        found.append(np.fft.ifft2(np.fft.ifftshift(
            (-1j) ** order * spectrum * scale * np.maximum(turned, 0) ** order
        )))  # fmt: skip
    return np.stack(found)


reference_part = OncePerReference(bands)


def inside(plane: np.ndarray) -> np.ndarray:
    """Average real (h, w) over 7x7, wholly inside: (h - 6, w - 6)."""
    half = WINDOW // 2
    return cv2.blur(plane, (WINDOW, WINDOW))[half:-half, half:-half]


def weights(shape: tuple[int, ...], sigma: float) -> np.ndarray:
    """Give a Gaussian of a shape (h, w) around the middle, of sum 1."""
    down, across = (np.arange(size) - (size - 1) / 2 for size in shape)
    found = np.exp(-(down[:, None] ** 2 + across[None, :] ** 2) / (2 * sigma**2))
    return found / found.sum()


def score(image: np.ndarray, reference: np.ndarray) -> float:
    """Give the CW-SSIM of two uint8 RGB images of one shape, in [0, 1]; identity is 1.

    Raises:
        NoValue: they have less than 56 pixels on a side, or both are flat.
    """
    need_pixels(image, SMALLEST)
    if all(np.ptp(gray(picture)) == 0 for picture in (image, reference)):
        raise NoValue("it is flat, and so is its reference: there is nothing to compare")
    own, other = bands(image), reference_part(reference)
    values = []
    for a, b in zip(own, other, strict=True):
        product = a * b.conj()
        both = np.hypot(inside(product.real.copy()), inside(product.imag.copy()))
        power = inside(np.abs(a) ** 2 + np.abs(b) ** 2)
        alike = (2 * both + K) / (power + K)
        values.append(float((alike * weights(alike.shape, a.shape[0] / 4)).sum()))
    return float(np.mean(values))
