"""What a method says of one image: a value, or the reason for none."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from fgresq.errors import OneImage, UserError
from fgresq.images import read_mask, read_rgb
from fgresq.ops.least import NoValue

Method = Callable[[np.ndarray, np.ndarray | None], float]
Judgement = tuple[float, str]  # a value and an empty reason, or NaN and the reason
NO_REFERENCE = "no reference"
DIGITS = 9  # of a value: float32, in which most methods reckon, holds no more


def inside_mask(
    image: np.ndarray, reference: np.ndarray, mask: str
) -> tuple[np.ndarray, np.ndarray] | str:
    """Cut both images (h, w, 3) to the box around the rated region of a mask.

    Inside the box and outside the region both show the reference, so that nothing there tells for
    or against the image.

    Returns:
        Both, cut; or the reason where the mask is of another size.

    Raises:
        Unreadable: the mask is no mask, or leaves no pixel inside.
    """
    inside = read_mask(mask)
    if inside.shape != image.shape[:2]:
        (height, width), (rows, columns) = image.shape[:2], inside.shape
        return f"it is {width}x{height}, its mask is {columns}x{rows}"
    box = tuple(
        slice(places[0], places[-1] + 1)
        for places in (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
    )
    shown = np.where(inside[box][..., None], image[box], reference[box])
    return shown, np.ascontiguousarray(reference[box])


def evaluate(
    method: Method,
    kind: str,
    path: str,
    reference: str = "",
    mask: str = "",
    read: Callable[[str], np.ndarray] = read_rgb,
) -> Judgement:
    """Decode an image, with its reference where the method takes one, and ask the method.

    A method with a reference compares no more than what lies inside the mask; one without looks at
    the whole image.

    Args:
        method: the method's function.
        kind: NR for a method that takes no reference, else FR.
        path: image file.
        reference: image file, empty for none; not looked at where kind is NR; so is the mask.
        mask: file of the region that was rated; empty: the whole image.
        read: how references are read.

    Raises:
        Unreadable: a file is missing or no image.
        OneImage: the method fails on it.
    """
    if kind == "FR" and not reference:
        return math.nan, NO_REFERENCE
    image = read_rgb(path)
    other = read(reference) if kind == "FR" else None
    if other is not None and image.shape != other.shape:
        (height, width), (rows, columns) = image.shape[:2], other.shape[:2]
        return math.nan, f"it is {width}x{height}, its reference is {columns}x{rows}"
    if other is not None and mask:
        cut = inside_mask(image, other, mask)
        if isinstance(cut, str):
            return math.nan, cut
        image, other = cut
    try:
        value = float(f"{method(image, other):.{DIGITS}g}")
    except NoValue as reason:
        return math.nan, str(reason) or "the method gives no reason"
    except UserError:
        raise
    except Exception as error:  # whatever a method does wrong, the other images go on
        problem = f"the method fails on it ({type(error).__name__}: {error})"
        raise OneImage(path, problem, "Call again with --debug, which shows where") from error
    return (value, "") if math.isfinite(value) else (math.nan, "not a finite value")
