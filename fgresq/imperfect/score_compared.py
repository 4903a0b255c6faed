"""Score all comparisons by a method that was not trained on them.

    fgresq step afine-score lpips
    fgresq step afine-score sharpness
    fgresq step afine-score constant_order --versions results/afine/mini/versions.csv
    fgresq step afine-score fgresq --checkpoints results/stage2/mini/full

A full-reference method judges each image by its reference, an original by itself; a method without
reference sees each image once. Values are kept as `fgresq score` keeps them. Beside the untrained
methods of the catalogue there are `sharpness`, which is one line of code; `constant_order`, which
sees no image: how the images of one kind of damage or restoration did in other families; and
`fgresq`, of which an image is judged by the fold whose photographs its training left out.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from fgresq import workspace
from fgresq.analysis.trivial import CONSTANT, SHARPNESS, constant_order, sharpnesses
from fgresq.comparisons import read_comparisons, write_compared
from fgresq.errors import UserError
from fgresq.files import check_writable
from fgresq.imperfect.phase_files import add_phase, phase_folder, read_some
from fgresq.scoring.evaluate import Judgement
from fgresq.scoring.judging import add_judging, entry_of, score_all, tell
from fgresq.tables import FOLD_COLUMNS, read_table

TRAINED = "fgresq"
KINDS: dict[str, type] = {  # of the table of versions
    **dict.fromkeys(("image", "content", "family", "reference", "kind"), str),
    "quality": float,
}
NOT_READ = "it cannot be read"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    also = f"{SHARPNESS}, {CONSTANT}, {TRAINED}"
    parser.add_argument("method", help=f"an untrained method, such as lpips; or {also}")
    add_phase(parser)
    parser.add_argument("--comparisons", type=Path, metavar="FILE", help="in place of the phase's")
    parser.add_argument("--versions", type=Path, metavar="FILE", help="of constant_order: kinds")
    folds = "of fgresq: folds that its checkpoints were trained by"
    parser.add_argument("--checkpoints", type=Path, metavar="FOLDER", help="of fgresq: its folds")
    parser.add_argument("--trained-folds", type=Path, metavar="FILE", help=folds)
    parser.add_argument("--out", type=Path, metavar="FILE", help="default scores/METHOD.csv")
    add_judging(parser)


def main(args: argparse.Namespace) -> None:
    """Run the step; a value that is missing has its reason in the table, as in `step score`."""
    cv2.setNumThreads(args.threads)
    folder = phase_folder(args)
    out = check_writable(args.out or folder / f"scores/{args.method}.csv")
    comparisons = read_comparisons(args.comparisons or folder / "comparisons.csv")
    scores = scored(args.method, comparisons, folder, args)
    tell(args.method, scores["reason"])
    write_compared(out, scores)


def scored(
    method: str, comparisons: pd.DataFrame, folder: Path, args: argparse.Namespace
) -> pd.DataFrame:
    """Score comparisons by a method; COMPARED_COLUMNS.

    Raises:
        UserError: there is no such method, or what it needs is at fault.
    """
    images = comparisons.drop_duplicates("image").reset_index(drop=True)
    if method == SHARPNESS:
        found = [(v, "" if np.isfinite(v) else NOT_READ) for v in sharpnesses(images["path"])]
        return table_of(method, images, found)
    if method == CONSTANT:
        return table_of(method, images, by_kinds(images, args.versions or folder / "versions.csv"))
    if method == TRAINED:
        return table_of(method, images, by_folds(images, args))
    if entry_of(method, args.methods)["kind"] == "FR":
        rows = comparisons.sort_values(["reference", "image"])
        paths = {"image": rows["image"], "path": rows["path"], "reference": rows["reference_path"]}
        asked = pd.DataFrame(paths).assign(mask="")
        return table_of(method, rows, score_all(asked, method, args), "reference")
    asked = images[["image", "path"]].assign(reference="", mask="")
    return table_of(method, images, score_all(asked, method, args))


def table_of(
    method: str, rows: pd.DataFrame, judgements: list[Judgement], reference: str = ""
) -> pd.DataFrame:
    """Give the score table of rows, with the column of references where there is one."""
    split = "family" if method in (CONSTANT, TRAINED) else "all"
    return pd.DataFrame(
        {
            "image": rows["image"].to_numpy(),
            "reference": rows[reference].to_numpy() if reference else "",
            "method": method,
            "split": split,
            "value": [value for value, _ in judgements],
            "reason": [reason for _, reason in judgements],
        }
    )


def by_kinds(images: pd.DataFrame, versions: Path) -> list[Judgement]:
    """Judge images by what was done to them alone: how others of their kind did elsewhere.

    A kind is what was done to an image, and to its reference.

    Raises:
        UserError: the table of versions cannot be read.
    """
    if not versions.exists():
        return [(math.nan, f"nothing says how images were made ({versions})")] * len(images)
    table = read_some(versions, KINDS)
    kind = dict(zip(table["image"], table["kind"], strict=True))
    known = pd.DataFrame(
        {
            "image": table["image"],
            "task": "",
            "group": table["content"],
            "family": table["family"],
            "algorithm": table["kind"] + " of " + table["reference"].map(kind),
            "score": table["quality"],
        }
    )
    value = dict(zip(known["image"], constant_order(known), strict=True))
    none = "it is of a kind that no other family has"
    found = [float(value.get(image, math.nan)) for image in images["image"]]
    return [(v, "") if math.isfinite(v) else (v, none) for v in found]


def by_folds(images: pd.DataFrame, args: argparse.Namespace) -> list[Judgement]:
    """Judge images by the checkpoint of the fold that did not learn from their family.

    Raises:
        UserError: the folds cannot be read, or a checkpoint is not whole.
    """
    folder = args.checkpoints or workspace.placed("results/stage2/mini/full")
    folds = args.trained_folds or workspace.placed("results/pairs/mini/folds.csv")
    if not Path(folds).exists():
        return [(math.nan, f"its folds are not there ({folds}): `make report` trains it")] * len(
            images
        )
    table = read_table(folds, FOLD_COLUMNS)
    own = dict(zip(table["family"], table["fold"], strict=True))
    if len(own) != len(table):
        raise UserError(folds, "a family stands twice", "Give the folds of one source")
    from fgresq.scoring import predict  # torch takes a second: not for --help
    from fgresq.weights.checkpoints import CARD

    fold = images["family"].map(own)
    found = [(math.nan, "its family is in no fold of the checkpoints")] * len(images)
    for number in sorted(fold.dropna().unique()):
        checkpoint, places = folder / str(int(number)), np.flatnonzero(fold.eq(number))
        if not (checkpoint / CARD).exists():
            judged = [(math.nan, f"there is no checkpoint of its fold ({checkpoint})")] * len(
                places
            )
        else:
            paths = images["path"].iloc[places].tolist()
            judged, _ = predict.score_paths(checkpoint, paths, args.cache)
        for place, judgement in zip(places, judged, strict=True):
            found[place] = judgement
    return found
