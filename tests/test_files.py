"""Writing: whole or not at all; the state of raw data follows content."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from fgresq.errors import UserError
from fgresq.files import atomic, write_csv, write_json
from fgresq.raw import ABSENT, raw_state


def test_a_failed_write_leaves_the_old_file_and_no_scratch(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("old")
    with pytest.raises(RuntimeError), atomic(path) as scratch:
        scratch.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["table.csv"]


def test_a_full_disk_is_told_with_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(UserError, match="table.csv: the disk is full.*Free some space"):
        write_csv(tmp_path / "table.csv", pd.DataFrame({"a": [1]}))
    assert os.listdir(tmp_path) == []


def test_what_a_killed_process_left_is_swept_and_what_a_running_one_writes_is_not(
    tmp_path: Path,
) -> None:
    """SIGKILL leaves no time to tidy up: the next write of the same file does."""
    path = tmp_path / "cache[1].npy"
    other = tmp_path / f".{path.stem}.{os.getppid()}.part.npy"
    other.write_text("being written")
    killed = (
        "import os, signal, sys; from fgresq.files import atomic\n"
        "with atomic(sys.argv[1]) as scratch:\n"
        "    scratch.write_text('half'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", killed, str(path)])
    assert done.returncode == -signal.SIGKILL
    assert len(os.listdir(tmp_path)) == 2 and not path.exists()
    with atomic(path) as scratch:
        scratch.write_text("whole")
    assert path.read_text() == "whole" and sorted(tmp_path.iterdir()) == sorted([path, other])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_write_that_hits_a_full_device(tmp_path: Path) -> None:
    with (
        pytest.raises(UserError, match="the disk is full"),
        atomic(tmp_path / "x.txt"),
        open("/dev/full", "w") as handle,
    ):
        handle.write("x" * 100000)
    assert os.listdir(tmp_path) == []


def test_json_refuses_nan(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Out of range float"):
        write_json(tmp_path / "x.json", {"value": float("nan")})
    assert os.listdir(tmp_path) == []


def test_raw_state_follows_content_and_not_time(tmp_path: Path) -> None:
    folder, cache = tmp_path / "raw", tmp_path / "cache.json"
    assert raw_state(folder, cache) == ABSENT
    folder.mkdir()
    (folder / "a.txt").write_text("one")
    first = raw_state(folder, cache)
    os.utime(folder / "a.txt", (1, 1))
    assert raw_state(folder, cache) == first
    (folder / "a.txt").write_text("two")
    assert raw_state(folder, cache) != first
    (folder / "a.txt").write_text("one")
    assert raw_state(folder, cache) == first
    (folder / "a.txt").rename(folder / "b.txt")
    assert raw_state(folder, cache) != first


@pytest.mark.parametrize(
    ("call", "told"),
    [(["scores"], "Did you mean 'score'"), (["--help"], "fgresq VERB --help")],
)
def test_the_command_line_teaches(call: list[str], told: str) -> None:
    done = subprocess.run([sys.executable, "-m", "fgresq", *call], capture_output=True, text=True)
    assert told in done.stdout + done.stderr and "Traceback" not in done.stderr
