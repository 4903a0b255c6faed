"""CLIP-IQA with published weights, by piq: no reference, values in [0, 1], higher better.

Wang, Chan, Loy, AAAI 2023: CLIP RN50 without position embedding, "Good photo." against "Bad photo."
Both files lie where piq looks for them, ~/.cache/clip; it downloads them there when asked to.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from fgresq import workspace
from fgresq.absent import Absent, refuse
from fgresq.ops.least import need_pixels
from fgresq.raw import raw_state

KIND = "NR"
SMALLEST = 32  # pixels: below it the deepest map has no pixel
FILES = ("RN50.pt", "clipiqa_tokens.pt")


def folder() -> Path:
    """Give where piq keeps CLIP."""
    return Path("~/.cache/clip").expanduser()


def absent() -> Absent | None:
    """Say whether the package or a file is wanting, and how to get it."""
    if find_spec("piq") is None:
        return Absent("no_weights", "the package piq is not installed", "run `pip install piq`")
    missing = [name for name in FILES if not (folder() / name).exists()]
    if not missing:
        return None
    step = "with network, run once: python -c 'import piq; piq.CLIPIQA()'"
    return Absent("no_weights", f"its weights are not at hand ({folder() / missing[0]})", step)


def version() -> str:
    """Name the files by their content."""
    return raw_state(folder(), workspace.known_hashes("weights-clipiqa_published"))


@lru_cache(maxsize=1)
def model() -> Any:
    """Build piq's CLIP-IQA from the files at hand; nothing is downloaded.

    Raises:
        UserError: the package or a file is missing.
    """
    refuse("CLIP-IQA", absent())
    from fgresq.networks.torchvision_ops import make_importable

    make_importable()
    import piq

    return piq.CLIPIQA(data_range=1.0).eval()


def score(image: np.ndarray, reference: np.ndarray | None = None) -> float:
    """Give CLIP-IQA of a uint8 RGB image.

    Raises:
        NoValue: it has less than 32 pixels on a side.
    """
    need_pixels(image, SMALLEST)
    import torch

    from fgresq.networks.frozen import as_tensor

    with torch.inference_mode():
        return float(model()(as_tensor(image)))
