"""Settings: merged, checked, and faults told with the nearest known name."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from fgresq.config import CONFIG, check, load, merge, read_yaml, resolve
from fgresq.errors import UserError


@pytest.fixture
def given() -> dict:
    """Give the settings file as read."""
    return read_yaml(CONFIG)


def test_the_shipped_files_pass() -> None:
    assert {"tiny", "mini", "own", "paper"} <= set(load()["presets"])
    check(read_yaml("config/sources.yaml"), "sources", "config/sources.yaml")


def test_a_preset_lies_over_the_defaults(given: dict) -> None:
    presets = resolve(given)["presets"]
    assert presets["tiny"]["mini"]["contents"] == 4
    assert presets["tiny"]["mini"]["seed"] == given["defaults"]["mini"]["seed"]
    over = given["presets"]["own"]
    assert over["sources"] == ["own"]
    assert presets["own"] == merge(given["defaults"], over) != given["defaults"]


def test_merge_replaces_lists_and_leaves_its_arguments_alone() -> None:
    under = {"a": {"b": [1, 2], "c": 3}}
    assert merge(under, {"a": {"b": [4]}}) == {"a": {"b": [4], "c": 3}}
    assert under == {"a": {"b": [1, 2], "c": 3}}


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (["presest"], "mini", "unknown key 'presest'. Did you mean 'preset'"),
        (
            ["defaults", "jnd", "betta"],
            1,
            "unknown key 'defaults/jnd/betta'. Did you mean 'defaults/jnd/beta'",
        ),
        (
            ["presets", "tiny", "filter", "ta"],
            1,
            "filter/ta'. Did you mean 'presets/tiny/filter/tau'",
        ),
        (
            ["defaults", "split", "folds"],
            1,
            "key 'defaults/split/folds': 1 is less than the minimum",
        ),
        (["defaults", "jnd", "sign"], "minus", "'minus' is not one of"),
    ],
)
def test_a_fault_is_named(given: dict, path: list[str], value: object, told: str) -> None:
    at = given = copy.deepcopy(given)
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    with pytest.raises(UserError) as error:
        resolve(given)
    assert told in str(error.value) and "config/config.yaml" in str(error.value)


def test_unreadable_yaml_is_told(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("a: [1\n")
    with pytest.raises(UserError, match="config.yaml: not readable YAML"):
        read_yaml(path)


def test_every_default_is_described_by_the_schema() -> None:
    schema = read_yaml("workflow/schemas/config.schema.yaml")
    known = schema["$defs"]["preset"]["properties"]
    assert set(read_yaml(CONFIG)["defaults"]) == set(known)
