"""ColorVideoVDP (Mantiuk et al. 2024) in JOD: of the method, and of simulated observers.

10 JOD is no visible difference; 1 JOD less is a preference of 75 % for the reference's side. The
metric was calibrated on human data; here it stands for observers, and is never ranked beside them.
"""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import numpy as np
import torch

from fgresq.networks.torchvision_ops import make_importable

DISPLAY = "standard_fhd"  # 24-inch full HD seen from 0.6 m: artefacts of small images are visible


@cache
def metric() -> Any:
    """Build the metric on the CPU."""
    make_importable()
    import pycvvdp

    return pycvvdp.cvvdp(display_name=DISPLAY, heatmap=None, quiet=True, device=torch.device("cpu"))


def jod(images: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Score images against one reference.

    Args:
        images: uint8 RGB (n, height, width, 3).
        reference: uint8 RGB (height, width, 3).

    Returns:
        JOD (n,), up to 10, higher better, rounded to 4 decimals.
    """
    repeated = np.broadcast_to(reference, images.shape).copy()
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore", UserWarning)  # notices of meshgrid and of the flags
        # oneDNN's convolution of one channel and many images is 2.5 times slower than torch's own
        with torch.backends.mkldnn.flags(enabled=False):
            quality, _ = metric().predict(images, repeated, dim_order="BHWC")
    return np.round(quality.reshape(-1).double().numpy(), 4)
