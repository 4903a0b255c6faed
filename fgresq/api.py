"""What Python code calls: models, methods and losses by name.

Every function here does what a command does, with the same values; docs/python.md shows each. What
is wrong with an input is a `UserError` that says what to mend.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fgresq.catalogues import read_methods
from fgresq.errors import UserError
from fgresq.images import read_rgb
from fgresq.ops.least import NoValue
from fgresq.scoring.listing import here
from fgresq.scoring.preferences import Preference

if TYPE_CHECKING:
    from fgresq.scoring.as_loss import QualityLoss
    from fgresq.scoring.python_use import Scores

__all__ = ["NoValue", "Preference", "UserError", "load", "loss", "methods", "metric", "read_image"]


def load(
    model: str | Path | None = None,
    device: str = "auto",
    precision: str = "float32",
    protocol: str | None = None,
) -> Scores:
    """Load a model that judges images and compares two.

    Args:
        model: "embedded", which comes with the package; "official", FGResQ with its authors'
            weights, where they are placed; a folder of weights that were trained here. None: the
            official one where it is placed, else the embedded one.
        device: auto, cpu or cuda.
        precision: float32, or bfloat16 for FGResQ.
        protocol: how a folder of FGResQ looks at images: "paper", a squash to 256 x 256 and its
            centre, or "native", views at their own size; None: as it was trained.

    Raises:
        UserError: there is none of that name, or it cannot run here; says what brings it in.
    """
    from fgresq.scoring.judges import judge_of
    from fgresq.scoring.python_use import Scores

    return Scores(judge_of(model, device, precision, protocol=protocol))


def metric(name: str, **options: int) -> Scores:
    """Give a method of the catalogue, such as "lpips" or "niqe".

    Args:
        name: `methods()` lists them.
        options: of those that its entry names, such as border=4 of "psnr_y".

    Raises:
        UserError: there is none of that name, it is trained here and has no weights of one name, it
            cannot run here, or it has no such option.
    """
    from fgresq.scoring.python_use import method_named

    return method_named(name, **options)


def methods() -> dict[str, dict[str, Any]]:
    """Give the methods by name: each entry of the catalogue, with its state on this machine.

    `kind` is FR (compares with a reference) or NR, `direction` says which values are better,
    `range` has their ends (None: open), `state` is present, absent or trained, and `absent` says
    why and what to do.
    """
    return {name: here(name, entry) for name, entry in read_methods().items()}


def loss(name: str | Path = "embedded", form: str = "softplus") -> QualityLoss:
    """Give a quality model as a loss: differentiable in the image, lower better.

    Args:
        name: "embedded", "fgresq" (its authors' weights), "lpips", "dists", or a folder of an
            FGResQ that was trained here.
        form: of models without a reference: "softplus", never below zero, or "linear".

    Raises:
        UserError: there is none of that name, or its weights are not here.
    """
    from fgresq.scoring.as_loss import loss_of

    return loss_of(name, form)


def read_image(path: str | Path) -> np.ndarray:
    """Decode an image file as all methods see it: uint8 RGB (height, width, 3).

    Gray becomes three equal channels, transparency is laid on white, 16 bits are scaled to 8; an
    orientation in EXIF data is not applied.

    Raises:
        UserError: the file is missing or no image.
    """
    return read_rgb(path)
