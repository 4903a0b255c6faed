"""What Python code gives as images: files, arrays, pictures of Pillow, tensors, or many of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fgresq.errors import OneImage
from fgresq.images import read_rgb

SLACK = 0.5  # by so much may floats leave [0, 1], as what networks restore does; more is a scale
FORMS = (
    "Give a path, a picture of Pillow, an array (h, w, 3) or a tensor (3, h, w); floats from 0 to "
    "1, or 8 bits"
)


class NotAnImage(OneImage):
    """An object that is no image in any of the forms."""


def is_tensor(image: Any) -> bool:
    """Say whether an object is a tensor of PyTorch, without importing it."""
    return type(image).__module__.split(".")[0] == "torch" and hasattr(image, "detach")


def singly(images: Any) -> tuple[list[Any], bool]:
    """List what was given image by image, and say whether it was one alone.

    Args:
        images: a path, a picture, an array (h, w), (h, w, 3) or (n, h, w, 3), a tensor (3, h, w) or
            (n, 3, h, w), or a sequence of these, each one image; sizes may differ.
    """
    if isinstance(images, (str, Path, Image.Image)):
        return [images], True
    if isinstance(images, np.ndarray) or is_tensor(images):
        return (list(images), False) if images.ndim == 4 else ([images], True)
    if isinstance(images, Sequence):
        return list(images), False
    try:
        return list(images), False
    except TypeError:
        return [images], True  # refused where it is read, with its place


def as_rgb(image: Any, where: str = "image") -> np.ndarray:
    """Give one image as uint8 RGB (h, w, 3).

    Floats are from 0 to 1: what lies a little outside is cut off, the rest is rounded to 8 bits, as
    a file of 8 bits would hold it.

    Raises:
        OneImage: it is no image, has another shape or scale, or a file cannot be read.
    """
    if isinstance(image, (str, Path)):
        return read_rgb(image)
    if isinstance(image, Image.Image):
        return of_picture(image, where)
    if is_tensor(image):
        values = image.detach().cpu()
        values = (values.float() if values.is_floating_point() else values).numpy()
        if values.ndim != 3 or values.shape[0] not in (1, 3):
            raise NotAnImage(where, f"its shape is {tuple(values.shape)}", FORMS)
        return of_values(np.moveaxis(values, 0, 2), where)
    if isinstance(image, np.ndarray):
        return of_values(image[..., None] if image.ndim == 2 else image, where)
    raise NotAnImage(where, f"a {type(image).__name__} is no image", FORMS)


def of_picture(image: Image.Image, where: str) -> np.ndarray:
    """Give uint8 RGB of a picture of Pillow, transparency on white."""
    if image.mode.startswith("I;16"):
        return of_values(np.asarray(image).astype(np.uint16)[..., None], where)
    if image.mode in ("I", "F"):
        raise NotAnImage(where, "its numbers have 32 bits and no known range", FORMS)
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.asarray(image.convert("RGB"))


def of_values(values: np.ndarray, where: str) -> np.ndarray:
    """Give uint8 RGB of an array (h, w, 1) or (h, w, 3) of 8 or 16 bits, or of floats."""
    if values.ndim != 3 or values.shape[2] not in (1, 3) or 0 in values.shape:
        raise NotAnImage(where, f"its shape is {values.shape}", FORMS)
    if values.dtype == np.uint16:
        values = (values / 257.0).round().astype(np.uint8)
    elif np.issubdtype(values.dtype, np.floating):
        low, high = float(values.min()), float(values.max())
        if not (np.isfinite(low) and np.isfinite(high)):
            raise NotAnImage(where, "it has values that are not finite", FORMS)
        if low < -SLACK or high > 1 + SLACK:
            problem = f"its floats go from {low:g} to {high:g}"
            raise NotAnImage(where, problem, "Scale them to 0 to 1, or give 8 bits")
        values = (values.astype(np.float64).clip(0, 1) * 255).round().astype(np.uint8)
    elif values.dtype != np.uint8:
        raise NotAnImage(where, f"its numbers are {values.dtype}", FORMS)
    return np.ascontiguousarray(np.broadcast_to(values, (*values.shape[:2], 3)))
