"""What A-FINE's tables say of A-FINE: where it is not the best, and what its training data cost."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fgresq.audit.afine_tables import (
    ABOVE,
    ALL,
    BELOW,
    BENCH,
    COLUMNS,
    DIFFIQA,
    EVERY,
    GENERATION,
    MAIN,
    OWN,
    REGRESSION,
    SETS,
    SRIQA,
    STANDARD,
    TABLE2,
    TABLE5,
    TRAINING,
    printed_table,
)
from fgresq.audit.finding import CERTAIN, Answer, Material, finding
from fgresq.audit.printed import CannotTell

AMONG = {REGRESSION: 300, GENERATION: 3600, EVERY: 5500}  # pairs, with the Original
TAUGHT = "Combined"  # training set of what has seen DiffIQA
COIN = 50.0  # percent


@finding(
    "Where A-FINE is not the best",
    "A-FINE is not the most accurate method in every column: not on the standard sets, not on "
    "Ref < Test, not on regression-based methods.",
    "Choose by the column that is your case; where references are perfect, or restorers are "
    "trained for fidelity, others did better.",
    MAIN,
    BENCH,
)
def afine_leads(material: Material) -> Answer:
    """Find the best method of each column of both tables, and what it has over A-FINE."""
    main = printed_table(material, TABLE2, *SETS, STANDARD, BELOW, ABOVE, DIFFIQA, ALL)
    columns = {COLUMNS.get(name, name): main[name] for name in main}
    bench = printed_table(material, SRIQA, *AMONG)
    columns |= {f"SRIQA {name}": bench[name] for name in bench}
    if OWN not in main.index or OWN not in bench.index:
        raise CannotTell(f"there is no row of {OWN}")
    frame = pd.DataFrame([lead_of(name, values) for name, values in columns.items()])
    behind = frame[frame["lead"] < 0]
    said = ", ".join(
        f"{r[0]} ({r[1]} {r[2]:.1f}, {OWN} {r[3]:.1f})"
        for r in behind.itertuples(index=False, name=None)
    )
    found = f"It leads in {(frame['lead'] > 0).sum()} of {len(frame)} columns"
    found += f"; behind on {said}." if said else "."
    because = "Printed numbers; the standard error is that of as many independent pairs."
    return Answer(bool(len(behind)), found, frame, CERTAIN, because)


def lead_of(column: str, values: pd.Series) -> dict[str, object]:
    """Compare A-FINE with the best other method of a column; its standard error in percent."""
    own, others = float(values[OWN]), values.drop(OWN)
    pairs = AMONG.get(column.removeprefix("SRIQA "), np.nan)
    return {
        "column": column,
        "best other": others.idxmax(),
        "it has": others.max(),
        OWN: own,
        "lead": round(own - others.max(), 1),
        "standard error": 100 * np.sqrt(own / 100 * (1 - own / 100) / pairs),
    }


@finding(
    "Similarity below a coin",
    "Every method that was not trained on DiffIQA is right in less than half of the triplets whose "
    "test image is better than the reference.",
    "Read Ref < Test and Ref > Test both: an average of the two hides that such a method measures "
    "nearness to the reference.",
    MAIN,
)
def afine_scenarios(material: Material) -> Answer:
    """Lay both scenarios of the methods that saw no DiffIQA side by side."""
    cells = printed_table(material, TABLE2, BELOW, ABOVE)
    rows = material.afine.table(TABLE2).drop_duplicates("method").set_index("method")
    frame = cells.rename(columns=COLUMNS)
    frame.insert(0, "trained on", rows["bin"].reindex(frame.index))
    untaught = frame[frame["trained on"].ne(TAUGHT)]
    if untaught.empty:
        raise CannotTell("every method was trained on DiffIQA")
    below, above = untaught[COLUMNS[BELOW]], untaught[COLUMNS[ABOVE]]
    found = f"{len(untaught)} such methods have {below.min():.1f} to {below.max():.1f} % on "
    found += f"Ref < Test and {above.min():.1f} to {above.max():.1f} % on Ref > Test."
    frame = frame.rename_axis("method").reset_index()
    return Answer(bool((below < COIN).all()), found, frame, CERTAIN, "Printed numbers.")


@finding(
    "What training on DiffIQA costs",
    "With DiffIQA among its training sets, A-FINE loses accuracy on regression-based methods and "
    "on the standard sets.",
    "If your references are good, the training set Standard did better in the authors' own table.",
    TRAINING,
)
def afine_training(material: Material) -> Answer:
    """Compare A-FINE taught by all sets with A-FINE taught by the standard sets alone."""
    names = ["Standard", "DiffIQA", "SRIQA Reg.", "SRIQA Gen.", "SRIQA All"]
    cells = printed_table(material, TABLE5, *names, by="bin")
    if not {"Standard", TAUGHT} <= set(cells.index):
        raise CannotTell("Table 5 lacks one of the training sets Standard and Combined")
    frame = cells.T
    frame["difference"] = (frame[TAUGHT] - frame["Standard"]).round(1)
    gains = frame["difference"]
    said = ", ".join(f"{name} {gap:+.1f}" for name, gap in gains.items())
    found = f"Combined over Standard: {said}."
    holds = bool(gains["SRIQA Reg."] < 0 and gains["Standard"] < 0)
    frame = frame.rename_axis("tested on").reset_index()
    return Answer(holds, found, frame, CERTAIN, "Printed numbers, of one model each.")
