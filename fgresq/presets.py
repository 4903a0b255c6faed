"""The presets: `defaults` laid under each, read into models, and every name in them known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from fgresq import workspace
from fgresq.baseline_sections import Baselines
from fgresq.errors import UserError, unknown
from fgresq.parsing import parse
from fgresq.sections import (
    Analysis,
    Distinct,
    Filter,
    Jnd,
    Labels,
    Mini,
    Name,
    Report,
    Ridge,
    Runs,
    Section,
    SomeDistinct,
    Split,
    Stage1,
    Stage2,
    Tower,
    Variant,
)
from fgresq.settings import CONFIG, check_known, check_weight_names, merge, read_yaml

STAGES: dict[str, type[Section]] = {"stage1": Stage1, "stage2": Stage2}


class Preset(Section):
    """All settings of a preset."""

    sources: SomeDistinct[str]
    label_sources: Distinct[str]
    stand_in: str | None
    mini: Mini
    jnd: Jnd
    filter: Filter
    labels: Labels
    split: Split
    methods: SomeDistinct[str]
    full_methods: Distinct[str]
    ridge: Ridge
    tower: Tower
    stage1: Stage1
    stage2: Stage2
    variants: dict[Name, Variant]
    baselines: Baselines
    runs: Runs
    analysis: Analysis
    report: Report


class Config(Section):
    """The settings file, its defaults laid under every preset."""

    preset: Annotated[str, Field(description="auto, or the name of a preset")]
    only: Annotated[str | None, Field(description="one phase, as DVC runs it")] = None
    require: Annotated[
        Distinct[str], Field(description="sources and methods whose absence is an error")
    ] = ()
    folder: Annotated[str | None, Field(description="where the source own lies")] = None
    full: Annotated[bool, Field(description="every preset takes its full_methods too")] = False
    defaults: Preset
    presets: dict[Name, Preset]


def resolve(config: Mapping[str, Any], where: str | Path = CONFIG) -> Config:
    """Lay `defaults` under every preset and read all into models.

    Raises:
        UserError: names the key at fault.
    """
    defaults, presets = config.get("defaults"), config.get("presets")
    if isinstance(defaults, dict) and isinstance(presets, dict):
        laid = {
            name: merge(defaults, own or {}) if isinstance(own, dict | None) else own
            for name, own in presets.items()
        }
        config = {**config, "presets": laid}
    resolved = parse(Config, dict(config), where, "Give it")
    check_variants(resolved.defaults, where, "defaults/")
    for name, preset in resolved.presets.items():
        check_variants(preset, where, f"presets/{name}/")
        check_runs(preset, f"{where}, preset '{name}'")
    return resolved


def check_variants(preset: Preset, where: str | Path, at: str = "") -> None:
    """Check what each variant lays over a stage.

    Raises:
        UserError: names the key of the variant.
    """
    for name, variant in preset.variants.items():
        for stage, form in STAGES.items():
            over = getattr(variant, stage) or {}
            under = getattr(preset, stage).record()
            parse(form, merge(under, over), where, at=f"{at}variants/{name}/{stage}/")


def check_runs(preset: Preset, where: str) -> None:
    """Check that the runs of a preset test folds there are; without FGResQ there are no runs.

    Raises:
        UserError: names the run that tests another.
    """
    folds = preset.split.folds
    named = [("full", run) for run in preset.runs.full]
    named += [("variants", run) for run in preset.runs.variants]
    for key, run in named if "fgresq" in preset.methods else []:
        side = run.split("-")[0]
        if side.isdigit() and int(side) >= folds:
            raise UserError(
                f"{where}, key 'runs/{key}'",
                f"run '{run}' tests fold {side}, and 'split/folds: {folds}' gives the folds 0 to "
                f"{folds - 1}",
                f"Leave it out of runs/{key}, or set split/folds to {int(side) + 1} or more",
            )


def check_names(
    config: Config,
    sources: Mapping[str, Any],
    methods: Mapping[str, Any],
    weights: Iterable[str],
    where: str | Path = CONFIG,
) -> None:
    """Check that every name in the settings is one that is known.

    Args:
        config: resolved settings.
        sources, methods, weights: the catalogues of data sets, of methods and of weights.
        where: file of the settings, for messages.

    Raises:
        UserError: names the key and the nearest known name.
    """
    labelled = [name for name, entry in sources.items() if "labels" in entry]
    for name, preset in config.presets.items():
        tau_of = [given.partition("/")[0] for given in preset.filter.tau_by_source]
        for kind, key, given, known in (
            ("source", "sources", preset.sources, sources),
            ("source", "filter/tau_by_source", tau_of, sources),
            ("source with labels", "label_sources", preset.label_sources, labelled),
            ("method", "methods", preset.methods, methods),
            ("method", "full_methods", preset.full_methods, methods),
            ("preset", "stand_in", filter(None, [preset.stand_in]), config.presets),
        ):
            check_known(f"{where}, preset '{name}', key '{key}'", kind, given, known)
    check_known(f"{where}, key 'preset'", "preset", [config.preset], ["auto", *config.presets])
    named = [*sources, *methods]
    check_known(f"{where}, key 'require'", "source or method", config.require, named)
    check_weight_names(methods, weights, workspace.catalogue("methods"))


def check_required(config: Config, chosen: Iterable[str], where: str | Path = CONFIG) -> None:
    """Check that one of the chosen presets reads each required source and method.

    Raises:
        UserError: names one that none of them reads, and the presets that do.
    """
    chosen = list(chosen)
    readers = {
        name: [p for p, own in config.presets.items() if name in own.sources + own.methods]
        for name in config.require
    }
    for name, presets in readers.items():
        if not set(presets) & set(chosen):
            mend = f"choose a preset that reads it ({', '.join(presets)})" if presets else ""
            raise UserError(
                f"{where}, key 'require'",
                f"'{name}' is required, and no chosen preset ({', '.join(chosen)}) reads it",
                f"Take it out of `require`, or {mend or 'name it in a preset'}",
            )


def with_full_methods(config: Config) -> Config:
    """Let every preset take its `full_methods` too."""
    presets = {
        name: own.model_copy(
            update={"methods": tuple(dict.fromkeys(own.methods + own.full_methods))}
        )
        for name, own in config.presets.items()
    }
    return config.model_copy(update={"presets": presets})


def load(path: str | Path | None = None) -> Config:
    """Read, check and resolve a settings file: the workspace's where none is named.

    Raises:
        UserError: there is no workspace, or the file is at fault.
    """
    path = path or workspace.config()
    return resolve(read_yaml(path), path)


def preset_named(name: str) -> Preset:
    """Give a preset of the settings file.

    Raises:
        UserError: there is none of this name.
    """
    presets = load().presets
    if name not in presets:
        raise unknown(CONFIG, "preset", name, presets)
    return presets[name]
