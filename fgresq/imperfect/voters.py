"""Simulated voters of DiffIQA-mini, three for each image against each reference that is damaged.

A voter sees the difference of both latent qualities, in units of the spread between voters, and
adds a draw from N(0, 1): within the tolerance the images are Similar, else the better one is told.
The label is that of two voters or more; where the three differ there is none.

Latent quality is measured against the hidden clean photograph. In JOD a difference is .6745 times
itself in those units: 1 JOD is, by definition, told by three of four. For minus LPIPS the setting
`slope` is the same eye: .6745 times the JOD that a unit of LPIPS is worth on these images, which
every run measures anew and tells (`slope_by_jod`). The slope that the embedded data of FGResQ has,
2.73, is not it: that one was fitted to people who judged pairs of restored images, and holds the
error of LPIPS beside theirs; here LPIPS is what they see.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from fgresq.comparisons import BETTER, LABELS, SIMILAR, WORSE
from fgresq.mini.degradations import generator
from fgresq.sources.diffiqa import ANNOTATORS, majority

PER_JOD = 0.6744897502  # normal quantile of .75


def draw_of(seed: int, image: str, reference: str, voter: str) -> float:
    """Give the draw of one voter for one image and reference: of names and the seed alone."""
    return float(generator(seed, f"voter {voter} of {reference}", image).standard_normal())


def vote(z: float, tolerance: float) -> str:
    """Give what a voter says of an image whose difference to its reference looks like z."""
    if abs(z) <= tolerance:
        return SIMILAR
    return BETTER if z > 0 else WORSE


def judged(compared: pd.DataFrame, gain: pd.Series, seed: int, tolerance: float) -> pd.DataFrame:
    """Let three voters judge images against references.

    Args:
        compared: image, reference.
        gain: quality of the image less that of the reference, in spreads of a voter; by row.
        seed: of the voters' draws.
        tolerance: below which a voter sees no difference.

    Returns:
        The rows with a vote of each of ANNOTATORS, and the label; empty where there is none.
    """
    names = list(zip(compared["image"], compared["reference"], strict=True))
    votes = {
        voter: [
            vote(z + draw_of(seed, image, reference, voter), tolerance)
            for (image, reference), z in zip(names, gain, strict=True)
        ]
        for voter in ANNOTATORS
    }
    labels = [majority(said) for said in zip(*votes.values(), strict=True)]
    return compared.assign(**votes, label=labels)


def shares(table: pd.DataFrame) -> dict[str, Any]:
    """Give the shares of votes and of labels of each kind, 0 to 1, and who has no majority.

    Args:
        table: as `judged` gives it; shares of labels are of all images.
    """
    votes = table[list(ANNOTATORS)].to_numpy()
    return {
        "judged": len(table),
        "votes": {name: float(np.mean(votes == name)) for name in LABELS},
        "labels": {name: float(table["label"].eq(name).mean()) for name in LABELS},
        "without_majority": int(table["label"].eq("").sum()),
    }
