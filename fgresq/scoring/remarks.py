"""What a person should know of the pictures before their scores: told once each, with the count.

Nothing here changes a value. A picture that cannot be read has no remark; its row says why.
"""

from __future__ import annotations

import logging
import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from PIL import Image
from tqdm import tqdm

from fgresq.files import sha256
from fgresq.scoring.orientation import orientation_of

EIGHT, STEP = 255, 257  # of 16 bits, an 8-bit level times 257 holds no more than the 8 bits
OPAQUE = 255
TOLD = {
    "moving": "several pictures in one file, of which the first is taken",
    "transparent": "transparent in parts, laid on white",
    "rounded": "16 bits a sample, and more in them than 8 can hold: rounded to 8",
    "dark 10": "16 bits a sample, of which 10 are used: read as nearly black. Multiply them by 64, "
    "or save them with 8 bits",
    "dark 12": "16 bits a sample, of which 12 are used: read as dark. Multiply them by 16, or save "
    "them with 8 bits",
    "turned": "another EXIF orientation than the reference's, which is not applied: pixels are "
    "compared as they are stored",
    "own": "the picture is its own reference (the same file or the same bytes): its values tell "
    "nothing",
}


def depth_of(values: np.ndarray) -> str:
    """Name what 16-bit samples hold beyond 8 bits, a key of TOLD; empty: nothing."""
    most = int(values.max(initial=0))
    if EIGHT < most < 1024:
        return "dark 10"
    if EIGHT < most < 4096:
        return "dark 12"
    return "rounded" if most and (values % STEP).any() else ""


def remarks_of(path: str) -> list[str]:
    """Name what is to be told of a picture, keys of TOLD."""
    found = []
    try:
        with Image.open(path) as image:
            if getattr(image, "is_animated", False):
                found.append("moving")
            deep = image.mode.startswith("I") or any(";16" in str(t[3]) for t in image.tile)
            clear = "A" in image.getbands() or "transparency" in image.info
            if clear and not deep and _transparent(image):
                found.append("transparent")
        if deep:
            values = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
            if values is not None and values.dtype == np.uint16:
                found.append(depth_of(values[..., :3] if values.ndim == 3 else values))
    except Exception:  # no picture: its row says so
        return []
    return [name for name in found if name]


def _transparent(image: Image.Image) -> bool:
    least, _ = image.convert("RGBA").getchannel("A").getextrema()
    return float(least) < OPAQUE  # type: ignore[arg-type]


def same_bytes(one: str, other: str) -> bool:
    """Tell whether two paths lead to one file, or to files of the same bytes."""
    try:
        return os.path.getsize(one) == os.path.getsize(other) and sha256(one) == sha256(other)
    except (OSError, ValueError):
        return False


def beside_reference(path: str, reference: str) -> list[str]:
    """Name what is to be told of a picture beside its reference, keys of TOLD."""
    found = ["own"] if same_bytes(path, reference) else []
    if not found and orientation_of(path) != orientation_of(reference):
        found.append("turned")
    return found


def remark(rows: pd.DataFrame, with_references: bool) -> None:
    """Log what is to be told of the pictures of rows, and of their references where they count.

    Args:
        rows: image, path, and reference or empty.
        with_references: whether any method looks at them.
    """
    found: defaultdict[str, list[str]] = defaultdict(list)

    def add(path: str, names: Iterable[str]) -> None:
        for name in names:
            found[name].append(path)

    references = [r for r in dict.fromkeys(rows["reference"]) if r] if with_references else []
    bar = tqdm([*rows["path"], *references], desc="looking at the pictures", disable=None)
    for path in dict.fromkeys(bar):
        add(path, remarks_of(path))
    if with_references:
        for path, reference in zip(rows["path"], rows["reference"], strict=True):
            if reference:
                add(path, beside_reference(path, reference))
    for name, told in TOLD.items():
        if paths := found[name]:
            first = Path(paths[0]).name
            logging.warning("%d of %d pictures (%s): %s.", len(paths), len(rows), first, told)
