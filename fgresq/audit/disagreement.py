"""Cells in which ACC and SRCC of the same method and task say opposite things."""

from __future__ import annotations

import numpy as np

from fgresq.audit.averages import AVERAGE, wide
from fgresq.audit.finding import INFERRED, TABLE3, Answer, Material, finding
from fgresq.audit.printed import CannotTell

CHANCE = 0.5
CLEAR = 0.4  # an SRCC that nobody calls none


@finding(
    "ACC against SRCC",
    "Some methods order the images of a task well and its pairs worse than a coin.",
    "Do not rank methods by ACC alone: in such a cell the two numbers are of different things, "
    "or pairs that were judged equal count as wrong.",
    TABLE3,
)
def disagreement(material: Material) -> Answer:
    """List the cells of Table 3 with an ACC under chance and a clear SRCC."""
    cells = wide(material.printed).drop(columns=AVERAGE).stack().unstack("stat").dropna()
    if cells.empty:
        raise CannotTell("no cell of Table 3 has both SRCC and ACC")
    ranks = cells.groupby(level=1).rank(ascending=False, method="min").astype(int)
    size = cells.groupby(level=1)["ACC"].transform("size")
    odd = cells["ACC"].lt(CHANCE) & cells["SRCC"].ge(CLEAR)
    frame = cells[["SRCC", "ACC"]].assign(
        **{
            # of two normal variables with this rank correlation, as if pairs were drawn at random
            "ACC expected of random pairs": 0.5
            + np.arcsin(2 * np.sin(np.pi / 6 * cells["SRCC"])) / np.pi,
            "rank by SRCC": ranks["SRCC"],
            "rank by ACC": ranks["ACC"],
            "methods": size,
        }
    )
    frame = frame[odd].sort_values("ACC", kind="stable")
    frame = frame.rename_axis(["method", "task"]).rename_axis(columns=None).reset_index()
    said = [
        f"{r['method']} on {r['task']} {r['SRCC']:.3f} and {r['ACC']:.3f}"
        for r in frame.to_dict("records")
    ]
    found = f"{len(frame)} of {len(cells)} cells have an SRCC of {CLEAR} or more and an ACC under "
    found += f"{CHANCE}" + (f": {'; '.join(said)}." if said else ".")
    because = "The cells are printed; why they differ is not: the paper states no rule for ties "
    because += "and pairs judged equal, and fine pairs are harder than pairs drawn at random."
    return Answer(bool(len(frame)), found, frame, INFERRED, because)
