"""The least that a method takes of an image, and how it says that it has no value."""

from __future__ import annotations

import numpy as np


class NoValue(Exception):
    """A method cannot say anything of an image; the message is the reason in its row."""


def need_pixels(image: np.ndarray, least: int) -> None:
    """Raise NoValue for an image that is less than `least` pixels high or wide."""
    height, width = image.shape[:2]
    if min(height, width) < least:
        raise NoValue(f"{width}x{height} is too small, it takes {least}x{least} pixels")
