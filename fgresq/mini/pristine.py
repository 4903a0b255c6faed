"""Fit the pristine model of IL-NIQE-refit to the photographs inside installed packages.

As the authors: of each photograph the blocks whose sharpness is over a share of the sharpest one's,
principal components of their features, and a Gaussian over those. Other than there, features are
first scaled to spread 1, and components are few enough for the blocks at hand to fix a covariance.
"""

from __future__ import annotations

import logging

import numpy as np

from fgresq import workspace
from fgresq.code_digest import code_identity
from fgresq.files import atomic, digest, sha256
from fgresq.images import read_rgb
from fgresq.mini.photographs import PHOTOGRAPHS, photograph_path
from fgresq.ops.enriched import features

SHARP = 0.5  # authors: 0.78, of ninety photographs
BLOCKS_PER_COMPONENT = 5


def pristine_blocks() -> np.ndarray:
    """Give the features (blocks, 468) of the sharp blocks of all photographs."""
    found = []
    for name in PHOTOGRAPHS:
        values, sharpness = features(read_rgb(photograph_path(name)))
        whole = ~np.isnan(values).any(axis=1)
        found.append(values[whole & (sharpness > SHARP * sharpness.max())])
    return np.vstack(found)


def fitted(values: np.ndarray) -> dict[str, np.ndarray]:
    """Fit the model to features (blocks, 468): scaling, components, and their Gaussian."""
    centre, spread = values.mean(0), values.std(0)
    spread[spread == 0] = 1
    scaled = (values - centre) / spread
    _, _, directions = np.linalg.svd(scaled, full_matrices=False)
    vectors = directions[: len(values) // BLOCKS_PER_COMPONENT].T
    projected = scaled @ vectors
    return {
        "centre": centre,
        "spread": spread,
        "vectors": np.ascontiguousarray(vectors),
        "mean": projected.mean(0),
        "covariance": np.cov(projected, rowvar=False),
    }


def identity() -> str:
    """Name the model by what it follows from: code, libraries, photographs."""
    seen = [sha256(photograph_path(photograph)) for photograph in PHOTOGRAPHS]
    return digest([code_identity(__name__), seen])


def model() -> dict[str, np.ndarray]:
    """Read the model; where it is not kept yet, fit it: twelve times the cost of an image."""
    folder = workspace.models()
    path = folder / f"ilniqe_refit-{identity()}.npz"
    if not path.exists():
        logging.info("fitting the pristine model of IL-NIQE-refit, once")
        with atomic(workspace.writable(folder) / path.name) as scratch:
            np.savez(scratch, allow_pickle=False, **fitted(pristine_blocks()))
    with np.load(path) as kept:
        return dict(kept)
