"""Change the pure modules one expression at a time and count the changes that the tests notice.

    python -m tests.mutants

Which modules and which tests: [tool.mutmut] in pyproject.toml. Every mutant counts: one that no
test runs has survived, and one that ran out of time is no kill until it did so again, alone. Fails
under 90 % killed. What survives, and why it may: docs/testing.md.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

MADE = Path("mutants")
AIM = 90.0  # per cent
KILLED = {1, 3}  # exit codes of pytest: a test failed, or could not go on
# SIGXCPU, as a signal and as a shell tells it, and what mutmut itself writes
TIMED_OUT = {-24, 24, 36, 152, 255}


def mutmut(children: int, names: list[str]) -> None:
    """Run mutants: all that have no result yet, or those named, anew."""
    call = [sys.executable, "-m", "mutmut", "run", "--max-children", str(children), *names]
    # a thread each: two workers whose libraries take all cores wait for each other
    one = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    subprocess.run(call, check=True, env={**os.environ, **one})


def results() -> dict[str, dict[str, int | None]]:
    """Give the exit code of each mutant of each module; None: it was not run."""
    found = {}
    for path in sorted(MADE.glob("**/*.meta")):
        codes = json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
        if codes:
            found[path.relative_to(MADE).as_posix().removesuffix(".meta")] = codes
    return found


def timed_out() -> list[str]:
    """List the mutants that ran out of time."""
    every = (mutant for codes in results().values() for mutant in codes.items())
    return [name for name, code in every if code in TIMED_OUT]


def row(name: str, counts: Counter[str]) -> str:
    """Give a line of the table."""
    total = counts.total()
    share = 100 * (counts["killed"] + counts["alone"]) / total if total else 0.0
    shown = (counts[kind] for kind in ("killed", "alone", "survived"))
    return f"{name:32}{total:9}" + "".join(f"{n:9}" for n in shown) + f"{share:8.1f} %"


def kind_of(code: int | None) -> str:
    """Say what became of a mutant: killed, out of time (when run alone) or survived."""
    return "killed" if code in KILLED else "alone" if code in TIMED_OUT else "survived"


def main() -> int:
    """Run all mutants and print the table; 1 where too few are killed."""
    start = time.monotonic()
    shutil.rmtree(MADE, ignore_errors=True)  # an older result knows nothing of new tests
    mutmut(2, [])
    if late := timed_out():
        mutmut(1, late)
    total: Counter[str] = Counter()
    print(f"{'module':32}{'mutants':>9}{'killed':>9}{'alone':>9}{'survived':>9}{'share':>10}")
    for module, codes in results().items():
        counts = Counter(map(kind_of, codes.values()))
        total += counts
        print(row(module, counts))
    print(row("all", total))
    share = 100 * (total["killed"] + total["alone"]) / max(total.total(), 1)
    taken = (time.monotonic() - start) / 60
    print(f"{len(late)} out of time at first; {taken:.1f} minutes; list: mutmut results")
    return int(share < AIM)


if __name__ == "__main__":
    sys.exit(main())
