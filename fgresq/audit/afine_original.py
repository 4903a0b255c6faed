"""SRIQA-Bench compares the original with what was restored from it: read from its percentages."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fgresq.audit.afine_tables import BENCH, HALF, REGRESSION, SRIQA, printed_table
from fgresq.audit.finding import CERTAIN, LIKELY, Answer, Material, finding
from fgresq.audit.printed import CannotTell

CONTENTS = 100  # of SRIQA-Bench
ALONE, WITH = CONTENTS, 3 * CONTENTS  # pairs of two restorers, and of these with the original
PRINTED = "printed"
FAVOURED = 0.75  # share of pairs that the original wins, from which identity alone pays
SETS = "results/data/{preset}/"


@finding(
    "The Original is among what is compared",
    "The accuracies on regression-based methods are of three pairs a content, two of them with the "
    "Original, and not of the one pair of both methods.",
    "A metric whose best value is that of identical images has two of three pairs nearly for "
    "nothing: ask for the accuracy without the Original.",
    BENCH,
)
def afine_original(material: Material) -> Answer:
    """Tell which printed percentages are a number of right answers of 100, and of 300."""
    cells = printed_table(material, SRIQA, REGRESSION)
    values = cells[REGRESSION].to_numpy()
    frame = pd.DataFrame(
        {
            "method": cells.index,
            PRINTED: values,
            f"of {ALONE}": [told(value, ALONE) for value in values],
            f"of {WITH}": [told(value, WITH) for value in values],
        }
    )
    alone, both = (np.array([near(v, n) for v in values]) for n in (ALONE, WITH))
    found = f"{both.sum()} of {len(values)} are a whole number of {WITH} answers, {alone.sum()} of "
    found += f"{ALONE}."
    because = (
        "Of accuracies over another number of pairs three in ten would fit 300 by chance, and "
    )
    because += "of those over 300 a third fits 100 as well."
    return Answer(bool(both.all() and not alone.all()), found, frame, CERTAIN, because)


def near(value: float, pairs: int) -> bool:
    """Tell whether a percentage, printed to a tenth, is a number of right answers of `pairs`."""
    return abs(round(value * pairs / 100) * 100 / pairs - value) <= HALF + 1e-9


def told(value: float, pairs: int) -> str:
    """Give the number of right answers, or say that there is none."""
    return f"{round(value * pairs / 100)}/{pairs}" if near(value, pairs) else "no number"


@finding(
    "What the Original gives for nothing",
    "People prefer the Original in at least three of four of its pairs.",
    "In those pairs a metric is right that knows the reference and nothing else.",
    SETS,
)
def afine_free_wins(material: Material) -> Answer:
    """Count the pairs with the Original that it wins by MOS, where SRIQA-Bench is placed."""
    wins = material.original_wins
    if not wins:
        raise CannotTell(
            "SRIQA-Bench is not here, and its terms forbid that its MOS are; place it in "
            "data/raw/sriqa_bench and run `make afine-sriqa`"
        )
    frame = pd.DataFrame(
        [(name, own["wins"], own["pairs"]) for name, own in wins.items()],
        columns=["set", "the Original wins", "of its pairs"],
    )
    frame["share"] = frame["the Original wins"] / frame["of its pairs"]
    said = ", ".join(f"{r[1]} of {r[2]} ({r[0]})" for r in frame.itertuples(index=False, name=None))
    holds = bool((frame["share"] >= FAVOURED).all())
    because = "By the order of MOS, which people's votes gave."
    return Answer(holds, f"It wins {said}.", frame, LIKELY, because)
