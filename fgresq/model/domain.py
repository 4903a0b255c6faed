"""How far an image lies from what taught a model: its domain, as a distance between features.

Of the features of the photographs that taught it the directions of most variance are kept, and of
all others one variance: a Mahalanobis distance whose covariance is shrunk to that form (Tipping and
Bishop, Probabilistic Principal Component Analysis, 1999). It is divided by the root of the number
of features. An image is told to be outside when it lies further than 99 in 100 photographs lie from
the *other* photographs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from fgresq.errors import UserError
from fgresq.files import atomic

FILE = "domain.safetensors"
AXES = 32  # directions that are kept
FOLDS = 5  # in which photographs are left out
WITHIN = 0.99  # share of left-out photographs that are inside
MEND = "Install the package again, or train the model again"


@dataclass(frozen=True)
class Domain:
    """Where the features of a model's photographs lie.

    Args:
        centre, spread: (d,) mean and SD of features.
        axes: (k, d) orthonormal directions of standardised features.
        variances: (k,) along them.
        rest: (1,) variance along any other direction.
        limit: (1,) distance from which an image is outside.
    """

    centre: np.ndarray
    spread: np.ndarray
    axes: np.ndarray
    variances: np.ndarray
    rest: np.ndarray
    limit: np.ndarray

    def distances(self, features: np.ndarray) -> np.ndarray:
        """Give distances (n,) of features (n, d): 0 is the mean, about 1 a usual photograph."""
        rows = (features.astype(np.float64) - self.centre) / self.spread
        along = rows @ self.axes.T.astype(np.float64)
        other = np.square(rows).sum(axis=1) - np.square(along).sum(axis=1)
        squares = (np.square(along) / self.variances).sum(axis=1) + other.clip(0) / self.rest
        return np.sqrt(squares / rows.shape[1])

    def ratio(self, features: np.ndarray) -> float:
        """Give the distance of features (d,) over the limit: above 1 an image is outside."""
        return float(self.distances(features[None])[0] / self.limit[0])


def around(rows: np.ndarray, axes: int = AXES) -> Domain:
    """Describe where features (n, d) lie; the limit is still infinite."""
    axes = min(axes, *(side - 1 for side in rows.shape))
    centre, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-3
    scaled = (rows - centre) / spread
    values, vectors = np.linalg.eigh(scaled.T @ scaled / len(rows))
    kept = vectors[:, ::-1][:, :axes].T
    largest = np.abs(kept).argmax(axis=1)
    kept = kept * np.sign(kept[np.arange(axes), largest])[:, None]  # a sign that is no accident
    rest = max(float(values[: len(values) - axes].mean()), 1e-6)
    numbers = centre, spread, kept, values[::-1][:axes]
    ends = np.array([rest]), np.array([np.inf])
    return Domain(*(array.astype(np.float32) for array in (*numbers, *ends)))


def domain_of(rows: np.ndarray, seed: int) -> Domain:
    """Describe where features (n, d) lie, with a limit from photographs that are left out.

    Args:
        rows: a photograph each.
        seed: of the folds.
    """
    rows = rows.astype(np.float64)
    folds = np.random.default_rng(seed).permutation(len(rows)) % FOLDS
    left_out = np.empty(len(rows))
    for fold in range(FOLDS):
        left_out[folds == fold] = around(rows[folds != fold]).distances(rows[folds == fold])
    whole = around(rows)
    limit = np.array([np.quantile(left_out, WITHIN)], dtype=np.float32)
    return replace(whole, limit=limit)


def write_domain(folder: Path, domain: Domain) -> None:
    """Write a domain beside the weights, its axes as float16."""
    state = {**vars(domain), "axes": domain.axes.astype(np.float16)}
    state = {name: np.ascontiguousarray(value) for name, value in state.items()}  # as save needs
    with atomic(folder / FILE) as scratch:
        scratch.write_bytes(save(state))


def read_domain(folder: Path) -> Domain | None:
    """Read the domain of a model; None: its folder has none, as it was trained before there were.

    Raises:
        UserError: the file is damaged.
    """
    path = folder / FILE
    if not path.exists():
        return None
    try:
        return Domain(**load(path.read_bytes()))
    except (SafetensorError, TypeError) as error:
        raise UserError(path, f"it is damaged ({error})", MEND) from error
