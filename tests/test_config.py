"""Settings: merged, checked, and faults told with the nearest known name."""

from __future__ import annotations

from pathlib import Path

import pytest

from fgresq.catalogues import catalogue, read_methods
from fgresq.errors import UserError
from fgresq.settings import (
    CONFIG,
    check,
    check_names,
    check_required,
    load,
    merge,
    read_yaml,
    resolve,
)

FILES = ("sources", "methods", "weights")


@pytest.fixture
def given() -> dict:
    """Give the settings file as read."""
    return read_yaml(CONFIG)


def entries() -> dict[str, dict]:
    """Give the files that the settings name entries of."""
    return {name: catalogue(name) for name in FILES}


def put(value: object, into: dict, *path: str) -> None:
    """Set the value at a path of keys."""
    for key in path[:-1]:
        into = into[key]
    into[path[-1]] = value


def test_the_shipped_files_pass() -> None:
    assert {"tiny", "mini", "own", "paper"} <= set(load()["presets"])
    for name, found in entries().items():
        check(found, name, f"config/{name}.yaml")
    check_names(load(), **entries())


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
        (["defaults", "jnd", "plane"], "luminanse", "Did you mean 'luminance'"),
    ],
)
def test_a_fault_is_named(given: dict, path: list[str], value: object, told: str) -> None:
    put(value, given, *path)
    with pytest.raises(UserError) as error:
        resolve(given)
    assert told in str(error.value) and "config/config.yaml" in str(error.value)


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (
            ["tiny", "sources"],
            ["minni"],
            "key 'sources': unknown source 'minni'. Did you mean 'mini'",
        ),
        (["own", "methods"], ["psnrr"], "unknown method 'psnrr'. Did you mean 'psnr'"),
        (
            ["paper", "filter"],
            {"tau_by_source": {"fgrestor": 0.1}},
            "preset 'paper', key 'filter/tau_by_source': unknown source 'fgrestor'. "
            "Did you mean 'fgrestore'",
        ),
        (
            ["paper", "filter"],
            {"tau_by_source": {"fgrestore/QADS": 0.1, "qasd/QADS": 0.1}},
            "unknown source 'qasd'. Did you mean 'qads'",
        ),
        (
            ["paper", "stand_in"],
            "mimi",
            "preset 'paper', key 'stand_in': unknown preset 'mimi'. Did you mean 'mini'",
        ),
    ],
)
def test_a_misspelt_name_in_a_preset_is_told(
    given: dict, path: list[str], value: object, told: str
) -> None:
    put(value, given, "presets", *path)
    with pytest.raises(UserError) as error:
        check_names(resolve(given), **entries())
    assert told in str(error.value) and "config/config.yaml" in str(error.value)


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (["psnr", "kinds"], "FR", "unknown key 'psnr/kinds'. Did you mean 'psnr/kind'"),
        (["psnr", "direction"], "highr", "key 'psnr/direction': 'highr' is not one of"),
        (["psnr", "direction"], "highr", "Did you mean 'higher'"),
        (["ssim", "role"], "sanitty", "Did you mean 'sanity'"),
        (["ssim", "range"], [0], "key 'ssim/range': [0] is too short"),
        (["ssim"], {"title": "SSIM"}, "key 'ssim': 'kind' is a required property"),
    ],
)
def test_a_fault_in_the_methods_file_is_named(path: list[str], value: object, told: str) -> None:
    methods = entries()["methods"]
    put(value, methods, *path)
    with pytest.raises(UserError) as error:
        check(methods, "methods", "config/methods.yaml")
    assert told in str(error.value) and "config/methods.yaml" in str(error.value)


def test_a_method_names_weights_that_are_known() -> None:
    known = entries()
    put(["vgg61"], known["methods"], "dists", "weights")
    with pytest.raises(UserError, match="method 'dists'.*unknown weights 'vgg61'.*'vgg16'"):
        check_names(load(), **known)


def test_what_is_required_is_known_and_read(given: dict) -> None:
    """Sources and methods; one that only another preset reads is told with that preset."""
    put(["fgrestore", "psnrr"], given, "require")
    with pytest.raises(UserError, match="unknown source or method 'psnrr'. Did you mean 'psnr'"):
        check_names(resolve(given), **entries())
    put(["fgrestore", "dists"], given, "require")
    check_names(resolve(given), **entries())
    check_required(resolve(given), ["mini", "paper"])
    with pytest.raises(UserError, match=r"'fgrestore' is.*no chosen preset \(mini\).*\(paper\)"):
        check_required(resolve(given), ["mini"])
    put(["dists"], given, "require")
    with pytest.raises(UserError, match=r"'dists' is required.*reads it \(own, public, paper\)"):
        check_required(resolve(given), ["mini", "tiny"])


def test_a_run_tests_a_fold_that_there_is(given: dict) -> None:
    """With fewer folds the default runs do not fit; a preset that trains nothing has none."""
    put(2, given, "defaults", "split", "folds")
    told = r"preset 'mini', key 'runs/full': run '2' tests fold 2, and 'split/folds: 2'.* 0 to 1"
    with pytest.raises(UserError, match=told):
        resolve(given)
    put(["1-seed4", "pairs", "all"], given, "defaults", "runs", "full")
    put(["pairs"], given, "presets", "paper", "runs", "full")
    assert resolve(given)["presets"]["mini"]["split"]["folds"] == 2
    put(["2-seed1"], given, "defaults", "runs", "variants")
    with pytest.raises(UserError, match="key 'runs/variants': run '2-seed1'.*split/folds to 3 or"):
        resolve(given)
    for preset in given["presets"].values():
        preset["methods"] = ["psnr"]
    resolve(given)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"a: 1\nb: [1\n", ", line 3: not readable YAML .did not find expected"),
        (b"a: 1\nday: 2024-13-45\n", ": not readable YAML .month must be in 1..12"),
        (b"a: 1\nb: caf\xe9\n", ", line 2: this is not UTF-8. Save it as UTF-8"),
        (b"a: \x01\n", ": not readable YAML .* characters are not allowed"),
        (b"- 1\n- 2\n", ": it holds no keys. Write lines"),
        (b"some text\n", ": it holds no keys"),
        (b"a: 1\nb: 2\na: 3\n", ", line 3, key 'a': the key stands in line 1 already. Remove one"),
        (b"x:\n  - y:\n      b: 2\n      b: 3\n", ", line 4, key 'b': .* line 3 already"),
    ],
)
def test_unreadable_yaml_is_told(tmp_path: Path, text: bytes, told: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(text)
    with pytest.raises(UserError, match=f"config.yaml{told}") as error:
        read_yaml(path)
    assert "\n" not in str(error.value)


def test_yaml_that_is_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read .Is a directory."):
        read_yaml(tmp_path)
    with pytest.raises(UserError, match="there is no such file. Correct the path, or run from"):
        read_yaml(tmp_path / "config.yaml")


def test_a_yaml_file_of_comments_is_an_empty_mapping(tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    for text in ("", "# device: cpu\n"):
        path.write_text(text)
        assert read_yaml(path) == {}
    with pytest.raises(UserError, match="settings.yaml: it holds no entry. Bring back the file"):
        read_methods(path)


def test_keys_that_yaml_merges_may_be_laid_over(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("a: &a {x: 1, y: 2}\nb: &b {<<: *a, x: 3}\nc: {<<: *b, y: 4}\n")
    assert read_yaml(path)["c"] == {"x": 3, "y": 4}


def test_every_default_is_described_by_the_schema() -> None:
    schema = read_yaml("fgresq/data/schemas/config.schema.yaml")
    known = schema["$defs"]["preset"]["properties"]
    assert set(read_yaml(CONFIG)["defaults"]) == set(known)
