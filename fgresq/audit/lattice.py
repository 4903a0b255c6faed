"""How many images an interval held, read from its correlations.

SRCC of n images without ties is 1 - 6 D / (n (n^2 - 1)) with D, the sum of squared differences of
ranks, an even number: of three images it is one of 1, 0.5, -0.5 and -1. Where all methods print
such numbers, the interval holds n images.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
from scipy import stats

from fgresq.analysis.intervals import OVERALL
from fgresq.audit.copies import INTERVAL_TABLES
from fgresq.audit.finding import LABELS, LIKELY, TABLE5_17, Answer, Material, finding
from fgresq.audit.printed import CannotTell, Printed, ordered

SIZES = range(2, 26)  # above, nearly every thousandth lies on the lattice
GRID = 2001  # thousandths from -1 to 1
TIED = 0.1  # share of methods expected off the lattice: ties, or another set of images
TELLING = float(np.log(1000))  # log-likelihood ratio over a large interval
SHARE = 0.2  # test side of an 8:2 split


@finding(
    "Intervals of few images",
    "Some intervals hold so few images that their SRCC values betray the number.",
    "An SRCC over so few images is an accident: leave these intervals out of any conclusion.",
    TABLE5_17,
    f"{LABELS}counts.csv",
)
def few_images(material: Material) -> Answer:
    """Find the number of images that explains the SRCC of an interval best."""
    frame = sizes(material)
    least = [f"{r['data set']} {r['interval']} {r['images']}" for r in frame.to_dict("records")]
    total = interval_rows(material.printed).groupby(["dataset_or_task", "bin"]).ngroups
    found = f"{len(frame)} of {total} intervals betray their number"
    found += f": {', '.join(least)}." if least else "."
    because = "Likelihood ratio over 1,000 against a large interval; a tie moves a value off."
    return Answer(bool(len(frame)), found, frame, LIKELY, because)


@finding(
    "Correlations of exactly one",
    "Most of the printed correlations of exactly one lie in intervals of two images.",
    "A correlation of two images is always 1 or -1: these cells say nothing of a method.",
    TABLE5_17,
)
def perfect(material: Material) -> Answer:
    """Count the SRCC of 1 and -1 by the size of their interval."""
    rows = interval_rows(material.printed)
    ones = rows[rows["number"].abs().eq(1)]
    if ones.empty:
        raise CannotTell("no SRCC of 1 or -1 is printed inside an interval")
    ones = ones.groupby(["dataset_or_task", "bin"], sort=False).size().reset_index(name="cells")
    ones.columns = ["data set", "interval", "cells of 1 or -1"]
    known = sizes(material)[["data set", "interval", "images"]]
    frame = ones.merge(known, how="left", on=["data set", "interval"])
    two, cells = frame["images"].eq(2), frame["cells of 1 or -1"]
    found = f"{cells[two].sum()} of {cells.sum()} cells of 1 or -1 lie in intervals of two images."
    holds = bool(cells[two].sum() > cells.sum() / 2)
    return Answer(holds, found, frame, LIKELY, "The number of images is read from the lattice.")


@finding(
    "Tables of a fifth of a data set",
    "Some interval tables were computed on about a fifth of their data set.",
    "Their intervals hold a fifth of the images that the data set has, and their values scatter "
    "more than twice as widely as the full set would let them.",
    TABLE5_17,
    f"{LABELS}counts.csv",
)
def parts_used(material: Material) -> Answer:
    """Compare the number of images of an interval with that of the whole data set."""
    frame = sizes(material)
    frame = frame[frame["of the whole set"].notna()]
    if frame.empty:
        raise CannotTell("no interval whose number is known from its SRCC has known labels")
    whole = frame["of the whole set"].astype(int)
    size = (whole * SHARE).round().astype(int)
    low, high = (stats.binom.ppf(q, whole, SHARE).astype(int) for q in (0.025, 0.975))
    frame = frame[["data set", "interval", "images", "of the whole set"]].assign(
        **{"a fifth": size, "95 % from": low, "to": high}
    )
    fits = frame["images"].between(frame["95 % from"], frame["to"]) & frame["images"].lt(whole)
    names = ordered(frame.loc[fits, "data set"])
    found = f"{fits.sum()} of {len(frame)} such intervals with known labels hold a fifth of their "
    found += f"images: {', '.join(names)}." if names else "images."
    because = "Two independent counts agree; one or two intervals a data set were readable."
    return Answer(bool(fits.any()), found, frame, LIKELY, because)


def interval_rows(printed: Printed) -> pd.DataFrame:
    """Give the SRCC inside intervals, of Tables 5 to 17."""
    rows = printed.table(*INTERVAL_TABLES)
    return rows[rows["stat"].eq("SRCC") & rows["bin"].ne(OVERALL)]


def sizes(material: Material) -> pd.DataFrame:
    """Give the intervals whose number of images is known from their SRCC.

    Returns:
        data set, interval, images, methods on the lattice, methods, log-likelihood ratio against a
        large interval, the next best number and its ratio, and the images of the whole data set
        (NaN where labels are unknown).
    """
    found = []
    for (dataset, name), own in interval_rows(material.printed).groupby(
        ["dataset_or_task", "bin"], sort=False
    ):
        ratios, on = evidence_for(own["number"].to_numpy())
        best, second = np.argsort(-ratios, kind="stable")[:2]
        if ratios[best] < TELLING:
            continue
        whole = material.counted(str(dataset)).get(str(name), np.nan)
        found.append(
            (dataset, name, SIZES[best], int(on[best]), len(own), ratios[best])
            + (SIZES[second], ratios[second], whole)
        )
    names = ["data set", "interval", "images", "on the lattice", "methods", "log-likelihood ratio"]
    return pd.DataFrame(found, columns=[*names, "next best", "its ratio", "of the whole set"])


def evidence_for(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weigh each of `SIZES` as the number of images behind SRCC values (m,).

    Returns:
        For each size the log-likelihood ratio against a large number, and how many values lie on
        its lattice.
    """
    places = np.rint(values * 1000).astype(int) + 1000
    on = lattices()[:, places]
    density = (1 - TIED) * on / lattices().sum(axis=1, keepdims=True) + TIED / GRID
    return np.log(density * GRID).sum(axis=1), on.sum(axis=1)


@cache
def lattices() -> np.ndarray:
    """Tell which thousandths SRCC can be, rounded, for each of `SIZES`: (sizes, 2001) bool."""
    grid = np.zeros((len(SIZES), GRID), dtype=bool)
    for row, n in enumerate(SIZES):
        cubic = n * (n * n - 1)
        sums = np.arange(0, cubic // 3 + 1, 2)  # n (n^2 - 1) / 3 is the largest
        sums = sums[(n != 3) | (sums != 4)]  # the one even sum that no order gives
        grid[row, np.rint(1000 * (1 - 6 * sums / cubic)).astype(int) + 1000] = True
    return grid
