"""What the benchmarks measure is what they say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import torch

from benchmarks import pipeline, training
from fgresq.images import write_png
from tests.conftest import picture

HOLD = "import sys; block = bytearray({mebibytes} << 20); print('ready', flush=True)"
PARENT = """
import subprocess, sys
block = bytearray(60 << 20)
subprocess.run([sys.executable, "-c", sys.argv[1]])
"""


def test_memory_is_summed_over_the_processes_alive_at_once() -> None:
    hold = HOLD.format(mebibytes=80) + "; sys.stdin.read()"
    call = [sys.executable, "-c", PARENT, hold]
    pipe = subprocess.PIPE
    with subprocess.Popen(call, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        both = pipeline.held(psutil.Process(process.pid))
        process.stdin.close()
    assert 140 < both < 240
    ended = SimpleNamespace(children=lambda **_: (_ for _ in ()).throw(psutil.NoSuchProcess(1)))
    assert pipeline.held(ended) == 0


def test_the_cost_of_the_cache_is_measured_afresh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every image is encoded, twice over, and no cache is read or made."""
    monkeypatch.chdir(tmp_path)
    seen = []
    lower = SimpleNamespace(
        tokens=lambda crops: seen.append(len(crops)) or torch.zeros(len(crops), 2)
    )
    paths = [f"{k}.png" for k in range(20)]
    for number, path in enumerate(paths):
        write_png(path, picture(number))
    for _ in range(2):
        assert training.encoding_rate(lower, paths, 1) > 0
    assert seen == 2 * [16, 16, 4] and not Path("work").exists()


@pytest.mark.parametrize("name", ["pairs", "stand_in"])
def test_they_run_as_their_help_says(name: str) -> None:
    call = [sys.executable, "-m", f"benchmarks.{name}", "--help"]
    done = subprocess.run(call, capture_output=True, text=True)
    assert done.returncode == 0 and f"python -m benchmarks.{name}" in done.stdout
