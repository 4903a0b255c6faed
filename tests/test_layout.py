"""Results of another version: told once, kept aside, made anew."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from fgresq.files import read_json, write_json, write_text
from tests.conftest import copy_repository
from workflow.layout import LAYOUT, MARK, looks_only, mark, set_aside


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder of its own."""
    monkeypatch.chdir(tmp_path)


def test_new_folders_are_marked_without_a_word() -> None:
    Path("results/data").mkdir(parents=True)
    assert set_aside(["results/data", "results/pairs"]) == []
    assert os.listdir("results") == ["data"] and os.listdir("results/data") == []
    mark(["results/data", "results/pairs"])
    assert read_json(Path("results/pairs") / MARK) == {"layout": LAYOUT}


@pytest.mark.parametrize("said", [None, '{"layout": 1}', '{"layout": 99}', "{", "[]"])
def test_results_of_another_version_are_set_aside(said: str | None) -> None:
    write_text("results/pairs/mini/pairs.csv", "old")
    if said is not None:
        write_text(Path("results/pairs", MARK), said)
    (told,) = set_aside(["results/pairs"])
    assert "results/pairs: these results are of another version" in told and "made anew" in told
    assert not Path("results/pairs").exists()
    assert Path("work/older/results-pairs-1/mini/pairs.csv").read_text() == "old"
    mark(["results/pairs"])
    write_text("results/pairs/mini/pairs.csv", "new")
    assert set_aside(["results/pairs"]) == []
    assert Path("results/pairs/mini/pairs.csv").read_text() == "new"


def test_what_was_set_aside_before_stays() -> None:
    for number in (1, 2):
        write_text("results/pairs/pairs.csv", str(number))
        write_json(Path("results/pairs", MARK), {"layout": 0})
        set_aside(["results/pairs"])
    kept = [Path(f"work/older/results-pairs-{n}/pairs.csv").read_text() for n in (1, 2)]
    assert kept == ["1", "2"]


@pytest.mark.workflow
def test_an_older_workspace_is_told_and_its_results_are_not_read(tmp_path: Path) -> None:
    place = copy_repository(tmp_path / "fgresq", "weights")
    old = place / "results/data/tiny/images.csv"
    write_text(old, "of another form\n")
    named = ["--cores", "1", "--config", "preset=tiny"]

    def call(*asked: str) -> subprocess.CompletedProcess[str]:
        """Call Snakemake; `asked` come first, as --config takes all that follows."""
        command = ["snakemake", *asked, *named]
        done = subprocess.run(command, cwd=place, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done

    call("-n")
    assert old.exists(), "a call that only looks moves nothing"
    told = call("--unlock").stderr
    assert "results/data: these results are of another version of fgresq" in told
    assert not old.exists()
    done = call("-n", str(old.relative_to(place)))
    assert "rule join_sources" in done.stdout + done.stderr
    shutil.rmtree(place)


@pytest.mark.parametrize(
    ("call", "looks"),
    [
        (["snakemake", "-n"], True),
        (["snakemake", "-np", "results/x.csv"], True),
        (["snakemake", "--dry-run"], True),
        (["snakemake", "--dryrun"], True),
        (["snakemake", "--lint"], True),
        (["snakemake", "-S"], True),
        (["snakemake", "-D"], True),
        (["snakemake", "-l"], True),
        (["snakemake", "--summary"], True),
        (["snakemake", "--detailed-summary"], True),
        (["snakemake", "--list"], True),
        (["snakemake", "--list-rules"], True),
        (["snakemake", "--list-target-rules"], True),
        (["snakemake", "--lt"], True),
        (["snakemake", "--dag"], True),
        (["snakemake", "--rulegraph", "dot"], True),
        (["snakemake", "--filegraph"], True),
        (["snakemake", "--d3dag"], True),
        (["snakemake", "--report=run.html"], True),
        (["snakemake", "--archive", "run.tar.gz"], True),
        (["snakemake", "--report-after-run", "-c2"], False),
        (["snakemake", "-sSnakefile", "-dplan", "-Fk"], False),
        (["snakemake", "--cores", "2"], False),
        (["snakemake", "--unlock", "results/no-n.csv", "-c2"], False),
    ],
)
def test_a_call_that_only_looks_moves_nothing(call: list[str], looks: bool) -> None:
    assert looks_only(call) is looks
