"""The first stage of A-FINE with its tower: what the authors train on a GPU, on pixels.

Images are whole, at their own size. The three of a triplet are flipped, turned upside down and
transposed together, by chance one half each; those of one size are seen in one batch.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd
import torch

from fgresq.errors import UserError
from fgresq.imperfect.declared_presets import AfinePreset
from fgresq.imperfect.seen_comparisons import pixels_of
from fgresq.imperfect.three_stages import Loss, of_naturalness
from fgresq.imperfect.triplet_lessons import Lessons
from fgresq.model.adaptive import Afine
from fgresq.networks.frozen import as_tensor

DECODED = 512  # images that stay in memory


def check_device(preset: AfinePreset, where: object = "fgresq/data/afine.yaml") -> None:
    """Refuse settings for a GPU without one.

    Raises:
        UserError: names the ways out.
    """
    if preset.device != "cuda" or torch.cuda.is_available():
        return
    where = f"{where}, key 'device'"
    if not preset.allow_cpu:
        problem = "these settings are for a CUDA device, and there is none"
        mend = "Take `--preset mini`, or give `allow_cpu: true` and `max_steps: N` by --settings"
        raise UserError(where, problem, mend)
    if not preset.max_steps:
        problem = "training at these settings on a CPU would take weeks"
        raise UserError(where, problem, "Give `max_steps: N` beside allow_cpu: a truncated run")


def augmented(images: list[np.ndarray], draws: np.random.Generator) -> list[torch.Tensor]:
    """Give the images (h, w, 3) of a triplet as (1, 3, h, w) in [0, 1], moved alike.

    Args:
        images: uint8 RGB of one size.
        draws: says what is done to all of them.
    """
    flip, turn, transpose = (bool(draws.integers(2)) for _ in range(3))
    found = [as_tensor(image) for image in images]
    if flip:
        found = [image.flip(3) for image in found]
    if turn:
        found = [image.flip(2) for image in found]
    return [image.transpose(2, 3) for image in found] if transpose else found


def files_of(comparisons: pd.DataFrame) -> dict[str, tuple[str, str]]:
    """Give path and SHA-256 of every image and reference by its name."""
    columns = (("image", "path", "sha256"), ("reference", "reference_path", "reference_sha256"))
    rows = [row for names in columns for row in comparisons[list(names)].to_numpy()]
    return {name: (path, content) for name, path, content in rows}


def by_size(model: Afine, images: list[torch.Tensor]) -> torch.Tensor:
    """Give raw N (n,) of images (1, 3, h, w) on the model's device, one batch a size."""
    places: dict[tuple[int, ...], list[int]] = {}
    for place, image in enumerate(images):
        places.setdefault(tuple(image.shape), []).append(place)
    device = model.raw_k.device
    found = [
        model.naturalness(model.encode(torch.cat([images[k] for k in own]).to(device)).moments)
        for own in places.values()
    ]
    order = torch.tensor([place for own in places.values() for place in own], device=device)
    return torch.cat(found)[order.argsort()]


def tuned_loss(model: Afine, lessons: Lessons, comparisons: pd.DataFrame, seed: int) -> Loss:
    """Give the loss of the first stage where the tower learns too.

    Args:
        model: to train.
        lessons: of the stage.
        comparisons: that name the files.
        seed: with the numbers of the triplets of a step, says how they are moved.
    """
    files = files_of(comparisons)
    names = lessons.table[["image_a", "image_b", "reference"]].to_numpy()

    @lru_cache(maxsize=DECODED)
    def decoded(name: str) -> np.ndarray:
        return pixels_of(*files[name])

    def loss(chosen: np.ndarray) -> torch.Tensor:
        draws = np.random.default_rng([seed, *chosen.tolist()])
        images = [
            image
            for triplet in names[chosen]
            for image in augmented([decoded(name) for name in triplet], draws)
        ]
        return of_naturalness(by_size(model, images).view(-1, 3), lessons.labels[chosen])

    return loss
