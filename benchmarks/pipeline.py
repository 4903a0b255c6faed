"""Time, processor time and peak memory of every rule of a preset, on this machine.

    python -m benchmarks.pipeline [PRESET]

Runs the preset from nothing in a scratch copy of the repository (weights are linked, so nothing
is downloaded), then once more to see that nothing is left to do, and prints a table: what `make
report` costs where the environment is ready. Processes are looked at ten times a second, so that a
job's numbers are short of its last tenth. A job's peak is the resident memory of its process and
of those it starts; that of the whole run is the greatest sum over all processes alive at once,
Snakemake's own included, shared pages counted once (PSS).
"""

from __future__ import annotations

import contextlib
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

ROOT = Path(__file__).parent.parent
MIB = 2**20


@dataclass
class Cost:
    """What a job or a run took.

    Args:
        seconds: from its first to its last look.
        cpu: seconds of processor time, of all its processes.
        peak: MiB.
    """

    seconds: float = 0.0
    cpu: float = 0.0
    peak: float = 0.0


@dataclass
class Watch:
    """What was seen of a run so far.

    Args:
        started: when it began.
        peak: MiB of all processes at once, the greatest.
        jobs: cost by the name of the job's log.
        first: process number of each job, and when it was first seen.
    """

    started: float = field(default_factory=time.perf_counter)
    peak: float = 0.0
    jobs: dict[str, Cost] = field(default_factory=dict)
    first: dict[str, tuple[int, float]] = field(default_factory=dict)

    def look(self, process: psutil.Process) -> None:
        """Add what a run's processes hold and have used by now."""
        self.peak = max(self.peak, held(process))
        for child in members(process)[1:]:
            with contextlib.suppress(psutil.Error):  # it has ended meanwhile
                if name := job_of(child.cmdline()):
                    self.note(name, child)

    def note(self, name: str, process: psutil.Process) -> None:
        """Add what one job has used by now."""
        now = time.perf_counter()
        number, seen = self.first.setdefault(name, (process.pid, now))
        if number != process.pid:  # a fork of it: counted below
            return
        own = self.jobs.setdefault(name, Cost())
        own.seconds = now - seen
        times = process.cpu_times()
        below = members(process)[1:]
        cpu = times.user + times.system + times.children_user + times.children_system
        memory = process.memory_info().rss
        for child in below:
            with contextlib.suppress(psutil.Error):
                used = child.cpu_times()
                cpu += used.user + used.system
                memory += child.memory_info().rss
        own.cpu, own.peak = cpu, max(own.peak, memory / MIB)


def copy_repository(target: Path) -> None:
    """Copy what git tracks, and link the weights."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    for name in listed.stdout.decode().split("\0")[:-1]:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name)
    (target / "data/weights").symlink_to(ROOT / "data/weights")


def members(process: psutil.Process) -> list[psutil.Process]:
    """List a process and all it started that are alive; none where it has ended."""
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def held(process: psutil.Process) -> float:
    """Give the MiB that a process and all it started hold now."""
    total = 0
    for member in members(process):
        with contextlib.suppress(psutil.Error):  # it has ended meanwhile
            total += member.memory_full_info().pss
    return total / MIB


def job_of(call: Sequence[str]) -> str:
    """Name the job of a command line by its log; empty: it is of none."""
    module = "fgresq" in call[:4] and "--log" in call
    return Path(call[call.index("--log") + 1]).stem if module else ""


def run(target: Path, preset: str) -> tuple[Cost, dict[str, Cost]]:
    """Run a preset; give its cost, and that of every job."""
    call = [sys.executable, "-m", "snakemake", "--cores", "all", "--quiet", "all"]
    call += ["--config", f"preset={preset}"]
    before, watch = used_by_children(), Watch()
    with subprocess.Popen(call, cwd=target) as process:
        while process.poll() is None:
            watch.look(psutil.Process(process.pid))
            time.sleep(0.1)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, call)
    seconds = time.perf_counter() - watch.started
    return Cost(seconds, used_by_children() - before, watch.peak), watch.jobs


def used_by_children() -> float:
    """Give the processor time, in seconds, of all processes that have ended below this one."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def line(title: str, cost: Cost, note: str = "") -> str:
    """Give a row of the table."""
    return f"| {title} | {cost.seconds:.1f} | {cost.cpu:.1f} | {cost.peak:.0f}{note} |"


def main(preset: str) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch)
        copy_repository(target)
        (whole, jobs), (again, _) = run(target, preset), run(target, preset)
    print("| job | seconds | CPU seconds | peak MiB |\n|---|---|---|---|")
    for name, cost in sorted(jobs.items(), key=lambda job: -job[1].cpu):
        print(line(name, cost))
    for title, cost in (("all, from nothing", whole), ("all, again", again)):
        print(line(title, cost, ", all processes alive at once"))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "mini")
