"""Both stages at the paper's shapes on a CUDA device, on a generated set of FGRestore's size.

    python -m benchmarks.gpu_training [--images 18408] [--steps 200]

ViT-B/16 with random weights, every block trained, batch 64, random crops of a uint8 memory map.
Prints images/s of each stage, the share of the measured bf16 matmul roof, peak memory, and whether
a run killed half way and resumed ends in the same loss. Works in a scratch folder.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.lib.format import open_memmap

from fgresq import workspace
from fgresq.cli import main as fgresq
from fgresq.networks.vit import SIZE
from fgresq.runs import stage_options
from fgresq.settings import load
from fgresq.tables import TASKS, read_images, write_images, write_pairs
from fgresq.training import loop
from fgresq.training.encode import cache_key

FLOP_OF_AN_IMAGE = 105e9  # ViT-B/16 at 224, forward and backward
SOURCES = 7


def write_tables(count: int) -> None:
    """Write an image table of `count` rows in 7 sources, four images a group, and its pairs."""
    number = np.arange(count)
    rng = np.random.default_rng(0)
    images = pd.DataFrame(
        {
            "image": [f"i{k:06d}" for k in number],
            "source": [f"s{k // 4 % SOURCES}" for k in number],
            "task": [TASKS[k // 4 % len(TASKS)] for k in number],
            "group": [f"g{k // 4:05d}" for k in number],
            "raw_score": rng.random(count),
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
    write_pairs("pairs.csv", pairs)
    folds = images[["source", "family"]].drop_duplicates().assign(fold=0)
    folds.to_csv("folds.csv", index=False)


def fill_cache(tower: dict) -> None:
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


def run(stage: str, out: str, options: dict) -> float:
    """Run a stage by its verb; give the seconds it took, start-up included."""
    call = [stage, "all", "--images", "images.csv", "--pairs", "pairs.csv", "--folds", "folds.csv"]
    call += ["--weights", "none", "--work", f"work/{out}", "--out", out]
    call += ["--degradation", "stage1"] if stage == "stage2" else []
    started = time.perf_counter()
    assert fgresq([*call, "--options", json.dumps(options)]) == 0
    return time.perf_counter() - started


def with_steps(options: dict, steps: int) -> dict:
    """Give settings that stop after a number of steps."""
    changed = copy.deepcopy(options)
    changed["tower"]["max_steps"] = steps
    return changed


def killed_and_resumed(options: dict) -> bool:
    """Kill stage 2 after its first checkpoint, resume it, and compare the histories."""
    real = loop.save

    def stop(*args: object) -> None:
        real(*args)
        raise KeyboardInterrupt

    loop.save = stop
    try:
        run("stage2", "again", options)
    except KeyboardInterrupt:
        loop.save = real
    run("stage2", "again", options)
    return Path("again/history.csv").read_bytes() == Path("stage2/history.csv").read_bytes()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=18408)
    parser.add_argument("--steps", type=int, default=200)
    args = parser.parse_args()
    if not torch.cuda.is_available():
        raise SystemExit(
            "This benchmark needs a CUDA device; none was found, nothing was measured."
        )
    preset, peak = load()["presets"]["paper"], roof()
    preset["tower"] |= {"pretrained": None}
    root = Path.cwd()
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        for name in ("config", "workflow"):
            Path(name).symlink_to(root / name)
        write_tables(args.images)
        fill_cache(preset["tower"])
        print(f"device: {torch.cuda.get_device_name()}; matmul roof {peak / 1e12:.0f} TFLOP/s")
        print("| stage | images/s | share of roof | peak GiB |\n|---|---|---|---|")
        for stage, images in (("stage1", 64), ("stage2", 128)):
            options = stage_options(preset, stage, "full")
            torch.cuda.reset_peak_memory_stats()
            few = run(stage, "warm", with_steps(options, 10))
            many = run(stage, stage, with_steps(options, args.steps))
            rate = (args.steps - 10) * images / (many - few)
            memory = torch.cuda.max_memory_allocated() / 2**30
            share = rate * FLOP_OF_AN_IMAGE / peak
            print(f"| {stage} | {rate:.0f} | {share:.2f} | {memory:.1f} |")
        same = killed_and_resumed(with_steps(options, args.steps))
        print(f"killed and resumed, equal history: {same}")
        os.chdir(root)


if __name__ == "__main__":
    main()
