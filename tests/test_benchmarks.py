"""What the benchmarks measure is what they say."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import torch

from benchmarks import metrics, pipeline, training
from fgresq import workspace
from fgresq.images import write_png
from fgresq.metrics import ilniqe
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


def test_a_job_is_told_by_its_log_and_costs_what_its_processes_use() -> None:
    burn = "import time\nwhile time.process_time() < {0}: pass"
    fork = f"import os\nos.fork() or os._exit(exec({burn.format(0.4)!r}))\nos.wait()\n"
    code = "import subprocess, sys\n" + "".join(
        f"subprocess.run([sys.executable, '-c', {own!r}, 'fgresq', '--log', 'logs/{name}.log'])\n"
        for name, own in (("light", burn.format(0.1)), ("heavy", fork + burn.format(0.8)))
    )
    watch, before = pipeline.Watch(), pipeline.used_by_children()
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        while process.poll() is None:
            watch.look(psutil.Process(process.pid))
            time.sleep(0.02)
    assert set(watch.jobs) == {"light", "heavy"} and not pipeline.job_of(["python", "-m", "dvc"])
    assert watch.jobs["light"].cpu < 0.3
    assert 0.9 < watch.jobs["heavy"].cpu < 1.5
    assert 1.2 < pipeline.used_by_children() - before < 2.2


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
    assert seen == 2 * [8, 8, 8, 4] and not Path("work").exists()


def needed(*weights: str) -> None:
    """Skip the test where weights are not at hand."""
    for name in weights:
        if not (workspace.weights_of(name) / "card.json").exists():
            pytest.skip(f"run 'fgresq weights {name}'")


@pytest.mark.parametrize(
    ("name", "weights", "peers"),
    [
        ("lpips_vgg", ["vgg16"], {"torchmetrics", "piq"}),
        ("dists", ["vgg16", "dists"], {"torchmetrics", "piq"}),
        ("brisque", ["brisque"], {"piq"}),
    ],
)
@torch.inference_mode()
def test_peers_with_our_weights_give_our_values(
    name: str, weights: list[str], peers: set[str]
) -> None:
    needed(*weights)
    assert {row["peer"] for row in metrics.measure(name, (96, 130), 1, 1)} == peers


@torch.inference_mode()
def test_a_peer_with_other_values_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    needed("brisque")
    monkeypatch.setitem(metrics.TOLERANCES, "brisque", -1.0)
    (row,) = metrics.measure("brisque", (96, 130), 1, 1)
    assert "piq (left out: values differ" in row["peer"] and "peer/s" not in row


def test_methods_without_a_peer_or_not_at_hand_say_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ilniqe, "file", lambda: tmp_path / "templateModel.mat")
    (absent,) = metrics.measure("ilniqe", (96, 130), 1, 1)
    assert "not measured: the authors' pristine model" in absent["peer"]
    assert set(metrics.NO_PEER) == {name for name, (_, ways) in metrics.peers().items() if not ways}


@torch.inference_mode()
def test_another_method_in_a_peers_place_is_not_compared_in_values() -> None:
    needed("vgg16", "dists")
    (row,) = metrics.measure("afine_vgg16", (96, 130), 1, 1)
    assert row["peer"] == "dists (ours)" and row["ratio"] > 0 and "max difference" not in row


@pytest.mark.parametrize("name", ["inference", "metrics", "out_of_domain", "pairs", "stand_in"])
def test_they_run_as_their_help_says(name: str) -> None:
    call = [sys.executable, "-m", f"benchmarks.{name}", "--help"]
    done = subprocess.run(call, capture_output=True, text=True)
    assert done.returncode == 0 and f"python -m benchmarks.{name}" in done.stdout
