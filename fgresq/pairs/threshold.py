"""Measure the SSIM at which a difference is noticed.

Adds to sampled images as much noise as is just not noticed (the JND model of Wu et al. 2017) and
takes the median SSIM between image and noised image: a pair that is more alike shows no difference
and is dropped (Equations 2 and 3 of the paper). The paper leaves sign, beta and colour plane of
the noise open, so the medians of the other settings are measured too, on the first 1,000 of the
images.
"""

from __future__ import annotations

import argparse
import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import numpy as np
import pandas as pd
from tqdm import tqdm

from fgresq.files import digest, write_json
from fgresq.images import read_rgb
from fgresq.ops.ssim_plane import WINDOW, ssim_of, statistics
from fgresq.options import add_options, options_of
from fgresq.pairs.jnd import PLANES, SIGNS, inject, jnd_maps
from fgresq.pairs.order import stable_hash
from fgresq.sections import Jnd, Section
from fgresq.tables import read_images

BETAS = (0.7, 1.0)
GRID_IMAGES = 1000  # of the other settings: eight cost 3.7 times one, of the paper's 20,000
# Of the threshold. The median moves by up to 1e-5 between processors, and what is kept with it;
# rounded so, it hardly ever does. A median of 200 images is no surer than that.
DIGITS = 3
Setting = tuple[str, float, str]


class Options(Section):
    """What this step reads of a preset."""

    jnd: Jnd


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    parser.add_argument("--images", required=True, help="image table of all sources")
    parser.add_argument("--out", required=True, help="threshold and medians to write (JSON)")
    add_options(parser, Options)


def sample(images: pd.DataFrame, count: int, seed: int) -> pd.DataFrame:
    """Choose at most `count` images by a hash of their names: neither by order nor by pixels.

    The bytes of a restored image may differ between processors, its name does not. A file that has
    several rows is taken once, at the row of least hash.
    """
    names = zip(images["source"], images["image"], strict=True)
    rank = pd.Series([stable_hash("jnd", seed, *name) for name in names], images.index, dtype="O")
    return images.loc[rank.sort_values().index].drop_duplicates("path").head(count)


def noised_ssim(path: str, settings: list[Setting], seed: int) -> list[float] | None:
    """Give the SSIM of an image with its noised forms, one a setting, in [-1, 1].

    Each setting draws from the same seed: they differ by the setting alone. None for an image
    smaller than the window of SSIM.
    """
    image = read_rgb(path)
    if min(image.shape[:2]) < WINDOW:
        return None
    original = statistics(image)
    maps = {plane: jnd_maps(image, plane) for plane in {plane for _, _, plane in settings}}
    return [
        ssim_of(
            original,
            statistics(inject(image, maps[plane], sign, beta, np.random.default_rng(seed))),
        )
        for sign, beta, plane in settings
    ]


def measure(images: pd.DataFrame, options: Jnd, threads: int = 1) -> dict[str, Any]:
    """Measure the threshold of the setting asked for and the grid of settings.

    Args:
        images: image table; an image smaller than the window of SSIM is passed over.
        options: section `jnd` of the preset.
        threads: how many images are measured at a time; the result does not depend on it.

    Returns:
        The form of threshold.json; the threshold has three decimals, and is null where there is
        no image.
    """
    asked = (options.sign, options.beta, options.plane)
    grid = list(itertools.product(SIGNS, sorted({*BETAS, options.beta}), PLANES))
    chosen = sample(images, options.images, options.seed)
    names = list(zip(chosen["source"], chosen["image"], strict=True))
    seeds = [stable_hash("signs", options.seed, *name) for name in names]
    wanted = [grid if k < GRID_IMAGES else [asked] for k in range(len(chosen))]
    values: dict[Setting, list[float]] = {setting: [] for setting in grid}
    with ThreadPoolExecutor(threads) as pool:
        found = pool.map(noised_ssim, chosen["path"], wanted, seeds)
        bar = tqdm(found, total=len(chosen), desc="JND", unit="image", disable=None)
        for settings, measured in zip(wanted, bar, strict=True):
            for setting, value in zip(settings, measured or (), strict=False):  # None: passed over
                values[setting].append(value)
    keys = ("sign", "beta", "plane", "low_quartile", "median", "high_quartile")
    rows: list[dict[str, Any]] = [
        dict(zip(keys, (*setting, *quartiles(values[setting])), strict=True))
        | {"images": len(values[setting])}
        for setting in grid
        if values[setting]
    ]
    return {
        "threshold": round(rows[grid.index(asked)]["median"], DIGITS) if rows else None,
        "setting": dict(zip(keys, asked, strict=False)),
        "images": len(values[asked]),
        "sample": digest(sorted(map(list, names))),  # of names: the same on every processor
        "grid": rows,
    }


def quartiles(values: list[float]) -> list[float]:
    """Give the quartiles to six decimals: what is beyond differs between processors."""
    return np.percentile(values, [25, 50, 75]).round(6).tolist()


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    cv2.setNumThreads(1)  # the threads are used for images
    write_json(
        args.out, measure(read_images(args.images), options_of(args, Options).jnd, args.threads)
    )
