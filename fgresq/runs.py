"""Settings of a training run: the tower's, and a stage's own with a variant laid over."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from fgresq.arguments import settings_json
from fgresq.errors import UserError, unknown
from fgresq.settings import CONFIG, given_options, load, merge

STAGES = ("stage1", "stage2")
STAND_INS = ("dinov2_vits14", "random_vits14")  # towers that stand in for CLIP
WEIGHTS = {".bin", ".pt", ".pth", ".safetensors"}


def stage_options(preset: dict[str, Any], stage: str, variant: str) -> dict[str, Any]:
    """Give {tower, stage} of a preset for a variant: all that a run's numbers follow from."""
    variants = preset["variants"]
    if variant not in variants:
        raise unknown(CONFIG, "variant", variant, variants)
    return {
        "tower": preset["tower"],
        stage: merge(preset[stage], variants[variant].get(stage, {})),
    }


def stage1_of(preset: dict[str, Any], variant: str) -> str:
    """Name the variant whose stage 1 a variant uses: its own only where it changes stage 1."""
    return variant if "stage1" in preset["variants"][variant] else "full"


def weights_file(tower: dict[str, Any]) -> Path | None:
    """Give the file that holds a tower's weights, where `pretrained` names one and not a tag."""
    path = Path(tower["pretrained"] or "")
    return path if path.suffix in WEIGHTS else None


def shares_forward(tower: dict[str, Any], ridge: dict[str, Any]) -> bool:
    """Tell whether the cache that training fills holds the features of DINOv2 that a ridge wants.

    Args:
        tower: section `tower` of a preset.
        ridge: its section `ridge`.
    """
    return (
        tower["tower"] == "dinov2_vits14"
        and tower["crop"] == "native"
        and tower["grid"] == ridge["grid"]
        and ridge["block"] <= tower["levels"][-1] - tower["trainable_blocks"]
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


def add_stage_options(parser: argparse.ArgumentParser) -> None:
    """Give a verb `--options`, or `--preset` and `--variant` to take them from."""
    parser.add_argument(
        "--options",
        type=settings_json,
        metavar="JSON",
        help='settings as JSON, {"tower": {...}, STAGE: {...}}, where STAGE is "stage1", "stage2" '
        'or, of train-baseline, "baseline"',
    )
    parser.add_argument("--preset", default="mini", help="or: the preset to take them from (mini)")
    parser.add_argument("--variant", default="full", help="name under `variants` (full)")


def options_of_stage(args: argparse.Namespace, stage: str) -> dict[str, Any]:
    """Give the settings a stage was called with, the run's seed added to its own.

    Raises:
        UserError: `--options` are of another form, or there is no such preset, variant or run.
    """
    if args.options is not None:
        options: dict[str, Any] = given_options(args.options, "tower", stage)
    else:
        presets = load()["presets"]
        if args.preset not in presets:
            raise unknown(CONFIG, "preset", args.preset, presets)
        options = stage_options(presets[args.preset], stage, args.variant)
    seed = options[stage]["seed"] + split_run(args.run)[2]
    return merge(options, {stage: {"seed": seed}})
