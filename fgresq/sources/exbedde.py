"""exBeDDE: CITY/CITY_I/CITY_I_scores.mat with the dehazed images of one hazy photograph.

Its variable imageScores holds image_names (CITY_N_METHOD.png) and scores, lower better. The clear
photograph is CITY/gt/CITY_clear.png; it was taken on another day, so the rated region is what
CITY/mask/CITY_N_mask.mat marks. All photographs of a city share it: a city is a family. The scores
of the hazy photographs themselves (CITY/fog) are no restorations and stay out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from fgresq.errors import UserError
from fgresq.mat import read_mat
from fgresq.sources.placed import Files
from fgresq.sources.rows import Labelled

LABELS = ("*_[0-9]*_scores.mat",)
LAYOUT = "a folder a city, with fog/, gt/, mask/ and CITY_1/CITY_1_scores.mat and so on"


def labelled(files: Files, entry: dict[str, Any]) -> Iterator[Labelled]:
    """Yield the rated dehazed images of every score file."""
    paths = files.matching(*LABELS)
    if not paths:
        raise UserError(files.folder, "there is no file 'CITY_1_scores.mat'", f"It needs {LAYOUT}")
    for path in paths:
        found = read_mat(path, "imageScores")["imageScores"]
        if not isinstance(found, dict) or {"image_names", "scores"} - set(found):
            raise UserError(path, "imageScores holds no image_names and scores", "Replace the file")
        names, scores = (np.atleast_1d(found[name]) for name in ("image_names", "scores"))
        if len(names) != len(scores):
            raise UserError(
                path, f"{len(names)} names and {len(scores)} scores", "Replace the file"
            )
        for number, (name, score) in enumerate(zip(names, scores, strict=True), start=1):
            yield dehazed(str(name).strip("'"), float(score), f"{path}, entry {number}")


def dehazed(name: str, score: float, where: str) -> Labelled:
    """Say what the name of a dehazed image tells: CITY_N_METHOD.png."""
    parts = name.rsplit(".", 1)[0].split("_")
    if len(parts) < 3:
        raise UserError(where, f"'{name}' is not named CITY_N_METHOD.png", "Replace the file")
    city, number = parts[:2]
    return Labelled(
        where=where,
        image=name,
        score=score,
        task="dehazing",
        content=f"{city}_{number}",
        family=city,
        algorithm="_".join(parts[2:]),
        reference=f"{city}/gt/{city}_clear.png",
        mask=f"{city}/mask/{city}_{number}_mask.mat",
    )
