"""A run that reproduces git's numbers leaves the metrics file; any other difference is told."""

from __future__ import annotations

import copy
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fgresq.analysis.reproduced import compare, greatest_by_kind, kind_of, settle, tolerance_of
from fgresq.files import json_text, write_json

NUMBERS = {"value": 0.7, "low": 0.6, "high": 0.8, "n": 9}
METRICS: dict[str, Any] = {
    "family": {
        "psnr": {"average": {"acc": {**NUMBERS}, "srcc": {**NUMBERS}}},
        "fgresq": {"average": {"acc": {**NUMBERS}}},
    },
    "headline": "PSNR 0.700 on 9 pairs",
    "leak": {"share": None},
    "threshold": 0.9,
}
TOLERANCE = {"untrained acc": 0.001, "trained acc": 0.01}
TRAINED = {"fgresq"}


def git(*words: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *words], check=True, capture_output=True)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a metrics file in git, and gone from the folder, as Snakemake removes an output."""
    monkeypatch.chdir(tmp_path)
    found = Path("reports/mini düsseldorf.json")
    write_json(found, METRICS)
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "-m", "first")
    found.unlink()
    return found


def moved(*changes: tuple[tuple[str, ...], Any]) -> str:
    """Give the text of METRICS with values changed at places."""
    found = copy.deepcopy(METRICS)
    for keys, value in changes:
        place = found
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = value
    return json_text(found)


def acc(method: str, value: float) -> tuple[tuple[str, ...], float]:
    return (("family", method, "average", "acc", "value"), value)


def test_numbers_within_the_tolerance_keep_the_bytes_in_git(path: Path) -> None:
    new = moved(acc("psnr", 0.701), acc("fgresq", 0.69))
    text, said = settle(path, new, TOLERANCE, TRAINED)
    assert text == json_text(METRICS) != new
    assert "reproduces the numbers in git to within 0.010000" in said
    assert settle(path, json_text(METRICS), {}, TRAINED) == (json_text(METRICS), "")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (acc("psnr", 0.702), "family / psnr / average / acc / value by 0.002000"),
        (acc("fgresq", 0.711), "family / fgresq / average / acc / value by 0.011000"),
        ((("family", "psnr", "average", "srcc", "low"), 0.600001), "srcc / low by 0.000001"),
        ((("threshold",), 0.900001), "threshold by 0.000001"),
        ((("family", "psnr", "average", "acc", "n"), 10), "acc / n is another"),
        ((("family", "psnr", "average", "acc", "value"), None), "acc / value is another"),
        ((("leak", "share"), 0.0), "leak / share is another"),
        ((("headline",), "PSNR 0.701 on 9 pairs"), "headline is another"),
        ((("family", "ssim"), {}), "family / ssim is another"),
    ],
)
def test_any_other_difference_is_written_and_told(path: Path, change: tuple, told: str) -> None:
    new = moved(change)
    text, said = settle(path, new, TOLERANCE, TRAINED)
    assert text == new and told in said and "reproduces" not in said


def test_what_moved_furthest_is_told_first_and_the_rest_counted(path: Path) -> None:
    keys = ("value", "low", "high")
    places = [("family", m, "average", "acc", k) for m in ("psnr", "fgresq") for k in keys]
    new = moved(*((place, 0.1 * k) for k, place in enumerate(places)))
    said = settle(path, new, TOLERANCE, TRAINED)[1]
    assert said.index("psnr / average / acc / value by 0.7") < said.index("low by 0.5")
    assert said.endswith("; and 1 more")


def test_without_git_the_new_numbers_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert settle("metrics.json", "{}", {}, ()) == ("{}", "")


def test_kinds_tell_trained_methods_and_intervals_apart() -> None:
    places = {
        "family / psnr / average / acc / low": "untrained acc",
        "pairs / fgresq / average / srcc / value": "trained srcc",
        "intervals / mini / fgresq / [0.0,0.2) / plcc / null": "trained plcc in intervals",
        "ablation / no_dfl / acc / difference": "trained acc",
        "task_accuracy / by_task / mixture": "trained task_accuracy",
        "threshold": "threshold",
        "leak / pairs_split / mixture / share": "leak",
    }
    assert {place: kind_of(place, TRAINED) for place in places} == places
    numbers = {"family / psnr / a / acc / low": 0.1, "pairs / psnr / a / acc / high": 0.2}
    assert greatest_by_kind(numbers, TRAINED) == {"untrained acc": 0.2}


def test_names_are_not_cut_and_types_are_told_apart() -> None:
    assert compare({"a": 1}, {"a": 1.0}).others == ["a"]
    assert compare({"a": True}, {"a": 1}).others == ["a"]
    assert compare({"a": {"b": 0.5}}, {"a": {"b": 0.25}}).numbers == {"a / b": 0.25}
    assert compare({"a": [0.5]}, {"a": [0.25]}).others == ["a"]


def test_the_tolerance_is_of_the_preset_measured(tmp_path: Path) -> None:
    path = tmp_path / "machines.json"
    assert tolerance_of(str(path), "mini") == tolerance_of(None, "mini") == {}
    path.write_text(json.dumps({"preset": "mini", "metrics": {"untrained acc": 0.1}}))
    assert tolerance_of(str(path), "mini") == {"untrained acc": 0.1}
    assert tolerance_of(str(path), "tiny") == {}
