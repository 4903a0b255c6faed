"""Pooled correlation beside that inside groups, by source and task.

Scores that were made inside groups, such as Elo ranks within one reference or Bradley-Terry values
of one scene, share no scale over groups: what is pooled over them then says little. The catalogue
names such sources (`pooled` of an entry); the correlation inside groups stands beside.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from fgresq.analysis import correlation as c
from fgresq.analysis.bootstrap import Measure
from fgresq.analysis.inputs import Inputs
from fgresq.analysis.performance import inside_groups
from fgresq.tables import TASKS


def pooled_and_within(inputs: Inputs) -> list[dict[str, Any]]:
    """Measure both correlations of every method, source and task; rows of WITHIN."""
    rows = []
    images = inputs.images[inputs.images["task"].isin(TASKS) & inputs.images["score"].notna()]
    for method in inputs.methods:
        valued = images.assign(value=images["image"].map(inputs.values(method, "family")))
        valued = valued.dropna(subset=["value"])
        for (source, task), own in valued.groupby(["source", "task"]):
            rows.append({"source": source, "task": task, "method": method, **both(inputs, own)})
    return rows


def both(inputs: Inputs, images: pd.DataFrame) -> dict[str, Any]:
    """Measure both correlations over images with `value`, `score` and `cluster`."""
    weights = inputs.draws.weights
    x, y, own = (images[name].to_numpy() for name in ("value", "score", "cluster"))
    families = frozenset(own.tolist())
    pooled = Measure(c.srcc(x, y), c.weighted_srcc(x, y, weights, own), len(x), families)
    within = inside_groups(images, weights)
    ends = dict(zip(("pooled_low", "pooled_high"), pooled.interval(), strict=True))
    ends |= dict(zip(("within_low", "within_high"), within.interval(), strict=True))
    counts = {"n": len(x), "groups": within.n, "families": len(families)}
    return {"pooled": pooled.value, "within": within.value, **ends, **counts}
