"""Q-ReAlign with its published weights: no reference, values in [0, 1], higher better.

Q-Align's question and five words, asked of models of the family of Qwen3.5 (Mini 0.8B, Lite 4B,
Pro 9B: Q-Future, 2026). Placed by the user, in data/weights/qrealign, and run by their Python.
"""

from __future__ import annotations

import numpy as np

from fgresq.external.realign import REALIGN, level

KIND = "NR"
METHOD = REALIGN
absent, version = METHOD.absent, METHOD.version


def score(image: np.ndarray, reference: np.ndarray | None = None) -> float:
    """Give the quality of a uint8 RGB image on the authors' scale: five levels, 0 to 1."""
    return (level(image) - 1) / 4
