"""Images a second of our stage 2 against the plain way, in one run on this machine.

    python -m benchmarks.training [PRESET]

Plain: for every pair of a batch decode and resize both images, run both full encoders on them, and
train. Ours: frozen blocks from the cache, each distinct image once a batch, degradation features
read. Same tower, same batches, same trained weights; needs results/data/PRESET and results/pairs.
What the cache costs is taken from a sample encoded afresh, whether or not the cache is there.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import torch

from fgresq.model.fgresq import FGResQ
from fgresq.networks.task_clip import build_tower
from fgresq.networks.towers import StandInTower
from fgresq.networks.vit import normalised, views
from fgresq.presets import load
from fgresq.runs import Stage2Options, stage_options
from fgresq.tables import TASKS, read_images, read_pairs
from fgresq.training.batches import PairBatches
from fgresq.training.feed import ImageFeed
from fgresq.training.losses import fidelity_loss, ranking_loss
from fgresq.training.token_cache import BATCH, tokens_of

WEIGHTS = Path("data/weights/dinov2_vits14")
STEPS = 4
SAMPLE = 64  # images


def update(
    model: FGResQ,
    quality: torch.Tensor,
    place: torch.Tensor,
    truth: torch.Tensor,
    fraction: torch.Tensor,
    optimizer: torch.optim.Optimizer,
) -> None:
    """Do what both ways share: heads, losses, backward, Adam."""
    logits = model.heads.score_logits(quality)
    ranked = model.heads.compare_logits(quality[place[0]], quality[place[1]])
    loss = 5 * fidelity_loss(logits, truth) + ranking_loss(ranked, fraction, fraction == 0.5)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()


def encoding_rate(lower: StandInTower, paths: list[str], grid: int) -> float:
    """Give images a second of decoding and encoding up to the trained blocks, without the cache."""
    cpu = torch.device("cpu")
    with torch.inference_mode():
        tokens_of(lower, paths[:BATCH], grid, cpu)  # warms up
        started = time.perf_counter()
        for at in range(0, len(paths), BATCH):
            tokens_of(lower, paths[at : at + BATCH], grid, cpu)
    return len(paths) / (time.perf_counter() - started)


def main(preset: str) -> None:
    """Print both rates and their ratio."""
    options = stage_options(load().presets[preset], Stage2Options)
    tower, settings = options.tower, options.stage2
    images = read_images(f"results/data/{preset}/images.csv")
    pairs = read_pairs(f"results/pairs/{preset}/pairs.csv")
    batches = PairBatches(images, pairs, settings)
    truth = torch.from_numpy(images["score"].to_numpy(dtype=np.float32))
    model = FGResQ.build(settings, build_tower(tower, WEIGHTS, list(TASKS)))
    frozen = build_tower(tower, WEIGHTS, list(TASKS))
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=1e-5)
    sample = images["path"].sample(min(SAMPLE, len(images)), random_state=0).tolist()
    encoding = len(images) / encoding_rate(frozen, sample, tower.grid)
    feed = ImageFeed(images, tower, WEIGHTS, torch.device("cpu"))
    degradation = feed.features(frozen, np.arange(len(images))).clone()
    seconds, count = {"plain": 0.0, "ours": 0.0}, 0
    for number in range(STEPS + 1):
        chosen = batches.sampler.step(number)
        both = np.stack([batches.first[chosen], batches.second[chosen]])
        fraction = torch.from_numpy(batches.fraction[chosen]).float()
        started = time.perf_counter()
        flat = both.reshape(-1)
        crops = np.concatenate([views(images["path"][row], tower.grid) for row in flat])
        stack = normalised(torch.from_numpy(crops))
        with torch.no_grad():
            below = model.tower.lower(stack).unflatten(0, (len(flat), -1))
            other = frozen.upper(frozen.lower(stack).unflatten(0, (len(flat), -1)))
        quality = model.heads.quality(model.tower.upper(below), other)
        place = torch.arange(len(flat)).reshape(2, -1)
        update(model, quality, place, truth[flat], fraction, optimizer)
        plain = time.perf_counter() - started
        started = time.perf_counter()
        rows, inverse = np.unique(both, return_inverse=True)
        general = model.tower.upper(feed.training(rows, number))
        quality = model.heads.quality(general, degradation[rows])
        place = torch.from_numpy(inverse.reshape(2, -1))
        update(model, quality, place, truth[rows], fraction, optimizer)
        if number:  # the first step warms up
            seconds["plain"] += plain
            seconds["ours"] += time.perf_counter() - started
            count += len(flat)
    rates = {way: count / taken for way, taken in seconds.items()}
    epochs = settings.epochs * 2 * len(pairs)
    spread = epochs / (epochs / rates["ours"] + encoding)
    print("| way | images/s (images of pairs) | ratio |\n|---|---|---|")
    print(f"| plain | {rates['plain']:.1f} | 1 |")
    print(f"| ours | {rates['ours']:.1f} | {rates['ours'] / rates['plain']:.1f} |")
    print(
        f"| ours, with making the cache ({encoding:.0f} s for {len(images)} images, from "
        f"{len(sample)} encoded afresh) spread over {settings.epochs} epochs "
        f"| {spread:.1f} | {spread / rates['plain']:.1f} |"
    )


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "mini")
