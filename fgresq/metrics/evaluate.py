"""What a method says of one image: a value, or the reason for none."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from fgresq.images import read_rgb
from fgresq.metrics import NoValue

Method = Callable[[np.ndarray, np.ndarray | None], float]
Judgement = tuple[float, str]  # a value and an empty reason, or NaN and the reason
DIGITS = 9  # of a value: below them, OpenCV's filters depend on where memory happens to lie


def out_of_reach(kind: str, reference: str, mask: str) -> str:
    """Say why a method cannot judge an image, from what its row has; empty where it can."""
    if kind == "FR" and not reference:
        return "no reference"
    if kind == "FR" and mask:
        return "rated inside a mask, and the method compares whole images"
    return ""


def evaluate(
    method: Method,
    kind: str,
    path: str,
    reference: str,
    read: Callable[[str], np.ndarray] = read_rgb,
) -> Judgement:
    """Decode an image, with its reference where the method takes one, and ask the method.

    Args:
        method: the method's function.
        kind: NR for a method that takes no reference, else FR.
        path: image file.
        reference: image file; not looked at where kind is NR.
        read: how references are read.

    Raises:
        Unreadable: a file is missing or no image.
    """
    image = read_rgb(path)
    other = read(reference) if kind == "FR" else None
    if other is not None and image.shape != other.shape:
        (height, width), (rows, columns) = image.shape[:2], other.shape[:2]
        return math.nan, f"it is {width}x{height}, its reference is {columns}x{rows}"
    try:
        value = float(f"{method(image, other):.{DIGITS}g}")
    except NoValue as reason:
        return math.nan, str(reason)
    return (value, "") if math.isfinite(value) else (math.nan, "not a finite value")
