"""EXIF orientation: pixels are taken as they are stored, and where that shows it is told.

A method whose authors' reader turns pictures by the tag (OpenCV does) says `UPRIGHT = True`, and
gets them turned.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from PIL import Image

TAG = 0x0112
PLAIN = 1  # of the tag's values 1 to 8: stored as it is to be seen
TURNED = (5, 6, 7, 8)  # height and width change places
SIZES = re.compile(r"it is (\d+)x(\d+), its reference is (\d+)x(\d+)")


def orientation_of(path: str | Path) -> int:
    """Give the EXIF orientation of a picture, 1 to 8; 1 where it has none, or cannot be read."""
    try:
        with Image.open(path) as image:
            found = image.getexif().get(TAG, PLAIN)
    except Exception:  # whoever decodes it tells what is wrong with it
        return PLAIN
    return found if found in range(1, 9) else PLAIN


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Turn stored pixels (h, w, c) as an EXIF orientation says that they are to be seen."""
    if orientation in TURNED:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def explained(reason: str, path: str, reference: str) -> str:
    """Name the EXIF orientation where it is why an image and its reference differ in size."""
    sizes = SIZES.fullmatch(reason)
    if sizes is None or sizes.groups()[:2] != sizes.groups()[:1:-1]:
        return reason
    for file, whose in ((path, "its"), (reference, "its reference's")):
        tag = orientation_of(file)
        if tag in TURNED:
            why = f"{whose} EXIF orientation ({tag}) is not applied, pixels count as stored"
            return f"{reason}; {why}: turn them and save it without the tag"
    return reason
