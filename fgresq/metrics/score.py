"""Score images with an untrained method, or with a trained FGResQ.

    fgresq score psnr --images images.csv --out psnr.csv
    fgresq score niqe --images FOLDER --out niqe.csv
    fgresq score --checkpoint results/stage2/mini/full/0 --images FOLDER --out scores.csv

`fgresq methods` lists the untrained ones. FGResQ gives values in (0, 1), higher better; scores of
one model compare, those of two do not.

A full-reference method gives no value, with the reason, for an image without a reference (in a
folder none has one), or with one of another size; where an image has a mask, it compares what lies
inside. Any method may say of an image that it has no value. An image that cannot be read has none
either, and the others are scored. A method that cannot run here gives every image no value, and the
reason.

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

from fgresq.config import read_yaml
from fgresq.errors import UserError
from fgresq.images import Unreadable, read_rgb
from fgresq.metrics.cache import CACHE, ScoreCache, image_hash, version_of
from fgresq.metrics.evaluate import Judgement, evaluate
from fgresq.metrics.listed import listed
from fgresq.metrics.modules import method_module, own_absence
from fgresq.tables import write_scores

SHOWN = 5  # reasons that the log tells


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb."""
    parser.add_argument("method", nargs="?", help="name of an untrained method, such as ssim")
    parser.add_argument("--checkpoint", type=Path, help="or: folder that stage 2 wrote")
    parser.add_argument("--images", required=True, help="image table; or a folder of images")
    parser.add_argument("--out", required=True, help="score table to write")
    parser.add_argument("--methods", default="config/methods.yaml", help="methods file")
    parser.add_argument("--workers", type=int, default=1, help="processes (default 1)")
    parser.add_argument("--cache", type=Path, default=CACHE, help=f"scores kept (default {CACHE})")


def judge(module: ModuleType, cache: ScoreCache) -> Callable[[str, str, str], Judgement]:
    """Give a function of image, reference and mask that scores what the cache does not know."""
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
        except Unreadable as error:  # not kept: the file may be mended, the others go on
            return math.nan, str(error)

    return judged


def score_rows(
    rows: pd.DataFrame, module: ModuleType, version: str, cache: Path
) -> list[Judgement]:
    """Score image rows in their order; one that cannot be read has no value, and the reason."""
    name = module.__name__.rpartition(".")[2]
    judged = judge(module, ScoreCache(name, version, cache))
    files = zip(rows["path"], rows["reference"], rows["mask"], strict=True)
    return [judged(*row) for row in tqdm(files, total=len(rows), desc=name, disable=None)]


def fill(rows: pd.DataFrame, *how: Any) -> None:
    """Score rows into the cache, as one of several processes; the caller meets faults again."""
    with contextlib.suppress(UserError):
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
    entry = read_yaml(args.methods).get(method, {})
    absent = own_absence(method, entry)
    if absent:
        step = absent.next_step
        logging.warning("%s is absent: %s. Next step: %s.", method, absent.reason, step)
        return [(math.nan, absent.reason)] * len(rows)
    module = method_module(method)
    version = version_of(module, entry)
    if args.workers > 1:
        fill_at_once(rows, args.workers, module, version, args.cache)
    return score_rows(rows, module, version, args.cache)


def tell(method: str, reasons: pd.Series) -> None:
    """Log how many images have a value, and why others have none."""
    without = Counter(reason for reason in reasons if reason)
    logging.info("%s: %d images, %d without value", method, len(reasons), without.total())
    for reason, number in without.most_common(SHOWN):
        logging.info("  %d: %s", number, reason)
    if len(without) > SHOWN:
        logging.info("  and %d reasons more", len(without) - SHOWN)


def main(args: argparse.Namespace) -> None:
    """Run the verb."""
    if args.checkpoint:
        # the training package is heavy and no concern of the untrained methods' rules
        predict = importlib.import_module("fgresq.training.predict")
        predict.score_images(args.checkpoint, Path(args.images), Path(args.out), args.cache)
        return
    cv2.setNumThreads(args.threads)
    rows = listed(Path(args.images)).sort_values(["reference", "image"])
    judgements = score_all(rows, args.method, args)
    scores = pd.DataFrame({"image": rows["image"].to_numpy(), "method": args.method})
    scores["split"] = "all"
    scores["value"] = [value for value, _ in judgements]
    scores["reason"] = [reason for _, reason in judgements]
    tell(args.method, scores["reason"])
    write_scores(args.out, scores.sort_values("image"))
