"""The settings: defaults, laid under each preset, checked against the schema."""

from __future__ import annotations

import argparse
import copy
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from fgresq.errors import UserError, nearest, unknown

CONFIG = Path("config/config.yaml")
SCHEMAS = Path("workflow/schemas")
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C it takes a tenth of the time


def merge(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Lay `over` on `under`, key by key in nested mappings; lists are replaced whole."""
    merged = copy.deepcopy(under)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = merge(merged[key], value) if both else copy.deepcopy(value)
    return merged


def check(value: Any, schema: str, where: str | Path) -> None:
    """Check a mapping against `workflow/schemas/NAME.schema.yaml`.

    Raises:
        UserError: names the key and, for an unknown one, the nearest that is known.
    """
    rules = yaml.load((SCHEMAS / f"{schema}.schema.yaml").read_text(encoding="utf-8"), LOADER)
    error = jsonschema.exceptions.best_match(
        jsonschema.Draft202012Validator(rules).iter_errors(value), key=_unknown_key_first
    )
    if error is None:
        return
    at = "/".join(str(part) for part in error.absolute_path)
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        stray = next(key for key in error.instance if key not in known)
        raise unknown(
            where, "key", f"{at}/{stray}".strip("/"), [f"{at}/{k}".strip("/") for k in known]
        )
    mend = "Correct the value"
    if error.validator == "enum":
        mend = nearest(str(error.instance), map(str, error.validator_value)).rstrip(".")
    raise UserError(f"{where}, key '{at or 'top level'}'", error.message, mend)


def _unknown_key_first(error: jsonschema.ValidationError) -> tuple[bool, int]:
    return error.validator == "additionalProperties", -len(error.absolute_path)


def resolve(config: dict[str, Any], where: str | Path = CONFIG) -> dict[str, Any]:
    """Check the settings and lay `defaults` under every preset.

    Raises:
        UserError: names the key at fault.
    """
    check(config, "config", where)
    resolved = copy.deepcopy(config)
    defaults = resolved.pop("defaults")
    presets = {n: merge(defaults, own or {}) for n, own in config["presets"].items()}
    for name, preset in presets.items():
        check({**config, "presets": {name: preset}}, "config", f"{where}, preset '{name}'")
        check_runs(preset, f"{where}, preset '{name}'")
    return {**resolved, "presets": presets}


def check_runs(preset: dict[str, Any], where: str) -> None:
    """Check that the runs of a preset test folds there are; without FGResQ there are no runs.

    Raises:
        UserError: names the run that tests another.
    """
    folds = preset["split"]["folds"]
    named = [(key, run) for key, runs in preset["runs"].items() for run in runs]
    for key, run in named if "fgresq" in preset["methods"] else []:
        side = run.split("-")[0]
        if side.isdigit() and int(side) >= folds:
            raise UserError(
                f"{where}, key 'runs/{key}'",
                f"run '{run}' tests fold {side}, and 'split/folds: {folds}' gives the folds 0 to "
                f"{folds - 1}",
                f"Leave it out of runs/{key}, or set split/folds to {int(side) + 1} or more",
            )


def check_names(
    config: dict[str, Any],
    sources: dict[str, Any],
    methods: dict[str, Any],
    weights: Iterable[str],
    where: str | Path = CONFIG,
) -> None:
    """Check that every name in the settings is one that is known.

    Args:
        config: resolved settings.
        sources, methods, weights: what config/sources.yaml, methods.yaml and weights.yaml hold.
        where: file of the settings, for messages.

    Raises:
        UserError: names the key and the nearest known name.
    """
    presets = config["presets"]
    labelled = [name for name, entry in sources.items() if "labels" in entry]
    for name, preset in presets.items():
        tau_of = [given.partition("/")[0] for given in preset["filter"]["tau_by_source"]]
        for kind, key, given, known in (
            ("source", "sources", preset["sources"], sources),
            ("source", "filter/tau_by_source", tau_of, sources),
            ("source with labels", "label_sources", preset["label_sources"], labelled),
            ("method", "methods", preset["methods"], methods),
            ("method", "full_methods", preset["full_methods"], methods),
            ("preset", "stand_in", filter(None, [preset["stand_in"]]), presets),
        ):
            check_known(f"{where}, preset '{name}', key '{key}'", kind, given, known)
    check_known(f"{where}, key 'preset'", "preset", [config["preset"]], ["auto", *presets])
    known = [*sources, *methods]
    check_known(f"{where}, key 'require'", "source or method", config["require"], known)
    for name, entry in methods.items():
        at = f"config/methods.yaml, method '{name}', key"
        check_known(f"{at} 'weights'", "weights", entry.get("weights", []), weights)
        check_known(f"{at} 'hub'", "weights", filter(None, [entry.get("hub")]), weights)


def check_required(
    config: dict[str, Any], chosen: Iterable[str], where: str | Path = CONFIG
) -> None:
    """Check that one of the chosen presets reads each required source and method.

    Raises:
        UserError: names one that none of them reads, and the presets that do.
    """
    readers = {
        name: [p for p, own in config["presets"].items() if name in own["sources"] + own["methods"]]
        for name in config["require"]
    }
    for name, presets in readers.items():
        if not set(presets) & set(chosen):
            mend = f"choose a preset that reads it ({', '.join(presets)})" if presets else ""
            raise UserError(
                f"{where}, key 'require'",
                f"'{name}' is required, and no chosen preset ({', '.join(chosen)}) reads it",
                f"Take it out of `require`, or {mend or 'name it in a preset'}",
            )


def check_known(where: str, kind: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Raise a UserError for the first name given that is not known."""
    for name in given:
        if name not in known:
            raise unknown(where, kind, name, known)


def load(path: str | Path = CONFIG) -> dict[str, Any]:
    """Read, check and resolve the settings file."""
    return resolve(read_yaml(path), path)


def read_yaml(path: str | Path) -> dict[str, Any]:
    """Read a YAML mapping.

    Raises:
        UserError: it is missing or no YAML.
    """
    try:
        return yaml.load(Path(path).read_text(encoding="utf-8"), LOADER)
    except FileNotFoundError as error:
        raise UserError(
            path, "there is no such file", "Run from the repository's folder"
        ) from error
    except yaml.YAMLError as error:
        raise UserError(path, f"not readable YAML ({error})", "Correct the line") from error


def add_options(parser: argparse.ArgumentParser, *sections: str) -> None:
    """Give a verb `--options` (JSON), or `--preset` to take its sections from."""
    named = " and ".join(f"'{section}'" for section in sections)
    parser.add_argument(
        "--options",
        type=json.loads,
        metavar="JSON",
        help=f"settings as JSON (default: {named} of the preset)",
    )
    parser.add_argument(
        "--preset", default="mini", help="preset to take settings from (default mini)"
    )
    parser.set_defaults(sections=sections)


def options_of(args: argparse.Namespace) -> Any:
    """Give the settings a verb was called with: a section's, or several by their names."""
    if args.options is not None:
        return args.options
    presets = load()["presets"]
    if args.preset not in presets:
        raise unknown(CONFIG, "preset", args.preset, presets)
    preset = presets[args.preset]
    if len(args.sections) == 1:
        return preset[args.sections[0]]
    return {section: preset[section] for section in args.sections}
