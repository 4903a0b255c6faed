"""Settings: merged, checked, and faults told with the nearest known name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from fgresq.catalogues import catalogue, read_methods
from fgresq.errors import UserError
from fgresq.options import parse_options, shape
from fgresq.pairs.funnel import Options as FilterOptions
from fgresq.parsing import parse
from fgresq.presets import (
    Config,
    Preset,
    check_names,
    check_required,
    load,
    resolve,
    with_full_methods,
)
from fgresq.runs import Stage2Options, stage1_of, stage_options
from fgresq.sections import Filter, Section, Stage2, Tower
from fgresq.settings import CONFIG, check, merge, read_yaml
from tests.conftest import LABELS
from workflow.render_schema import TARGET, render

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
    assert {"tiny", "mini", "own", "paper"} <= set(load().presets)
    for name, found in entries().items():
        check(found, name, f"config/{name}.yaml")
    check_names(load(), **entries())


def test_a_preset_lies_over_the_defaults(given: dict) -> None:
    presets = resolve(given).presets
    assert presets["tiny"].mini.contents == 4
    assert presets["tiny"].mini.seed == given["defaults"]["mini"]["seed"]
    over = given["presets"]["own"]
    assert over["sources"] == ["own"] and presets["own"].sources == ("own",)
    laid = parse(Preset, merge(given["defaults"], over), "made")
    assert presets["own"] == laid != parse(Preset, given["defaults"], "made")


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
    with pytest.raises(
        UserError, match=r"'dists' is required.*reads it \(own, public, human, paper\)"
    ):
        check_required(resolve(given), ["mini", "tiny"])


def test_a_run_tests_a_fold_that_there_is(given: dict) -> None:
    """With fewer folds the default runs do not fit; a preset that trains nothing has none."""
    put(2, given, "defaults", "split", "folds")
    told = r"preset 'mini', key 'runs/full': run '2' tests fold 2, and 'split/folds: 2'.* 0 to 1"
    with pytest.raises(UserError, match=told):
        resolve(given)
    put(["1-seed4", "pairs", "all"], given, "defaults", "runs", "full")
    put(["pairs"], given, "presets", "paper", "runs", "full")
    assert resolve(given).presets["mini"].split.folds == 2
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
    with pytest.raises(UserError, match="there is no such file. Correct the path"):
        read_yaml(tmp_path / "config.yaml")


def test_a_yaml_file_of_comments_is_an_empty_mapping(tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    for text in ("", "# device: cpu\n"):
        path.write_text(text)
        assert read_yaml(path) == {}
    with pytest.raises(UserError, match="settings.yaml: it holds no entry. Remove the file, or"):
        read_methods(path)


def test_keys_that_yaml_merges_may_be_laid_over(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("a: &a {x: 1, y: 2}\nb: &b {<<: *a, x: 3}\nc: {<<: *b, y: 4}\n")
    assert read_yaml(path)["c"] == {"x": 3, "y": 4}


def test_the_schema_is_rendered_from_the_models() -> None:
    assert TARGET.read_text() == render(), "run `python workflow/render_schema.py`"


def test_the_shipped_settings_follow_the_rendered_schema(given: dict) -> None:
    """An editor that reads the schema finds no fault in them, and one in a misspelt key."""
    check(given, "config", CONFIG)
    put(1, given, "presets", "tiny", "filter", "ta")
    with pytest.raises(UserError, match="filter/ta'. Did you mean 'presets/tiny/filter/tau'"):
        check(given, "config", CONFIG)
    del given["presets"]["tiny"]["filter"]["ta"]
    put([], given, "defaults", "tower", "levels")
    with pytest.raises(UserError, match="key 'defaults/tower/levels'"):
        check(given, "config", CONFIG)


def sections() -> list[tuple[str, ...]]:
    """List the paths of every section of a preset that holds keys."""
    preset = load().presets["mini"]
    named = [(name,) for name, own in preset if isinstance(own, Section)]
    return named + [("baselines", name) for name, _ in preset.baselines]


@pytest.mark.parametrize("path", sections(), ids="/".join)
@pytest.mark.parametrize("under", [("defaults",), ("presets", "tiny")], ids="/".join)
def test_a_misspelt_key_of_any_section_gets_the_nearest(
    given: dict, path: tuple[str, ...], under: tuple[str, ...]
) -> None:
    own = given["defaults"]
    for key in path:
        own = own[key]
    name = max(own, key=len)
    into = given
    for key in (*under, *path):
        into = into.setdefault(key, {})
    into[f"{name[:-1]}q"] = own[name]
    at = "/".join((*under, *path))
    told = f"config/config.yaml: unknown key '{at}/{name[:-1]}q'. Did you mean '{at}/{name}'?"
    with pytest.raises(UserError) as error:
        resolve(given)
    assert str(error.value) == told


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("jnd/seed", "3", "'3' is no whole number"),
        ("jnd/seed", 1.0, "1.0 is no whole number"),
        ("jnd/seed", True, "True is no whole number"),
        ("tower/merge", True, "True is no whole number"),
        ("tower/merge", 3, "3 is not one of 1, 2, 4"),
        ("tower/flip", 1, "1 is neither true nor false"),
        ("tower/levels", 4, "4 is no list"),
        ("tower/levels", [], "[] is too short"),
        ("tower/levels", [4, 4], "4 stands twice"),
        ("tower/levels/1", [4, 13], "13 is greater than the maximum of 12"),
        ("tower/pretrained", 1, "1 is no text"),
        ("stage2/lambda_rank", True, "True is no number"),
        ("stage2/lambda_rank", "1", "'1' is no number"),
        ("stage2/lambda_rank", float("nan"), "nan is no finite number"),
        ("stage2/lambda_rank", float("inf"), "inf is no finite number"),
        ("stage1/lr_heads", 1.5, "1.5 is greater than the maximum of 1"),
        ("jnd/beta", 0, "0 is not above 0"),
        ("labels/alpha", 1, "1 is not below 1"),
        ("filter", 3, "3 is no mapping"),
        ("filter/tau_by_source/mini", 2, "2 is greater than the maximum of 1.1"),
        ("runs/full/0", ["2-sed1"], "'2-sed1' does not match"),
        ("baselines/liqe/backbone", "resnet50", "'resnet50' is not one of clip"),
        ("variants/no_rank/stage2/lambda_rank", -1, "-1 is less than the minimum of 0"),
        ("variants/no_rank/stage2", 3, "3 is no mapping"),
    ],
)
@pytest.mark.parametrize("under", ["defaults", "presets/tiny"])
def test_a_wrong_value_is_told_with_its_key(
    given: dict, under: str, path: str, value: object, told: str
) -> None:
    keys = path.split("/")
    keys = keys[:-1] if keys[-1].isdigit() else keys
    into = given
    for key in (*under.split("/"), *keys[:-1]):
        into = into.setdefault(key, {})
    into[keys[-1]] = value
    with pytest.raises(UserError) as error:
        resolve(given)
    assert str(error.value).startswith(f"config/config.yaml, key '{under}/{path}': {told}")


def test_a_misspelt_key_of_a_variant_is_told(given: dict) -> None:
    given["presets"]["tiny"]["variants"] = {"odd": {"stage2": {"lambda_rnk": 0}}}
    told = "unknown key 'presets/tiny/variants/odd/stage2/lambda_rnk'. Did you mean "
    with pytest.raises(UserError, match=f"{told}'presets/tiny/.*/lambda_rank'"):
        resolve(given)


def test_a_key_that_the_defaults_lack_is_told_there(given: dict) -> None:
    del given["defaults"]["tower"]["grid"]
    with pytest.raises(UserError, match="config.yaml, key 'defaults/tower/grid': it is missing"):
        resolve(given)
    del given["defaults"]
    with pytest.raises(UserError, match="config.yaml, key 'defaults': it is missing"):
        resolve(given)


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load().presets["mini"].tower.grid = 3


def test_a_record_reads_back_as_the_same_settings() -> None:
    config = load()
    assert Config.model_validate(json.loads(json.dumps(config.record()))) == config
    preset = config.presets["mini"]
    assert preset.record()["tower"]["levels"] == [4, 6, 8]


def test_a_variant_lies_over_its_stage_alone() -> None:
    preset = load().presets["mini"]
    full, bare = (stage_options(preset, Stage2Options, v) for v in ("full", "no_rank"))
    assert full.stage2.lambda_rank == 1 and bare.stage2.lambda_rank == 0
    assert bare.stage2.model_copy(update={"lambda_rank": 1.0}) == full.stage2 == preset.stage2
    assert [stage1_of(preset, v) for v in ("no_rank", "diagonal")] == ["full", "diagonal"]
    with pytest.raises(UserError, match="unknown variant 'no_rnk'. Did you mean 'no_rank'"):
        stage_options(preset, Stage2Options, "no_rnk")


def test_full_adds_methods_once() -> None:
    config = load()
    before, after = config.presets["mini"], with_full_methods(config).presets["mini"]
    assert after.methods[: len(before.methods)] == before.methods
    assert len(set(after.methods)) == len(after.methods)
    assert set(after.methods) == {*before.methods, *before.full_methods}


FILTER = {"tau": 0.3, "tau_by_source": {}}
SHAPE = """the form is {"filter": {...}, "labels": {...}}. Complete it, or take a preset's"""


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ([], f"--options: it is no JSON mapping; {SHAPE}: --preset NAME"),
        (FILTER, f"--options: the section 'filter' is not there; {SHAPE}"),
        ({"filter": FILTER}, f"--options: the section 'labels' is not there; {SHAPE}"),
        (
            {"filter": FILTER, "labels": {**LABELS, "seed": "0"}},
            "--options, key 'labels/seed': '0' is no whole number",
        ),
        (
            {"filter": FILTER, "labels": {"alpha": 0.05, "seed": 0}},
            "--options, key 'labels/measure': it is missing. Complete it, or take a preset's",
        ),
        (
            {"filter": FILTER, "labels": LABELS, "label": {}},
            "--options: unknown key 'label'. Did you mean 'labels'?",
        ),
        ({"filter": [], "labels": LABELS}, "--options, key 'filter': [] is no mapping"),
    ],
)
def test_options_of_another_form_are_told(value: object, told: str) -> None:
    with pytest.raises(UserError) as error:
        parse_options(value, FilterOptions)
    assert str(error.value).startswith(told)


def test_options_are_sections_by_their_names() -> None:
    found = parse_options({"filter": FILTER, "labels": LABELS}, FilterOptions)
    assert found.filter == Filter(tau=0.3, tau_by_source={}) and found.labels.seed == 0
    assert shape(FilterOptions) == '{"filter": {...}, "labels": {...}}'
    assert '"label_sources": [...]' in shape(Preset) and '"variants": {...}' in shape(Preset)


@pytest.mark.parametrize("form", [Tower, Stage2])
def test_each_missing_key_is_named(form: type[Section]) -> None:
    whole = getattr(load().presets["mini"], form.__name__.lower()).record()
    for key in whole:
        rest = {name: value for name, value in whole.items() if name != key}
        with pytest.raises(UserError, match=f"made.json, key 'at/{key}': it is missing. Do so."):
            parse(form, rest, "made.json", "Do so", "at/")
