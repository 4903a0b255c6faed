"""Files of settings: read as YAML, and catalogues checked against their schemas."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from fgresq import workspace
from fgresq.errors import UserError, nearest, unknown, unread

CONFIG = "config/config.yaml"  # as messages call it
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C it takes a tenth of the time


def merge(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lay `over` on `under`, key by key in nested mappings; lists are replaced whole."""
    merged = copy.deepcopy(dict(under))
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
        raise UserError(where, "it holds no entry", "Remove the file, or give it an entry")
    at = "/".join(str(part) for part in error.absolute_path)
    if error.validator == "additionalProperties":
        assert isinstance(error.schema, Mapping) and isinstance(error.instance, Mapping)
        known = error.schema.get("properties", {})
        stray = next(key for key in error.instance if key not in known)
        raise unknown(
            where, "key", f"{at}/{stray}".strip("/"), [f"{at}/{k}".strip("/") for k in known]
        )
    mend = "Correct the value"
    if error.validator == "enum":
        assert isinstance(error.validator_value, list)
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


def check_weight_names(
    methods: Mapping[str, Any], weights: Iterable[str], where: str | Path
) -> None:
    """Check that the weights that methods name are entries of the catalogue.

    Raises:
        UserError: names the method, the key and the nearest known name.
    """
    for name, entry in methods.items():
        at = f"{where}, method '{name}', key"
        check_known(f"{at} 'weights'", "weights", entry.get("weights", []), weights)
        check_known(f"{at} 'hub'", "weights", filter(None, [entry.get("hub")]), weights)


def check_known(where: str, kind: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Raise a UserError for the first name given that is not known."""
    for name in given:
        if name not in known:
            raise unknown(where, kind, name, known)


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
        mend = "Correct the path"
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
