"""How the contents of FGRestore-mini are degraded: one input a content and task.

Images are float32 RGB (height, width, 3) in [0, 1]. Each function draws its parameters from the
generator it is given and returns the degraded image with what a non-blind restorer may know.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

SR_SCALES = (4, 4, 2, 4)  # in turn over contents; DAT-light at x2 costs eight times x4
MIXTURE_SCALE = 2


@dataclass(frozen=True)
class Degraded:
    """A degraded image and the parameters of its degradation."""

    image: np.ndarray
    size: int  # pixels a side of the clean image
    known: dict[str, Any] = field(default_factory=dict)


def generator(seed: int, task: str, content: str) -> np.random.Generator:
    """Give the random generator of one content and task; it depends on nothing else."""
    key = hashlib.sha256(f"{seed}/{task}/{content}".encode()).digest()
    return np.random.default_rng(int.from_bytes(key[:8], "big"))


def quantised(image: np.ndarray) -> np.ndarray:
    """Clip to [0, 1] and round to 8 bits, as a stored image would be."""
    return (np.clip(image, 0, 1) * 255).round().astype(np.float32) / np.float32(255)


def gaussian_noise(image: np.ndarray, sigma: float, rng: np.random.Generator) -> np.ndarray:
    """Add white noise of standard deviation `sigma` (of 255)."""
    noise = rng.standard_normal(image.shape, dtype=np.float32)
    return image + noise * np.float32(sigma / 255)


def motion_kernel(length: float, angle: float) -> np.ndarray:
    """Draw a line of `length` pixels at `angle` degrees as a blur kernel of sum 1."""
    half = int(np.ceil(length / 2)) + 1
    step = np.linspace(-length / 2, length / 2, 8 * int(np.ceil(length)))
    kernel = np.zeros((2 * half + 1, 2 * half + 1))
    x = np.rint(half + step * np.cos(np.deg2rad(angle))).astype(int)
    y = np.rint(half + step * np.sin(np.deg2rad(angle))).astype(int)
    np.add.at(kernel, (y, x), 1.0)
    blurred = cv2.GaussianBlur(kernel, (0, 0), 0.5)
    return blurred / blurred.sum()


def noise(clean: np.ndarray, rng: np.random.Generator, turn: int) -> Degraded:
    """White Gaussian noise of 15 to 35 (of 255)."""
    sigma = float(rng.uniform(15, 35))
    noisy = gaussian_noise(clean, sigma, rng)
    return Degraded(quantised(noisy), len(clean), {"sigma": sigma / 255})


def blur(clean: np.ndarray, rng: np.random.Generator, turn: int) -> Degraded:
    """Motion blur of 7 to 13 pixels at any angle, and slight noise."""
    kernel = motion_kernel(float(rng.uniform(7, 13)), float(rng.uniform(0, 180)))
    blurred = cv2.filter2D(clean, -1, kernel, borderType=cv2.BORDER_REFLECT)
    return Degraded(quantised(gaussian_noise(blurred, 1.5, rng)), len(clean), {"kernel": kernel})


def downscale(clean: np.ndarray, rng: np.random.Generator, turn: int) -> Degraded:
    """Downscaling by 2 or 4 with area averaging."""
    scale = SR_SCALES[turn % len(SR_SCALES)]
    return Degraded(quantised(shrink(clean, scale)), len(clean), {"scale": scale})


def shrink(image: np.ndarray, scale: int) -> np.ndarray:
    """Average squares of `scale` x `scale` pixels."""
    size = (image.shape[1] // scale, image.shape[0] // scale)
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def rain(clean: np.ndarray, rng: np.random.Generator, turn: int) -> Degraded:
    """Bright streaks, 5 to 20 degrees off the vertical, added to the image."""
    drops = (rng.random(clean.shape[:2]) < rng.uniform(0.004, 0.008)).astype(np.float32)
    angle = 90 + float(rng.uniform(5, 20)) * rng.choice((-1, 1))
    length = float(rng.uniform(11, 19))
    streaks = cv2.filter2D(drops, -1, motion_kernel(length, angle) * length)
    streaks = np.clip(streaks, 0, 1)[..., None] * np.float32(rng.uniform(0.35, 0.55))
    return Degraded(quantised(clean + streaks * (1 - clean)), len(clean), {})


def haze(clean: np.ndarray, rng: np.random.Generator, turn: int) -> Degraded:
    """Atmospheric scattering over a smooth random depth that grows towards the top."""
    size = len(clean)
    depth = cv2.resize(
        rng.random((4, 4), dtype=np.float32), (size, size), interpolation=cv2.INTER_CUBIC
    )
    depth = 0.5 * np.clip(depth, 0, 1) + 0.5 * np.linspace(1, 0, size, dtype=np.float32)[:, None]
    transmission = np.exp(-np.float32(rng.uniform(1.0, 1.8)) * (0.2 + 0.8 * depth))[..., None]
    airlight = np.float32(rng.uniform(0.8, 0.95))
    return Degraded(quantised(clean * transmission + airlight * (1 - transmission)), size, {})


def mixture(clean: np.ndarray, rng: np.random.Generator, turn: int) -> Degraded:
    """Downscaling by 2, then white noise of 8 to 18 (of 255)."""
    sigma = float(rng.uniform(8, 18))
    small = gaussian_noise(shrink(clean, MIXTURE_SCALE), sigma, rng)
    known = {"sigma": sigma / 255, "scale": MIXTURE_SCALE}
    return Degraded(quantised(small), len(clean), known)


DEGRADATIONS: dict[str, Callable[[np.ndarray, np.random.Generator, int], Degraded]] = {
    "super-resolution": downscale,
    "deblurring": blur,
    "denoising": noise,
    "deraining": rain,
    "dehazing": haze,
    "mixture": mixture,
}
