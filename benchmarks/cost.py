"""Milliseconds of the processor that a method takes for a megapixel: reports/cost.csv.

    python -m benchmarks.cost [METHOD ...] [--trained fgresq=results/stage2/mini/full/0 ...]
        [--repeats 3] [--most 20] [--out reports/cost.csv]

Each untrained method scores a noisy copy of one photograph, 1024 x 1024 pixels, on one thread; the
reference is taken apart anew for every repeat, as for an image with a reference of its own. A run
ahead of the repeats is not timed; repeats end once --most seconds are spent. The median counts,
the fastest and the slowest repeat stand beside it. It is the time of the process, so that other
work on the machine does not count. A method that is trained by a run is timed where --trained names
weights of it. With METHOD or --trained the other rows of the table stay as they are.
"""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import torch
from skimage import data
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from fgresq.catalogues import read_methods
from fgresq.files import write_csv
from fgresq.report.parts.costs import COLUMNS
from fgresq.scoring.judges import judge_of
from fgresq.scoring.registry import absence, method_of

SIDE = 1024  # pixels
Score = Callable[..., float]


def device() -> str:
    """Name the processor."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return " ".join(line.partition(":")[2].split())
    return platform.processor() or platform.machine()


def photographs() -> list[tuple[np.ndarray, np.ndarray]]:
    """Give two noisy images with their references, uint8 RGB, of unlike photographs."""
    made = []
    for photo in (data.astronaut(), data.coffee()):
        reference = cv2.resize(photo, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        noise = np.random.default_rng(0).normal(0, 8, reference.shape)
        made.append((np.clip(reference + noise, 0, 255).astype(np.uint8), reference))
    return made


def measured(name: str, kind: str, score: Score, repeats: int, most: float) -> dict[str, Any]:
    """Time a method of a kind (FR or NR); a row of the table."""
    megapixels = SIDE * SIDE / 1e6
    taken: list[float] = []
    sets = [(a, b if kind == "FR" else None) for a, b in photographs()]
    score(*sets[0])
    for repeat in range(1, repeats + 1):  # the reference changes, so that none is remembered
        started = time.process_time()
        score(*sets[repeat % 2])
        taken.append(1000 * (time.process_time() - started) / megapixels)
        if sum(taken) * megapixels / 1000 > most:
            break
    numbers = {"milliseconds": np.median(taken), "low": min(taken), "high": max(taken)}
    row = {"method": name, **{key: round(float(value), 2) for key, value in numbers.items()}}
    row |= {"megapixels": megapixels, "repeats": len(taken)}
    return row | {"threads": 1, "device": device()}


def untrained(names: list[str]) -> dict[str, tuple[str, Score]]:
    """Give kind and function of the untrained methods that are here; of no names, all."""
    known = read_methods()
    chosen = [name for name in names or known if not known[name]["trained"]]
    return {
        name: (known[name]["kind"], method_of(name, known[name]).score)
        for name in chosen
        if not absence(name, known[name])
    }


def trained(given: str) -> tuple[str, tuple[str, Score]]:
    """Give name, kind and function of METHOD=FOLDER, a method with its weights."""
    name, _, folder = given.partition("=")
    judge = judge_of(Path(folder), device="cpu", calibrated=False)
    return name, (judge.kind, judge.score)


def beside(rows: pd.DataFrame, out: Path) -> pd.DataFrame:
    """Give the rows of a table with those measured anew in their places, in catalogue order."""
    old = pd.read_csv(out) if out.exists() else rows[:0]
    kept = pd.concat([old[~old["method"].isin(rows["method"])], rows], ignore_index=True)
    order = {name: place for place, name in enumerate(read_methods())}
    return kept.sort_values("method", key=lambda names: names.map(order), kind="stable")


@torch.inference_mode()
def main() -> None:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("methods", nargs="*", help="(default: all of the catalogue)")
    parser.add_argument("--trained", nargs="*", default=[], metavar="METHOD=FOLDER")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--most", type=float, default=20.0, help="seconds of repeats a method")
    parser.add_argument("--out", type=Path, default=Path("reports/cost.csv"), help="table to write")
    args = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    threadpool_limits(1)
    chosen = untrained(args.methods) if args.methods or not args.trained else {}
    chosen |= dict(map(trained, args.trained))
    rows = [
        measured(name, kind, score, args.repeats, args.most)
        for name, (kind, score) in tqdm(chosen.items(), desc="methods", disable=None)
    ]
    table = pd.DataFrame(rows).reindex(columns=list(COLUMNS))
    whole = not args.methods and not args.trained
    write_csv(args.out, table if whole else beside(table, args.out))


if __name__ == "__main__":
    main()
