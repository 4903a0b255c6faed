"""ColorVideoVDP (Mantiuk et al., ACM TOG 2024): visible difference in JOD, identical images 10.

RGB at its own size, as an observer sees it on the display of `fgresq/networks/jod.py`, by the
authors' package. It takes about 2.3 GiB a megapixel.
"""

from __future__ import annotations

import numpy as np

from fgresq.ops.least import need_pixels

SMALLEST = 2  # pixels: below it the package's pyramid has no level


def score(image: np.ndarray, reference: np.ndarray) -> float:
    """Give the JOD of an uint8 RGB image beside its reference, up to 10, to 4 decimals.

    Raises:
        NoValue: they have less than 2 pixels on a side.
    """
    from fgresq.networks.jod import jod  # with torch: images without a reference take none

    need_pixels(image, SMALLEST)
    return float(jod(image[None], reference)[0])
