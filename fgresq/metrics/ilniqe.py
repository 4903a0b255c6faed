"""IL-NIQE (Zhang, Zhang, Bovik, IEEE TIP 2015) with its authors' pristine model; lower better.

The model, templateModel.mat, comes with the authors' release, whose terms are not clear: it is not
fetched, a person puts it into data/checkpoints/ilniqe. What is computed from it is described in
fgresq/ops/enriched.py. `ilniqe_refit` is the same with a model of our own.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy.io import loadmat

from fgresq import workspace
from fgresq.absent import Absent
from fgresq.errors import UserError
from fgresq.files import sha256
from fgresq.ops.enriched import FEATURES, distance, usable
from fgresq.ops.least import need_pixels

KIND = "NR"
SMALLEST = 16  # pixels; any size is resized to 524x524
URL = "https://github.com/IceClear/IL-NIQE/releases/tag/v1.0.0"  # holds the MATLAB version
STEP = f"put templateModel.mat of the authors' MATLAB release ({URL}) into"


def file() -> Path:
    """Give where the authors' model is placed."""
    return workspace.checkpoints() / "ilniqe" / "templateModel.mat"


def absent() -> Absent | None:
    """Say that the authors' model is not in place."""
    if file().exists():
        return None
    reason = f"the authors' pristine model is not at {file()}"
    return Absent("no_weights", reason, f"{STEP} {file().parent}")


def version() -> str:
    """Name the model by its content; empty where it is not in place."""
    return sha256(file()) if file().exists() else ""


@lru_cache(maxsize=1)
def model() -> tuple[np.ndarray, ...]:
    """Load mean (n,) and covariance (n, n) of pristine blocks, mean (468,) and vectors (468, n).

    Raises:
        UserError: the file is not the authors' model.
    """
    try:
        parts = [np.asarray(part, float) for part in loadmat(file())["templateModel"][0]]
        mean, covariance, centre, vectors = parts
        shapes = mean.size, covariance.shape, centre.size, vectors.shape
        kept = vectors.shape[1]
        if shapes != (kept, (kept, kept), FEATURES, (FEATURES, kept)):
            raise ValueError(f"its parts have shapes {shapes}")
    except (OSError, KeyError, TypeError, ValueError) as error:
        mend = f"P{STEP[1:]} {file().parent}"
        raise UserError(file(), f"not the model of IL-NIQE ({error})", mend) from error
    return mean.ravel(), covariance, centre.ravel(), vectors


def score(image: np.ndarray, reference: np.ndarray | None = None) -> float:
    """Give the IL-NIQE of a uint8 RGB image, 0 or more; the reference is not looked at.

    Raises:
        NoValue: it has less than 16 pixels on a side, or is flat.
    """
    need_pixels(image, SMALLEST)
    found = usable(image)
    mean, covariance, centre, vectors = model()
    return distance((found - centre) @ vectors, mean, covariance)
