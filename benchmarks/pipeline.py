"""Time and peak memory of every rule of a preset, on this machine.

    python benchmarks/pipeline.py [PRESET]

Runs the preset from nothing in a scratch copy of the repository (weights are linked, so nothing
is downloaded), then once more to see that nothing is left to do, and prints a table.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
COST = re.compile(r"fgresq ([\w-]+): done in ([\d.]+) s, peak memory (\d+) MiB")


def copy_repository(target: Path) -> None:
    """Copy what git tracks, and link the weights."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    for name in listed.stdout.decode().split("\0")[:-1]:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name)
    (target / "data/weights").symlink_to(ROOT / "data/weights")


def run(target: Path, preset: str) -> float:
    """Run a preset; give the seconds it took."""
    started = time.perf_counter()
    call = ["snakemake", "--cores", "all", "--quiet", "all", "--config", f"preset={preset}"]
    subprocess.run(call, cwd=target, check=True)
    return time.perf_counter() - started


def main(preset: str) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch)
        copy_repository(target)
        first, second = run(target, preset), run(target, preset)
        rows = [
            (float(match[2]), int(match[3]), log.stem)
            for log in sorted(target.glob(f"logs/{preset}/*.log"))
            if (match := COST.search(log.read_text(encoding="utf-8")))
        ]
    print("| job | seconds | peak MiB |\n|---|---|---|")
    for seconds, mebibytes, job in sorted(rows, reverse=True):
        print(f"| {job} | {seconds:.1f} | {mebibytes} |")
    print(f"| all, from nothing | {first:.1f} | {max(row[1] for row in rows)} |")
    print(f"| all, again | {second:.1f} | |")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "mini")
