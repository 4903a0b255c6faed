"""Damages of growing strength, the same everywhere: noise, blur, JPEG."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image


def noised(image: np.ndarray, deviation: float) -> np.ndarray:
    """Add Gaussian noise of a deviation."""
    noise = np.random.default_rng(0).normal(0, deviation, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def blurred(image: np.ndarray, radius: int) -> np.ndarray:
    """Average over a square; sums of whole numbers are the same everywhere."""
    steps = range(-radius, radius + 1)
    rolled = [np.roll(image.astype(int), (i, j), (0, 1)) for i in steps for j in steps]
    return (np.sum(rolled, axis=0) // len(rolled)).astype(np.uint8)


def compressed(image: np.ndarray, quality: int) -> np.ndarray:
    """Save as JPEG of a quality, and read it again."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format="JPEG", quality=quality)
    return np.asarray(Image.open(buffer).convert("RGB"))
