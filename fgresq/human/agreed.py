"""How far values agree with what people said of one set: pairs, groups, or the set as a whole."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fgresq.analysis.accuracy import correct
from fgresq.analysis.correlation import srcc, srcc_inside
from fgresq.tables import PHOTOGRAPH

TIES = "half"


def agreement(images: pd.DataFrame, pairs: pd.DataFrame, values: pd.Series) -> dict[str, float]:
    """Measure values on a set.

    Args:
        images: its image table.
        pairs: its pairs.
        values: by image, higher better.

    Returns:
        acc, the share of decided pairs in which the liked image has the higher value; srcc_groups,
        mean Spearman correlation inside groups, of restored images; srcc, of photographs inside the
        set. What there is nothing of is left out.
    """
    found: dict[str, float] = {}
    decided = pairs[pairs["preference"].ne("equal")]
    if len(decided):
        gap = decided["image_a"].map(values) - decided["image_b"].map(values)
        found["acc"] = float(correct(gap.to_numpy(), decided["preference"].to_numpy(), TIES).mean())
    said = images["image"].map(values).to_numpy(dtype=float)
    true = images["score"].to_numpy(dtype=float)
    if images["task"].eq(PHOTOGRAPH).all():
        return {**found, "srcc": float(srcc(said, true))}
    groups = (images["task"] + "/" + images["group"]).to_numpy()
    inside = [value for value in srcc_inside(said, true, groups).values() if np.isfinite(value)]
    return {**found, "srcc_groups": float(np.mean(inside))} if inside else found
