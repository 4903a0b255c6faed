"""RealSRQ: subj_BT_score.mat, a row a scene and a column a result; or mos_with_name.csv.

Results are SR_results/TYPE_SR/TYPE_LRk_SR/NNN/TYPE_NNN_LRk_METHOD.png, originals TYPE_NNN_HR.png.
Rows of score_matrix go through the types and their ten scenes, columns through the methods of
LR2, then LR3, then LR4, in the order below. Re-shared copies have mos_with_name.csv: score and the
paths of LR, SR and HR, by position. Bradley-Terry values compare within a scene and scale only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from fgresq.errors import UserError
from fgresq.mat import read_mat
from fgresq.sources.placed import Files, label_lines
from fgresq.sources.rows import Labelled

TYPES = ("Buildings", "Manmade", "Natural", "People", "Scene", "Text")
SCENES = 10  # of each type
METHODS = {
    "2": "AIS Aplus ASDS BCI CSCN SPM SRCNN SRGAN USRnet VDSR",
    "3": "AIS Aplus ASDS BCI CSCN SPM SRCNN USRnet VDSR",
    "4": "Aplus ASDS BCI CSCN SRCNN SRGAN USRnet VDSR",
}
LABELS = ("mos_with_name.csv", "subj_BT_score.mat")
LAYOUT = "subj_BT_score.mat (or mos_with_name.csv), SR_results/ and HR_LR_pairs/"
NAME = re.compile(r"(?P<scene>.+)_LR(?P<scale>\d)_(?P<method>\w+)\.\w+")


def labelled(files: Files, entry: dict[str, Any]) -> Iterator[Labelled]:
    """Yield the rated results of the label file."""
    path = files.label(*LABELS, layout=LAYOUT)
    yield from listed(path) if path.suffix == ".csv" else arranged(path)


def arranged(path: Path) -> Iterator[Labelled]:
    """Yield the results in the order of the score matrix."""
    scores = np.atleast_2d(read_mat(path, "score_matrix")["score_matrix"])
    scenes = [f"{kind}_{k:03d}" for kind in TYPES for k in range(1, SCENES + 1)]
    results = [(scale, name) for scale, names in METHODS.items() for name in names.split()]
    if scores.shape != (len(scenes), len(results)):
        raise UserError(
            path,
            f"score_matrix is {scores.shape[0]} x {scores.shape[1]}, not {len(scenes)} scenes x "
            f"{len(results)} results",
            "Replace the file by the released one",
        )
    for row, scene in zip(scores, scenes, strict=True):
        for score, (scale, method) in zip(row, results, strict=True):
            name = f"{scene}_LR{scale}_{method}.png"
            yield result(f"{path}, {scene}", float(score), name, f"{scene}_HR.png")


def listed(path: Path) -> Iterator[Labelled]:
    """Yield the results of mos_with_name.csv, whose first row is a header."""
    rows = label_lines(path, "MOS,LR,SR,HR", ",")
    next(rows, None)
    for where, (score, _, image, original) in rows:
        yield result(where, score, image, original)


def result(where: str, score: str | float, image: str, original: str) -> Labelled:
    """Say what the name of a result tells."""
    found = NAME.fullmatch(re.split(r"[\\/]", image)[-1])
    if found is None:
        raise UserError(where, f"'{image}' is not named TYPE_001_LR2_METHOD.png", "Correct the row")
    return Labelled(
        where=where,
        image=image,
        score=score,
        task="super-resolution",
        content=found["scene"],
        scale=found["scale"],
        algorithm=found["method"],
        reference=original,
    )
