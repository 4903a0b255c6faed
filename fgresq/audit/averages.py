"""The averages of Table 3: what they are means of, and over which tasks."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fgresq.audit.finding import CERTAIN, FIGURE2, TABLE3, Answer, Material, finding
from fgresq.audit.printed import OWN, TASK_NAMES, CannotTell, Printed, ordered

STATS = ("SRCC", "PLCC", "ACC")
WEIGHTS = {"ACC": "n_pairs"}  # what a statistic is weighted by; the others by n_images
AVERAGE = TASK_NAMES["Average"]
TEST_SHARE = 0.2  # of the pairs, in the paper's 8:2 split
ROUNDING = 0.001  # half a unit of the last digit in the average, and as much in the mean of cells


@finding(
    "What Table 3's averages are",
    "Each average of Table 3 is the mean of the cells printed in its row.",
    "Averages compare methods of the same tasks only; every task counts alike, the "
    "one with fewest test pairs as much as the one with most.",
    TABLE3,
    FIGURE2,
)
def averages(material: Material) -> Answer:
    """Compare each printed average with the mean of its row, plain and weighted by counts.

    Correlations are weighted by the images of a task, ACC by its pairs.
    """
    cells = wide(material.printed)
    tasks = [name for name in cells.columns if name != AVERAGE]
    counts = counts_of(material.printed).reindex(tasks)
    counted = cells.index.get_level_values("stat").map(lambda s: WEIGHTS.get(s, "n_images"))
    weights = counts[counted].T.set_axis(cells.index) * cells[tasks].notna()
    frame = pd.DataFrame(
        {
            "tasks": cells[tasks].notna().sum(axis=1),
            "printed average": cells[AVERAGE],
            "mean of its row": cells[tasks].mean(axis=1),
            "difference": cells[AVERAGE] - cells[tasks].mean(axis=1),
            "mean weighted by count": (cells[tasks] * weights).sum(axis=1) / weights.sum(axis=1),
        }
    )
    frame = frame[frame["printed average"].notna()]
    if frame.empty:
        raise CannotTell("Table 3 prints no averages")
    within = frame["difference"].abs() <= ROUNDING + 1e-9
    found = f"{within.sum()} of {len(frame)} averages are the mean of their row within rounding"
    found += f"; the largest difference is {frame['difference'].abs().max():.4f}."
    return Answer(
        bool(within.all()), found, frame.reset_index(), CERTAIN, "Arithmetic on printed cells."
    )


@finding(
    "Averages over unequal tasks",
    "The averages of full-reference and no-reference methods in Table 3 are over different tasks.",
    "Do not compare a full-reference average with a no-reference one as printed: read the columns "
    "over equal tasks.",
    TABLE3,
)
def equal_tasks(material: Material) -> Answer:
    """Average all methods over the tasks that all of them have."""
    cells = wide(material.printed).dropna(how="all")
    names = [name for name in cells.columns if name != AVERAGE]
    has = cells[names].notna()
    common = [name for name in names if has[name].all()]
    if not common:
        raise CannotTell("no task of Table 3 has a number for every method")
    table = pd.DataFrame({"printed": cells[AVERAGE], "equal": cells[common].mean(axis=1)})
    table = table.unstack("stat").reindex(
        columns=pd.MultiIndex.from_product([["printed", "equal"], STATS])
    )
    frame = pd.DataFrame({"tasks": has.groupby("method", sort=False).max().sum(axis=1)})
    for stat in STATS:
        frame[f"{stat} printed"] = table["printed", stat]
        frame[f"{stat} over {len(common)} tasks"] = table["equal", stat]
    counts = ordered(frame["tasks"].astype(str))
    found = (
        f"Averages are over {' or '.join(counts)} tasks; every method has {len(common)} of them."
    )
    if OWN in frame.index:
        own = frame.loc[OWN, [f"{stat} over {len(common)} tasks" for stat in STATS]]
        values = ", ".join(f"{s} {value:.3f}" for s, value in zip(STATS, own, strict=True))
        found += f" Over these {OWN} has {values}."
    unequal = bool(has.nunique(axis=0).gt(1).any())
    return Answer(unequal, found, frame.reset_index(), CERTAIN, "Arithmetic on printed cells.")


def wide(printed: Printed, *tables: str) -> pd.DataFrame:
    """Lay out Table 3: a row a method and each of `STATS`, a column a task and the average.

    Raises:
        CannotTell: there is none.
    """
    rows = printed.table(*(tables or ("table3",)))
    cells = rows.pivot(index=["method", "stat"], columns="dataset_or_task", values="number")
    order = pd.MultiIndex.from_product([ordered(rows["method"]), STATS], names=["method", "stat"])
    cells = cells.rename(columns=TASK_NAMES)
    places = [TASK_NAMES.get(name, name) for name in ordered(rows["dataset_or_task"])]
    cells = cells.reindex(order)
    return cells.reindex(columns=[*(p for p in places if p != AVERAGE), AVERAGE])


def counts_of(printed: Printed) -> pd.DataFrame:
    """Count what Figure 2 counts: a row a task with both counts, columns n_images and n_pairs.

    Raises:
        CannotTell: Figure 2's numbers are missing.
    """
    rows = printed.table("fig2")
    counts = rows.pivot(index="dataset_or_task", columns="stat", values="number")
    counts = counts.reindex(ordered(rows["dataset_or_task"]), columns=["n_images", "n_pairs"])
    counts = counts.dropna().rename(TASK_NAMES)
    if counts.empty:
        raise CannotTell("Figure 2 counts no task's images and pairs")
    return counts


def tested_pairs(printed: Printed) -> pd.Series:
    """Count the test pairs of each task: a fifth of Figure 2's.

    Raises:
        CannotTell: Figure 2's numbers are missing.
    """
    return np.rint(counts_of(printed)["n_pairs"] * TEST_SHARE)
