"""The command line: logs and outputs that cannot be written, and the count of threads."""

from __future__ import annotations

import errno
import io
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fgresq.cli import main
from fgresq.errors import UserError
from tests.conftest import ROOT


def headline(*more: str) -> subprocess.CompletedProcess:
    """Call a command that ends in one message: the preset has no report."""
    call = [sys.executable, "-m", "fgresq", "step", "headline", "no-such-preset", *more]
    return subprocess.run(call, capture_output=True, text=True)


class FullDisk(io.RawIOBase):
    """What a shell gives for `> FILE` on a full disk, until another file is put in its place."""

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return 1

    def write(self, data: bytes) -> int:
        if os.path.samestat(os.fstat(1), os.stat(os.devnull)):
            return len(data)
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_of_the_log_leaves_the_messages_on_the_terminal() -> None:
    call = (
        "import io, logging, sys; from tests.test_cli import FullDisk\n"
        "from fgresq import cli, messages\n"
        "log = io.TextIOWrapper(FullDisk(), write_through=True)\n"
        "messages.log_file = lambda path: logging.StreamHandler(log)\n"
        "sys.exit(cli.main(['step', 'headline', 'no-such-preset', '--log', 'x.log']))"
    )
    done = subprocess.run([sys.executable, "-c", call], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
    assert "there is no report of this preset" in done.stderr


@pytest.mark.parametrize("buffer", [1, 1_000_000])
def test_a_full_disk_of_the_output_is_told(buffer: int) -> None:
    """Whether a print meets it, or what was printed is written at the end."""
    call = (
        "import io, sys; from tests.test_cli import FullDisk; from fgresq.cli import main\n"
        f"sys.stdout = io.TextIOWrapper(io.BufferedWriter(FullDisk(), {buffer}))\n"
        "sys.exit(main(['methods', '--json']))"
    )
    done = subprocess.run([sys.executable, "-c", call], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
    assert "fgresq methods: standard output: the disk is full" in done.stderr


@pytest.mark.parametrize("words", [["--threads=2"], ["--threads", "2"], ["--thr=2"]])
def test_threads_reach_blas_in_every_form(
    words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    assert main(["step", "headline", "no-such-preset", *words]) == 1
    assert os.environ["OMP_NUM_THREADS"] == os.environ["OPENBLAS_NUM_THREADS"] == "2"


@pytest.mark.parametrize("count", ["0", "-1", "two", "1.5"])
def test_less_than_one_thread_is_refused(count: str, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["step", "headline", "no-such-preset", f"--threads={count}"])
    told = capsys.readouterr().err
    assert stop.value.code == 2
    assert f"argument --threads: '{count}' is no whole number of at least 1" in told


def test_debug_shows_tracebacks_and_faults_of_the_log() -> None:
    with pytest.raises(UserError):
        main(["step", "headline", "no-such-preset", "--debug"])
    assert logging.raiseExceptions
    main(["step", "headline", "no-such-preset"])
    assert not logging.raiseExceptions


def test_a_log_that_cannot_be_opened_is_told(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    for path, why in (
        (tmp_path, "Is a directory"),
        (tmp_path / "file/a.log", "file/a.log: the log"),
    ):
        assert main(["step", "headline", "no-such-preset", "--log", str(path)]) == 1
        told = capsys.readouterr().err
        assert "the log cannot be opened" in told and why in told and "Give --log" in told
        assert "Traceback" not in told and told.count("\n") == 1


def test_a_reader_that_has_enough_ends_the_call_without_a_traceback() -> None:
    call = [sys.executable, "-u", "-m", "fgresq", "data", "status"]
    command = subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    command.stdout.close()
    assert command.stderr.read() == "" and command.wait(60) == 141
