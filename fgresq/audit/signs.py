"""Data sets whose scores seem to run the other way in some rows of their table."""

from __future__ import annotations

from typing import Any

import pandas as pd

from fgresq.analysis.intervals import OVERALL
from fgresq.audit.copies import INTERVAL_TABLES
from fgresq.audit.finding import INFERRED, TABLE5_17, Answer, Material, finding
from fgresq.audit.printed import CannotTell, Printed
from fgresq.catalogues import catalogue

CLEAR = 0.3  # a correlation that is no noise on hundreds of images


@finding(
    "Signs that run the other way",
    "In one interval table full-reference methods run against the scores, and most of the "
    "learned ones with them.",
    "Do not read such a table as full-reference methods failing: where raw scores are better when "
    "lower, they were probably not turned before they were correlated.",
    TABLE5_17,
)
def signs(material: Material) -> Answer:
    """Compare the signs of overall SRCC of full-reference and no-reference methods by table."""
    rows = overall_srcc(material.printed)
    kinds = {
        f"{kind} {name}": own.groupby("dataset_or_task", sort=False)["number"]
        for kind, name in (("FR", "full-reference"), ("NR", "no-reference"))
        for own in [rows[rows["type"].eq(kind)]]
    }
    frame = pd.DataFrame(index=pd.Index(rows["dataset_or_task"].unique(), name="data set"))
    for kind, values in kinds.items():
        short = kind[:2]
        frame[f"{short} median SRCC"] = values.median()
        frame[f"{short} lowest"] = values.min()
        frame[f"{short} highest"] = values.max()
    known = {e["paper_table"]: e.get("direction") for e in entries() if "paper_table" in e}
    frame["raw scores better when"] = [known.get(name) or "unknown" for name in frame.index]
    against = frame["FR highest"].lt(-CLEAR) & frame["NR median SRCC"].gt(CLEAR)
    said = [
        f"On {name} full-reference methods have {row['FR lowest']:+.3f} to "
        f"{row['FR highest']:+.3f}, no-reference ones up to {row['NR highest']:+.3f}."
        for name, row in frame[against].iterrows()
    ]
    found = " ".join(said) or "No table has its full-reference methods against its scores."
    because = "The signs are printed; that scores were not turned is inferred from the direction "
    because += "in which public readers of the data set take its raw scores."
    return Answer(bool(against.any()), found, frame.reset_index(), INFERRED, because)


def overall_srcc(printed: Printed) -> pd.DataFrame:
    """Give the SRCC over all images, of Tables 5 to 17.

    Raises:
        CannotTell: there is none.
    """
    rows = printed.table(*INTERVAL_TABLES)
    rows = rows[rows["bin"].eq(OVERALL) & rows["stat"].eq("SRCC")]
    if rows.empty:
        raise CannotTell("no interval table has its row over all images")
    return rows


def entries() -> list[dict[str, Any]]:
    """List what is known of each data set."""
    return list(catalogue("sources").values())
