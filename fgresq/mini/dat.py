"""DAT-light super-resolution (Chen et al. 2023), run by spandrel from weights in safetensors."""

from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path

import numpy as np
import torch

from fgresq.mini.degradations import Degraded
from fgresq.mini.restorers import back_projected, bicubic, sharpened
from fgresq.networks.torchvision_ops import make_importable
from fgresq.weights.cards import read_weights


@cache
def network(folder: Path, scale: int) -> torch.nn.Module:
    """Load DAT-light of a scale (2 or 4) on the CPU.

    Raises:
        UserError: its weights are not there, are damaged, or the folder is of other weights.
    """
    weights = read_weights("dat_light", f"x{scale}.safetensors", folder)
    make_importable()
    import spandrel

    loaded = spandrel.ModelLoader(device="cpu").load_from_state_dict(weights)
    return loaded.model.eval()


def enlarge(d: Degraded, folder: Path) -> np.ndarray:
    """Super-resolve the input; float RGB (size, size, 3)."""
    pixels = torch.from_numpy(d.image).permute(2, 0, 1)[None]
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore", UserWarning)  # torch.meshgrid's notice
        large = network(folder, d.known["scale"])(pixels)
    return large[0].permute(1, 2, 0).numpy().clip(0, 1)


def dat_restorations(d: Degraded, folder: Path) -> dict[str, np.ndarray]:
    """DAT-light and two of its neighbours: half blended with bicubic, and sharpened."""
    large = enlarge(d, folder)
    return {
        "dat": large,
        "dat-half": (large + bicubic(d)) / 2,
        "dat-sharp": sharpened(back_projected(large, d, 1), 1.0, 0.5),
    }
