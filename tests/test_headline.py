"""The step headline: what the terminal says when a run has ended."""

from __future__ import annotations

from pathlib import Path

import pytest
import report_inputs as inputs

from fgresq.cli import main
from fgresq.files import write_json
from fgresq.tables import read_scores, write_scores
from tests.conftest import mark_workspace


def report(root: Path, preset: str, *more: str) -> int:
    """Build the report of a preset of the workspace `root`; give the exit code."""
    methods = inputs.write_methods(root / "methods.yaml")
    words = ["step", "report", "--options", '{"report": {"pairs": 0}}', *more]
    words += ["--methods", str(methods), *inputs.arguments(root, preset)]
    write_json(root / f"reports/metrics/{preset}.json", {"headline": f"found in {preset}"})
    return main([*words, "--out", str(root / f"reports/site/{preset}")])


def without(root: Path, method: str, reason: str) -> None:
    """Let a method have no value for any image."""
    path = inputs.of(root, "scores") / f"{method}.csv"
    write_scores(path, read_scores(path).assign(value=float("nan"), reason=reason))


def said(root: Path, capsys: pytest.CaptureFixture, *presets: str) -> list[str]:
    """Give the lines of the terminal."""
    capsys.readouterr()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(mark_workspace(root))
        assert main(["step", "headline", *presets]) == 0
    return capsys.readouterr().out.splitlines()


def test_what_is_absent_is_listed_with_its_next_step(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """Sources, training and methods, in the words of the page."""
    inputs.write_run(tmp_path)
    without(tmp_path, "lpips", "no reference")
    without(tmp_path, "fgresq", "no run tested it")
    inputs.write_empty_run(tmp_path)
    assert report(tmp_path, "mini") == report(tmp_path, "paper") == 0
    lines = said(tmp_path, capsys, "mini", "paper")
    assert lines[0] == "[mini] found in mini"
    fgresq, lpips, where = lines[1:4]
    assert fgresq.startswith("[mini] absent: FGResQ, method (no run tested it). Next step: name f")
    assert lpips.startswith("[mini] absent: LPIPS, method (no reference). Next step: fill the col")
    assert where == f"[mini] report: {tmp_path / 'reports/site/mini/index.html'}"
    source = "[paper] absent: FGRestore, data set (there is nothing in data/raw/fgrestore). Next"
    assert lines[5].startswith(source)
    assert lines[6] == (
        "[paper] absent: FGResQ, training (no CLIP weights). Next step: connect once."
    )
    assert "LPIPS" in (tmp_path / "reports/site/mini/index.html").read_text()


def test_what_stands_for_people_comes_first(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    inputs.write_run(tmp_path)
    assert report(tmp_path, "mini") == 0
    path = tmp_path / "reports/metrics/mini.json"
    write_json(path, {"headline": "found", "observers": {"sentence": "X stands for people"}})
    assert said(tmp_path, capsys, "mini")[:2] == ["[mini] X stands for people", "[mini] found"]


def test_what_is_required_must_not_be_absent(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    inputs.write_run(tmp_path)
    without(tmp_path, "lpips", "no reference")
    inputs.write_empty_run(tmp_path)
    assert report(tmp_path, "mini", "--require", "mini", "psnr", "fgresq") == 0
    for preset, name, told in (
        ("mini", "lpips", "required method 'lpips', preset 'mini': no reference. Fill the column"),
        ("paper", "fgrestore", "required data set 'fgrestore', preset 'paper': there is nothing"),
        ("paper", "fgresq", "required training 'fgresq', preset 'paper': no CLIP weights. Con"),
        ("paper", "psnr", "required method 'psnr', preset 'paper': there is no image to score"),
    ):
        assert report(tmp_path, preset, "--require", name) == 1
        assert told in capsys.readouterr().err
    assert not (tmp_path / "reports/site/paper").exists()


def test_folds_without_a_run_are_told_with_n(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """The runs of the training are 0, 1 and pairs: all of two folds, two of three."""
    inputs.write_run(tmp_path)
    path = inputs.of(tmp_path, "scores") / "fgresq.csv"
    scores = read_scores(path).assign(split="family")
    scores.loc[scores.index[:9], ["value", "reason"]] = [float("nan"), "no run tested it"]
    write_scores(path, scores)
    assert report(tmp_path, "mini") == 0
    assert len(said(tmp_path, capsys, "mini")) == 2
    with (inputs.of(tmp_path, "pairs") / "folds.csv").open("a") as handle:
        handle.write("mini,f3,2\n")
    assert report(tmp_path, "mini") == 0
    told = "FGResQ has values for folds 0, 1 of 0..2 only (runs/full): n 15 of 24 images"
    assert f"[mini] {told}" in said(tmp_path, capsys, "mini")
    assert f"{told}." in (tmp_path / "reports/site/mini/index.html").read_text()


def test_a_preset_without_a_report_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(mark_workspace(tmp_path))
    assert main(["step", "headline", "tiny"]) == 1
    told = capsys.readouterr().err
    assert "tiny/index.html: there is no report of this preset. Run snakemake" in told
