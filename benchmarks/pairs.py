"""SSIM of pairs a second: ours against scikit-image and torchmetrics, on the same pairs in one run.

    python benchmarks/pairs.py [--images 24] [--repeats 5]

A group of images of one size, all pairs of it. Each way gets decoded images and makes of them what
it compares once (ours: what an image contributes; the others: luminance), which is part of its
time. One thread each; the rounds of the three alternate and the best of each counts, in seconds of
CPU, so that other work on the machine tells least. The settings are the same: Gaussian window
11x11 of sigma 1.5, population covariance, data range 255, margin of 5 left out.

The share of memory bandwidth is what a pair must read at least (the five planes of both images)
over what a copy of arrays far larger than the cache moves, read and written, in the same run; with
it stands the same of all passes over a pair, scratch included, which the cache serves.
"""

from __future__ import annotations

import argparse
import itertools
import resource
import time
from collections.abc import Callable

import cv2
import numpy as np
import torch
from skimage.metrics import structural_similarity

from benchmarks.stand_in import PARTS, Item, Part, restored
from fgresq.ssim import MARGIN, bytes_of, luminance, similarities, statistics
from fgresq.torchvision_ops import make_importable

SIZES = {"288x288, as PIPAL": (288, 288), "512x384": (384, 512), "1024x768": (768, 1024)}
Way = Callable[[list[np.ndarray], list[tuple[int, int]]], np.ndarray]
# Of the arithmetic over a strip: planes read and written by every pass; the filter counts as one.
PASSES = 3 + 2 + 3 + 3 + 3 + 2 + 3 + 3 + 3 + 3 + 3 + 1


def ours(images: list[np.ndarray], pairs: list[tuple[int, int]]) -> np.ndarray:
    """Compare as `fgresq candidates` does."""
    found = [statistics(image) for image in images]
    return np.array(similarities([(found[i], found[j]) for i, j in pairs]))


def scikit_image(images: list[np.ndarray], pairs: list[tuple[int, int]]) -> np.ndarray:
    """Compare by scikit-image, in its own float64."""
    planes = [luminance(image).astype(np.float64) for image in images]
    settings = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    return np.array(
        [structural_similarity(planes[i], planes[j], data_range=255, **settings) for i, j in pairs]
    )


def torchmetrics(images: list[np.ndarray], pairs: list[tuple[int, int]]) -> np.ndarray:
    """Compare by torchmetrics, a pair a call, in float32; its own mean would count the margin."""
    make_importable()
    from torchmetrics.functional.image import structural_similarity_index_measure as compare

    planes = [torch.from_numpy(luminance(image))[None, None] for image in images]
    inside = (..., slice(MARGIN, -MARGIN), slice(MARGIN, -MARGIN))
    settings = {"sigma": 1.5, "data_range": 255.0, "return_full_image": True}
    with torch.inference_mode():
        maps = (compare(planes[i], planes[j], **settings)[1] for i, j in pairs)
        return np.array([float(found[inside].mean()) for found in maps])


WAYS: dict[str, Way] = {
    "ours": ours,
    "scikit-image": scikit_image,
    "torchmetrics": torchmetrics,
}


def group(size: tuple[int, int], count: int) -> list[np.ndarray]:
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


def measure(images: list[np.ndarray], repeats: int) -> dict[str, tuple[float, float]]:
    """Give for each way its pairs a CPU second and its greatest difference from scikit-image.

    All pairs for ours; the others, whose time a pair does not depend on how many there are, get
    every so-many-th.
    """
    pairs = list(itertools.combinations(range(len(images)), 2))
    few = pairs[:: max(len(pairs) // 8, 1)]
    truth = scikit_image(images, few)
    asked = {name: pairs if name == "ours" else few for name in WAYS}
    best = dict.fromkeys(WAYS, np.inf)
    for _ in range(repeats):
        for name, way in WAYS.items():
            best[name] = min(best[name], cpu_seconds(lambda w=way, n=name: w(images, asked[n])))
    return {
        name: (len(asked[name]) / best[name], float(np.abs(way(images, few) - truth).max()))
        for name, way in WAYS.items()
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=24, help="of a group (default 24)")
    parser.add_argument("--repeats", type=int, default=5, help="rounds (default 5)")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    bandwidth = copy_bandwidth()
    print(f"copy of arrays out of the cache: {bandwidth / 1e9:.1f} GB/s\n")
    print("| size | way | pairs/s | ours is faster | differs from scikit-image | bandwidth |")
    print("|---|---|---|---|---|---|")
    for title, size in SIZES.items():
        found = measure(group(size, args.images), args.repeats)
        for name, (rate, difference) in found.items():
            ratio = found["ours"][0] / rate
            share = ""
            if name == "ours":
                least = rate * 2 * bytes_of(*size) / bandwidth
                passes = rate * 4 * PASSES * size[0] * size[1] / bandwidth
                share = f"{least:.0%} must, {passes:.0%} all passes"
            print(f"| {title} | {name} | {rate:.1f} | {ratio:.1f} | {difference:.1e} | {share} |")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak memory of this process: {peak:.0f} MiB")


if __name__ == "__main__":
    main()
