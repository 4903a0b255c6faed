"""SSIM of all pairs of the images of one group, in bounded memory.

Each image is decoded once and what it contributes to SSIM is computed once, as long as the group
fits; a larger group is gone through in blocks, two of which are in memory at a time, and its images
are decoded once a pair of blocks. The values depend on neither blocks nor threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor

import numpy as np

from fgresq.errors import UserError
from fgresq.images import read_rgb
from fgresq.ops.ssim_plane import WINDOW, Statistics, bytes_of, similarities, statistics

MEMORY = 1024  # MiB of statistics held at a time
_SIDE = 8  # a task of a thread is at most 8 images against 8: what they share stays in the cache


def blocks(count: int, height: int, width: int, memory: float) -> list[range]:
    """Cut `count` images of a size into blocks of which two, or all, fit into `memory` MiB."""
    fit = int(memory * 2**20) // bytes_of(height, width)
    size = count if count <= fit else max(fit // 2, 1)
    return [range(start, min(start + size, count)) for start in range(0, count, size)]


def tiles(rows: range, columns: range) -> Iterator[list[tuple[int, int]]]:
    """Cut the pairs i < j of two blocks, or of one with itself, into tasks."""
    for top in range(rows.start, rows.stop, _SIDE):
        for left in range(columns.start, columns.stop, _SIDE):
            pairs = [
                (i, j)
                for i in range(top, min(top + _SIDE, rows.stop))
                for j in range(max(left, i + 1), min(left + _SIDE, columns.stop))
            ]
            if pairs:
                yield pairs


def load(
    paths: Sequence[str], wanted: range, size: tuple[int, int], where: str, pool: Executor
) -> dict[int, Statistics]:
    """Decode some images of a group and compute what each contributes to SSIM.

    Raises:
        UserError: an image cannot be read, is too small, or is not of the size (h, w) of the first.
    """
    found: dict[int, Statistics] = {}
    for at, image in zip(wanted, pool.map(contribution, [paths[k] for k in wanted]), strict=True):
        if image.size != size:
            raise UserError(
                where,
                f"sizes of a pair differ: {paths[0]} is {size[1]}x{size[0]} pixels, "
                f"{paths[at]} is {image.size[1]}x{image.size[0]}",
                "Crop or resize one of them, or put them in different groups",
            )
        found[at] = image
    return found


def contribution(path: str) -> Statistics:
    """Decode an image and compute what it contributes to SSIM.

    Raises:
        UserError: it cannot be read or is too small.
    """
    image = read_rgb(path)
    if min(image.shape[:2]) < WINDOW:
        size = f"{image.shape[1]}x{image.shape[0]}"
        raise UserError(path, f"only {size} pixels", f"Give at least {WINDOW}x{WINDOW}")
    return statistics(image)


def group_similarity(
    paths: Sequence[str],
    where: str,
    pool: Executor,
    memory: float = MEMORY,
    done: Callable[[int], object] = lambda pairs: None,
) -> np.ndarray:
    """Compute the SSIM of all pairs of a group.

    Args:
        paths: its images, of one size.
        where: the group, for errors.
        pool: threads.
        memory: MiB that the statistics of its images may take; two images are held in any case.
        done: told the number of pairs whenever some are finished.

    Returns:
        (n (n - 1) / 2,), each in [-1, 1], of the pairs (0, 1), (0, 2), ... (n - 2, n - 1).

    Raises:
        UserError: as `load`.
    """
    count = len(paths)
    values = np.zeros((count, count))
    size = contribution(paths[0]).size
    parts = blocks(count, *size, memory)
    for number, rows in enumerate(parts):
        held = load(paths, rows, size, where, pool)
        for columns in parts[number:]:
            other = held if columns is rows else load(paths, columns, size, where, pool)
            tasks = list(tiles(rows, columns))
            given = ([(held[i], other[j]) for i, j in task] for task in tasks)
            for task, found in zip(tasks, pool.map(similarities, given), strict=True):
                values[tuple(zip(*task, strict=True))] = found
                done(len(task))
            del other
    return values[np.triu_indices(count, 1)]
