"""The command line: logs that cannot be written."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from fgresq.cli import main
from fgresq.errors import UserError


def headline(*more: str) -> subprocess.CompletedProcess:
    """Call a verb that ends in one message: the preset has no report."""
    call = [sys.executable, "-m", "fgresq", "headline", "no-such-preset", *more]
    return subprocess.run(call, capture_output=True, text=True)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_full_disk_of_the_log_leaves_the_messages_on_the_terminal() -> None:
    done = headline("--log", "/dev/full")
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
    assert "there is no report of this preset" in done.stderr


def test_debug_shows_tracebacks_and_faults_of_the_log() -> None:
    with pytest.raises(UserError):
        main(["headline", "no-such-preset", "--debug"])
    assert logging.raiseExceptions
    main(["headline", "no-such-preset"])
    assert not logging.raiseExceptions


def test_a_log_that_cannot_be_opened_is_told(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    for path, why in (
        (tmp_path, "Is a directory"),
        (tmp_path / "file/a.log", "file/a.log: the log"),
    ):
        assert main(["headline", "no-such-preset", "--log", str(path)]) == 1
        told = capsys.readouterr().err
        assert "the log cannot be opened" in told and why in told and "Give --log" in told
        assert "Traceback" not in told and told.count("\n") == 1


def test_a_reader_that_has_enough_ends_the_call_without_a_traceback() -> None:
    call = [sys.executable, "-u", "-m", "fgresq", "data", "status"]
    verb = subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    verb.stdout.close()
    assert verb.stderr.read() == "" and verb.wait(60) == 141
