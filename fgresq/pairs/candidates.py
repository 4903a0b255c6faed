"""List all pairs of a source: two images of one group and task, their score gap and their SSIM.

Images that were degraded and not restored are not paired. Which image of a pair is A is random but
fixed. SSIM is computed of every pair, also of those that the coarse filter drops: the funnel is
drawn from one table, and another tau needs no image again.

With --work the SSIM of a finished group is kept there under a name that follows from the contents
of its images, from the code and its libraries: a killed run is taken up where it stood, and a later
one computes only the groups whose images have changed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from tqdm import tqdm

from fgresq.code_digest import code_identity
from fgresq.errors import UserError
from fgresq.files import atomic, digest, write_csv
from fgresq.pairs.order import all_pairs
from fgresq.pairs.similarity import MEMORY, group_similarity
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
    """Add the arguments of this step."""
    parser.add_argument("--images", required=True, help="image table of the source")
    parser.add_argument("--out", required=True, help="table of all pairs to write")
    parser.add_argument("--work", type=Path, help="folder that keeps finished groups (default: no)")
    parser.add_argument(
        "--memory",
        type=float,
        default=MEMORY,
        metavar="MIB",
        help=f"what the images of a group may take; a larger one goes in blocks (default {MEMORY})",
    )


def check_families(images: pd.DataFrame, where: str) -> None:
    """Raise a UserError for a group that spans two families: its pairs could not be split."""
    families = images.groupby(["source", "group"])["family"].unique()
    for (source, group), found in families[families.str.len() > 1].items():
        raise UserError(
            f"{where}, group '{group}' of source '{source}'",
            f"its images belong to the families {', '.join(sorted(found))}",
            "Give all images of a group one family",
        )


def kept_at(rows: pd.DataFrame, work: Path) -> Path:
    """Name the file that keeps the SSIM of a group: by image contents, their order, the code."""
    code = code_identity("fgresq.pairs.similarity")
    return work / f"{digest([rows['sha256'].tolist(), code])}.npy"


def similarities_of(
    rows: pd.DataFrame,
    pool: Executor,
    memory: float,
    work: Path | None,
    done: Callable[[int], object],
) -> np.ndarray:
    """Give the SSIM of all pairs of a group, (pairs,), kept from an earlier run or computed."""
    kept = kept_at(rows, work) if work and rows["sha256"].ne("").all() else None
    if kept and kept.exists():
        found = np.load(kept)
        done(len(found))
        return found
    where = f"group '{rows['group'].iloc[0]}'"
    # Six decimals: what is beyond differs between processors.
    found = group_similarity(list(rows["path"]), where, pool, memory, done).round(6)
    if kept:
        with atomic(kept) as scratch:
            np.save(scratch, found)
    return found


def group_pairs(rows: pd.DataFrame, similarity: np.ndarray) -> pd.DataFrame:
    """List the pairs of one group and task: CANDIDATE_COLUMNS.

    Args:
        rows: of the image table, in order of their identifiers, at least two.
        similarity: SSIM of all pairs, in the order of `group_similarity`.
    """
    score = rows.set_index("image")["score"]
    image_a, image_b = zip(*all_pairs(rows["image"]), strict=True)
    difference = score[list(image_a)].to_numpy() - score[list(image_b)].to_numpy()
    table: dict[str, object] = {"image_a": image_a, "image_b": image_b}
    table |= {name: rows[name].iloc[0] for name in ("task", "source", "group", "family")}
    table |= {"score_difference": difference.round(6), "ssim": similarity}
    return pd.DataFrame(table)[list(CANDIDATE_COLUMNS)]


def candidates(
    images: pd.DataFrame,
    threads: int = 1,
    where: str = "images",
    memory: float = MEMORY,
    work: Path | None = None,
) -> pd.DataFrame:
    """List all pairs of the images of one source: CANDIDATE_COLUMNS, by task and group.

    Args:
        images: image table; groups of one image and images of no task yield no pair.
        threads: how many pairs are compared at a time; the result does not depend on it.
        where: the table's file, for errors.
        memory: MiB that the images of a group may take.
        work: folder that keeps finished groups; an image without a hash is never kept.
    """
    check_families(images, where)
    images = restored(images).sort_values("image")
    groups = [rows for _, rows in images.groupby(["source", "task", "group"])]
    groups = [rows for rows in groups if len(rows) > 1]
    total = sum(len(rows) * (len(rows) - 1) // 2 for rows in groups)
    pool = ThreadPoolExecutor(threads)
    try:
        with tqdm(total=total, desc="pairs", unit="pair", unit_scale=True, disable=None) as bar:
            parts = [
                group_pairs(rows, similarities_of(rows, pool, memory, work, bar.update))
                for rows in groups
            ]
    finally:
        pool.shutdown(cancel_futures=True)  # or a stop waits for all that is still queued
    return pd.concat(parts, ignore_index=True) if parts else empty(CANDIDATE_COLUMNS)


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    cv2.setNumThreads(1)  # the threads are used for pairs
    images = read_images(args.images)
    write_csv(args.out, candidates(images, args.threads, args.images, args.memory, args.work))
