"""ARNIQA with published weights, by torchmetrics: no reference, higher better.

Agnolucci et al., WACV 2024; regression fitted to KonIQ-10k. Both files are placed by the user;
torchmetrics unpickles them, so they have to come from the authors.
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
FILES = ("ARNIQA.pth", "regressor_koniq10k.pth")
URL = "https://github.com/miccunifi/ARNIQA/releases/download/weights"
SMALLEST = 2  # pixels: it looks at the image at half its size, too


def folder() -> Path:
    """Give where its files are placed."""
    return workspace.weights() / "arniqa"


def absent() -> Absent | None:
    """Say whether the package or a file is wanting, and how to get it."""
    if find_spec("torchmetrics") is None:
        reason = "the package torchmetrics is not installed"
        return Absent("no_weights", reason, "run `pip install torchmetrics`")
    missing = [name for name in FILES if not (folder() / "checkpoints" / name).exists()]
    if not missing:
        return None
    return Absent(
        "no_weights",
        f"its weights are not in place ({folder()}/checkpoints/{missing[0]})",
        f"download {' and '.join(f'{URL}/{name}' for name in missing)} into "
        f"{folder()}/checkpoints/",
    )


def version() -> str:
    """Name the placed files by their content."""
    return raw_state(folder(), workspace.known_hashes("weights-arniqa"))


@lru_cache(maxsize=1)
def model() -> Any:
    """Build torchmetrics' ARNIQA from the placed files; nothing is downloaded.

    Raises:
        UserError: the package or a file is missing.
    """
    refuse("ARNIQA", absent())
    from fgresq.networks.torchvision_ops import make_importable

    make_importable()
    import torch
    from torchmetrics.image.arniqa import ARNIQA

    before = torch.hub.get_dir()
    torch.hub.set_dir(str(folder()))
    try:
        return ARNIQA(regressor_dataset="koniq10k", normalize=True).eval()
    finally:
        torch.hub.set_dir(before)


def score(image: np.ndarray, reference: np.ndarray | None = None) -> float:
    """Give ARNIQA of a uint8 RGB image, about 0 to 1.

    Raises:
        NoValue: it has less than 2 pixels on a side.
    """
    need_pixels(image, SMALLEST)
    from fgresq.networks.frozen import as_tensor

    return float(model()(as_tensor(image)))
