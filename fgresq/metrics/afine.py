"""A-FINE with its authors' weights: a reference that need not be perfect, 0 to 100, lower better.

Chen, Wu, Ma and Zhang, CVPR 2025. RGB at its own size, CLIP's statistics; sides that are no
multiples of 32 are brought to the next ones (bicubic). The value is the authors' scaled one, whose
constants they fitted to SRIQA-Bench; `values` has what it is made of. Reference and image are not
to be swapped, and a copy of a poor reference scores poorly. afine.pth is placed by the user.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fgresq import workspace
from fgresq.absent import Absent, refuse
from fgresq.model.on_pictures import OnPictures
from fgresq.raw import raw_state

if TYPE_CHECKING:  # `absent` is asked at every call of Snakemake: torch comes with the model
    from fgresq.model.adaptive import Afine, Values

SMALLEST = 32  # pixels: one patch
FILE = "afine.pth"


def folder() -> Path:
    """Give where its file is placed."""
    return workspace.checkpoints() / "afine"


def absent() -> Absent | None:
    """Say that the authors' file is not here, and how to get it."""
    path = folder() / FILE
    if path.exists():
        return None
    return Absent(
        "no_weights",
        f"the authors' weights are not in place ({path})",
        f"if their terms suit you, download {FILE} (about 0.6 GB) by the link to its weights in "
        f"the README of github.com/ChrisDud0257/AFINE, and put it into {folder()}/",
    )


def version() -> str:
    """Name the placed file by its content."""
    return raw_state(folder(), workspace.known_hashes("afine"))


def load() -> Afine:
    """Load the authors' model, on a CUDA device where there is one.

    Raises:
        UserError: the file is missing or not as released.
    """
    refuse("A-FINE", absent())
    import torch

    from fgresq.model.afine_file import read_afine

    return read_afine(folder() / FILE).to("cuda" if torch.cuda.is_available() else "cpu")


class Scaled(OnPictures):
    """The authors' value: D on their scale."""

    def value_of(self, found: Values) -> float:
        """Give the scaled score, 0 to 100, lower better."""
        from fgresq.model.adaptive import scaled

        return float(scaled(found.distance))


pictures = Scaled(load, SMALLEST)
model, values = pictures.model, pictures.values
value_of, score = pictures.value_of, pictures.score
