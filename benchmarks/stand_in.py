"""Make a stand-in of FGRestore's shape: 18,408 images, about 1.27 million pairs, seven data sets.

    python -m benchmarks.stand_in FOLDER [--share 0.01] [--threads 2]

The folder is one that the pipeline reads as it is (images.csv beside the images):

    snakemake results/pairs/own/pairs.csv --cores 2 --config preset=own folder=FOLDER

Images a task are those of the paper's Fig. 2, and every data set has images of the size that its
authors give or, where `sure` is False, of a size usual for its kind. What is not public is how the
paper came to 1,275,297 pairs: the contents of these sets, where public, give less than half. So
groups are all of about 139 images, which gives that number from 18,408 images, and is harder than
the true ones: most of the work and all of the memory is then in large images. The pictures are
crops of the photographs that packages ship, more or less blurred, noised and compressed; a score
says how much, with noise, and means nothing. A file depends on its name alone; those that are there
are kept, so that a stopped call is taken up by the same one.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from tqdm import tqdm

from fgresq.files import atomic, write_csv
from fgresq.images import read_rgb
from fgresq.mini.photographs import PHOTOGRAPHS, photograph_path
from fgresq.pairs.order import stable_hash

GROUP = 139  # images that are compared with each other: 18,408 * 138 / 2 = 1,270,152


@dataclass(frozen=True)
class Part:
    """The images that one data set gives to one task.

    Args:
        count: images.
        sizes: (height, width) in pixels, in turn over its groups.
        sure: the sizes are those its authors give.
    """

    dataset: str
    task: str
    count: int
    sizes: tuple[tuple[int, int], ...]
    sure: bool = False


SQUARE = ((288, 288),)
PARTS = (
    Part("pipal", "super-resolution", 6516, SQUARE, True),
    Part("qads", "super-resolution", 980, ((384, 512), (512, 384))),
    Part("realsrq", "super-resolution", 1620, ((576, 768), (768, 576))),
    Part("mdd13", "deblurring", 1228, ((768, 1024), (1024, 768), (600, 800))),
    Part("pipal", "denoising", 2432, SQUARE, True),
    Part("kadid10k", "denoising", 405, ((384, 512),), True),
    Part("ivipc_dqa", "deraining", 1189, ((480, 640), (640, 480))),
    Part("exbedde", "dehazing", 1456, ((768, 1024),)),
    Part("pipal", "mixture", 2582, SQUARE, True),
)


@dataclass(frozen=True)
class Item:
    """One image: the `number`-th of `of` in a group."""

    part: Part
    group: int
    number: int
    of: int

    @property
    def content(self) -> str:
        """Name the content, which is also the group."""
        return f"{self.part.task}-{self.group:03d}"

    @property
    def name(self) -> str:
        """Name the file, below the folder."""
        return f"{self.part.dataset}/{self.content}/{self.number:03d}.jpg"


def items(part: Part, share: float) -> Iterator[Item]:
    """List the images of a part; of a smaller share, fewer groups of the same size.

    A part whose share is less than one group has one group, of at least two images.
    """
    count = max(round(part.count * share), 2)
    groups = max(round(count / GROUP), 1)
    for group in range(groups):
        of = count // groups + (group < count % groups)
        yield from (Item(part, group, number, of) for number in range(of))


@cache
def photograph(name: str) -> np.ndarray:
    """Decode a photograph that ships in a package, once."""
    return read_rgb(photograph_path(name))


@lru_cache(maxsize=8)  # images come group by group
def clean(dataset: str, content: str, size: tuple[int, int]) -> np.ndarray:
    """Cut a content out of one of the photographs: uint8 RGB of a size (height, width)."""
    rng = np.random.default_rng(stable_hash("content", dataset, content))
    whole = photograph(list(PHOTOGRAPHS)[rng.integers(len(PHOTOGRAPHS))])
    zoom = max(size[0] / whole.shape[0], size[1] / whole.shape[1]) * rng.uniform(1.0, 1.6)
    scaled = cv2.resize(whole, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC)
    scaled = cv2.copyMakeBorder(scaled, 0, 1, 0, 1, cv2.BORDER_REPLICATE)  # zoom rounds down
    top, left = (rng.integers(scaled.shape[k] - size[k] + 1) for k in range(2))
    return np.ascontiguousarray(scaled[top : top + size[0], left : left + size[1]])


def restored(item: Item) -> np.ndarray:
    """Make one image: uint8 RGB, blurred and noised the more, the greater its number."""
    size = item.part.sizes[item.group % len(item.part.sizes)]
    image = clean(item.part.dataset, item.content, size)
    rng = np.random.default_rng(stable_hash("image", item.part.dataset, item.name))
    strength = item.number / max(item.of - 1, 1)
    image = cv2.GaussianBlur(image, (0, 0), 0.3 + 2.2 * strength * rng.uniform(0.5, 1))
    tile = rng.normal(0, 2 + 14 * strength * rng.uniform(0.2, 1), (96, 96, 1))
    repeats = (-(-size[0] // 96), -(-size[1] // 96), 1)
    noise = np.tile(tile, repeats)[: size[0], : size[1]]
    return np.clip(image + noise.astype(np.float32), 0, 255).astype(np.uint8)


def write(folder: Path, item: Item) -> None:
    """Write one image as JPEG, unless it is there."""
    path = folder / item.name
    if path.exists():
        return
    quality = 70 + stable_hash("quality", item.name) % 28
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality]
    _, coded = cv2.imencode(".jpg", restored(item)[..., ::-1], settings)
    with atomic(path) as scratch:
        scratch.write_bytes(coded.tobytes())


def score(item: Item) -> float:
    """Give the made-up score of an image, 0 to 100, higher for smaller numbers."""
    rng = np.random.default_rng(stable_hash("score", item.part.dataset, item.name))
    strength = item.number / max(item.of - 1, 1)
    return round(float(np.clip(90 - 80 * strength + rng.normal(0, 5), 0, 100)), 4)


def table(found: list[Item]) -> pd.DataFrame:
    """Give the rows of images.csv."""
    return pd.DataFrame(
        {
            "image": [item.name for item in found],
            "dataset": [item.part.dataset for item in found],
            "task": [item.part.task for item in found],
            "content": [item.content for item in found],
            "algorithm": [f"strength {item.number}" for item in found],
            "mos": [score(item) for item in found],
        }
    )


def make(folder: Path, share: float = 1.0, threads: int = 1) -> pd.DataFrame:
    """Write the stand-in, or what is missing of it, and give its table.

    Args:
        folder: made where it is not; files that are there are kept.
        share: of the images, in (0, 1]; the groups stay as large.
        threads: images at a time; no byte depends on it.
    """
    cv2.setNumThreads(1)
    found = [item for part in PARTS for item in items(part, share)]
    with ThreadPoolExecutor(threads) as pool:
        made = pool.map(lambda item: write(folder, item), found)
        list(tqdm(made, total=len(found), desc="images", unit="image", disable=None))
    rows = table(found)
    write_csv(folder / "images.csv", rows)
    return rows


def main() -> None:
    """Make it and say what it holds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="where to put it; 2 GB for all of it")
    parser.add_argument("--share", type=float, default=1.0, help="of the images (default 1)")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default 1)")
    args = parser.parse_args()
    rows = make(args.folder, args.share, args.threads)
    sizes = rows.groupby(["dataset", "task", "content"]).size()
    pairs = int((sizes * (sizes - 1) // 2).sum())
    print(f"{args.folder}: {len(rows)} images, {len(sizes)} groups, {pairs} pairs")


if __name__ == "__main__":
    main()
