"""Look at many image files by a judge: each once, by several processes where that pays."""

from __future__ import annotations

import logging
import multiprocessing
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cache, lru_cache, partial

import cv2
import psutil
import torch
from tqdm import tqdm

from fgresq.errors import OneImage, UserError
from fgresq.ops.least import NoValue
from fgresq.scoring.judges import Judge, judge_of
from fgresq.scoring.pictures import opened
from fgresq.scoring.preferences import Encoded

Look = Callable[[str, str], Encoded]  # of an image file, and of its reference's, or an empty text
Seen = Encoded | str  # what is known of an image, or why nothing is
PAYS = 24  # images from which a second process is worth its start
ROOM = 2.0  # GiB that a process may take

_OWN: list[Look] = []  # of a process of `look_at_all`


def looker(judge: Judge) -> Look:
    """Give a function that looks at an image file once, however often it is asked.

    Its errors are those of `Judge.encode`; what has no value says which file it is.
    """
    read = lru_cache(maxsize=2)(opened)  # images of one reference follow each other

    @cache
    def look(path: str, reference: str) -> Encoded:
        beside = read(reference) if reference and judge.kind == "FR" else None
        try:
            return judge.encode(opened(path), beside)
        except NoValue as error:
            raise NoValue(f"{path}: no value, {error}") from error
        except UserError:
            raise
        except Exception as error:  # whatever a method does wrong, the other images go on
            problem = f"the method fails on it ({type(error).__name__}: {error})"
            raise OneImage(path, problem, "Call again with --debug, which shows where") from error

    return look


def seen_by(look: Look, path: str, reference: str) -> Seen:
    """Look at an image, or say why nothing is known of it."""
    try:
        return look(path, reference)
    except (UserError, NoValue) as error:
        return str(error)


def processes(judge: Judge, images: int, threads: int) -> int:
    """Say how many processes look at so many images: one a core, as far as memory goes.

    A judge on a GPU, or one that runs a program of its own, has one.
    """
    if images < PAYS or not judge.portable:
        return 1
    cores = len(os.sched_getaffinity(0)) // threads
    room = int(psutil.virtual_memory().available / 2**30 / ROOM)
    return max(1, min(cores, room, images // (PAYS // 2)))


def prepare(name: str, precision: str, protocol: str | None, threads: int) -> None:
    """Make a process ready: the same judge with the same threads, so that values are the same."""
    cv2.setNumThreads(threads)
    torch.set_num_threads(threads)
    logging.disable(logging.WARNING)  # what is warned of was told once, by the first process
    _OWN[:] = [looker(judge_of(name, "cpu", precision, protocol=protocol))]


def look_own(task: tuple[str, str]) -> Seen:
    """Look at an image in a process of its own."""
    return seen_by(_OWN[0], *task)


def look_at_all(
    judge: Judge, tasks: Sequence[tuple[str, str]], threads: int = 1, debug: bool = False
) -> dict[tuple[str, str], Seen]:
    """Look at image files, each beside its reference or an empty text.

    Several processes give the same values as one: each image is looked at by itself.

    Args:
        judge: that looks.
        tasks: path and reference.
        threads: of each process.
        debug: raise the first fault in place of going on.
    """
    tasks = list(dict.fromkeys(tasks))
    count = 1 if debug else processes(judge, len(tasks), threads)
    bar = partial(tqdm, total=len(tasks), desc=judge.name, disable=None)
    if count > 1:
        spawn = multiprocessing.get_context("spawn")  # a fork after torch's threads may hang
        given = judge.name, judge.precision, judge.protocol or None, threads
        try:
            with ProcessPoolExecutor(count, spawn, prepare, given) as pool:
                seen = dict(zip(tasks, bar(pool.map(look_own, tasks)), strict=True))
            tell_odd(judge, seen)
            return seen
        except BrokenProcessPool:  # such as one that the system ended as memory ran out
            logging.warning("a process ended before its time: all is done again by one")
    look = looker(judge)
    seen = {t: look(*t) if debug else seen_by(look, *t) for t in bar(tasks)}
    tell_odd(judge, seen)
    return seen


def tell_odd(judge: Judge, seen: Mapping[tuple[str, str], Seen]) -> None:
    """Log how many images are odd for who looked at them, and which is the first."""
    odd = [(task[0], own) for task, own in seen.items() if isinstance(own, Encoded) and own.warning]
    if odd:
        path, first = odd[0]
        told = f"{judge.name}: {len(odd)} of {len(seen)} images are odd for it"
        logging.warning("%s; %s: %s", told, path, first.warning)


def check_reference(judges: Sequence[Judge], given: bool) -> None:
    """Refuse a judge that compares with a reference where none is given.

    Raises:
        UserError: names it.
    """
    for judge in judges:
        if judge.kind == "FR" and not given:
            problem = "it compares with a reference, and none is given"
            raise UserError(
                f"method '{judge.name}'", problem, "Give --reference, or another --model"
            )
