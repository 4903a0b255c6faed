"""Which method over-rates which restorer: how often it prefers it, less how often observers do.

Of the decided pairs between a restorer and others of its task, the proportion in which the method
puts the restorer's image first (a tie counts half), less the proportion in which observers prefer
it. Above nought the method flatters the restorer. Intervals are of 95 %, over families; with many
restorers, some of a hundred intervals miss nought by chance.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from fgresq.analysis.judged import Judged


def sides_of(judged: Judged, images: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Name the restorers of A and of B of every pair, (n,) each; empty where none is known."""
    algorithm = images.set_index("image")["algorithm"]
    a, b = (judged.pairs[side].map(algorithm).to_numpy(str) for side in ("image_a", "image_b"))
    return a, b


def flattery(judged: Judged, images: pd.DataFrame) -> list[dict[str, Any]]:
    """Measure what every method does for every restorer; rows of RESTORERS."""
    a, b = sides_of(judged, images)
    liked = judged.pairs["preference"].eq("A").to_numpy()
    for_a = np.where(np.isfinite(judged.gaps), (np.sign(judged.gaps) + 1) / 2, np.nan)
    rows = []
    for task, own in judged.tasks.items():
        for restorer in sorted({*a[own], *b[own]} - {""}):
            left, right = own & (a == restorer), own & (b == restorer)
            meets, on_a = left ^ right, left  # two of its own images say nothing
            people = np.where(on_a, liked, ~liked).astype(float)
            for method, prefers_a in zip(judged.methods, for_a, strict=True):
                prefers = np.where(on_a, prefers_a, 1 - prefers_a)
                measure = judged.mean(prefers - people, meets)
                if not measure.n:
                    continue
                low, high = measure.interval()
                there = meets & np.isfinite(prefers)
                rows.append(
                    {
                        **{"task": task, "restorer": restorer, "method": method},
                        **{"prefers": prefers[there].mean(), "observers": people[there].mean()},
                        **{"difference": measure.value, "low": low, "high": high},
                        **{"n": measure.n, "families": len(measure.families)},
                    }
                )
    return rows
