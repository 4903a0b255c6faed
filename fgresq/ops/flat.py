"""Flat pictures: one rule for all levels and all methods, so that no rounding passes for structure.

A method without a reference has no value for a flat picture, nor has one whose definition divides
by the structure of a flat reference. Of two flat pictures SSIM and MS-SSIM compare their light
alone, and two equal planes are exactly alike. Every reason says "flat".
"""

from __future__ import annotations

import numpy as np

from fgresq.ops.least import NoValue

ALONE = "it is flat: there is nothing in it to judge"
BOTH = "it is flat, and so is its reference: there is nothing in them to compare"
REFERENCE = "its reference is flat: there is no information in it to lose"


def is_flat(plane: np.ndarray) -> bool:
    """Tell whether a plane (h, w), or an image (h, w, c), has one value or one colour."""
    return bool((plane[0] == plane[0, 0]).all() and (plane == plane[0]).all())


def need_structure(plane: np.ndarray) -> None:
    """Raise NoValue for a flat plane or image, to a method without a reference."""
    if is_flat(plane):
        raise NoValue(ALONE)


def need_information(reference: np.ndarray) -> None:
    """Raise NoValue for a flat reference, to a method that divides by what is in it."""
    if is_flat(reference):
        raise NoValue(REFERENCE)


def need_one_structure(image: np.ndarray, reference: np.ndarray) -> None:
    """Raise NoValue where an image and its reference are both flat."""
    if is_flat(image) and is_flat(reference):
        raise NoValue(BOTH)
