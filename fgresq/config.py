"""The settings: defaults, laid under each preset, checked against the schema."""

from __future__ import annotations

import argparse
import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from fgresq.errors import UserError, unknown

CONFIG = Path("config/config.yaml")
SCHEMAS = Path("workflow/schemas")


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
    rules = yaml.safe_load((SCHEMAS / f"{schema}.schema.yaml").read_text(encoding="utf-8"))
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
    raise UserError(f"{where}, key '{at or 'top level'}'", error.message, "Correct the value")


def _unknown_key_first(error: jsonschema.ValidationError) -> tuple[bool, int]:
    return error.validator == "additionalProperties", -len(error.absolute_path)


def resolve(config: dict[str, Any], where: str | Path = CONFIG) -> dict[str, Any]:
    """Check the settings and lay `defaults` under every preset."""
    check(config, "config", where)
    resolved = copy.deepcopy(config)
    defaults = resolved.pop("defaults")
    presets = {n: merge(defaults, own or {}) for n, own in config["presets"].items()}
    for name, preset in presets.items():
        check({**config, "presets": {name: preset}}, "config", f"{where}, preset '{name}'")
    return {**resolved, "presets": presets}


def load(path: str | Path = CONFIG) -> dict[str, Any]:
    """Read, check and resolve the settings file."""
    return resolve(read_yaml(path), path)


def read_yaml(path: str | Path) -> dict[str, Any]:
    """Read a YAML mapping.

    Raises:
        UserError: it is missing or no YAML.
    """
    try:
        return yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(
            path, "there is no such file", "Run from the repository's folder"
        ) from error
    except yaml.YAMLError as error:
        raise UserError(path, f"not readable YAML ({error})", "Correct the line") from error


def add_options(parser: argparse.ArgumentParser, section: str) -> None:
    """Give a verb `--options` (JSON), or `--preset` to take its `section` from."""
    parser.add_argument(
        "--options",
        type=json.loads,
        metavar="JSON",
        help=f"settings as JSON (default: section '{section}' of the preset)",
    )
    parser.add_argument(
        "--preset", default="mini", help="preset to take settings from (default mini)"
    )
    parser.set_defaults(section=section)


def options_of(args: argparse.Namespace) -> Any:
    """Give the settings a verb was called with."""
    if args.options is not None:
        return args.options
    presets = load()["presets"]
    if args.preset not in presets:
        raise unknown(CONFIG, "preset", args.preset, presets)
    return presets[args.preset][args.section]
