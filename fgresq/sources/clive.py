"""LIVE In the Wild Challenge: three MATLAB files of names, MOS and SDs, all in one order.

Images lie in ChallengeDB_release/Images/, the arrays in ChallengeDB_release/Data/. The first seven
entries are pictures on which the raters were trained, in Images/trainingImages/; as by the authors,
they are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from fgresq.errors import UserError
from fgresq.mat import read_mat
from fgresq.sources.placed import Files
from fgresq.sources.rows import Labelled
from fgresq.tables import PHOTOGRAPH

LABELS = ("AllMOS_release.mat",)
ARRAYS = ("AllImages_release", "AllMOS_release", "AllStdDev_release")
LAYOUT = f"ChallengeDB_release/Images/ and, in Data/, {', '.join(f'{a}.mat' for a in ARRAYS)}"
TRAINING = 7  # entries


def labelled(files: Files, entry: dict[str, Any]) -> Iterator[Labelled]:
    """Yield the rated photographs."""
    path = files.label(*LABELS, layout=LAYOUT)
    names, scores, deviations = (array(files, name) for name in ARRAYS)
    if not len(names) == len(scores) == len(deviations):
        counts = f"{len(names)} names, {len(scores)} scores and {len(deviations)} SDs"
        raise UserError(path.parent, counts, "Replace the files by the released ones")
    rows = zip(names, scores, deviations, strict=True)
    for number, (name, score, deviation) in enumerate(rows, start=1):
        if number <= TRAINING:
            continue
        yield Labelled(
            where=f"{path}, entry {number}",
            image=f"Images/{name}",
            score=float(score),
            sd=float(deviation),
            task=PHOTOGRAPH,
            content=str(name),
            algorithm="none",
        )


def array(files: Files, name: str) -> np.ndarray:
    """Read the one variable of a file, called as the file is."""
    path = files.label(f"{name}.mat", layout=LAYOUT)
    return np.atleast_1d(read_mat(path, name)[name])
