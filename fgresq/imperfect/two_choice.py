"""Accuracy of two choices (2AFC) on triplets, as A-FINE's authors count it, with intervals.

A method is right on a triplet if it orders two images as the label does. A tie in score agrees with
the label "alike" alone, and unlike scores never do. The scenarios say how image A stands to the
reference; in three of the five types behind the last two, A and B are both test images. The types
SSY and SYY are not tested: nothing says how near two scores must be to mean "similar".

  standard          triplets whose reference is perfect
  ref_below_test    PSY, PNY, PYY: image A is better than the reference
  ref_above_test    SNY, NYY: image B, or the reference, is the better one
  imperfect         the last two by triplets: the larger one weighs more
  imperfect_plain   their plain mean
  all               plain mean of `standard` and `imperfect`, as the authors print it
  all_plain         plain mean of `standard_plain` and `imperfect_plain`

`standard` is by triplets too: where there are several standard sets the larger one weighs more,
each has a row `standard: SET`, and `standard_plain` is their plain mean.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from fgresq.analysis.accuracy import weighted_mean
from fgresq.analysis.bootstrap import Draws, Measure, average
from fgresq.comparisons import ALIKE, STANDARD

BELOW, ABOVE = "ref_below_test", "ref_above_test"
IMPERFECT, ALL, PLAIN = "imperfect", "all", "_plain"
TYPES_OF = {STANDARD: (STANDARD,), BELOW: ("PSY", "PNY", "PYY"), ABOVE: ("SNY", "NYY")}
SCENARIOS = (
    *(STANDARD, BELOW, ABOVE, IMPERFECT, ALL),
    *(STANDARD + PLAIN, IMPERFECT + PLAIN, ALL + PLAIN),
)
TITLES = {
    STANDARD: "Standard",
    BELOW: "Ref < Test",
    ABOVE: "Ref > Test",
    IMPERFECT: "imperfect references, by triplets",
    ALL: "average of standard and imperfect",
    STANDARD + PLAIN: "Standard, plain mean of sets",
    IMPERFECT + PLAIN: "imperfect references, plain mean",
    ALL + PLAIN: "average of plain means",
}
NONE = "no triplet has both values"


def agreement(a: np.ndarray, b: np.ndarray, label: np.ndarray, higher_better: bool) -> np.ndarray:
    """Say for each triplet whether a method agrees with its label.

    Args:
        a, b: (n,) scores of image A and image B; NaN for no value.
        label: (n,) 1 where A is better, 0 where B is, 0.5 where they are alike.
        higher_better: direction of the scores.

    Returns:
        (n,) 1.0 where it agrees, 0.0 where not, NaN where a value is missing.
    """
    ahead = np.sign(a - b) if higher_better else np.sign(b - a)
    right = (ahead == np.sign(label - ALIKE)).astype(float)
    return np.where(np.isfinite(a) & np.isfinite(b), right, np.nan)


def family_names(table: pd.DataFrame) -> pd.Series:
    """Name the family of each row, families of one name in two sources apart."""
    return table["source"] + "/" + table["family"]


def share(values: np.ndarray, clusters: np.ndarray, draws: Draws) -> Measure:
    """Measure the mean of values (n,), those that are NaN left out, over families (n,) drawn."""
    there = np.isfinite(values)
    if not there.any():
        return Measure(np.nan, np.full(len(draws.weights), np.nan), 0, frozenset(), NONE)
    own, whose = values[there], clusters[there]
    replicates = weighted_mean(own, draws.weights, whose)
    return Measure(float(own.mean()), replicates, len(own), frozenset(whose.tolist()))


def plain_mean(parts: Sequence[Measure], draws: Draws) -> Measure:
    """Give the mean of measures, draw by draw; none where one of them has no value."""
    lacking = [part for part in parts if not np.isfinite(part.value)]
    if lacking or not parts:
        note = lacking[0].note if lacking else NONE
        return Measure(np.nan, np.full(len(draws.weights), np.nan), 0, frozenset(), note)
    return average(parts, len(draws.weights))


def measures(values: np.ndarray, triplets: pd.DataFrame, draws: Draws) -> dict[str, Measure]:
    """Measure what methods agree, or the difference of two, in every scenario.

    Args:
        values: (n,) of triplets, as `agreement` gives them, or differences of two such; NaN for
            none. A difference is so paired over the triplets that both have.
        triplets: of them: source, type, family.
        draws: of families, as `family_names` has them.

    Returns:
        By scenario, in the order of `SCENARIOS`; single standard sets behind the others.
    """
    clusters = draws.clusters(family_names(triplets))

    def of(rows: pd.Series) -> Measure:
        told = rows.to_numpy(bool)
        return share(values[told], clusters[told], draws)

    found = {name: of(triplets["type"].isin(types)) for name, types in TYPES_OF.items()}
    imperfect = triplets["type"].isin((*TYPES_OF[BELOW], *TYPES_OF[ABOVE]))
    found[IMPERFECT] = of(imperfect)
    standard = triplets["type"].eq(STANDARD)
    sets = sorted(set(triplets.loc[standard, "source"]))
    single = {name: of(standard & triplets["source"].eq(name)) for name in sets}
    found[STANDARD + PLAIN] = plain_mean(list(single.values()), draws)
    found[IMPERFECT + PLAIN] = plain_mean([found[BELOW], found[ABOVE]], draws)
    for end in ("", PLAIN):
        found[ALL + end] = plain_mean([found[STANDARD + end], found[IMPERFECT + end]], draws)
    more = single if len(single) > 1 else {}
    ordered = {name: found[name] for name in SCENARIOS}
    return ordered | {f"{STANDARD}: {name}": measure for name, measure in more.items()}
