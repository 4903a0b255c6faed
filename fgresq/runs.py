"""Settings of a training run: the tower's, and a stage's own with a variant laid over."""

from __future__ import annotations

import argparse
import re
from typing import TypeVar

from fgresq.arguments import settings_json
from fgresq.errors import UserError, unknown
from fgresq.options import parse_options
from fgresq.parsing import fields_of
from fgresq.presets import Preset, merge, preset_named
from fgresq.sections import Ridge, Section, Stage1, Stage2, Tower, Training
from fgresq.settings import CONFIG

S = TypeVar("S", bound=Section)
T = TypeVar("T", bound=Training)


class Stage1Options(Section):
    """All that the numbers of a run of stage 1 follow from."""

    tower: Tower
    stage1: Stage1


class Stage2Options(Section):
    """All that the numbers of a run of stage 2 follow from, beside its stage 1."""

    tower: Tower
    stage2: Stage2


STAGE_FORMS: dict[str, type[Section]] = {"stage1": Stage1Options, "stage2": Stage2Options}


def stage_options(preset: Preset, form: type[S], variant: str = "full") -> S:
    """Give the sections of a preset that a stage reads, the settings of a variant laid over.

    Raises:
        UserError: there is no such variant.
    """
    if variant not in preset.variants:
        raise unknown(CONFIG, "variant", variant, preset.variants)
    over = preset.variants[variant].record()
    laid = {
        name: merge(getattr(preset, name).record(), over.get(name) or {})
        for name in fields_of(form)
    }
    return form.model_validate(laid)


def stage1_of(preset: Preset, variant: str) -> str:
    """Name the variant whose stage 1 a variant uses: its own only where it changes stage 1."""
    return "full" if preset.variants[variant].stage1 is None else variant


def shares_forward(tower: Tower, ridge: Ridge) -> bool:
    """Tell whether the cache that training fills holds the features of DINOv2 that a ridge wants.

    Args:
        tower: section `tower` of a preset.
        ridge: its section `ridge`.
    """
    return (
        tower.tower == "dinov2_vits14"
        and tower.crop == "native"
        and tower.grid == ridge.grid
        and ridge.block <= tower.levels[-1] - tower.trainable_blocks
    )


def split_run(run: str) -> tuple[str, str, int]:
    """Split a run's name into its parts.

    Args:
        run: SIDE[-without-ALGORITHM][-seedN].

    Returns:
        What is tested (a fold's number, `pairs`, `all`); the algorithm whose images are kept out of
        training, or an empty text; the seed.

    Raises:
        UserError: the name is of another form.
    """
    found = re.fullmatch(r"([0-9]+|pairs|all)(?:-without-(.+?))?(?:-seed([0-9]+))?", run)
    if not found:
        raise UserError(
            f"run '{run}'",
            "there is no such run",
            "Give a fold's number, `pairs` or `all`, then perhaps -without-ALGORITHM and -seedN",
        )
    return found[1], found[2] or "", int(found[3] or 0)


def seeded(settings: T, run: str) -> T:
    """Give the settings of a run: its own seed is added to that of the settings.

    Raises:
        UserError: there is no such run.
    """
    return settings.model_copy(update={"seed": settings.seed + split_run(run)[2]})


def add_stage_options(parser: argparse.ArgumentParser, stage: str) -> None:
    """Give a step `--options`, or `--preset` and `--variant` to take them from.

    Args:
        parser: of the step.
        stage: name of the section beside `tower`.
    """
    parser.add_argument(
        "--options",
        type=settings_json,
        metavar="JSON",
        help=f'settings as JSON, {{"tower": {{...}}, "{stage}": {{...}}}}',
    )
    parser.add_argument("--preset", default="mini", help="or: the preset to take them from (mini)")
    parser.add_argument("--variant", default="full", help="name under `variants` (full)")


def stage_options_of(args: argparse.Namespace, form: type[S]) -> S:
    """Give the settings that a stage was called with.

    Raises:
        UserError: `--options` are of another form, or there is no such preset or variant.
    """
    if args.options is not None:
        return parse_options(args.options, form)
    return stage_options(preset_named(args.preset), form, args.variant)
