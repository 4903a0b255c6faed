"""A function over many inputs by several processes: the same results as by one, in order."""

from __future__ import annotations

import argparse
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from typing import TypeVar

from tqdm import tqdm

from fgresq.arguments import at_least_one
from fgresq.errors import UserError

Input = TypeVar("Input")
Output = TypeVar("Output")


def add_workers(parser: argparse.ArgumentParser) -> None:
    """Give a step `--workers`."""
    told = "processes, each with --threads of its own (default 1); the results are the same"
    parser.add_argument("--workers", type=at_least_one, default=1, help=told)


def each(
    function: Callable[[Input], Output], inputs: Sequence[Input], workers: int, name: str
) -> Iterator[Output]:
    """Give what a function makes of each input, in order, with a bar of progress.

    Args:
        function: that another process can import: of a module, or a `partial` of one.
        inputs: one a call.
        workers: processes; 1 is this one.
        name: of the work, for bar and messages.

    Raises:
        UserError: a process was ended from outside; and what the function raises.
    """
    bar = partial(tqdm, total=len(inputs), desc=name, disable=None)
    count = min(workers, len(inputs))
    if count < 2:
        yield from bar(map(function, inputs))
        return
    spawn = multiprocessing.get_context("spawn")  # a fork after torch's threads may hang
    try:
        with ProcessPoolExecutor(count, spawn) as pool:
            try:
                yield from bar(pool.map(function, inputs))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    except BrokenProcessPool as error:
        problem = "one of its processes was ended, as by a system without memory left"
        raise UserError(name, problem, "Give fewer --workers, or free memory") from error
