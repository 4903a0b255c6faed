"""Latent quality of the embedded data: what its simulated observers see, by a measure.

It is the value that the measure's method gives, turned so that higher is better.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fgresq.measures import MeasureName
from fgresq.networks import alex_lpips
from fgresq.networks.frozen import by_network
from fgresq.networks.jod import jod

Quality = Callable[[np.ndarray, np.ndarray], np.ndarray]
DIGITS = 9  # of a value, as `fgresq score` keeps it

distance = by_network(alex_lpips.model, alex_lpips.SMALLEST)


def less_lpips(images: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Give minus the LPIPS of images against one reference: higher is better.

    Args:
        images: uint8 RGB (n, height, width, 3).
        reference: uint8 RGB (height, width, 3).

    Returns:
        (n,), up to 0, to 9 digits.

    Raises:
        UserError: the weights are not there.
    """
    values = [float(f"{distance(image, reference):.{DIGITS}g}") for image in images]
    return 0.0 - np.array(values)  # no minus nought


QUALITY: dict[MeasureName, Quality] = {"lpips": less_lpips, "jod": jod}
