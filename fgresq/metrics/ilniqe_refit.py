"""IL-NIQE-refit: the features of IL-NIQE, its pristine model fitted here; lower better.

The model is of the photographs inside installed packages (fgresq/mini/photographs.py), twelve where
the authors had ninety: its values are not those of IL-NIQE. The embedded data is made of the same
photographs, so it is no test of this method.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from fgresq.mini.pristine import identity, model
from fgresq.ops.enriched import distance, usable
from fgresq.ops.least import need_pixels

KIND = "NR"
SMALLEST = 16  # pixels; any size is resized to 524x524


pristine = lru_cache(maxsize=1)(model)


def version() -> str:
    """Name the pristine model by what it follows from."""
    return identity()


def score(image: np.ndarray, reference: np.ndarray | None = None) -> float:
    """Give the IL-NIQE-refit of a uint8 RGB image, 0 or more; the reference is not looked at.

    Raises:
        NoValue: it has less than 16 pixels on a side, or is flat.
    """
    need_pixels(image, SMALLEST)
    found, fitted = usable(image), pristine()
    projected = ((found - fitted["centre"]) / fitted["spread"]) @ fitted["vectors"]
    return distance(projected, fitted["mean"], fitted["covariance"])
