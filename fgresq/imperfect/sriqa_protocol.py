"""Accuracy on SRIQA-Bench, with and without its originals; A-FINE's printed numbers recomputed.

    fgresq step afine-sriqa afine lpips dists --out-dir results/afine/sriqa

Each image is judged by its content's original, the original by itself, and pairs are inside a
content: its MOS is scaled there, and says nothing across contents. A method is right on a pair if
it orders both as MOS does; a tie in score is wrong. As its authors count, the original is one of
the images that are compared, so that a method whose best value is that of identical images has
most of those pairs for nothing: each number stands beside that without them.

sriqa.csv has a line a method and set, with intervals over contents; sriqa.json says in how many
pairs with the original people prefer it. Where the method is `afine`, with the authors' weights,
the numbers that they print are judged.
"""

from __future__ import annotations

import argparse
import logging
import math
from pathlib import Path
from typing import Any

import cv2
import pandas as pd

from fgresq import workspace
from fgresq.analysis.bootstrap import draw
from fgresq.analysis.inputs import write_rounded
from fgresq.files import write_json
from fgresq.imperfect.two_choice import agreement, share
from fgresq.scoring.evaluate import Judgement
from fgresq.scoring.judging import add_judging, entry_of, score_all, tell
from fgresq.sources.sriqa_bench import FOLDERS, ORIGINAL, pairs_of, read_sriqa

PRINTED = {"Reg": 83.3, "Gen": 78.9, "All": 82.4}  # of A-FINE, Chen et al., CVPR 2025
AUTHORS = "afine"  # the method whose printed numbers these are
ROUNDING = 0.05  # points: the numbers are printed with one digit
BOOTSTRAP, SEED = 1000, 0
SRIQA_COLUMNS: dict[str, type] = {
    "method": str,
    "title": str,
    "set": str,  # Reg, Gen or All
    "with_original": str,  # true: the original is one of the compared images
    "accuracy": float,  # [0, 1]
    "low": float,  # 95 % interval over contents
    "high": float,
    "standard_error": float,  # binomial, of independent pairs
    "pairs": int,  # with both values
    "contents": int,
    "printed": float,  # percent; empty where none is to be judged
    "verdict": str,  # reproduced, within two standard errors, or differs; empty: not judged
    "reason": str,  # why there is no value, or what is missing
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    place = workspace.placed("data/raw/sriqa_bench")
    told = f"untrained methods of the catalogue (default {AUTHORS})"
    parser.add_argument("scored", nargs="*", metavar="METHOD", help=told)
    parser.add_argument("--data", type=Path, default=place, help=f"as released (default {place})")
    parser.add_argument("--out-dir", type=Path, required=True, help="folder of the two files")
    add_judging(parser)


def verdict(accuracy: float, pairs: int, printed: float) -> str:
    """Judge a recomputed accuracy (0 to 1) of so many pairs by the printed one (percent)."""
    gap = abs(100 * accuracy - printed)
    if gap <= ROUNDING + 1e-9:
        return "reproduced"
    return "within two standard errors" if gap <= 200 * error(accuracy, pairs) else "differs"


def error(accuracy: float, pairs: int) -> float:
    """Give the standard error of an accuracy, of pairs as if they were independent."""
    return math.sqrt(accuracy * (1 - accuracy) / pairs) if pairs else math.nan


def judged(
    images: pd.DataFrame, judgements: list[Judgement], method: str, entry: dict[str, Any], name: str
) -> list[dict[str, Any]]:
    """Give the two lines of a method on a set.

    Args:
        images: of the set, as `read_sriqa` gives them, some or all of those scored.
        judgements: of the images, in their order.
        method: its name.
        entry: of the method.
        name: of the set.
    """
    value = dict(zip(images["image"], (v for v, _ in judgements), strict=True))
    reasons = sorted({reason for _, reason in judgements if reason})
    draws = draw(images["content"], BOOTSTRAP, SEED)
    lines = []
    for with_original in (True, False):
        pairs = pairs_of(images, with_original)
        a, b = (pairs[side].map(value).to_numpy(float) for side in ("image_a", "image_b"))
        right = agreement(a, b, pairs["label"].to_numpy(float), entry["direction"] == "higher")
        measure = share(right, draws.clusters(pairs["content"]), draws)
        low, high = measure.interval()
        printed = PRINTED[name] if method == AUTHORS and with_original else math.nan
        known = math.isfinite(printed) and math.isfinite(measure.value)
        lines.append(
            {
                **{"method": method, "title": entry["title"], "set": name},
                **{"with_original": str(with_original).lower(), "accuracy": measure.value},
                **{"low": low, "high": high, "pairs": measure.n},
                "standard_error": error(measure.value, measure.n),
                "contents": len(measure.families),
                "printed": printed,
                "verdict": verdict(measure.value, measure.n, printed) if known else "",
                "reason": reasons[0] if reasons else "",
            }
        )
    return lines


def free_wins(images: pd.DataFrame) -> dict[str, int]:
    """Count the pairs with the original, those in which people prefer it, and others."""
    pairs = pairs_of(images, True)
    originals = set(images.loc[images["method"].eq(ORIGINAL), "image"])
    first, second = (pairs[side].isin(originals) for side in ("image_a", "image_b"))
    preferred = (first & pairs["label"].eq(1)) | (second & pairs["label"].eq(0))
    return {
        "pairs": len(pairs),
        "with_original": int((first | second).sum()),
        "original_preferred": int(preferred.sum()),
        "contents": int(images["content"].nunique()),
    }


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    cv2.setNumThreads(args.threads)
    entries = {name: entry_of(name, args.methods) for name in args.scored or [AUTHORS]}
    if not args.data.is_dir():
        reason = f"SRIQA-Bench is not placed ({args.data})"
        logging.warning("%s", reason)
        absent = {"accuracy": math.nan, "reason": reason, "pairs": 0, "contents": 0}
        lines = [
            {"method": name, "title": entry["title"], "set": "", "with_original": "", **absent}
            for name, entry in entries.items()
        ]
        write_rounded(args.out_dir / "sriqa.csv", lines, SRIQA_COLUMNS)
        write_json(args.out_dir / "sriqa.json", {"placed": False, "reason": reason})
        return
    sets = {name: read_sriqa(args.data, name) for name in FOLDERS}
    seen = sets["All"].drop_duplicates("image").sort_values(["reference", "image"])
    rows = pd.DataFrame({"image": seen["image"], "mask": ""})
    for column, of in (("path", "image"), ("reference", "reference")):
        rows[column] = [str(args.data / name) for name in seen[of]]
    lines = []
    for method, entry in entries.items():
        judgements = score_all(rows, method, args)
        tell(method, pd.Series([reason for _, reason in judgements]))
        by_image = dict(zip(seen["image"], judgements, strict=True))
        for name, images in sets.items():
            own = [by_image[image] for image in images["image"]]
            lines += judged(images, own, method, entry, name)
    write_rounded(args.out_dir / "sriqa.csv", lines, SRIQA_COLUMNS)
    counts = {name: free_wins(images) for name, images in sets.items()}
    write_json(args.out_dir / "sriqa.json", {"placed": True, "sets": counts})
