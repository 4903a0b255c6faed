"""The settings: defaults, laid under each preset, checked against the schema."""

from __future__ import annotations

import argparse
import copy
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from fgresq import workspace
from fgresq.arguments import settings_json
from fgresq.errors import UserError, nearest, unknown, unread

CONFIG = "config/config.yaml"  # as messages call it
LISTS = ("label_sources",)  # sections of a preset that are no mappings
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C it takes a tenth of the time


def merge(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Lay `over` on `under`, key by key in nested mappings; lists are replaced whole."""
    merged = copy.deepcopy(under)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = merge(merged[key], value) if both else copy.deepcopy(value)
    return merged


def check(value: Any, schema: str, where: str | Path) -> None:
    """Check a mapping against the package's schema of that name.

    Raises:
        UserError: names the key and, for an unknown one, the nearest that is known.
    """
    error = fault_of(value, schema)
    if error is None:
        return
    if not value:
        raise UserError(where, "it holds no entry", "Bring back the file of the repository")
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


def fault_of(value: Any, schema: str) -> jsonschema.ValidationError | None:
    """Give the fault of a mapping that tells most, by the package's schema of that name."""
    file = workspace.packaged("schemas", f"{schema}.schema.yaml")
    rules = yaml.load(file.read_text(encoding="utf-8"), LOADER)
    return jsonschema.exceptions.best_match(
        jsonschema.Draft202012Validator(rules).iter_errors(value), key=_unknown_key_first
    )


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
    check_weight_names(methods, weights, "config/methods.yaml")


def check_weight_names(methods: dict[str, Any], weights: Iterable[str], where: str | Path) -> None:
    """Check that the weights that methods name are entries of config/weights.yaml.

    Raises:
        UserError: names the method, the key and the nearest known name.
    """
    for name, entry in methods.items():
        at = f"{where}, method '{name}', key"
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


def load(path: str | Path | None = None) -> dict[str, Any]:
    """Read, check and resolve a settings file: the workspace's where none is named.

    Raises:
        UserError: there is no workspace, or the file is at fault.
    """
    path = path or workspace.config()
    return resolve(read_yaml(path), path)


def read_yaml(path: str | Path) -> dict[str, Any]:
    """Read a YAML mapping; a file without a key, such as one of comments, is an empty one.

    Raises:
        UserError: it is missing, cannot be read, is no YAML or no mapping, or has a key twice.
    """
    text = settings_text(path)
    try:
        loader = LOADER(text)
        tree = loader.get_single_node()
        if tree is None:
            return {}
        if not isinstance(tree, yaml.MappingNode):
            raise UserError(path, "it holds no keys", "Write lines such as `key: value`")
        check_keys_once(tree, path)
        return loader.construct_document(tree)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: such as a date that is none
        mark = getattr(error, "problem_mark", None)
        where = f"{path}, line {mark.line + 1}" if mark else path
        told = " ".join((getattr(error, "problem", None) or str(error)).split())
        raise UserError(where, f"not readable YAML ({told})", "Correct the line") from error


def settings_text(path: str | Path) -> str:
    """Read a file of settings as text.

    Raises:
        UserError: it is missing, cannot be read, or is not UTF-8.
    """
    try:
        return Path(path).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        mend = "Correct the path, or run from the repository's folder"
        raise UserError(path, "there is no such file", mend) from error
    except OSError as error:
        raise unread(path, error) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UserError(f"{path}, line {line}", "this is not UTF-8", "Save it as UTF-8") from error


def check_keys_once(tree: yaml.Node, path: str | Path) -> None:
    """Check that no mapping of a YAML tree has a key twice: the last would win without a word.

    Raises:
        UserError: names the line and the key.
    """
    todo, seen = [tree], {tree}  # an alias is the very node that it stands for
    for node in todo:
        parts = node.value
        if isinstance(node, yaml.MappingNode):
            parts = [value for _, value in node.value]
            check_mapping([key for key, _ in node.value], path)
        for part in parts:
            if isinstance(part, yaml.CollectionNode) and part not in seen:
                seen.add(part)
                todo.append(part)


def check_mapping(keys: list[yaml.Node], path: str | Path) -> None:
    """Check that the keys of one mapping differ."""
    first: dict[tuple[str, str], yaml.Node] = {}
    for key in keys:
        found = first.setdefault((key.tag, str(key.value)), key)
        if found is not key:
            raise UserError(
                f"{path}, line {key.start_mark.line + 1}, key '{key.value}'",
                f"the key stands in line {found.start_mark.line + 1} already",
                "Remove one of the two",
            )


class Given(dict[str, Any]):
    """Settings that a user gave: a key that they lack is the user's fault where it is read.

    Args:
        values: the settings, whose mappings become such, too.
        where: what holds them.
        mend: what to do about a key that is missing.
        at: keys that lead to these settings.
    """

    def __init__(
        self, values: Mapping[str, Any], where: str | Path, mend: str, at: str = ""
    ) -> None:
        self.where, self.mend, self.at = where, mend, at
        for key, value in values.items():
            inner = isinstance(value, dict)
            self[key] = Given(value, where, mend, f"{at}{key}/") if inner else value

    def __missing__(self, key: str) -> Any:
        raise UserError(f"{self.where}, key '{self.at}{key}'", "it is missing", self.mend)


def form(sections: Iterable[str]) -> str:
    """Write the form of settings that hold sections by their names."""
    parts = (f'"{name}": {"[...]" if name in LISTS else "{...}"}' for name in sections)
    return f"{{{', '.join(parts)}}}"


def given(value: Any, sections: Sequence[str], where: str | Path, mend: str) -> Given:
    """Check that settings are a mapping that holds these sections; what else it holds stays.

    Raises:
        UserError: it is none, or lacks a section; a key that a section lacks is told when it is
            read.
    """
    held = value if isinstance(value, dict) else {}
    wrong = [n for n in sections if not isinstance(held.get(n), list if n in LISTS else dict)]
    if wrong or not isinstance(value, dict):
        problem = f"the section '{wrong[0]}' is not there" if wrong else "it is no JSON mapping"
        told = f"{problem}; the form is {form(sections)}" if sections else problem
        raise UserError(where, told, mend)
    return Given(value, where, mend)


def given_options(value: Any, *sections: str) -> Given:
    """Check what `--options` gave: see `given`."""
    return given(value, sections, "--options", "Complete it, or take a preset's: --preset NAME")


def add_options(parser: argparse.ArgumentParser, *sections: str) -> None:
    """Give a verb `--options` (JSON), or `--preset` to take its sections from."""
    named = " and ".join(f"'{section}'" for section in sections)
    shape = f", {form(sections)}" if len(sections) > 1 else ""
    parser.add_argument(
        "--options",
        type=settings_json,
        metavar="JSON",
        help=f"settings as JSON{shape} (default: {named} of the preset)",
    )
    parser.add_argument(
        "--preset", default="mini", help="preset to take settings from (default mini)"
    )
    parser.set_defaults(sections=sections)


def options_of(args: argparse.Namespace) -> Any:
    """Give the settings a verb was called with: a section's, or several by their names.

    Raises:
        UserError: `--options` are of another form, or there is no such preset.
    """
    sections = args.sections
    if args.options is not None:
        return given_options(args.options, *(sections if len(sections) > 1 else ()))
    presets = load()["presets"]
    if args.preset not in presets:
        raise unknown(CONFIG, "preset", args.preset, presets)
    preset = presets[args.preset]
    if len(sections) == 1:
        return preset[sections[0]]
    return {section: preset[section] for section in sections}
