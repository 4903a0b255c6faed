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
from fgresq.files import atomic, check_writable, read_json, write_csv, write_json
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


def test_a_disk_that_fills_up_within_the_block_is_told(tmp_path: Path) -> None:
    """Some libraries raise it without the file."""
    for code in (errno.ENOSPC, errno.EDQUOT):
        with pytest.raises(UserError, match="the disk is full"), atomic(tmp_path / "x.txt") as file:
            file.write_text("half")
            raise OSError(code, os.strerror(code))
    assert os.listdir(tmp_path) == []


def test_what_is_no_regular_file_is_refused_and_stays(tmp_path: Path) -> None:
    pipe, folder, link = tmp_path / "pipe", tmp_path / "folder", tmp_path / "link"
    os.mkfifo(pipe)
    folder.mkdir()
    link.symlink_to(pipe)
    for path, told in (
        (pipe, "pipe: this is a device or a pipe.*Name a file"),
        (link, "link: this is a device or a pipe"),
        (folder, "folder: this is a folder.*Name a file"),
        ("", "'': the path of the file to write is empty"),
        (".", "this is a folder"),
    ):
        for write in (lambda path: write_json(path, 1), check_writable):
            with pytest.raises(UserError, match=told):
                write(path)
    assert (
        pipe.is_fifo()
        and link.is_symlink()
        and sorted(tmp_path.iterdir()) == [*(folder, link, pipe)]
    )


def test_a_symlink_is_written_through(tmp_path: Path) -> None:
    real, link = tmp_path / "real/x.json", tmp_path / "link.json"
    link.symlink_to("real/x.json")
    for value in (1, 2):  # at first it leads to nothing
        write_json(link, value)
        assert link.is_symlink() and read_json(real) == value
    assert os.listdir(real.parent) == ["x.json"]


def test_a_path_that_cannot_be_written_is_told_with_the_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("kept")
    for path, told in (
        ("file/x.json", "part of the path is a file, not a folder. Correct the path"),
        ("file/y/x.json", "part of the path is a file"),
        ("n" * 300, "cannot be written.*too long"),
        ("n" * 250, "cannot be written.*too long"),  # it is the scratch file's name
    ):
        with pytest.raises(UserError, match=f"{path}: .*{told}"):
            write_json(tmp_path / path, 1)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(UserError, match="x.json: .*its folder is read-only.*may write to"):
        check_writable(tmp_path / "x.json")
    assert os.listdir(tmp_path) == ["file"]


def test_checking_makes_the_missing_folders_and_no_file(tmp_path: Path) -> None:
    assert check_writable(tmp_path / "a/b/x.csv") == tmp_path / "a/b/x.csv"
    assert os.listdir(tmp_path / "a/b") == []
    (tmp_path / "a/b/x.csv").write_text("old")
    check_writable(tmp_path / "a/b/x.csv")
    assert (tmp_path / "a/b/x.csv").read_text() == "old"


def test_an_error_of_what_the_block_reads_is_not_one_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), atomic(tmp_path / "x.csv"):
        (tmp_path / "other").read_text()


def test_a_name_that_is_no_utf8_is_written(tmp_path: Path) -> None:
    name = os.fsdecode(b"bad\xff.png")
    write_csv(tmp_path / "x.csv", pd.DataFrame({"image": [name, "good.png"]}, dtype=object))
    assert pd.read_csv(tmp_path / "x.csv")["image"].tolist() == ["bad\\udcff.png", "good.png"]
    write_json(tmp_path / "x.json", name)
    assert read_json(tmp_path / "x.json") == name


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file. Correct the path, or run the step"):
        read_json(tmp_path / "x.json")
    with pytest.raises(UserError, match="cannot be read .Is a directory.. Give a file"):
        read_json(tmp_path)


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
    [(["scores"], "Did you mean 'score'"), (["--help"], "fgresq COMMAND --help")],
)
def test_the_command_line_teaches(call: list[str], told: str) -> None:
    done = subprocess.run([sys.executable, "-m", "fgresq", *call], capture_output=True, text=True)
    assert told in done.stdout + done.stderr and "Traceback" not in done.stderr
