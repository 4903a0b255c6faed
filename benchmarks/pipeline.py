"""Time and peak memory of every rule of a preset, on this machine.

    python -m benchmarks.pipeline [PRESET]

Runs the preset from nothing in a scratch copy of the repository (weights are linked, so nothing
is downloaded), then once more to see that nothing is left to do, and prints a table. A job's peak
is the resident memory of its process; that of the whole run is the greatest sum over all processes
alive at once, Snakemake's own included, shared pages counted once (PSS), looked at ten times a
second.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).parent.parent
COST = re.compile(r"fgresq ([\w-]+): done in ([\d.]+) s, peak memory (\d+) MiB")


def copy_repository(target: Path) -> None:
    """Copy what git tracks, and link the weights."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    for name in listed.stdout.decode().split("\0")[:-1]:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name)
    (target / "data/weights").symlink_to(ROOT / "data/weights")


def held(process: psutil.Process) -> float:
    """Give the MiB that a process and all it started hold now."""
    total = 0
    try:
        for member in [process, *process.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):  # it has ended meanwhile
                total += member.memory_full_info().pss
    except psutil.NoSuchProcess:
        return 0.0
    return total / 2**20


def run(target: Path, preset: str) -> tuple[float, float]:
    """Run a preset; give the seconds it took and the peak MiB of all processes at once."""
    call = ["snakemake", "--cores", "all", "--quiet", "all", "--config", f"preset={preset}"]
    started, peak = time.perf_counter(), 0.0
    with subprocess.Popen(call, cwd=target) as process:
        while process.poll() is None:
            peak = max(peak, held(psutil.Process(process.pid)))
            time.sleep(0.1)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, call)
    return time.perf_counter() - started, peak


def main(preset: str) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch)
        copy_repository(target)
        (first, peak), (second, peak_again) = run(target, preset), run(target, preset)
        rows = [
            (float(match[2]), int(match[3]), log.stem)
            for log in sorted(target.glob(f"logs/{preset}/*.log"))
            if (match := COST.search(log.read_text(encoding="utf-8")))
        ]
    print("| job | seconds | peak MiB of its process |\n|---|---|---|")
    for seconds, mebibytes, job in sorted(rows, reverse=True):
        print(f"| {job} | {seconds:.1f} | {mebibytes} |")
    for title, seconds, most in (
        ("all, from nothing", first, peak),
        ("all, again", second, peak_again),
    ):
        print(f"| {title} | {seconds:.1f} | {most:.0f}, all processes alive at once |")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "mini")
