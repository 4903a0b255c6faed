"""DVC: a stage a phase, rerun when its code, settings or inputs changed, read without raw data."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import copy_repository, set_probe

pytestmark = pytest.mark.workflow
RULE = re.compile(r"^(?:local)?rule (\w+):", re.MULTILINE)


def call(folder: Path, *command: str) -> str:
    """Run a command; give what it printed."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def repro(folder: Path, *more: str) -> tuple[set[str], set[str]]:
    """Run `dvc repro`; give the names of the stages and of the rules that ran."""
    printed = call(folder, "dvc", "repro", *more)
    stages = set(re.findall(r"Running stage '(\w+)'", printed))
    return stages, set(RULE.findall(printed)) - {"all"}


def changed(folder: Path) -> set[str]:
    """Give the stages that DVC finds changed, without running any."""
    command = ["dvc", "status", "--json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a git repository set to a quick preset on a small own folder, reproduced once."""
    place = copy_repository(tmp_path_factory.mktemp("dvc") / "fgresq")
    set_probe(place)
    config = place / "config/config.yaml"
    config.write_text(config.read_text().replace("preset: auto\n", "preset: probe\n"))
    shutil.rmtree(place / "reports/metrics", ignore_errors=True)  # nothing is measured yet
    call(place, "git", "init", "-q")
    call(place, "git", "config", "user.email", "test@example.org")
    call(place, "git", "config", "user.name", "test")
    stages, rules = repro(place)
    assert {"data", "pairs", "scores", "analysis", "report"} <= stages and "read_source" in rules
    return place


def test_a_second_repro_runs_nothing(repository: Path) -> None:
    assert repro(repository) == (set(), set())


def test_a_constant_in_an_imported_module_changes_the_phases_that_use_it(repository: Path) -> None:
    path = repository / "fgresq/ops/ssim_plane.py"
    text = path.read_text()
    assert "1.5" in text
    path.write_text(text.replace("1.5", "1.4"))
    assert changed(repository) == {"pairs", "scores"}
    path.write_text(text)
    assert changed(repository) == set()


def test_a_touched_image_changes_nothing(repository: Path) -> None:
    os.utime(repository / "data/raw/own/images/beta-weak.png")
    assert changed(repository) == set()


def test_a_removed_source_is_absent_and_comes_back_when_placed(repository: Path) -> None:
    """Placed again, all later phases are up to date: the tables have the bytes they had."""
    placed, away = repository / "data/raw/own", repository / "away"
    placed.rename(away)
    assert changed(repository) == {"data"}
    _, rules = repro(repository, "data")
    assert rules == {"read_source", "join_sources"}
    record = json.loads((repository / "results/data/probe/sources.json").read_text())[0]
    assert record["status"] == "absent" and {"pairs", "scores", "report"} <= changed(repository)
    away.rename(placed)
    assert "data" in changed(repository)
    stages, rules = repro(repository, "data")
    assert stages == {"data"} and rules == {"read_source", "join_sources"}
    assert changed(repository) == set()


def test_an_edited_image_runs_the_phases_from_data_on(repository: Path) -> None:
    images = repository / "data/raw/own/images"
    shutil.copy(images / "beta-mild.png", images / "beta-weak.png")
    stages, rules = repro(repository)
    assert "data" in stages and "weights" not in stages
    assert {"read_source", "candidates", "score", "report"} <= rules


def test_a_setting_runs_its_readers_and_a_comment_no_rule(repository: Path) -> None:
    path, config = repository / "fgresq/ops/ssim_plane.py", repository / "config/config.yaml"
    path.write_text(path.read_text() + "\n# a remark\n")
    config.write_text(config.read_text().replace("bootstrap: 10\n", "bootstrap: 12\n"))
    stages, rules = repro(repository)
    assert {"pairs", "scores", "analysis"} <= stages
    assert {"performance", "summary", "report"} <= rules
    assert not rules & {"read_source", "jnd_threshold", "candidates", "score"}


def test_a_fresh_clone_reads_the_report_without_raw_data(repository: Path, tmp_path: Path) -> None:
    call(repository, "dvc", "remote", "add", "-d", "-f", "place", str(tmp_path / "remote"))
    call(repository, "git", "add", "-A")
    call(repository, "git", "commit", "-qm", "state")
    call(repository, "dvc", "push", "-q")
    clone = tmp_path / "clone"
    call(tmp_path, "git", "clone", "-q", str(repository), str(clone))
    call(clone, "dvc", "pull", "-q")
    assert repro(clone, "--allow-missing") == (set(), set())
    page = "reports/site/probe/index.html"
    assert (clone / page).read_bytes() == (repository / page).read_bytes()
    assert not (clone / "data/raw").exists()


def cloned(repository: Path, place: Path) -> Path:
    """Clone what is committed, with the outputs pulled from the remote."""
    call(place.parent, "git", "clone", "-q", str(repository), str(place))
    call(place, "dvc", "pull", "-q")
    return place


def lose_half(store: Path) -> list[str]:
    """Remove every second object of a cache or remote; give the hashes of those removed."""
    objects = sorted(path for path in store.glob("files/md5/*/*") if path.is_file())
    lost = [path for path in objects if not path.name.endswith(".dir")][::2]
    assert lost
    for path in lost:
        path.chmod(0o644)
        path.unlink()
    return ["".join(path.parts[-2:]) for path in lost]


def test_two_machines_share_a_remote_and_half_a_cache_is_lost(
    repository: Path, tmp_path: Path
) -> None:
    """No stage that was done runs again, and what is missing is named.

    DVC takes a folder's entry in the remote for all of its files: a push does not mend that.
    """
    remote = tmp_path / "remote"
    call(repository, "dvc", "remote", "add", "-d", "-f", "place", str(remote))
    call(repository, "git", "add", "-A")
    call(repository, "git", "commit", "-qm", "state", "--allow-empty")
    call(repository, "dvc", "push", "-q")
    other = cloned(repository, tmp_path / "other")
    assert "up to date" in call(other, "dvc", "push")
    lose_half(other / ".dvc/cache")
    assert repro(other, "--allow-missing") == (set(), set())
    call(other, "dvc", "pull", "-q")
    assert "up to date" in call(other, "dvc", "push")
    lost = lose_half(remote)
    third = tmp_path / "third"
    call(tmp_path, "git", "clone", "-q", str(repository), str(third))
    done = subprocess.run(["dvc", "pull"], cwd=third, capture_output=True, text=True)
    assert done.returncode and any(name in done.stdout + done.stderr for name in lost)
    assert repro(third, "--allow-missing") == (set(), set())
