"""Count how preferences follow score differences (Fig. 4 of the paper).

Pairs with a known share of votes are counted in cells of score difference (width 0.02) and share
of votes for A (width 0.05). `inconsistent` is 1 where the preference points the other way than
the score difference; pairs judged equal are never inconsistent. Pairs whose preference was
derived from scores carry no votes and are left out.
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd

from fgresq.analysis.inputs import PREFERENCE_COLUMNS, write_rounded
from fgresq.tables import read_pairs

DIFFERENCE_WIDTH, FRACTION_WIDTH = 0.02, 0.05
DIRECTION = {"A": 1, "B": -1, "equal": 0}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    parser.add_argument("--pairs", required=True, help="pair table")
    parser.add_argument("--out", required=True, help="table to write")


def count_cells(pairs: pd.DataFrame) -> pd.DataFrame:
    """Count pairs with votes in cells: columns of PREFERENCE_COLUMNS, in order of the cells."""
    pairs = pairs[pairs["fraction_a"].notna()]
    liked = pairs["preference"].map(DIRECTION).astype(int)
    cells = pairs[["source", "task"]].assign(
        difference=to_grid(pairs["score_difference"], DIFFERENCE_WIDTH),
        fraction_a=to_grid(pairs["fraction_a"], FRACTION_WIDTH),
        inconsistent=(liked * np.sign(pairs["score_difference"]) < 0).astype(int),
    )
    keys = [name for name in PREFERENCE_COLUMNS if name != "count"]
    return cells.groupby(keys).size().rename("count").reset_index()


def to_grid(values: pd.Series, width: float) -> pd.Series:
    """Move each value to the nearest multiple of `width`."""
    return (values / width).round() * width


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    cells = count_cells(read_pairs(args.pairs))
    write_rounded(args.out, cells.to_dict("records"), PREFERENCE_COLUMNS)
