"""Decoding images, with an error that names the file."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from fgresq.errors import OneImage, UserError
from fgresq.files import atomic
from fgresq.mat import read_mat


class Unreadable(OneImage):
    """A file that should be an image and is none, or is not there."""


def read_rgb(path: str | Path) -> np.ndarray:
    """Decode an image as uint8 RGB of shape (height, width, 3), range 0 to 255.

    Gray becomes three equal channels; transparency is laid on white; 16-bit is scaled to 8. An
    orientation that EXIF data name is not applied: pixels stay as they are stored.

    Raises:
        Unreadable: the file is missing, is no image, is cut short, or holds numbers of 32 bits.
    """
    check_regular(path)
    try:
        with Image.open(path) as opened:
            image: Image.Image = opened
            deep = any(";16" in str(tile[3]) for tile in opened.tile)
            image.load()  # OpenCV would not tell of a file cut short
            if image.mode in ("I", "F"):
                return _eight_bits(_whole_numbers(path, image, deep))
            if deep:
                return _eight_bits(_sixteen_bits(path))
            if "A" in image.getbands() or "transparency" in image.info:
                image = image.convert("RGBA")
                image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
            return np.asarray(image.convert("RGB"))
    except Image.DecompressionBombError as error:
        raise Unreadable(path, f"it is too large ({error})", "Cut it into parts") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise Unreadable(
            path, f"not a readable image ({error})", "Replace the file by a whole one"
        ) from error


def check_regular(path: str | Path) -> None:
    """Refuse what is no regular file: reading a pipe would never end.

    Raises:
        Unreadable: it is none, or is not there.
    """
    if Path(path).is_file():
        return
    there = Path(path).exists()
    problem = "it is no regular file" if there else "there is no such image"
    raise Unreadable(path, problem, "Put the file there or correct its row")


def _whole_numbers(path: str | Path, image: Image.Image, deep: bool) -> np.ndarray:
    """Give gray of 32 bits whose values are those of 16, as PGM files are read."""
    values = np.asarray(image)
    # without a range in the file they may be of 8 bits, or dark ones of 16
    in_doubt = not deep and image.format != "PPM" and values.max() <= 255
    if image.mode == "F" or in_doubt or values.min() < 0 or values.max() > 65535:
        problem = "its numbers have 32 bits and no known range"
        raise Unreadable(path, problem, "Save it with 8 or 16 bits")
    return values


def _sixteen_bits(path: str | Path) -> np.ndarray:
    """Decode 16 bits a channel, in the order of OpenCV; Pillow cuts the lower ones of colours."""
    values = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None or values.dtype != np.uint16:
        raise Unreadable(path, "its 16 bits a channel have an unknown form", "Save it with 8 bits")
    return values


def _eight_bits(values: np.ndarray) -> np.ndarray:
    """Scale gray (h, w), BGR or BGRA (h, w, c), 0 to 65535, to uint8 RGB on white."""
    scaled = values / 257.0
    if scaled.ndim == 2:
        scaled = np.repeat(scaled[..., None], 3, 2)
    elif scaled.shape[2] == 4:
        share = scaled[..., 3:] / 255
        scaled = scaled[..., 2::-1] * share + 255 * (1 - share)
    else:
        scaled = scaled[..., ::-1]
    return np.ascontiguousarray(scaled.round().astype(np.uint8))


def read_mask(path: str | Path) -> np.ndarray:
    """Read the rated region: bool (height, width), from the variable `mask` of a .mat file (as
    exBeDDE has it) or from an image, whose pixels other than black and transparent are inside.

    Raises:
        Unreadable: the file is unreadable, holds no such variable, or leaves no pixel inside.
    """
    mask = _mat_mask(path) if str(path).endswith(".mat") else _shown(path)
    if mask.ndim != 2 or not mask.any():
        raise Unreadable(path, "the mask leaves no pixel inside", "Replace the file")
    return mask


def _mat_mask(path: str | Path) -> np.ndarray:
    """Give where the variable `mask` of a .mat file is not 0."""
    try:
        return np.atleast_1d(read_mat(path, "mask")["mask"]) != 0
    except UserError as error:
        raise Unreadable.of(error) from error


def _shown(path: str | Path) -> np.ndarray:
    """Give where an image is neither black nor transparent."""
    inside = read_rgb(path).max(axis=2) > 0
    with Image.open(path) as image:
        if "A" in image.getbands() or "transparency" in image.info:
            inside &= np.asarray(image.convert("RGBA").getchannel("A")) > 0
    return inside


def write_png(path: str | Path, image: np.ndarray) -> None:
    """Write uint8 RGB (height, width, 3) as PNG, whole or not at all."""
    with atomic(path) as scratch:
        Image.fromarray(image).save(scratch, format="PNG", compress_level=4)
