"""The three stages of A-FINE, each of which changes its own parameters alone.

Naturalness: N's head, on raw N of all pairs of a triplet. Fidelity: the weights of F, on raw F of
both test images. Calibration: k, centre and width of both curves, on D of both test images. Where
image b is the reference itself, the third pair of the first stage says nothing and the first two
are one, so that such a pair weighs double, as in the authors' training.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from fgresq.imperfect.declared_presets import STAGES, AfinePreset, OneStage
from fgresq.imperfect.seen_comparisons import Statistics
from fgresq.imperfect.taught_run import Loss, triplet_job
from fgresq.imperfect.triplet_lessons import PAIRS, Lessons, moments_at, terms_at
from fgresq.model.adaptive import Afine
from fgresq.model.moments import Moments
from fgresq.training.loop import Job
from fgresq.training.losses import thurstone_loss

AT_ONCE = 512  # rows that are judged together


@dataclass(frozen=True)
class Course:
    """What a run is taught by.

    Args:
        preset: its settings.
        name: of the run, for messages.
        work: folder of checkpoints.
        identity: digest of what its numbers follow from.
    """

    preset: AfinePreset
    name: str
    work: Path
    identity: str

    def settings(self, stage: str) -> OneStage:
        """Give the settings of a stage."""
        found: OneStage = getattr(self.preset.stages, stage)
        return found

    def job(self, stage: str, model: Afine, lessons: Lessons, loss: Loss, part: str = "") -> Job:
        """Set a stage up; everything but its own parameters is frozen.

        Args:
            stage: one of STAGES.
            model: to train.
            lessons: of the stage.
            loss: of triplets, by their numbers.
            part: tells the checkpoints of several starts of a stage apart.
        """
        settings, preset = self.settings(stage), self.preset
        model.requires_grad_(False)
        groups = [
            {"params": [p.requires_grad_(True) for p in parameters], "lr": rate}
            for parameters, rate in own_parameters(model, stage, preset, settings)
        ]
        return triplet_job(
            preset,
            settings,
            lessons.table,
            loss,
            name=f"{self.name}, {stage}",
            model=model,
            groups=groups,
            checkpoint=self.work / f"{stage}{part}.pt",
            identity=self.identity,
            seed=preset.seed * len(STAGES) + STAGES.index(stage),
        )


def own_parameters(
    model: Afine, stage: str, preset: AfinePreset, settings: OneStage
) -> list[tuple[list[nn.Parameter], float]]:
    """Give the parameters that a stage changes, with their learning rates."""
    if stage == "fidelity":
        return [(list(model.fidelity.parameters()), settings.lr)]
    if stage == "calibration":
        curves = (model.fidelity_scale, model.naturalness_scale)
        scalars = [p for curve in curves for p in (curve.centre, curve.width)]
        return [([model.raw_k, *scalars], settings.lr)]
    found = [(list(model.naturalness.parameters()), settings.lr)]
    if preset.tower == "trained" and settings.lr_tower:
        found.append((list(model.tower.parameters()), settings.lr_tower))
    return found


def of_naturalness(raw: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Give the loss of raw N (n, 3) of image a, image b and reference, labels (n, 3)."""
    pairs = [
        thurstone_loss(raw[:, a], raw[:, b], label)
        for (a, b), label in zip(PAIRS, labels.T, strict=True)
    ]
    return torch.stack(pairs).sum(0).mean()


def naturalness_loss(model: Afine, lessons: Lessons, seen: Statistics) -> Loss:
    """Give the loss of the first stage, the tower frozen."""
    images, row = np.unique(lessons.images, return_inverse=True)
    rows = row.reshape(-1, 3)
    with torch.no_grad():
        scaled = model.naturalness.scaled(moments_at(seen, images, model.raw_k.device))

    def loss(chosen: np.ndarray) -> torch.Tensor:
        distinct, place = np.unique(rows[chosen], return_inverse=True)
        raw = model.naturalness.of_scaled(Moments(*(part[distinct] for part in scaled)))
        return of_naturalness(raw[place.reshape(-1, 3)], lessons.labels[chosen])

    return loss


def fidelity_loss_of(model: Afine, lessons: Lessons, seen: Statistics) -> Loss:
    """Give the loss of the second stage."""

    def loss(chosen: np.ndarray) -> torch.Tensor:
        rows = lessons.pairs[chosen].ravel()
        raw = model.fidelity(terms_at(seen, rows, model.raw_k.device)).view(-1, 2)
        return thurstone_loss(raw[:, 0], raw[:, 1], lessons.labels[chosen, 0]).mean()

    return loss


def calibration_loss(
    model: Afine, lessons: Lessons, fidelity: torch.Tensor, naturalness: torch.Tensor
) -> Loss:
    """Give the loss of the third stage.

    Args:
        model: whose F and N stay as they are.
        lessons: of the stage.
        fidelity: raw F of all comparisons.
        naturalness: raw N of all images.
    """

    def loss(chosen: np.ndarray) -> torch.Tensor:
        images, pairs = lessons.images[chosen], lessons.pairs[chosen]
        first, second = (
            model.of_raw(
                fidelity[pairs[:, place]], naturalness[images[:, place]], naturalness[images[:, 2]]
            ).distance
            for place in (0, 1)
        )
        return thurstone_loss(first, second, lessons.labels[chosen, 0]).mean()

    return loss


@torch.no_grad()
def raw_naturalness(model: Afine, seen: Statistics) -> torch.Tensor:
    """Give raw N of all images."""
    device = model.raw_k.device
    return torch.cat(
        [
            model.naturalness(moments_at(seen, rows, device))
            for rows in np.array_split(np.arange(len(seen.images)), -(-len(seen.images) // AT_ONCE))
        ]
    )


@torch.no_grad()
def raw_fidelity(model: Afine, seen: Statistics) -> tuple[torch.Tensor, torch.Tensor]:
    """Give raw F of all comparisons, and what it would be if all its weights were equal."""
    trained, equal = [], []
    count = len(seen.terms)
    for rows in np.array_split(np.arange(count), -(-count // AT_ONCE)):
        compared = terms_at(seen, rows, model.raw_k.device)
        trained.append(model.fidelity(compared))
        equal.append(1 - torch.cat(list(compared), dim=1).mean(1))
    return torch.cat(trained), torch.cat(equal)
