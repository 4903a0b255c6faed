"""SSIM of pairs a second: ours against scikit-image and torchmetrics, on the same pairs in one run.

    python -m benchmarks.pairs [--group 139] [--repeats 20]

Each way has a part that is done once an image (ours: what it contributes to SSIM; the others: its
luminance) and one that is done once a pair; the rate is that of all pairs of a group. One thread;
the three ways take turns, and of every part the best piece counts, in seconds of CPU: other work on
the machine, which slows what lives on memory most, is then kept out as far as can be. All have the
same settings: Gaussian window 11x11 of sigma 1.5, population covariance, data range 255, margin
of 5 left out. Images are decoded beforehand.

The share of memory bandwidth is set against a copy, read and written, of arrays far larger than the
cache, in the same run: it is that of the planes of both images, which a pair reads once; rows that
are still needed stay in the cache.
"""

from __future__ import annotations

import argparse
import itertools
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from skimage.metrics import structural_similarity

from benchmarks.stand_in import GROUP, PARTS, Item, Part, restored
from fgresq.networks.torchvision_ops import make_importable
from fgresq.ops.ssim_plane import MARGIN, bytes_of, luminance, similarities, statistics

SIZES = {"288x288, as PIPAL": (288, 288), "512x384": (384, 512), "1024x768": (768, 1024)}


@dataclass(frozen=True)
class Way:
    """A way to compare.

    Args:
        prepare: what it does once an image, uint8 RGB.
        compare: what it does with pairs of that: their SSIM.
        piece: how many pairs are timed together.
    """

    prepare: Callable[[np.ndarray], Any]
    compare: Callable[[Sequence[tuple[Any, Any]]], list[float]]
    piece: int = 1


def by_scikit_image(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> list[float]:
    """Compare planes (h, w) by scikit-image, in its own float64."""
    settings = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    return [structural_similarity(a, b, data_range=255, **settings) for a, b in pairs]


def by_torchmetrics(pairs: Sequence[tuple[torch.Tensor, torch.Tensor]]) -> list[float]:
    """Compare planes (1, 1, h, w) by torchmetrics, in float32; its own mean counts the margin."""
    make_importable()
    from torchmetrics.functional.image import structural_similarity_index_measure as compare

    inside = (..., slice(MARGIN, -MARGIN), slice(MARGIN, -MARGIN))
    settings = {"sigma": 1.5, "data_range": 255.0, "return_full_image": True}
    with torch.inference_mode():
        return [float(compare(a, b, **settings)[1][inside].mean()) for a, b in pairs]


WAYS = {
    "ours": Way(statistics, similarities, 16),
    "scikit-image": Way(lambda image: luminance(image).astype(np.float64), by_scikit_image),
    "torchmetrics": Way(
        lambda image: torch.from_numpy(luminance(image))[None, None], by_torchmetrics
    ),
}


def images_of(size: tuple[int, int], count: int) -> list[np.ndarray]:
    """Give images of one group of the stand-in, of a size (height, width)."""
    part = Part("benchmark", PARTS[0].task, count, (size,))
    return [restored(Item(part, 0, number, count)) for number in range(count)]


def cpu_seconds(call: Callable[[], object]) -> float:
    """Give the CPU seconds of a call."""
    started = time.process_time()
    call()
    return time.process_time() - started


def copy_bandwidth(mebibytes: int = 256) -> float:
    """Give the bytes a second, read and written, of a copy of an array, the best of some."""
    source = np.ones(mebibytes << 18, np.float32)
    target = np.empty_like(source)
    np.copyto(target, source)
    return 2 * source.nbytes / min(cpu_seconds(lambda: np.copyto(target, source)) for _ in range(9))


def measure(images: list[np.ndarray], repeats: int) -> dict[str, tuple[float, float, np.ndarray]]:
    """Give for each way the CPU seconds of an image and of a pair, at best, and the values.

    The pairs are those of the first four images with the others.
    """
    pairs = list(itertools.product(range(4), range(4, len(images))))
    found = {}
    for name, way in WAYS.items():
        made = [way.prepare(image) for image in images]
        given = [(made[i], made[j]) for i, j in pairs]
        pieces = [given[k : k + way.piece] for k in range(0, len(given), way.piece)]
        found[name] = (pieces, np.concatenate([way.compare(piece) for piece in pieces]))
    once, each = ({name: np.inf for name in WAYS} for _ in range(2))
    for turn in range(repeats):
        for name, way in WAYS.items():
            image, piece = images[turn % len(images)], found[name][0][turn % len(found[name][0])]
            once[name] = min(once[name], cpu_seconds(lambda w=way, i=image: w.prepare(i)))
            took = cpu_seconds(lambda w=way, p=piece: w.compare(p))
            each[name] = min(each[name], took / len(piece))
    return {name: (once[name], each[name], found[name][1]) for name in WAYS}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--group", type=int, default=GROUP, help=f"images (default {GROUP})")
    parser.add_argument("--repeats", type=int, default=20, help="turns (default 20)")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    bandwidth = copy_bandwidth()
    print(f"copy of arrays out of the cache: {bandwidth / 1e9:.1f} GB/s\n")
    print("| size | way | pairs/s | ours is faster | differs from scikit-image | bandwidth |")
    print("|---|---|---|---|---|---|")
    for title, size in SIZES.items():
        found = measure(images_of(size, 12), args.repeats)
        rates = {  # of n images and n (n - 1) / 2 pairs
            name: 1 / (2 * once / (args.group - 1) + each)
            for name, (once, each, _) in found.items()
        }
        share = 2 * bytes_of(*size) * rates["ours"] / bandwidth
        for name, rate in rates.items():
            off = np.abs(found[name][2] - found["scikit-image"][2]).max()
            read = f"{share:.0%}" if name == "ours" else ""
            ratio = rates["ours"] / rate
            print(f"| {title} | {name} | {rate:.1f} | {ratio:.1f} | {off:.0e} | {read} |")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak memory of this process: {peak:.0f} MiB")


if __name__ == "__main__":
    main()
