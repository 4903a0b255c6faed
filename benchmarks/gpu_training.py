"""Both stages at the paper's shapes on a CUDA device, on a generated set of FGRestore's size.

    python -m benchmarks.gpu_training [--images 18408] [--steps 200]

ViT-B/16 with random weights, every block trained, batch 64, random crops of a uint8 memory map.
Prints images/s of each stage with its checkpoints and without, the share of the measured bf16
matmul roof, peak memory, and whether a second run, and one killed at its first checkpoint and
resumed, end in the same bytes. Works in a scratch folder.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.lib.format import open_memmap

from fgresq import workspace
from fgresq.cli import main as fgresq
from fgresq.networks.vit import SIZE
from fgresq.presets import Preset, load, merge
from fgresq.runs import STAGE_FORMS, stage_options
from fgresq.sections import Tower
from fgresq.tables import TASKS, read_images, without_votes, write_images, write_pairs
from fgresq.training import loop
from fgresq.training.token_cache import cache_key
from fgresq.weights.checkpoints import WEIGHTS

# ViT-B/16 at 224, forward and backward; stage 2 also reads the frozen degradation encoder forward
FLOP_OF_AN_IMAGE = {"stage1": 105e9, "stage2": 140e9}
WARM_STEPS = 10
INTERRUPTED = 130  # exit code of a step that Ctrl-C stopped
SOURCES = 7


def write_tables(count: int) -> None:
    """Write an image table of `count` rows in 7 sources, four images a group, and its pairs."""
    number = np.arange(count)
    rng = np.random.default_rng(0)
    images = pd.DataFrame(
        {
            "image": [f"i{k:06d}" for k in number],
            "source": [f"s{k // 4 % SOURCES}" for k in number],
            "dataset": [f"s{k // 4 % SOURCES}" for k in number],
            "task": [TASKS[k // 4 % len(TASKS)] for k in number],
            "group": [f"g{k // 4:05d}" for k in number],
            "raw_score": rng.random(count),
            "raw_sd": np.nan,
        }
    )
    images = images.assign(
        content=images["group"],
        family=images["group"],
        algorithm="made",
        path="none",
        reference="",
        mask="",
        score=images["raw_score"],
        sha256=images["image"],
        reference_sha256="",
        role="",
    )
    write_images("images.csv", images)
    first = images.iloc[0::2].reset_index(drop=True)
    second = images.iloc[1::2].reset_index(drop=True)
    difference = first["score"] - second["score"]
    pairs = first[["task", "source", "group", "family"]].assign(
        pair=first["image"],
        image_a=first["image"],
        image_b=second["image"],
        score_difference=difference,
        ssim=0.5,
        preference=np.where(difference > 0, "A", "B"),
        fraction_a=(difference > 0).astype(float),
        label_origin="simulated",
        fold=0,
        split_pairs="train",
    )
    write_pairs("pairs.csv", without_votes(pairs))
    folds = images[["source", "family"]].drop_duplicates().assign(fold=0)
    folds.to_csv("folds.csv", index=False)


def fill_cache(tower: Tower) -> None:
    """Write random pixels where the images' cache would be."""
    images = read_images("images.csv")
    path = workspace.tokens() / f"{cache_key(images, tower, Path('none'))}.npy"
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (len(images), SIZE, SIZE, 3)
    out = open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
    block = np.random.default_rng(0).integers(0, 256, (256, SIZE, SIZE, 3), dtype=np.uint8)
    for start in range(0, len(images), len(block)):
        out[start : start + len(block)] = block[: len(images) - start]


def roof() -> float:
    """Measure the rate of a large bf16 matmul, FLOP/s."""
    side = 8192
    a, b = (torch.randn(side, side, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    for _ in range(3):
        a @ b
    torch.cuda.synchronize()
    started = time.perf_counter()
    for _ in range(20):
        a @ b
    torch.cuda.synchronize()
    return 20 * 2 * side**3 / (time.perf_counter() - started)


@contextmanager
def replaced(name: str, by: Callable[..., object]) -> Iterator[None]:
    """Put another function in the place of one of the training loop."""
    real = getattr(loop, name)
    setattr(loop, name, by)
    try:
        yield
    finally:
        setattr(loop, name, real)


def run(stage: str, out: str, options: dict) -> int:
    """Run the step of a stage; give its exit code."""
    call = ["step", stage, "all", "--images", "images.csv"]
    call += ["--pairs", "pairs.csv", "--folds", "folds.csv"]
    call += ["--weights", "none", "--work", f"work/{out}", "--out", out]
    call += ["--degradation", "stage1"] if stage == "stage2" else []
    return fgresq([*call, "--options", json.dumps(options)])


def with_steps(options: dict, steps: int) -> dict:
    """Give settings that stop after a number of steps."""
    return merge(options, {"tower": {"max_steps": steps}})


def timed(stage: str, options: dict) -> tuple[int, float, float]:
    """Run a stage; give the images of its steps, their seconds, and those of its checkpoints.

    The loop's own clock: neither start-up nor the features read before and after are in it.
    """
    speed, save = loop.speed, loop.save
    taken: list[tuple[int, float]] = []
    saves: list[float] = []

    def watched_speed(job: loop.Job, first: int, seconds: float) -> str:
        images = sum(len(job.members(step)) for step in range(first, job.steps))
        taken.append((images, seconds))
        return speed(job, first, seconds)

    def watched_save(*args: Any) -> None:
        torch.cuda.synchronize()  # else the copy to the host would wait for the step before it
        started = time.perf_counter()
        save(*args)
        saves.append(time.perf_counter() - started)

    with replaced("speed", watched_speed), replaced("save", watched_save):
        assert run(stage, stage, options) == 0
    (images, seconds), *_ = taken
    return images, seconds, sum(saves)


def equal(out: str) -> bool:
    """Tell whether a run of stage 2 wrote the bytes of the first."""
    names = ("history.csv", WEIGHTS)
    return all(Path(out, n).read_bytes() == Path("stage2", n).read_bytes() for n in names)


def run_again(options: dict) -> bool:
    """Run stage 2 a second time."""
    assert run("stage2", "again", options) == 0
    return equal("again")


def killed_and_resumed(options: dict) -> bool:
    """Kill stage 2 after its first checkpoint, and resume it."""
    save = loop.save

    def stop(*args: Any) -> None:
        save(*args)
        raise KeyboardInterrupt

    with replaced("save", stop):
        assert run("stage2", "resumed", options) == INTERRUPTED
    assert run("stage2", "resumed", options) == 0
    return equal("resumed")


def measure(preset: Preset, steps: int, peak: float) -> None:
    """Print the table; the tables and the images' cache lie in the working folder."""
    print("| stage | images/s | without checkpoints | share of roof | peak GiB |")
    print("|---|---|---|---|---|")
    for stage in FLOP_OF_AN_IMAGE:
        options = stage_options(preset, STAGE_FORMS[stage]).record()
        assert run(stage, "warm", with_steps(options, WARM_STEPS)) == 0
        torch.cuda.reset_peak_memory_stats()
        images, seconds, saving = timed(stage, with_steps(options, steps))
        memory = torch.cuda.max_memory_allocated() / 2**30
        rate = images / (seconds - saving)
        share = rate * FLOP_OF_AN_IMAGE[stage] / peak
        row = f"{images / seconds:.0f} | {rate:.0f} | {share:.2f} | {memory:.1f}"
        print(f"| {stage} | {row} |", flush=True)
    options = with_steps(stage_options(preset, STAGE_FORMS["stage2"]).record(), steps)
    print(f"stage 2 run twice, equal history and weights: {run_again(options)}", flush=True)
    print(f"killed and resumed, equal history and weights: {killed_and_resumed(options)}")


def main() -> None:
    """Measure in a scratch folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=18408)
    parser.add_argument("--steps", type=int, default=200, help="more than a checkpoint's 50")
    args = parser.parse_args()
    if args.steps <= loop.CHECKPOINT_EVERY:
        parser.error(f"--steps must be more than {loop.CHECKPOINT_EVERY}: a run is killed there")
    if not torch.cuda.is_available():
        raise SystemExit(
            "This benchmark needs a CUDA device; none was found, nothing was measured."
        )
    # as the steps set it, and before the first product, which fixes it for the process
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    preset, peak = load().presets["paper"], roof()
    tower = preset.tower.model_copy(update={"pretrained": None})
    preset = preset.model_copy(update={"tower": tower})
    root = Path.cwd()
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        for name in ("config", "workflow"):
            Path(name).symlink_to(root / name)
        write_tables(args.images)
        fill_cache(tower)
        print(f"device: {torch.cuda.get_device_name()}; matmul roof {peak / 1e12:.0f} TFLOP/s")
        measure(preset, args.steps, peak)
        os.chdir(root)


if __name__ == "__main__":
    main()
