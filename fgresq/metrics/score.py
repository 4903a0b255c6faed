"""Score images with an untrained method, or with a trained FGResQ.

    fgresq score psnr --images images.csv --out psnr.csv
    fgresq score niqe --images FOLDER --out niqe.csv
    fgresq score --checkpoint results/stage2/mini/full/0 --images FOLDER --out scores.csv

`fgresq methods` lists the untrained ones. FGResQ gives values in (0, 1), higher better; scores of
one model compare, those of two do not.

A full-reference method gives no value, with the reason, for an image without a reference (in a
folder none has one), with one of another size, or with a mask, outside of which its reference may
show something else; any method may say of an image that it has no value. A method that cannot run
here gives every image no value, and the reason.

What was scored before is not scored again: work/scores keeps it by the content of the image and the
version of the method. A call that was killed goes on where it was.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import math
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from types import ModuleType

import cv2
import pandas as pd
from tqdm import tqdm

from fgresq.config import read_yaml
from fgresq.errors import UserError
from fgresq.files import sha256
from fgresq.images import read_rgb
from fgresq.metrics.cache import CACHE, ScoreCache, version_of
from fgresq.metrics.evaluate import Judgement, evaluate, out_of_reach
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
    parser.add_argument("--cache", type=Path, default=CACHE, help=f"scores kept (default {CACHE})")


def image_hash(path: str) -> str:
    """Give the SHA-256 of an image file.

    Raises:
        UserError: there is no such file.
    """
    try:
        return sha256(path)
    except OSError as error:
        mend = "Put the file there or correct its row"
        raise UserError(path, f"it cannot be read ({error.strerror})", mend) from error


def judge(module: ModuleType, cache: ScoreCache) -> Callable[[str, str, str], Judgement]:
    """Give a function of image, reference and mask that scores what the cache does not know."""
    kind = getattr(module, "KIND", "FR")
    # images of one reference follow each other
    read, hash_of = lru_cache(maxsize=2)(read_rgb), lru_cache(maxsize=4)(image_hash)

    def judged(path: str, reference: str, mask: str) -> Judgement:
        reason = out_of_reach(kind, reference, mask)
        if reason:
            return math.nan, reason
        key = hash_of(path), hash_of(reference) if kind == "FR" else ""
        known = cache.get(*key)
        if known is None:
            known = evaluate(module.score, kind, path, reference, read)
            cache.put(*key, known)
        return known

    return judged


def score_rows(rows: pd.DataFrame, method: str, methods: str, cache: Path) -> list[Judgement]:
    """Score image rows in their order; where the method is absent, all have its reason.

    Raises:
        UserError: there is no such method, or an image cannot be read.
    """
    absent = own_absence(method)
    if absent:
        step = absent.next_step
        logging.warning("%s is absent: %s. Next step: %s.", method, absent.reason, step)
        return [(math.nan, absent.reason)] * len(rows)
    module = method_module(method)
    entry = read_yaml(methods).get(method, {})
    judged = judge(module, ScoreCache(method, version_of(module, entry), cache))
    files = zip(rows["path"], rows["reference"], rows["mask"], strict=True)
    return [judged(*row) for row in tqdm(files, total=len(rows), desc=method, disable=None)]


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
        predict.score_images(args.checkpoint, Path(args.images), Path(args.out))
        return
    cv2.setNumThreads(args.threads)
    rows = listed(Path(args.images)).sort_values(["reference", "image"])
    judgements = score_rows(rows, args.method, args.methods, args.cache)
    scores = pd.DataFrame({"image": rows["image"].to_numpy(), "method": args.method})
    scores["split"] = "all"
    scores["value"], scores["reason"] = zip(*judgements, strict=True) if len(rows) else ((), ())
    tell(args.method, scores["reason"])
    write_scores(args.out, scores.sort_values("image"))
