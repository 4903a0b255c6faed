"""The embedded model: trained on people's scores of photographs; 0 to 100, higher better.

Card, notice and weights: `fgresq/data/embedded`. What it agrees with people on, and where it fails:
docs/embedded.md.
"""

from __future__ import annotations

import numpy as np

from fgresq.model.opinion import card, opinion
from fgresq.model.opinion import embedded as model
from fgresq.ops.least import NoValue, need_pixels

KIND = "NR"
SMALLEST = 32  # pixels: the last stage sees it as 2x2


def version() -> str:
    """Name the weights by content."""
    return str(card()["sha256"])


def score(image: np.ndarray, reference: np.ndarray | None = None) -> float:
    """Give the score of a uint8 RGB image, 0 to 100; the reference is not looked at.

    Raises:
        NoValue: it has less than 32 pixels on a side, or is flat.
    """
    need_pixels(image, SMALLEST)
    if (image == image[0, 0]).all():
        raise NoValue("it is flat: there is nothing in it to judge")
    return opinion(model(), image)
