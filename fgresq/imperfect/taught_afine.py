"""A run of A-FINE: its three stages in turn, on a frozen tower or on one that the first tunes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from fgresq.errors import UserError
from fgresq.imperfect.declared_presets import TaughtBy
from fgresq.imperfect.encoding import of_model
from fgresq.imperfect.seen_comparisons import Statistics, encoded, images_of
from fgresq.imperfect.taught_run import Loss
from fgresq.imperfect.three_stages import (
    Course,
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

SCALARS = ("raw_k", "fidelity_scale.", "naturalness_scale.")  # begin the names of the five
CENTRE, WIDTH = "naturalness_scale.centre", "naturalness_scale.width"
# of raw N of the training images, the shares below the middle of N's curve and one width above it
# or, counted down, below it; the last stage begins at each
STARTS = ((0.5, 0.9), (0.9, 0.5))


def starts_of(model: Afine, raw: torch.Tensor, starts: str) -> list[tuple[float, float]]:
    """List centres and widths that N's curve may start with.

    Args:
        model: with the authors' start, which was fitted to N of their own tower.
        raw: N of the training images.
        starts: authors, theirs alone; or several, where the training images' N lies as well.
    """
    curve = model.naturalness_scale
    found = [(float(curve.centre), float(curve.width))]
    if starts == "authors":
        return found
    for middle, other in STARTS:
        centre, edge = (float(raw.double().quantile(share)) for share in (middle, other))
        found.append((centre, max(abs(edge - centre), 1e-3)))
    return found


def scalars_of(model: Afine) -> dict[str, torch.Tensor]:
    """Give a copy of the scalars of the last stage, by name."""
    names = [name for name, _ in model.named_parameters() if name.startswith(SCALARS)]
    return {name: model.state_dict()[name].clone() for name in names}


def set_scalars(model: Afine, values: dict[str, torch.Tensor]) -> None:
    """Put scalars of the last stage back."""
    state = model.state_dict()
    for name, value in values.items():
        state[name].copy_(value)


@dataclass(frozen=True)
class Trained:
    """What training ends with.

    Args:
        seen: statistics of all images and comparisons.
        history: losses and rates of every step, stage by stage.
        images: number of distinct training images.
        steps: of each stage.
        ends: the loss of the last stage on its triplets, from each of its starts.
        start: which of them ended lowest, and was taken.
    """

    seen: Statistics
    history: pd.DataFrame
    images: int
    steps: dict[str, int]
    ends: list[float]
    start: int


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

    def stage(name: str, loss_of: Callable[[Lessons], Loss], part: str = "") -> None:
        chosen = lessons.of(getattr(taught_by, name))
        if chosen.table.empty:
            problem = f"no triplet of the training side teaches the stage {name}"
            raise UserError(course.name, problem, "Give other data, or another variant")
        job = course.job(name, model, chosen, loss_of(chosen), part)
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
    some = lessons.of(taught_by.calibration)
    starts = starts_of(model, naturalness[torch.from_numpy(rows)], preset.starts)
    least = calibration_loss(model, some, fidelity, naturalness)
    every = np.arange(len(some.table))
    ends: list[tuple[float, dict[str, torch.Tensor], pd.DataFrame]] = []
    before = scalars_of(model)
    for number, (centre, width) in enumerate(starts):
        set_scalars(model, {**before, CENTRE: torch.tensor(centre), WIDTH: torch.tensor(width)})
        stage("calibration", lambda _: least, f"-{number}" if number else "")
        with torch.no_grad():
            ends.append((float(least(every)), scalars_of(model), histories.pop()))
    loss, scalars, history = min(ends, key=lambda end: end[0])
    set_scalars(model, scalars)
    histories.append(history)
    model.requires_grad_(False)
    chosen = [end[0] for end in ends].index(loss)
    told = pd.concat(histories, ignore_index=True)
    return Trained(seen, told, len(rows), steps, [round(end[0], 6) for end in ends], chosen)
