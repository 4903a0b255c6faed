"""Decoding images, with an error that names the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from fgresq.errors import UserError
from fgresq.files import atomic
from fgresq.mat import read_mat


def read_rgb(path: str | Path) -> np.ndarray:
    """Decode an image as uint8 RGB of shape (height, width, 3), range 0 to 255.

    Gray becomes three equal channels; transparency is laid on white; 16-bit is scaled to 8.

    Raises:
        UserError: the file is missing, is no image, or is cut short.
    """
    try:
        with Image.open(path) as opened:
            image: Image.Image = opened
            image.load()
            if image.mode.startswith("I;16") or image.mode == "I":
                return np.repeat(
                    (np.asarray(image) / 257.0).round().astype(np.uint8)[..., None], 3, 2
                )
            if "A" in image.getbands() or "transparency" in image.info:
                image = image.convert("RGBA")
                image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
            return np.asarray(image.convert("RGB"))
    except FileNotFoundError as error:
        raise UserError(
            path, "there is no such image", "Put the file there or correct its row"
        ) from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UserError(
            path, f"not a readable image ({error})", "Replace the file by a whole one"
        ) from error


def read_mask(path: str | Path) -> np.ndarray:
    """Read the rated region: bool (height, width), from the variable `mask` of a .mat file (as
    exBeDDE has it) or from an image, whose pixels other than black are inside.

    Raises:
        UserError: the file is unreadable, holds no such variable, or leaves no pixel inside.
    """
    if str(path).endswith(".mat"):
        mask = np.atleast_1d(read_mat(path, "mask")["mask"]) != 0
    else:
        mask = read_rgb(path).any(axis=2)
    if mask.ndim != 2 or not mask.any():
        raise UserError(path, "the mask leaves no pixel inside", "Replace the file")
    return mask


def write_png(path: str | Path, image: np.ndarray) -> None:
    """Write uint8 RGB (height, width, 3) as PNG, whole or not at all."""
    with atomic(path) as scratch:
        Image.fromarray(image).save(scratch, format="PNG", compress_level=4)
