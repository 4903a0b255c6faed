"""Ask a method of many images: its cache first, a fault an image, perhaps several processes."""

from __future__ import annotations

import argparse
import contextlib
import logging
import math
import multiprocessing
from collections import Counter
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from tqdm import tqdm

from fgresq import workspace
from fgresq.arguments import at_least_one
from fgresq.catalogues import add_methods, methods_file, read_methods
from fgresq.errors import OneImage, UserError, unknown
from fgresq.images import read_rgb
from fgresq.scoring.cache import ScoreCache, image_hash, version_of
from fgresq.scoring.evaluate import NO_REFERENCE, Judgement, evaluate
from fgresq.scoring.orientation import PLAIN, explained, orientation_of, upright
from fgresq.scoring.registry import Method, method_of, own_absence
from fgresq.tables import write_scores

SHOWN = 5  # reasons that the log tells
NOTHING_WRITTEN = "Mend that and call again: no table is written, older ones stay"


def add_judging(parser: argparse.ArgumentParser) -> None:
    """Give a command or step what `score_all` reads of its arguments."""
    add_methods(parser)
    workers = "processes, for a method with `workers` in the methods file (default 1)"
    parser.add_argument("--workers", type=at_least_one, default=1, help=workers)
    kept = workspace.scores()
    parser.add_argument("--cache", type=Path, default=kept, help=f"scores kept (default {kept})")


def write_judgements(rows: pd.DataFrame, args: argparse.Namespace) -> None:
    """Score images by an untrained method and write the score table, in the order of their names.

    Args:
        rows: image, path, and reference and mask or empty.
        args: what `add_judging` adds, and `out`, `method`, `threads` and `debug`.

    Raises:
        UserError: there is no such method, its weights cannot be read, or all images fail.
    """
    cv2.setNumThreads(args.threads)
    rows = rows.sort_values(["reference", "image"])
    judgements = score_all(rows, args.method, args)
    scores = pd.DataFrame({"image": rows["image"].to_numpy(), "method": args.method})
    scores["split"] = "all"
    scores["value"] = [value for value, _ in judgements]
    scores["reason"] = [reason for _, reason in judgements]
    tell(args.method, scores["reason"])
    write_scores(args.out, scores.sort_values("image"))


def judge(
    method: Method, cache: ScoreCache, faults: list[str], debug: bool
) -> Callable[[str, str, str], Judgement]:
    """Give a function of image, reference and mask that scores what the cache does not know.

    Args:
        method: that scores.
        cache: what is known of it.
        faults: list to which an image's fault is added.
        debug: raise a fault in place of that.
    """
    kind = method.kind
    # images of one reference follow each other
    read, hash_of = lru_cache(maxsize=2)(read_rgb), lru_cache(maxsize=4)(image_hash)

    def judged(path: str, reference: str, mask: str) -> Judgement:
        beside = [file for file in (reference, mask) if file and kind == "FR"]
        try:
            key = hash_of(path), " ".join(map(hash_of, beside))
            known = cache.get(*key)
            if known is None:
                score = as_its_authors_read(method, path)
                known = evaluate(score, kind, path, reference, mask, read)
                cache.put(*key, known)
            value, reason = known
            return value, explained(reason, path, reference)
        except UserError as error:  # not kept: it may be mended, the others go on
            if debug or not isinstance(error, OneImage):
                raise
            faults.append(str(error))
            return math.nan, str(error)
        except Exception as error:  # of a decoder, which a damaged or hostile file may break
            if debug:
                raise
            faults.append(f"{path}: it cannot be decoded ({type(error).__name__}: {error})")
            return math.nan, faults[-1]

    return judged


def as_its_authors_read(method: Method, path: str) -> Callable[..., float]:
    """Give a method's function; where its authors' reader does so, of a picture turned upright."""
    orientation = orientation_of(path) if method.upright else PLAIN
    if orientation == PLAIN:
        return method.score
    return lambda image, other: method.score(upright(image, orientation), other)


def score_rows(
    rows: pd.DataFrame, method: Method, version: str, cache: Path, debug: bool = False
) -> list[Judgement]:
    """Score image rows in their order; one that fails has no value, and the reason.

    Raises:
        UserError: all fail.
    """
    cv2.ipp.setUseIPP(False)  # its sums depend on where memory happens to lie
    name = method.name
    faults: list[str] = []
    judged = judge(method, ScoreCache(name, version, cache), faults, debug)
    files = zip(rows["path"], rows["reference"], rows["mask"], strict=True)
    found = [judged(*row) for row in tqdm(files, total=len(rows), desc=name, disable=None)]
    if faults and len(faults) == len(rows):
        raise UserError(f"method '{name}'", f"no image can be scored: {faults[0]}", NOTHING_WRITTEN)
    return found


def fill(rows: pd.DataFrame, *how: Any) -> None:
    """Score rows into the cache, as one of several processes; the caller meets faults again."""
    with contextlib.suppress(UserError, KeyboardInterrupt):
        score_rows(rows, *how)


def fill_at_once(rows: pd.DataFrame, workers: int, *how: Any) -> None:
    """Score rows into the cache by several processes, each a stretch of them.

    The first image is scored before they part, so that what the method loads is loaded once.
    """
    fill(rows[:1], *how)
    fork = multiprocessing.get_context("fork")
    shares = [share for share in np.array_split(np.arange(1, len(rows)), workers) if len(share)]
    parts = [fork.Process(target=fill, args=(rows.iloc[share], *how)) for share in shares]
    for part in parts:
        part.start()
    for part in parts:
        part.join()


def score_all(
    rows: pd.DataFrame,
    method: str,
    args: argparse.Namespace,
    options: Mapping[str, int] | None = None,
) -> list[Judgement]:
    """Score image rows in their order; where the method is absent, all have its reason.

    Several workers fill the cache, out of which this process then reads: values are the same.

    Args:
        rows: image, path, reference and mask.
        method: its name in the catalogue.
        args: what `add_judging` adds, `threads` and `debug`.
        options: of those that its entry names.

    Raises:
        UserError: there is no such method, or its weights cannot be read.
    """
    entry = entry_of(method, args.methods)
    workers_of(method, args, entry)
    absent = own_absence(method, entry)
    if absent:
        step = absent.next_step
        logging.warning("%s is absent: %s. Next step: %s.", method, absent.reason, step)
        return [(math.nan, absent.reason)] * len(rows)
    own = method_of(method, entry, **(options or {}))
    version = version_of(own, entry)
    if args.workers > 1:
        fill_at_once(rows, args.workers, own, version, args.cache)
    return score_rows(rows, own, version, args.cache, args.debug)


def entry_of(method: str | None, table: str | None) -> dict[str, Any]:
    """Give the entry of an untrained method in the catalogue, or in the file `table`.

    Raises:
        UserError: none is named, it has no entry, or it is trained.
    """
    entries = read_methods(table)
    if method is None:
        mend = "Name one (`fgresq methods` lists them), or give --checkpoint"
        raise UserError("fgresq score", "no method is named", mend)
    if method not in entries:
        raise unknown(methods_file(table), "method", method, entries)
    if entries[method]["trained"]:
        problem = "it is trained, and has scores where a preset's runs made it"
        mend = f"Name it under `methods` of a preset, or see `fgresq methods {method}`"
        raise UserError(f"method '{method}'", problem, mend)
    return entries[method]


def workers_of(method: str, args: argparse.Namespace, entry: dict[str, Any]) -> None:
    """Refuse several processes where a method does not bear them: its own process, or threads."""
    if args.workers > 1 and "workers" not in entry:
        problem = "it is scored by one process, as its model is held once"
        mend = "Leave --workers out, or where it bears several, say `workers` in the methods file"
        raise UserError(f"method '{method}'", problem, mend)
    if args.workers > 1 and args.threads > 1:
        mend = "Leave --threads out"
        raise UserError("--workers", "each process has one thread, not several", mend)


def tell(method: str, reasons: pd.Series) -> None:
    """Log how many images have a value, and why others have none."""
    without = Counter(reason for reason in reasons if reason)
    logging.info("%s: %d images, %d without value", method, len(reasons), without.total())
    for reason, number in without.most_common(SHOWN):
        logging.info("  %d: %s", number, reason)
    if len(reasons) and set(reasons) == {NO_REFERENCE}:
        logging.info("  name them: --references FOLDER, or a table with the column `reference`")
    if len(without) > SHOWN:
        logging.info("  and %d reasons more", len(without) - SHOWN)
