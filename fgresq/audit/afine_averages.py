"""The averages of A-FINE's Table 2: what they weigh, and which of them are none."""

from __future__ import annotations

import itertools

import pandas as pd

from fgresq.audit.afine_tables import (
    ABOVE,
    ALL,
    BELOW,
    COLUMNS,
    DIFFIQA,
    MAIN,
    ROUNDING,
    SETS,
    STANDARD,
    TABLE2,
    printed_table,
)
from fgresq.audit.finding import CERTAIN, LIKELY, Answer, Material, finding
from fgresq.audit.printed import CannotTell

# Test references of each set and triplets of a reference, as the released scripts draw them: of n
# distorted images and the reference, each meets round(log2(n + 1)) = 7 others.
TESTED = {"TID2013": 5 * 121 * 7, "KADID": 16 * 126 * 7, "PIPAL": 40 * 117 * 7}
PRINTED, OURS, GAP = "printed", "by triplets", "difference"


@finding(
    "What the average of the standard sets weighs",
    "The average over TID2013, KADID and PIPAL counts triplets, not sets.",
    "Read the three sets: PIPAL alone makes 64 % of the average, TID2013 8 %.",
    MAIN,
)
def afine_standard(material: Material) -> Answer:
    """Compare each printed average with the mean weighted by triplets, and with the plain mean."""
    cells = printed_table(material, TABLE2, *SETS, STANDARD)
    counts = pd.Series(TESTED)
    weights = counts / counts.sum()
    frame = pd.DataFrame({PRINTED: cells[STANDARD], OURS: cells[list(SETS)] @ weights})
    frame[GAP] = (frame[PRINTED] - frame[OURS]).round(2)
    frame["plain mean"] = cells[list(SETS)].mean(axis=1)
    fits = frame[GAP].abs() <= ROUNDING
    plain = (frame[PRINTED] - frame["plain mean"]).abs() <= ROUNDING
    said = ", ".join(f"{name} {share:.3f}" for name, share in weights.items())
    found = f"With the weights {said}, {fits.sum()} of {len(frame)} averages are met within "
    found += (
        f"rounding (at most {frame[GAP].abs().max():.2f} off); by the plain mean {plain.sum()}."
    )
    because = "Arithmetic on printed cells; the counts are those that the released scripts draw."
    holds = bool(fits.all() and not plain.all())
    return Answer(holds, found, frame.rename_axis("method").reset_index(), CERTAIN, because)


@finding(
    "Averages of DiffIQA that are none of their row",
    "Some averages of DiffIQA are not the weighting of Ref < Test and Ref > Test that the other "
    "rows have.",
    "Take the two scenarios of these rows, not their average.",
    MAIN,
)
def afine_diffiqa(material: Material) -> Answer:
    """Find the one weight that most rows agree on, and the rows that it does not reproduce."""
    cells = printed_table(material, TABLE2, BELOW, ABOVE, DIFFIQA)
    apart = cells[BELOW] - cells[ABOVE]
    implied = ((cells[DIFFIQA] - cells[ABOVE]) / apart).where(apart.abs() > 10).dropna()
    if implied.empty:
        raise CannotTell("no row has scenarios far enough apart to tell their weights")
    weight = round(float(implied.median()), 3)
    frame = cells.rename(columns=COLUMNS | {DIFFIQA: PRINTED})
    frame[OURS] = weight * cells[BELOW] + (1 - weight) * cells[ABOVE]
    frame[GAP] = (frame[PRINTED] - frame[OURS]).round(2)
    off = frame[GAP].abs() > ROUNDING
    found = f"Ref < Test weighs {weight:.3f}: {(~off).sum()} of {len(frame)} averages are met "
    found += f"within {ROUNDING:.1f}"
    said = [f"{name} {frame.loc[name, GAP]:+.2f}" for name in frame.index[off]]
    found += f"; not met: {', '.join(said) or 'none'}."
    because = "The number of triplets is not printed; the weight is the median of what rows imply."
    return Answer(
        bool(off.any()), found, frame.rename_axis("method").reset_index(), LIKELY, because
    )


@finding(
    "All Average",
    "All Average is the plain mean of the two averages in most rows, and not in all.",
    "DiffIQA counts in it as much as the three standard sets with their 51,107 triplets; recompute "
    "it before ranking by it.",
    MAIN,
)
def afine_all(material: Material) -> Answer:
    """Compare each printed overall average with the mean of both averages."""
    cells = printed_table(material, TABLE2, STANDARD, DIFFIQA, ALL)
    frame = cells.rename(columns=COLUMNS | {ALL: PRINTED})
    frame["plain mean"] = cells[[STANDARD, DIFFIQA]].mean(axis=1)
    frame[GAP] = (frame[PRINTED] - frame["plain mean"]).round(2)
    off = frame[GAP].abs() > ROUNDING
    said = [
        f"{name} prints {row[PRINTED]:.1f} for {row['plain mean']:.2f}"
        for name, row in frame[off].iterrows()
    ]
    found = f"{(~off).sum()} of {len(frame)} are the plain mean within rounding"
    found += f"; {', '.join(said)}." if said else "."
    holds = bool(off.any() and (~off).sum() > len(frame) / 2)
    frame = frame.rename_axis("method").reset_index()
    return Answer(holds, found, frame, CERTAIN, "Arithmetic on printed cells.")


@finding(
    "Cells printed twice",
    "Two methods have the same three accuracies on DiffIQA.",
    "Do not cite either as measured: one of the rows is likely a copy.",
    MAIN,
)
def afine_copies(material: Material) -> Answer:
    """Find methods whose DiffIQA cells are all equal, though they differ on the standard sets."""
    own = [BELOW, ABOVE, DIFFIQA]
    cells = printed_table(material, TABLE2, *own, *SETS)
    alike = [
        (a, b)
        for a, b in itertools.combinations(cells.index, 2)
        if cells.loc[a, own].eq(cells.loc[b, own]).all()
        and not cells.loc[a, list(SETS)].eq(cells.loc[b, list(SETS)]).all()
    ]
    names = list(dict.fromkeys(name for pair in alike for name in pair))
    said = "; ".join(f"{b} prints those of {a}" for a, b in alike)
    found = f"{said}; on the standard sets they differ." if said else "No two methods agree so."
    frame = cells.loc[names] if names else cells[own].head(3)
    frame = frame.rename(columns=COLUMNS).rename_axis("method").reset_index()
    because = "Equal to the last digit; methods as near could agree by chance in one cell, "
    because += "seldom in three."
    return Answer(bool(alike), found, frame, LIKELY, because)
