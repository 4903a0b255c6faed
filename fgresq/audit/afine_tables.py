"""The tables that the authors of A-FINE print, a row a method and a column a set, in percent."""

from __future__ import annotations

import pandas as pd

from fgresq.audit.finding import PAPER, Material
from fgresq.audit.printed import CannotTell, ordered

MAIN, BENCH = PAPER + "afine_main_accuracy.csv", PAPER + "afine_sriqa_bench.csv"
TRAINING = PAPER + "afine_ablation_training.csv"
TABLE2, SRIQA, TABLE5 = "afine_table2_accuracy", "afine_sriqa_bench", "afine_table5_training_set"
SETS = ("TID2013", "KADID", "PIPAL")  # whose reference is perfect
STANDARD, BELOW, ABOVE = "Average(standard)", "DiffIQA Ref<Test", "DiffIQA Ref>Test"
DIFFIQA, ALL = "DiffIQA Average", "All Average"
REGRESSION, GENERATION, EVERY = "Regression-based", "Generation-based", "All"
COLUMNS = {  # of tables for readers
    BELOW: "Ref < Test",
    ABOVE: "Ref > Test",
    DIFFIQA: "DiffIQA",
    STANDARD: "standard",
    ALL: "all",
}
OWN = "A-FINE"
HALF = 0.05  # of the last digit printed: what rounding can move a number by
# A printed mean of printed cells: half a digit of the mean, and as much of the cells
ROUNDING = 2 * HALF + 1e-9


def printed_table(
    material: Material, table: str, *columns: str, by: str = "method"
) -> pd.DataFrame:
    """Lay out a table: a row a method (or what `by` names), whole rows of `columns` alone.

    Raises:
        CannotTell: no row has them all.
    """
    rows = material.afine.table(table)
    cells = rows.pivot(index=by, columns="dataset_or_task", values="number")
    cells = (
        cells.reindex(index=ordered(rows[by]), columns=list(columns))
        .dropna()
        .rename_axis(columns=None)
    )
    if cells.empty:
        raise CannotTell(f"{table} has no row with {', '.join(columns)}")
    return cells
