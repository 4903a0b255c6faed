"""Where a clone lies and how git writes its line ends does not matter."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT, copy_repository

PLACE = """it's a "düsseldorf" folder"""


def git(folder: Path, *words: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a clone with `core.autocrlf`, below a folder with quotes, spaces and an umlaut."""
    place = tmp_path_factory.mktemp("places")
    origin = copy_repository(place / "origin", "data/weights")
    git(origin, "init", "--quiet")
    git(origin, "add", ".")
    git(origin, "commit", "--quiet", "-m", "all")
    (place / PLACE).mkdir()
    git(place, "-c", "core.autocrlf=true", "clone", "--quiet", "origin", f"{PLACE}/fgresq")
    (place / PLACE / "fgresq/data/weights").symlink_to(ROOT / "data/weights")
    return place / PLACE / "fgresq"


def test_line_ends_are_the_same_in_a_clone_with_autocrlf(clone: Path) -> None:
    command = ["git", "ls-files", "--eol", "-z"]
    done = subprocess.run(command, cwd=clone, check=True, capture_output=True, text=True)
    binary = (".gz", ".safetensors", ".png")
    lines = [line for line in done.stdout.split("\0") if line and not line.endswith(binary)]
    ends = [line.split()[:2] for line in lines]
    assert len(ends) > 300
    assert {end for pair in ends for end in pair} <= {"i/lf", "w/lf", "i/none", "w/none"}


@pytest.mark.workflow
def test_the_first_rules_run_there(clone: Path) -> None:
    made = ["results/data/tiny/images.csv", "results/pairs/tiny/pairs.csv"]
    tasks = "presets={tiny: {mini: {tasks: [denoising]}}}"
    call = ["snakemake", "--cores", "2", "--config", "preset=tiny", tasks, "--", *made]
    done = subprocess.run(call, cwd=clone, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert all((clone / path).is_file() for path in made)
    assert (clone / "logs/tiny/split-pairs.log").is_file()
