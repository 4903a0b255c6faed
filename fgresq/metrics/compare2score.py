"""Compare2Score with its published weights: no reference, higher better; anchors at 0 to 100.

Zhu et al., NeurIPS 2024: the image is compared with five anchor images, which the user places with
the weights, as data/weights/compare2score/anchors/0.png (worst) to 4.png.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from fgresq.absent import Absent
from fgresq.external import pairwise
from fgresq.external.owl import DEFAULTS, logits, owl
from fgresq.images import read_rgb

KIND = "NR"
METHOD = replace(
    owl("compare2score", "q-future/Compare2Score", "its code is under the MIT licence"),
    settings={**DEFAULTS, "batch": 1, "both_orders": False},
    without={},
)
version = METHOD.version


def anchor_paths() -> list[Path]:
    """List where the anchor images lie, from the worst to the best."""
    return [METHOD.folder / f"anchors/{k}.png" for k in range(len(pairwise.ANCHORS))]


def absent() -> Absent | None:
    """Say why it cannot run here; after the model itself, want of its anchors."""
    missing = [path for path in anchor_paths() if not path.exists()]
    found = METHOD.absent()
    if found or not missing:
        return found
    return Absent(
        "no_weights",
        f"its anchor images are not in place ({missing[0]})",
        "save the first five images of the data set VQA-CityU/Anchor_images (Hugging Face), in its "
        f"order, as {METHOD.folder}/anchors/0.png to 4.png; see docs/published-weights.md",
    )


@lru_cache(maxsize=1)
def anchors() -> list[np.ndarray]:
    """Read the anchor images.

    Raises:
        UserError: one is missing.
    """
    return [read_rgb(path) for path in anchor_paths()]


def preferences(image: np.ndarray) -> np.ndarray:
    """Give the preferences (5,) in [0, 1] for a uint8 RGB image over each anchor."""
    groups = [[anchor, image] for anchor in anchors()]
    forth = pairwise.preference(logits(METHOD, pairwise.PROMPT, pairwise.WORDS, groups))
    if not METHOD.read()["both_orders"]:
        return forth
    turned = [group[::-1] for group in groups]
    back = pairwise.preference(logits(METHOD, pairwise.PROMPT, pairwise.WORDS, turned))
    return pairwise.both_orders(forth, back)


def score(image: np.ndarray, reference: np.ndarray | None = None) -> float:
    """Give the quality of a uint8 RGB image between the worst anchor, 0, and the best, 100."""
    return pairwise.score(preferences(image))
