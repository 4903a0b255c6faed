"""Plant each fault of the table in a copy of the repository and see its tests fail.

    python -m tests.faults.run [--only NAME] [--kind KIND] [--jobs N]

First the named tests run without a fault: they must pass. Ends with 1 where a fault is not caught.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import groupby
from pathlib import Path
from typing import TypeVar

from tests.conftest import ROOT, copy_repository
from tests.faults.table import KINDS, Fault, read_faults

T, R = TypeVar("T"), TypeVar("R")
PASSED, FAILED = 0, 1  # exit status of pytest; another is no verdict


class Copy:
    """A copy of the repository in which tests are run, by a process that stays (`forks`).

    No bytecode is written: two faults of one length within a second would share it.

    Args:
        place: the folder to make.
    """

    def __init__(self, place: Path) -> None:
        self.place = copy_repository(place, "data/weights")
        (place / "data").mkdir(exist_ok=True)
        (place / "data/weights").symlink_to((ROOT / "data/weights").resolve())
        settings = {"PYTHONPATH": str(place), "PYTHONDONTWRITEBYTECODE": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.forks"],
            cwd=place,
            env={**os.environ, **settings},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def pytest(self, *words: str) -> tuple[int, str]:
        """Run tests; give pytest's exit status and the end of what it said."""
        assert self.process.stdin and self.process.stdout
        whole = ["-q", "-n", "0", "-p", "no:cacheprovider", *words]
        self.process.stdin.write(json.dumps(whole) + "\n")
        self.process.stdin.flush()
        status, said = json.loads(self.process.stdout.readline())
        return status, said

    def verdict(self, fault: Fault) -> tuple[str, str]:
        """Plant a fault and run its tests: caught, NOT CAUGHT, or no verdict; and what was said."""
        with fault.within(self.place):
            status, said = self.pytest("-x", *fault.caught_by)
        return {PASSED: "NOT CAUGHT", FAILED: "caught"}.get(status, f"no verdict ({status})"), said

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()


def spread(
    copies: list[Copy], items: list[T], act: Callable[[Copy, T], R]
) -> Iterator[tuple[T, R, float]]:
    """Do something with each item, one at a time in each copy.

    Gives item, result and seconds, as they are done.
    """
    free: queue.Queue[Copy] = queue.Queue()
    for copy in copies:
        free.put(copy)

    def timed(item: T) -> tuple[T, R, float]:
        copy, started = free.get(), time.monotonic()
        try:
            return item, act(copy, item), time.monotonic() - started
        finally:
            free.put(copy)

    with ThreadPoolExecutor(len(copies)) as pool:
        for task in as_completed([pool.submit(timed, item) for item in items]):
            yield task.result()


def fail_unfaulted(faults: list[Fault], copies: list[Copy]) -> str:
    """Run the tests of all faults without one; give what those said that do not pass."""
    tests = sorted({test for fault in faults for test in fault.caught_by})
    print(f"{len(tests)} tests without a fault", flush=True)
    files = [list(own) for _, own in groupby(tests, key=lambda test: test.partition("::")[0])]
    found = spread(copies, files, lambda copy, own: copy.pytest(*own))
    return "\n".join(said for _, (status, said), _ in found if status != PASSED)


def judged(faults: list[Fault], copies: list[Copy]) -> dict[str, str]:
    """Give the verdict on each fault; tells each as it is known, and how long all may take."""
    found: dict[str, str] = {}
    started = time.monotonic()
    for fault, (told, said), seconds in spread(copies, faults, Copy.verdict):
        found[fault.name] = told
        left = (time.monotonic() - started) / len(found) * (len(faults) - len(found))
        state = f"[{len(found)}/{len(faults)}, {left:.0f} s left]"
        print(f"{state} {fault.name}: {told} ({seconds:.0f} s)", flush=True)
        if told != "caught":
            print(said, flush=True)
    return found


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", metavar="NAME", help="one fault")
    parser.add_argument("--kind", choices=KINDS, help="faults of one kind")
    parser.add_argument("--jobs", type=int, default=2, help="faults at once (2)")
    args = parser.parse_args()
    faults = [f for f in read_faults() if args.only in (None, f.name)]
    faults = [f for f in faults if args.kind in (None, f.kind)]
    if not faults:
        parser.error("there is no such fault")
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        copies = [Copy(Path(folder) / f"copy-{number}") for number in range(args.jobs)]
        try:
            if said := fail_unfaulted(faults, copies):
                print(f"{said}\nthe tests fail without a fault: no verdict", file=sys.stderr)
                return 1
            found = judged(faults, copies)
        finally:
            for copy in copies:
                copy.close()
    width = max(len(name) for name in found)
    for fault in sorted(faults, key=lambda f: (KINDS.index(f.kind), f.name)):
        print(f"{fault.kind:8} {fault.name:{width}}  {found[fault.name]}")
    caught = sum(told == "caught" for told in found.values())
    print(f"{caught} of {len(faults)} faults caught in {time.monotonic() - started:.0f} s")
    return 0 if caught == len(faults) else 1


if __name__ == "__main__":
    sys.exit(main())
