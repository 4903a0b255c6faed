"""A run of A-FINE: its three stages in turn, on a frozen tower or on one that the first tunes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from fgresq.errors import UserError
from fgresq.imperfect.declared_presets import TaughtBy
from fgresq.imperfect.encoding import Statistics, encoded, images_of, of_model
from fgresq.imperfect.three_stages import (
    Course,
    Loss,
    calibration_loss,
    fidelity_loss_of,
    naturalness_loss,
    raw_fidelity,
    raw_naturalness,
)
from fgresq.imperfect.triplet_lessons import Lessons, lessons_of, moments_at
from fgresq.imperfect.tuned_tower import tuned_loss
from fgresq.model.adaptive import Afine
from fgresq.model.standardised import Standardised
from fgresq.training.loop import train

BELOW = 0.9  # share of the training images below the middle of N's curve, before the last stage


def start_curve(model: Afine, raw: torch.Tensor) -> None:
    """Let N's curve start where raw N of the training images lies: a deviation from the authors'.

    Theirs was fitted to raw N of their own tower. Its middle is put near the upper end, so that
    few images lie above 1 / k, where D falls as they get worse: from there it hardly finds back.

    Args:
        model: whose curve is moved.
        raw: N of the training images.
    """
    middle, far = (float(raw.double().quantile(share)) for share in (0.5, BELOW))
    with torch.no_grad():
        model.naturalness_scale.centre.fill_(far)
        model.naturalness_scale.width.fill_(max(far - middle, 1e-3))


@dataclass(frozen=True)
class Trained:
    """What training ends with.

    Args:
        seen: statistics of all images and comparisons.
        history: losses and rates of every step, stage by stage.
        images: number of distinct training images.
        steps: of each stage.
    """

    seen: Statistics
    history: pd.DataFrame
    images: int
    steps: dict[str, int]


def scale_moments(model: Afine, seen: Statistics, rows: np.ndarray) -> None:
    """Fit the scale of the moments before N's head to the training images."""
    device = model.raw_k.device
    made = Standardised(len(model.fidelity.alpha)).to(device)
    made.fit(moments_at(seen, rows, device), model.naturalness.sizes)
    model.naturalness.standardised = made


def learn(
    course: Course,
    model: Afine,
    comparisons: pd.DataFrame,
    own: pd.DataFrame,
    taught_by: TaughtBy,
) -> Trained:
    """Train in three stages.

    Args:
        course: settings, name and place of the run.
        model: to train.
        comparisons: of both sides: all are seen, none but those of `own` are learnt from.
        own: triplets of the training side.
        taught_by: the kinds of triplets of each stage.

    Raises:
        UserError: a stage has no triplet, or an image is at fault.
    """
    preset, histories, steps = course.preset, [], {}
    lessons = lessons_of(own, comparisons, images_of(comparisons), model.raw_k.device)
    rows = np.unique(lessons.images)

    def stage(name: str, loss_of: Callable[[Lessons], Loss]) -> None:
        chosen = lessons.of(getattr(taught_by, name))
        if chosen.table.empty:
            problem = f"no triplet of the training side teaches the stage {name}"
            raise UserError(course.name, problem, "Give other data, or another variant")
        job = course.job(name, model, chosen, loss_of(chosen))
        histories.append(train(job).assign(stage=name))
        steps[name] = job.steps

    def seen_now() -> Statistics:
        return encoded(comparisons, of_model(model), f"{course.name}, encoding")

    if preset.tower == "trained":
        stage("naturalness", lambda some: tuned_loss(model, some, comparisons, preset.seed))
        model.requires_grad_(False)
        seen = seen_now()
    else:
        seen = seen_now()
        if preset.standardise:
            scale_moments(model, seen, rows)
        stage("naturalness", lambda some: naturalness_loss(model, some, seen))
    stage("fidelity", lambda some: fidelity_loss_of(model, some, seen))
    fidelity, _ = raw_fidelity(model, seen)
    naturalness = raw_naturalness(model, seen)
    start_curve(model, naturalness[torch.from_numpy(rows)])
    stage("calibration", lambda some: calibration_loss(model, some, fidelity, naturalness))
    model.requires_grad_(False)
    return Trained(seen, pd.concat(histories, ignore_index=True), len(rows), steps)
