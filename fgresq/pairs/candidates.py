"""List all pairs of a source: two images of one group and task, their score gap and their SSIM.

Images that were degraded and not restored are not paired.

Each image is decoded once, and what it contributes to SSIM is computed once; one group is in
memory at a time. Which image of a pair is A is random but fixed.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ThreadPoolExecutor

import cv2
import pandas as pd
from tqdm import tqdm

from fgresq.errors import UserError
from fgresq.files import write_csv
from fgresq.images import read_rgb
from fgresq.pairs.order import all_pairs
from fgresq.ssim import WINDOW, Statistics, ssim_of, statistics
from fgresq.tables import PAIR_COLUMNS, empty, read_images, restored

CANDIDATE_COLUMNS: dict[str, type] = {
    name: PAIR_COLUMNS[name]
    for name in (
        "image_a",
        "image_b",
        "task",
        "source",
        "group",
        "family",
        "score_difference",
        "ssim",
    )
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb."""
    parser.add_argument("--images", required=True, help="image table of the source")
    parser.add_argument("--out", required=True, help="table of all pairs to write")


def check_families(images: pd.DataFrame, where: str) -> None:
    """Raise a UserError for a group that spans two families: its pairs could not be split."""
    families = images.groupby(["source", "group"])["family"].unique()
    for (source, group), found in families[families.str.len() > 1].items():
        raise UserError(
            f"{where}, group '{group}' of source '{source}'",
            f"its images belong to the families {', '.join(sorted(found))}",
            "Give all images of a group one family",
        )


def group_statistics(rows: pd.DataFrame, pool: ThreadPoolExecutor) -> list[Statistics]:
    """Decode the images of one group, in order, and compute what each contributes to SSIM.

    Raises:
        UserError: an image cannot be read, is too small, or differs in size from the first.
    """
    paths, where = list(rows["path"]), f"group '{rows['group'].iloc[0]}'"
    results: list[Statistics] = []
    for path, image in zip(paths, pool.map(read_rgb, paths), strict=True):
        size = f"{image.shape[1]}x{image.shape[0]}"
        if min(image.shape[:2]) < WINDOW:
            raise UserError(path, f"only {size} pixels", f"Give at least {WINDOW}x{WINDOW}")
        found = statistics(image)
        if results and found.luma.shape != results[0].luma.shape:
            height, width = results[0].luma.shape
            raise UserError(
                where,
                f"sizes of a pair differ: {paths[0]} is {width}x{height} pixels, {path} is {size}",
                "Crop or resize one of them, or put them in different groups",
            )
        results.append(found)
    return results


def group_pairs(rows: pd.DataFrame, pool: ThreadPoolExecutor) -> pd.DataFrame:
    """List the pairs of one group and task: CANDIDATE_COLUMNS.

    Args:
        rows: of the image table, at least two.
        pool: threads; the result does not depend on their number.
    """
    found = dict(zip(rows["image"], group_statistics(rows, pool), strict=True))
    score = dict(zip(rows["image"], rows["score"], strict=True))
    pairs = all_pairs(found)
    similarity = pool.map(lambda pair: ssim_of(found[pair[0]], found[pair[1]]), pairs)
    shared = {name: rows[name].iloc[0] for name in ("task", "source", "group", "family")}
    return pd.DataFrame(
        # Six decimals: what is beyond differs between processors.
        [
            {"image_a": a, "image_b": b, **shared}
            | {"score_difference": round(score[a] - score[b], 6), "ssim": round(ssim, 6)}
            for (a, b), ssim in zip(pairs, similarity, strict=True)
        ]
    )


def candidates(images: pd.DataFrame, threads: int = 1, where: str = "images") -> pd.DataFrame:
    """List all pairs of the images of one source: CANDIDATE_COLUMNS, by task and group.

    Args:
        images: image table; groups of one image and images of no task yield no pair.
        threads: how many pairs are compared at a time.
        where: the table's file, for errors.
    """
    check_families(images, where)
    images = restored(images).sort_values("image")
    groups = [rows for _, rows in images.groupby(["source", "task", "group"])]
    groups = [rows for rows in groups if len(rows) > 1]
    total = sum(len(rows) * (len(rows) - 1) // 2 for rows in groups)
    parts = []
    with (
        ThreadPoolExecutor(threads) as pool,
        tqdm(total=total, desc="pairs", unit="pair", disable=None) as bar,
    ):
        for rows in groups:
            parts.append(group_pairs(rows, pool))
            bar.update(len(parts[-1]))
    return pd.concat(parts, ignore_index=True) if parts else empty(CANDIDATE_COLUMNS)


def main(args: argparse.Namespace) -> None:
    """Run the verb."""
    cv2.setNumThreads(1)  # the threads are used for pairs
    pairs = candidates(read_images(args.images), args.threads, args.images)
    write_csv(args.out, pairs[list(CANDIDATE_COLUMNS)])
