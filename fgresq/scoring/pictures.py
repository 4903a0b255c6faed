"""The images that a person names on the command line, and the words for what is none.

A name is a file, a folder (searched with its folders), a glob that the shell did not open, or `-`
for a list on the standard input, one a line. Order is natural: 2.png before 10.png.
"""

from __future__ import annotations

import glob
import logging
import os
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from fgresq.errors import UserError
from fgresq.images import Unreadable, read_rgb
from fgresq.scoring.given import STDIN, URL, lines_of
from fgresq.scoring.listed import SUFFIXES, files_of

THUMB = 32  # pixels a side, in which contents are compared
# Of two images of one content. Of the embedded data's 3,696 pairs of one content the lowest is .61;
# of pairs of two contents .5 passes four in a thousand.
ALIKE = 0.5


def natural(name: str) -> list[tuple[int, int, str]]:
    """Give what sorts names as people do: numbers in them by their value."""
    parts = re.split(r"([0-9]+)", name.casefold())
    key = [(0, int(p), "") if p.isdecimal() and p.isascii() else (1, 0, p) for p in parts]
    return [*key, (2, 0, name)]


def opened(path: str | Path) -> np.ndarray:
    """Decode an image as `read_rgb` does, with words for what people give in its place.

    Of an animation the first frame is read, which is told.

    Raises:
        Unreadable: it is no image file, and what it is.
    """
    if URL.match(str(path)):
        problem = "it is an address, and nothing is fetched from there"
        raise Unreadable(path, problem, "Download it and give the file")
    try:
        empty = Path(path).is_file() and Path(path).stat().st_size == 0
        folder = Path(path).is_dir()
    except (OSError, ValueError) as error:
        raise Unreadable(repr(str(path)), f"it cannot be a file ({error})", "Correct it") from error
    if folder:
        raise Unreadable(path, "it is a folder, where an image is wanted", "Give a file in it")
    if empty:
        raise Unreadable(path, "the file is empty", "Replace it by a whole one")
    pixels = read_rgb(path)
    with Image.open(path) as image:
        frames = getattr(image, "n_frames", 1)
    if frames > 1:
        logging.warning("%s: of its %d frames the first is judged", path, frames)
    return pixels


def pictures(names: Iterable[str]) -> list[str]:
    """List the image files that names lead to, each once, in natural order.

    A file that is named is listed whatever it is: what is wrong with it is told where it is read.

    Raises:
        UserError: a folder or a glob holds no image.
    """
    found: set[str] = set()
    for name in names:
        for each in lines_of(sys.stdin) if name == STDIN else [name]:
            found |= set(of_name(each))
    return sorted(found, key=natural)


def of_name(name: str) -> list[str]:
    """List the files of one name."""
    if URL.match(name):
        return [name]
    if os.path.isdir(name):
        return [str(Path(name) / file) for file in images_in(Path(name))]
    if not glob.has_magic(name) or os.path.exists(name):
        return [name]
    inside = [path for path in glob.glob(name, recursive=True) if os.path.isfile(path)]
    if not inside:
        raise UserError(name, "no file fits this pattern", "Correct it")
    return inside


def images_in(folder: Path) -> list[str]:
    """List the images of a folder and of its folders, by names from there, in natural order.

    Raises:
        UserError: there is none, or the folder cannot be read.
    """
    names = [name for name in files_of(folder) if Path(name).suffix.lower() in SUFFIXES]
    if not names:
        known = ", ".join(sorted(SUFFIXES))
        raise UserError(folder, "there is no image in it", f"Give a folder of images ({known})")
    return sorted(names, key=natural)


@dataclass(frozen=True)
class Sketch:
    """What tells an odd pair.

    Args:
        size: height and width, pixels.
        thumb: gray, float (THUMB, THUMB), each pixel the mean of its part of the image.
    """

    size: tuple[int, int]
    thumb: np.ndarray


def sketch(image: np.ndarray) -> Sketch:
    """Sketch uint8 RGB (h, w, 3)."""
    small = Image.fromarray(image).convert("L").resize((THUMB, THUMB), Image.Resampling.BOX)
    return Sketch((image.shape[0], image.shape[1]), np.asarray(small, dtype=float))


def likeness(first: Sketch, second: Sketch) -> float:
    """Give the correlation of two thumbnails, in [-1, 1]; 1 where one of them is flat."""
    if np.ptp(first.thumb) == 0 or np.ptp(second.thumb) == 0:
        return 1.0
    return float(np.corrcoef(first.thumb.ravel(), second.thumb.ravel())[0, 1])


def warnings_of(first: Sketch, second: Sketch) -> list[str]:
    """Say what makes two images an odd pair: unlike sizes, or unlike contents."""
    told = []
    (height, width), (rows, columns) = first.size, second.size
    if first.size != second.size:
        turned = " (exchanged sides: an EXIF orientation is not applied)"
        more = turned if (height, width) == (columns, rows) else ""
        told.append(f"their sizes differ: {width}x{height} and {columns}x{rows}{more}")
    alike = likeness(first, second)
    if alike < ALIKE:
        told.append(
            "they seem to show different contents (correlation of thumbnails "
            f"{alike:.2f}, below {ALIKE:g}): models of quality compare images of one content"
        )
    return told
