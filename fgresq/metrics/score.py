"""Score images with an untrained method, or with a trained FGResQ.

    fgresq score niqe --images FOLDER --out niqe.csv
    fgresq score lpips --images FOLDER --references OTHER_FOLDER --out lpips.csv
    fgresq score psnr --images table.csv --out psnr.csv
    fgresq score --checkpoint results/stage2/mini/full/0 --images FOLDER --out scores.csv

`fgresq methods` lists the untrained ones. FGResQ gives values in (0, 1), higher better; scores of
one model compare, those of two do not.

--images is a folder, one picture, or a CSV table with the column `path` and, as far as they are
known, `image` (an identifier), `reference` and `mask`; its paths start at its own folder. The image
tables of the workflow serve as well. In a folder, --references names another, whose pictures of the
same names are the references.

A full-reference method gives no value, with the reason, for an image without a reference, or with
one of another size; where an image has a mask, it compares what lies inside. Any method may say of
an image that it has no value. An image that cannot be read, or on which the method fails, has none
either, and the others are scored; where all fail, nothing is written. A method that cannot run here
gives every image no value, and the reason.

What was scored before is not scored again: work/scores keeps it by the content of the image and the
version of the method. A call that was killed goes on where it was.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import logging
import math
import multiprocessing
import os
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import pandas as pd
from tqdm import tqdm

from fgresq.arguments import at_least_one
from fgresq.config import read_methods
from fgresq.errors import OneImage, UserError, unknown
from fgresq.files import check_writable
from fgresq.images import read_rgb
from fgresq.metrics.cache import CACHE, ScoreCache, image_hash, version_of
from fgresq.metrics.evaluate import NO_REFERENCE, Judgement, evaluate
from fgresq.metrics.listed import listed
from fgresq.metrics.modules import method_module, own_absence
from fgresq.tables import write_scores

SHOWN = 5  # reasons that the log tells
NOTHING_WRITTEN = "Mend that and call again: no table is written, older ones stay"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb."""
    parser.add_argument("method", nargs="?", help="name of an untrained method, such as ssim")
    parser.add_argument("--checkpoint", type=Path, help="or: folder that stage 2 wrote")
    parser.add_argument("--images", type=Path, required=True, help="folder, picture or table")
    parser.add_argument("--references", type=Path, help="folder of references; or one picture")
    parser.add_argument("--out", required=True, help="score table to write")
    parser.add_argument("--methods", default="config/methods.yaml", help="methods file")
    workers = "processes, for a method with `workers` in the methods file (default 1)"
    parser.add_argument("--workers", type=at_least_one, default=1, help=workers)
    parser.add_argument("--cache", type=Path, default=CACHE, help=f"scores kept (default {CACHE})")


def judge(
    module: ModuleType, cache: ScoreCache, faults: list[str], debug: bool
) -> Callable[[str, str, str], Judgement]:
    """Give a function of image, reference and mask that scores what the cache does not know.

    Args:
        module: of the method.
        cache: what is known of it.
        faults: list to which an image's fault is added.
        debug: raise a fault in place of that.
    """
    kind = getattr(module, "KIND", "FR")
    # images of one reference follow each other
    read, hash_of = lru_cache(maxsize=2)(read_rgb), lru_cache(maxsize=4)(image_hash)

    def judged(path: str, reference: str, mask: str) -> Judgement:
        beside = [file for file in (reference, mask) if file and kind == "FR"]
        try:
            key = hash_of(path), " ".join(map(hash_of, beside))
            known = cache.get(*key)
            if known is None:
                known = evaluate(module.score, kind, path, reference, mask, read)
                cache.put(*key, known)
            return known
        except OneImage as error:  # not kept: it may be mended, the others go on
            if debug:
                raise
            faults.append(str(error))
            return math.nan, str(error)

    return judged


def score_rows(
    rows: pd.DataFrame, module: ModuleType, version: str, cache: Path, debug: bool = False
) -> list[Judgement]:
    """Score image rows in their order; one that fails has no value, and the reason.

    Raises:
        UserError: all fail.
    """
    cv2.ipp.setUseIPP(False)  # its sums depend on where memory happens to lie
    name, faults = module.__name__.rpartition(".")[2], []
    judged = judge(module, ScoreCache(name, version, cache), faults, debug)
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


def score_all(rows: pd.DataFrame, method: str, args: argparse.Namespace) -> list[Judgement]:
    """Score image rows in their order; where the method is absent, all have its reason.

    Several workers fill the cache, out of which this process then reads: values are the same.

    Raises:
        UserError: there is no such method, or its weights cannot be read.
    """
    entry = entry_of(method, args.methods)
    workers_of(args, entry)
    absent = own_absence(method, entry)
    if absent:
        step = absent.next_step
        logging.warning("%s is absent: %s. Next step: %s.", method, absent.reason, step)
        return [(math.nan, absent.reason)] * len(rows)
    module = method_module(method)
    check_kind(module, entry, args.methods)
    version = version_of(module, entry)
    if args.workers > 1:
        fill_at_once(rows, args.workers, module, version, args.cache)
    return score_rows(rows, module, version, args.cache, args.debug)


def entry_of(method: str | None, table: str) -> dict[str, Any]:
    """Give the entry of an untrained method in the methods file.

    Raises:
        UserError: none is named, it has no entry, or it is trained.
    """
    entries = read_methods(table)
    if method is None:
        mend = "Name one (`fgresq methods` lists them), or give --checkpoint"
        raise UserError("fgresq score", "no method is named", mend)
    if method not in entries:
        raise unknown(table, "method", method, entries)
    if entries[method]["trained"]:
        problem = "it is trained, and has scores where a preset's runs made it"
        mend = f"Name it under `methods` of a preset, or see `fgresq methods {method}`"
        raise UserError(f"method '{method}'", problem, mend)
    return entries[method]


def workers_of(args: argparse.Namespace, entry: dict[str, Any]) -> None:
    """Refuse several processes where a method does not bear them: its own process, or threads."""
    if args.workers > 1 and "workers" not in entry:
        problem = "it is scored by one process, as its model is held once"
        mend = "Leave --workers out, or where it bears several, say `workers` in the methods file"
        raise UserError(f"method '{args.method}'", problem, mend)
    if args.workers > 1 and args.threads > 1:
        mend = "Leave --threads out"
        raise UserError("--workers", "each process has one thread, not several", mend)


def check_kind(module: ModuleType, entry: dict[str, Any], table: str) -> None:
    """Refuse a module that takes a reference where the methods file says otherwise."""
    kind = getattr(module, "KIND", "FR")
    if kind != entry["kind"]:
        problem = f"its KIND is {kind!r}, and {table} says {entry['kind']}"
        raise UserError(module.__file__ or module.__name__, problem, "Correct the wrong one")


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


def keep_inputs(out: str, images: Path, rows: pd.DataFrame) -> None:
    """Refuse what would fail after all images are scored, or write over what is read.

    Raises:
        UserError: the score table cannot be written there, or is one of the inputs.
    """
    check_writable(out)
    read = {str(images), *rows["path"], *rows["reference"], *rows["mask"]} - {""}
    if os.path.realpath(out) in {os.path.realpath(path) for path in read}:
        raise UserError(out, "it is read, and would be written over", "Give --out another name")


def main(args: argparse.Namespace) -> None:
    """Run the verb."""
    if args.checkpoint:
        if args.method or args.workers > 1:
            given = f"method '{args.method}'" if args.method else "--workers"
            mend = "Leave one of them out"
            raise UserError("--checkpoint", f"it does not go with {given}", mend)
        keep_inputs(args.out, args.images, listed(args.images))
        # the training package is heavy and no concern of the untrained methods' rules
        predict = importlib.import_module("fgresq.training.predict")
        predict.score_images(args.checkpoint, args.images, Path(args.out), args.cache)
        return
    cv2.setNumThreads(args.threads)
    rows = listed(args.images, args.references).sort_values(["reference", "image"])
    keep_inputs(args.out, args.images, rows)
    judgements = score_all(rows, args.method, args)
    scores = pd.DataFrame({"image": rows["image"].to_numpy(), "method": args.method})
    scores["split"] = "all"
    scores["value"] = [value for value, _ in judgements]
    scores["reason"] = [reason for _, reason in judgements]
    tell(args.method, scores["reason"])
    write_scores(args.out, scores.sort_values("image"))
