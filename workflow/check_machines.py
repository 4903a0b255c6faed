"""Make the embedded data and its pairs once more under a lower instruction set, and compare.

`make check-machines` runs the rules up to the labelled, split pairs in a copy of the checkout with
caches of its own, for a processor without AVX, and compares with the results of this checkout,
which are made in the same way where they are not here. It exits with 1 where a choice (sample,
pair, label, split) moved though no border was near, and keeps in reports/machines.json how far the
values moved: the report tells it. That file is written where a value moved further than it says,
where it is absent, and with --record.

With --whole all methods are scored and trained too, and the numbers of the metrics file compared:
by kind of number, how far each moved. That takes as long as two reports.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# numpy declares no types of it; what it dispatches by is shown nowhere else
from numpy._core import _multiarray_umath as numpy_cpu  # type: ignore[attr-defined]

from fgresq.analysis.reproduced import compare, greatest_by_kind, trained_in
from fgresq.catalogues import read_methods
from fgresq.errors import UserError
from fgresq.files import read_json, write_json
from fgresq.pairs.labels import Sight
from fgresq.presets import load
from workflow.movement import Made, choices, numbers

ROOT = Path(__file__).parent.parent
RECORD = "reports/machines.json"
# What each library is told, to compute as on a processor without AVX.
LOWER = {
    "ATEN_CPU_CAPABILITY": "default",
    "MKL_CBWR": "COMPATIBLE",
    "NPY_DISABLE_CPU_FEATURES": " ".join(
        name for name in numpy_cpu.__cpu_dispatch__ if numpy_cpu.__cpu_features__[name]
    ),
    "NUMBA_CPU_NAME": "generic",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "OPENBLAS_CORETYPE": "Prescott",
    "OPENCV_CPU_DISABLE": "AVX2,FMA3,AVX512-SKX",
    "OPENCV_IPP": "sse42",
}
STEPS = re.compile(r"^(\d+) of (\d+) steps")
COMPARED = ("preset", "measure", "images", "candidates")  # what a record is of


@dataclass
class Progress:
    """Says how many steps of all runs are done, and about how long the rest takes."""

    began: float = field(default_factory=time.monotonic)
    steps: dict[str, tuple[int, int]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def told(self, name: str, done: int, total: int) -> None:
        """Note a step that is done, and print how far all runs are."""
        with self.lock:
            self.steps[name] = (done, total)
            finished = sum(d for d, _ in self.steps.values())
            share = finished / sum(t for _, t in self.steps.values())
            spent = time.monotonic() - self.began
            left = spent / share - spent
            print(
                f"[{spent:5.0f} s] {name}: step {done} of {total}; about {left:.0f} s left",
                flush=True,
            )


def copied(root: Path, place: Path) -> Path:
    """Copy the files of a checkout that git knows or does not ignore, with the weights linked."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if listed.returncode:
        raise UserError(root, "this is no git checkout", "Run it in a clone of the repository")
    shutil.rmtree(place, ignore_errors=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (root / name).is_file():  # not deleted since
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, place / name)
    (place / "data").mkdir(parents=True, exist_ok=True)
    (place / "data/weights").symlink_to((root / "data/weights").resolve())
    return place


def call(target: str, preset: str, tasks: list[str], cores: int) -> list[str]:
    """Give the call that makes a target of a preset."""
    config = [f"preset={preset}"]
    if tasks:
        config.append(f"presets={{{preset}: {{mini: {{tasks: [{', '.join(tasks)}]}}}}}}")
    snakemake = [sys.executable, "-m", "snakemake"]
    return [*snakemake, "--cores", str(cores), "--config", *config, "--", target]


def complete(root: Path, command: list[str]) -> bool:
    """Whether a target is made already, by this code and these settings."""
    dry = [*command[:-2], "-n", *command[-2:]]
    done = subprocess.run(dry, cwd=root, capture_output=True, text=True, env=environment({}))
    return done.returncode == 0 and "Nothing to be done" in done.stdout + done.stderr


def environment(own: dict[str, str]) -> dict[str, str]:
    """Give the environment of a run: this Python first on the path, and `own`."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, "PATH": path, **own}


def run(place: Path, command: list[str], own: dict[str, str], progress: Progress) -> None:
    """Run a call of Snakemake in a copy, with a cache of compiled code of its own.

    Raises:
        UserError: it failed; what it printed lies in the copy's run.log.
    """
    given = environment({**own, "NUMBA_CACHE_DIR": str(place / "work/numba")})
    log = place / "run.log"
    with (
        log.open("w", encoding="utf-8", buffering=1) as kept,
        subprocess.Popen(
            command,
            cwd=place,
            env=given,
            text=True,
            encoding="utf-8",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        for line in process.stdout or ():
            kept.write(line)
            if found := STEPS.match(line):
                progress.told(place.name, int(found[1]), int(found[2]))
    if process.returncode:
        print("\n".join(log.read_text(encoding="utf-8").splitlines()[-20:]), file=sys.stderr)
        raise UserError(log, f"the run '{place.name}' failed", "Read the end of this file")


def made(root: Path, work: Path, target: str, preset: str, tasks: list[str]) -> list[Path]:
    """Make a target as usual and under the lower instruction set.

    Args:
        root: the checkout.
        work: folder of the copies.
        target: file to make, and all that it needs.
        preset: whose it is.
        tasks: of the embedded data; empty for all of the preset.

    Returns:
        The checkout or copy with the usual results, and the copy with the others.
    """
    cores = os.cpu_count() or 1
    usual_is_here = complete(root, call(target, preset, tasks, cores))
    runs = {work / "lower": LOWER} | ({} if usual_is_here else {work / "usual": {}})
    command = call(target, preset, tasks, max(cores // len(runs), 1))
    progress, failed = Progress(), []

    def one(place: Path, own: dict[str, str]) -> None:
        try:
            run(copied(root, place), command, own, progress)
        except UserError as error:
            failed.append(error)

    threads = [threading.Thread(target=one, args=each) for each in runs.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return [root if usual_is_here else work / "usual", work / "lower"]


def metrics_moved(folders: list[Path], preset: str) -> dict[str, float]:
    """Give by kind of number how far the metrics files of two runs lie apart."""
    files = [read_json(folder / f"reports/metrics/{preset}.json") for folder in folders]
    trained = trained_in(read_methods())
    found = compare(*files)
    for place in found.others:
        print(f"metrics file: {place} is another")
    return greatest_by_kind(found.numbers, trained)


def exceeded(new: dict[str, Any], old: dict[str, Any] | None) -> list[str]:
    """Name the numbers of a measured movement that a record does not cover."""
    if old is None or any(new[key] != old.get(key) for key in COMPARED):
        return ["what was compared"]
    flat = [{**each, **each.get("metrics", {})} for each in (new, old)]
    known = (*COMPARED, "pairs", "metrics")
    return [k for k, value in flat[0].items() if k not in known and value > flat[1].get(k, 0)]


def parser() -> argparse.ArgumentParser:
    """Build the parser of this script."""
    found = argparse.ArgumentParser(description=__doc__)
    found.add_argument("--preset", default="mini", help="default: mini")
    found.add_argument("--tasks", nargs="*", default=[], help="of the embedded data; default: all")
    found.add_argument("--whole", action="store_true", help="compare the metrics file too")
    found.add_argument("--record", action="store_true", help=f"write {RECORD} in any case")
    found.add_argument("--work", type=Path, help="folder of the copies (default: work/machines)")
    return found


def main(words: list[str] | None = None, root: Path = ROOT) -> int:
    """Check; give the exit code."""
    args = parser().parse_args(words)
    pairs = f"results/pairs/{args.preset}/pairs.csv"
    target = f"reports/metrics/{args.preset}.json" if args.whole else pairs
    work = args.work or root / "work/machines"
    folders = made(root, work, target, args.preset, args.tasks)
    usual, lower = (Made(folder / "results", args.preset) for folder in folders)
    labels = load(root / "config/config.yaml").presets[args.preset].labels
    sight = Sight(labels.slope().fitted, labels.indifference)
    moved = choices(usual, lower, sight, labels.seed)
    for choice in moved:
        print(choice)
    far = [choice for choice in moved if not choice.near]
    if set(usual.images.index) == set(lower.images.index):
        found = {"preset": args.preset, "measure": labels.measure, **numbers(usual, lower)}
        if args.whole:
            found["metrics"] = metrics_moved(folders, args.preset)
        print("; ".join(f"{name} {value}" for name, value in found.items()))
        if not args.tasks:
            keep(found, root / RECORD, args.record)
    print(f"{len(moved)} choices moved, {len(far)} of them with no border near")
    return 1 if far else 0


def keep(found: dict[str, Any], path: Path, always: bool) -> None:
    """Write the record where it is absent, does not cover what was measured, or `always`.

    What an earlier run with --whole measured of the metrics file stays, where the data are as many.
    """
    old = read_json(path) if path.exists() else None
    beyond = exceeded(found, old)
    if not beyond and not always:
        print(f"{path.name} covers all of it")
        return
    if old and "metrics" in old and all(found[key] == old.get(key) for key in COMPARED):
        found = {"metrics": old["metrics"], **found}
    write_json(path, found)
    print(f"{path.name} written: {', '.join(beyond) or 'as asked'}")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except UserError as error:
        sys.exit(str(error))
