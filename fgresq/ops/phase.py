"""Phase congruency (Kovesi 1999) with the settings of FSIM: where Fourier parts agree in phase.

Log-Gabor filters of four scales, wavelengths 6 to 48 pixels, and four orientations; the threshold
of noise is estimated from the median response at the finest scale, as FSIM's MATLAB code does.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy import fft

SCALES, ORIENTATIONS = 4, 4
SHORTEST, RATIO = 6, 2  # pixels, from one wavelength to the next
BANDWIDTH = 0.55
ANGULAR = math.pi / ORIENTATIONS / 1.2  # standard deviation of the orientations, radians
CUTOFF, SHARPNESS = 0.45, 15  # Butterworth, so that corners of the spectrum count equally
DEVIATIONS = 2  # of noise above its mean
EPSILON = 1e-4


class Bank(NamedTuple):
    """Filters of one size of image.

    Args:
        even: (4, 4, h, w // 2 + 1), orientation and scale; gives the real part of the responses.
        odd: the same, gives the imaginary part.
        noise: (4,), threshold by the root of the median squared response at the finest scale.
    """

    even: np.ndarray
    odd: np.ndarray
    noise: np.ndarray


def _frequencies(size: int) -> np.ndarray:
    """Give the frequencies of one side, zero first; odd sides are stretched to +-0.5."""
    half = size // 2
    steps = np.arange(size) - half
    return fft.ifftshift(steps / (size if size % 2 == 0 else size - 1))


def _transfer(shape: tuple[int, int]) -> np.ndarray:
    """Give the filters' transfer functions, float64 (orientation, scale, h, w)."""
    y, x = np.meshgrid(*(_frequencies(size) for size in shape), indexing="ij")
    radius, theta = np.hypot(x, y), np.arctan2(-y, x)
    lowpass = 1 / (1 + (radius / CUTOFF) ** (2 * SHARPNESS))
    radius[0, 0] = 1  # no logarithm of zero; the filters have nothing there
    waves = SHORTEST * RATIO ** np.arange(SCALES)
    radial = np.exp(-(np.log(radius * waves[:, None, None]) ** 2) / (2 * math.log(BANDWIDTH) ** 2))
    radial *= lowpass
    radial[:, 0, 0] = 0
    turned = theta - (np.arange(ORIENTATIONS) * math.pi / ORIENTATIONS)[:, None, None]
    away = np.abs(np.arctan2(np.sin(turned), np.cos(turned)))
    return np.exp(-(away**2) / (2 * ANGULAR**2))[:, None] * radial


@lru_cache(maxsize=2)
def bank(shape: tuple[int, int]) -> Bank:
    """Make the filters of images of one (height, width), at least 2x2."""
    whole = _transfer(shape)
    # Noise of one power passes the sum over the scales: its energy is the impulse response's.
    impulse = fft.ifft2(whole).real.sum(1)
    energy = np.square(impulse).sum((1, 2)) * impulse[0].size
    power = energy / (np.square(whole[:, 0]).sum((1, 2)) * math.log(2))
    level = math.sqrt(math.pi / 2) + DEVIATIONS * math.sqrt(2 - math.pi / 2)
    noise = level * np.sqrt(power) / 1.7  # FSIM's correction of an overestimate
    mirrored = np.roll(whole[..., ::-1, ::-1], (1, 1), (-2, -1))
    half = shape[1] // 2 + 1
    parts = (whole + mirrored) / 2, (whole - mirrored) / 2
    even, odd = (np.ascontiguousarray(part[..., :half], np.float32) for part in parts)
    return Bank(even, odd, noise)


def congruency(plane: np.ndarray) -> np.ndarray:
    """Give the phase congruency of float32 (h, w) at every position, in [0, 1]; of a flat one 0."""
    if plane.min() == plane.max():
        return np.zeros_like(plane)
    filters, spectrum = bank(plane.shape), fft.rfft2(plane)
    energies, amplitudes = np.zeros_like(plane), np.zeros_like(plane)
    for even, odd, noise in zip(*filters, strict=True):
        real = fft.irfft2(even * spectrum, plane.shape, overwrite_x=True)
        imaginary = fft.irfft2(odd * (-1j * spectrum), plane.shape, overwrite_x=True)
        energy, amplitude, finest = _gather(real, imaginary)
        energy -= np.float32(noise * math.sqrt(finest))
        energies += np.maximum(energy, 0, out=energy)
        amplitudes += amplitude
    return energies / amplitudes


def _gather(real: np.ndarray, imaginary: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Give the energy in phase and the amplitude, summed over the scales, of one orientation.

    Args:
        real: responses, float32 (scale, h, w).
        imaginary: the same.

    Returns:
        Energy (h, w), amplitude (h, w), and the median squared response at the finest scale.
    """
    across, along = real.sum(0), imaginary.sum(0)
    total = across * across + along * along
    out_of_phase = np.abs(real * along - imaginary * across).sum(0)
    squares = np.square(real, out=real)
    squares += np.square(imaginary, out=imaginary)
    finest = float(np.median(squares[0]))
    amplitude = np.sqrt(squares, out=squares).sum(0)
    energy = (total - out_of_phase) / (np.sqrt(total) + np.float32(EPSILON))
    return energy, amplitude, finest
