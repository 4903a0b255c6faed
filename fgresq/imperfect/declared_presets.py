"""The settings of data, training and tests of A-FINE: `fgresq/data/afine.yaml`, by preset."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from fgresq import workspace
from fgresq.errors import UserError, unknown
from fgresq.parsing import parse
from fgresq.sections import (
    Count,
    Distinct,
    Name,
    Positive,
    Section,
    Seed,
    Some,
    SomeDistinct,
    Weight,
)
from fgresq.settings import merge, read_yaml

STAGES = ("naturalness", "fidelity", "calibration")  # in their order
Kind = Literal["standard", "imperfect"]  # of triplets: whether the reference is perfect
Backbone = Literal["clip_vit_b32", "vgg16", "dinov2_vits14", "random"]


class MadeData(Section):
    """The simulated data of `diffiqa_mini`."""

    references: Annotated[int, Field(ge=1, le=4)]
    tested: Annotated[int, Field(ge=2, le=6)]
    slope: Positive
    similar: Weight


class OneStage(Section):
    """How long and how fast a stage learns."""

    steps: Count
    batch: Count
    lr: Positive
    lr_tower: Positive | None = None


class AllStages(Section):
    """The three stages, each of which changes its own parameters alone."""

    naturalness: OneStage
    fidelity: OneStage
    calibration: OneStage


class TaughtBy(Section):
    """The kinds of triplets that teach each stage."""

    naturalness: SomeDistinct[Kind]
    fidelity: SomeDistinct[Kind]
    calibration: SomeDistinct[Kind]


class AfinePreset(Section):
    """All settings of a preset."""

    sources: SomeDistinct[str]
    seed: Seed
    folds: Annotated[int, Field(ge=2)]
    split: Literal["family", "official"]
    bootstrap: Count
    data: MadeData
    backbones: SomeDistinct[Backbone]
    variants: dict[Name, TaughtBy]
    methods: Distinct[str]
    slow_methods: Distinct[str]
    ablated: Distinct[Backbone]
    tower: Literal["frozen", "trained"]
    device: Literal["cpu", "cuda"]
    allow_cpu: bool
    max_steps: Count | None
    standardise: bool
    starts: Literal["authors", "several"]
    weight_decay: Weight
    betas: Annotated[Some[Annotated[float, Field(gt=0, lt=1)]], Field(min_length=2, max_length=2)]
    cycles: Some[Positive]
    floor: Weight
    stages: AllStages
    refit: OneStage  # of LPIPS-FT and DISTS-FT

    @model_validator(mode="after")
    def _fits_the_tower(self) -> Self:
        if self.tower == "trained" and self.standardise:
            raise PydanticCustomError(
                "tower", "standardise is for a frozen tower: the moments of a trained one move"
            )
        if self.tower == "trained" and self.stages.naturalness.lr_tower is None:
            raise PydanticCustomError("tower", "a trained tower needs naturalness/lr_tower")
        return self

    def runs(self, backbone: str) -> list[str]:
        """Name the variants that are trained on a backbone; `full` first."""
        rest = [name for name in self.variants if name != "full"]
        return ["full", *(rest if backbone in self.ablated else [])]


def settings_file() -> Path:
    """Give the package's own settings."""
    return workspace.packaged("afine.yaml")


def read_presets(path: str | Path | None = None) -> dict[str, AfinePreset]:
    """Read every preset, the defaults laid under each.

    Raises:
        UserError: the file cannot be read, or a key is at fault.
    """
    file = Path(path or settings_file())
    found = read_yaml(file)
    defaults, presets = found.get("defaults"), found.get("presets")
    if not isinstance(defaults, dict) or not isinstance(presets, dict):
        raise UserError(file, "it has not `defaults` and `presets`", "See the package's own")
    return {
        name: parse(AfinePreset, merge(defaults, own or {}), file, at=f"presets/{name}/")
        for name, own in presets.items()
    }


def preset_of(args: argparse.Namespace) -> AfinePreset:
    """Give the preset that a step was asked for.

    Raises:
        UserError: there is none of that name, or the file is at fault.
    """
    presets = read_presets(args.settings)
    if args.preset not in presets:
        raise unknown(args.settings or settings_file(), "preset", args.preset, presets)
    return presets[args.preset]


def add_preset(parser: argparse.ArgumentParser) -> None:
    """Give a step `--preset` and `--settings`."""
    parser.add_argument("--preset", default="mini", help="of the settings (default mini)")
    parser.add_argument("--settings", metavar="FILE", help="in place of the package's")
