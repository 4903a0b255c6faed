"""Fit how sure a model is to pairs that were judged, and keep it for all that compares.

    fgresq calibrate embedded --pairs pairs.csv --images images.csv
    fgresq calibrate results/stage2/paper/full/0 --pairs pairs.csv --images images.csv

--pairs has the columns image_a, image_b, preference (A, B or equal) and label_origin (human,
simulated or derived from scores, one for all); --images has image, path (from the table's folder,
or from here) and family: what shows the same scene, and is never on both sides. They must be pairs
that did not train the model. Half the families, chosen by their names, give the temperature and the
band of "equal"; on the other half the calibration error is measured before and after, which changes
no number that is used.

The result is calibration.json in the folder of the weights (of embedded and official: among the
fitted models); compare, rank and bench then read it and say so. Where observers were simulated, the
confidence stays a simulated one. Remove the file to go back.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from fgresq.analysis.calibration import Calibration, calibration_error, fitted, reliability
from fgresq.errors import UserError, unread
from fgresq.files import check_writable, write_json
from fgresq.scoring.calibrated import ORIGINS, logit_of, place_of
from fgresq.scoring.preferences import EQUAL, A, B, Encoded

if TYPE_CHECKING:
    from fgresq.scoring.judges import Judge

PAIRS = "image_a", "image_b", "preference", "label_origin"
IMAGES = "image", "path", "family"
ANSWERS = {A: 1, B: -1, EQUAL: 0}
LEAST = 20  # decided pairs of a half
FIT, TEST = "fit", "test"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument("model", metavar="MODEL", help="embedded, official or a folder of weights")
    parser.add_argument("--pairs", type=Path, required=True, help="pairs that were judged")
    parser.add_argument("--images", type=Path, required=True, help="table of their images")
    parser.add_argument("--out", type=Path, help="file to write (default: where judges look)")


def columns_of(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    """Read columns of texts of a CSV that may have others.

    Raises:
        UserError: the file cannot be read, or misses one.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except OSError as error:
        raise unread(path, error) from error
    except ValueError as error:
        raise UserError(path, f"it is no CSV table ({error})", "Save it as one") from error
    for name in columns:
        if name not in table:
            raise UserError(path, f"the column '{name}' is missing", "See fgresq calibrate --help")
    return table[list(columns)]


def read_judged(args: argparse.Namespace) -> tuple[pd.DataFrame, pd.Series]:
    """Read the pairs, with the family of each, and the path of every image.

    Raises:
        UserError: a name or an answer is unknown, origins are mixed, or a pair spans families.
    """
    pairs = columns_of(args.pairs, PAIRS)
    images = columns_of(args.images, IMAGES).drop_duplicates("image").set_index("image")
    families, beside = images["family"], args.images.parent
    paths = images["path"].map(lambda p: str(beside / p) if (beside / p).exists() else p)
    for column in ("image_a", "image_b"):
        missing = pairs.loc[~pairs[column].isin(paths.index), column]
        if len(missing):
            problem = f"'{missing.iloc[0]}' is in no row of {args.images}"
            raise UserError(args.pairs, problem, "Name images as the image table does")
    odd = pairs.loc[~pairs["preference"].isin(ANSWERS), "preference"]
    if len(odd):
        problem = f"a preference is '{odd.iloc[0]}'"
        raise UserError(args.pairs, problem, f"Write {', '.join(ANSWERS)}")
    origins = sorted(set(pairs["label_origin"]))
    if len(origins) != 1 or origins[0] not in ORIGINS:
        problem = f"its label_origin is {' and '.join(map(repr, origins)) or 'not there'}"
        raise UserError(args.pairs, problem, f"Give pairs of one of: {', '.join(ORIGINS)}")
    first, second = (pairs[name].map(families) for name in ("image_a", "image_b"))
    if first.ne(second).any():
        problem = f"'{pairs['image_a'][first.ne(second)].iloc[0]}' is paired with another family"
        raise UserError(args.pairs, problem, "Call one family what is compared")
    return pairs.assign(family=first), paths


def half_of(family: str) -> str:
    """Say on which side a family is, by its name."""
    return (FIT, TEST)[hashlib.sha256(family.encode()).digest()[0] % 2]


def measured(calibration: Calibration, logits: np.ndarray, answers: np.ndarray) -> dict[str, Any]:
    """Measure chances of decided pairs against answers: calibration error and its bins."""
    rows = reliability(calibration, logits, answers)
    return {
        "calibration_error": round(calibration_error(rows), 6),
        "reliability": [{name: round(value, 6) for name, value in row.items()} for row in rows],
    }


def calibrated_on(
    logits: np.ndarray, answers: np.ndarray, halves: np.ndarray, where: str | Path
) -> dict[str, Any]:
    """Fit on one half and measure on the other.

    Args:
        logits: (n,) of P(A better) over P(B better).
        answers: (n,) 1 A, -1 B, 0 equal.
        halves: (n,) fit or test.
        where: they were read, for messages.

    Raises:
        UserError: a half has too few pairs that were decided.
    """
    for half in (FIT, TEST):
        decided = int((answers[halves == half] != 0).sum())
        if decided < LEAST:
            problem = f"its half to {half} has {decided} decided pairs, fewer than {LEAST}"
            raise UserError(where, problem, "Give pairs of more families")
    fit, test = halves == FIT, halves == TEST
    found = fitted(logits[fit], answers[fit])
    return {
        "temperature": round(found.temperature, 6),
        "band": round(found.band, 6),
        "pairs": int(fit.sum()),
        "equal": int((answers[fit] == 0).sum()),
        "test_pairs": int(test.sum()),
        "before": measured(Calibration(), logits[test], answers[test]),
        "after": measured(found, logits[test], answers[test]),
    }


def logits_of(judge: Judge, pairs: pd.DataFrame, paths: pd.Series, threads: int) -> np.ndarray:
    """Give the logits (n,) of pairs; NaN where an image has no value, which is told.

    Raises:
        UserError: the model gives no chances.
    """
    from fgresq.scoring.looking import look_at_all

    names = sorted({*pairs["image_a"], *pairs["image_b"]})
    seen = look_at_all(judge, [(paths[name], "") for name in names], threads)
    found = np.full(len(pairs), np.nan)
    for row, (a, b) in enumerate(zip(pairs["image_a"], pairs["image_b"], strict=True)):
        first, second = seen[paths[a], ""], seen[paths[b], ""]
        if isinstance(first, Encoded) and isinstance(second, Encoded):
            told = judge.prefer(first, second)
            if told.a_better is None:
                problem = "it gives no chances"
                raise UserError(f"model '{judge.name}'", problem, "Name a model that was trained")
            found[row] = logit_of(told)
        else:
            logging.warning("%s", first if isinstance(first, str) else second)
    return found


def main(args: argparse.Namespace) -> None:
    """Run the command."""
    from fgresq.scoring.judges import judge_of, weights_name  # torch takes a second

    out = args.out or place_of(args.model)
    check_writable(out)
    pairs, paths = read_judged(args)
    judge = judge_of(args.model, calibrated=False)
    logits = logits_of(judge, pairs, paths, args.threads)
    there = np.isfinite(logits)
    answers = pairs["preference"].map(ANSWERS).to_numpy()
    halves = pairs["family"].map(half_of).to_numpy()
    told = calibrated_on(logits[there], answers[there], halves[there], args.pairs)
    origin = pairs["label_origin"].iloc[0]
    whole = {"model": judge.facts.title, "weights": weights_name(judge.name), **told}
    write_json(out, {**whole, "label_origin": origin, "without_value": int((~there).sum())})
    print(f"{out}: temperature {told['temperature']:.3g}, band {told['band']:.3g}")
    print(f"fitted to {told['pairs']} pairs judged by {ORIGINS[origin]}, {told['equal']} equal")
    before, after = (told[name]["calibration_error"] for name in ("before", "after"))
    print(f"calibration error on {told['test_pairs']} pairs of other families:", end=" ")
    print(f"{before:.3f} before, {after:.3f} after")
