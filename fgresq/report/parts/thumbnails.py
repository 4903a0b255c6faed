"""Small pictures of pairs: both images through one window, where they differ most, pixel by pixel.

They are cut, not made smaller, since a fine difference does not outlive a smaller picture.
"""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from fgresq.errors import UserError
from fgresq.images import read_rgb


@dataclass(frozen=True)
class Closeup:
    """Both images of a pair through one window.

    Args:
        image_a, image_b: data addresses of lossless WebP; empty where an image cannot be read.
        width, height: of the window, pixels.
        window: where it lies, in words; empty where it is the whole image.
        absent: why there is no picture; empty where there is one.
    """

    image_a: str = ""
    image_b: str = ""
    width: int = 0
    height: int = 0
    window: str = ""
    absent: str = ""


def closeup(path_a: str | Path, path_b: str | Path, side: int) -> Closeup:
    """Cut both images of a pair to at most `side` pixels a side, where they differ most."""
    try:
        image_a, image_b = read_rgb(path_a), read_rgb(path_b)
    except UserError as error:
        return Closeup(absent=str(error))
    height, width = (min(a, b) for a, b in zip(image_a.shape[:2], image_b.shape[:2], strict=True))
    image_a, image_b = image_a[:height, :width], image_b[:height, :width]
    top, left = most_different(image_a, image_b, side)
    area = (slice(top, top + side), slice(left, left + side))
    cut_a, cut_b = image_a[area], image_b[area]
    tall, wide = cut_a.shape[:2]
    whole = (tall, wide) == (height, width)
    window = "" if whole else f"{wide}×{tall} of {width}×{height} pixels, at ({left}, {top})"
    return Closeup(data_address(cut_a), data_address(cut_b), wide, tall, window)


def most_different(image_a: np.ndarray, image_b: np.ndarray, side: int) -> tuple[int, int]:
    """Give the top and left of the window in which two images (h, w, 3) differ most in sum."""
    height, width = image_a.shape[:2]
    tall, wide = min(height, side), min(width, side)
    gap = np.abs(image_a.astype(np.int16) - image_b).sum(axis=2, dtype=np.int64)
    total = np.pad(gap.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    sums = total[tall:, wide:] - total[:-tall, wide:] - total[tall:, :-wide] + total[:-tall, :-wide]
    top, left = np.unravel_index(np.argmax(sums), sums.shape)
    return int(top), int(left)


def data_address(image: np.ndarray) -> str:
    """Give uint8 RGB (height, width, 3) as a data address of lossless WebP."""
    buffer = io.BytesIO()
    made = Image.fromarray(np.ascontiguousarray(image))
    made.save(buffer, format="WEBP", lossless=True, quality=60, method=2, exact=True)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
