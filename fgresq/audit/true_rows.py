"""Printed rows of a data set beside the true ones, where its labels came with metric values."""

from __future__ import annotations

import pandas as pd

from fgresq.analysis.intervals import OVERALL
from fgresq.audit.copies import INTERVAL_TABLES
from fgresq.audit.finding import CERTAIN, LABELS, TABLE5_17, Answer, Material, finding
from fgresq.audit.printed import CannotTell, same
from fgresq.catalogues import catalogue

CLOSE = 0.02  # versions of a metric differ by less


@finding(
    "True rows of a copied table",
    "The printed rows of a data set whose labels and metric values are at hand are not its rows.",
    "Do not cite the printed table of this data set: its true rows stand here.",
    TABLE5_17,
    f"{LABELS}intervals.csv",
)
def true_rows(material: Material) -> Answer:
    """Compare printed SRCC with those of metric values that came with the labels."""
    frame = pairs_of_values(material)
    if frame.empty:
        raise CannotTell(missing(material))
    overall = frame[frame["interval"].eq(OVERALL)]
    wrong = overall[overall["difference"].abs() > CLOSE]
    said = [
        f"{r.method} on {dataset}: printed {r.printed:.3f}, true {r.true:.3f}"
        for dataset, own in overall.groupby("data set", sort=False)
        for r in own.itertuples()
    ]
    because = "Computed from the published scores and metric values; versions of a metric may "
    because += f"differ, but seldom by {CLOSE}."
    return Answer(bool(len(wrong)), f"{'; '.join(said)}.", frame, CERTAIN, because)


def pairs_of_values(material: Material) -> pd.DataFrame:
    """Give printed and true SRCC: data set, method, interval, printed, true, difference, images."""
    rows = material.printed.table(*INTERVAL_TABLES)
    rows = rows[rows["stat"].eq("SRCC")].drop(columns="value")
    names = {material.source(name): name for name in rows["dataset_or_task"].unique()}
    true = material.true.reindex(columns=["source", "method", "bin", "stat", "value", "n"])
    true = true[true["source"].isin([source for source in names if source])]
    true = true[true["stat"].eq("srcc") & true["value"].notna()]
    true = true.assign(dataset_or_task=true["source"].map(names), key=true["method"].map(same))
    rows = rows.assign(key=rows["method"].map(same))
    both = rows.merge(true[["dataset_or_task", "key", "bin", "value", "n"]], how="inner")
    return pd.DataFrame(
        {
            "data set": both["dataset_or_task"],
            "method": both["method"],
            "interval": both["bin"],
            "printed": both["number"],
            "true": both["value"],
            "difference": both["number"] - both["value"],
            "images": both["n"].astype(int),
        }
    )


def missing(material: Material) -> str:
    """Say which labels with metric values are not placed, and what to do."""
    wanted = {
        name: entry["title"]
        for name, entry in catalogue("sources").items()
        if "paper_table" in entry and entry.get("labels", {}).get("metrics")
    }
    steps = [
        f"{wanted[r['source']]}: {r['absent']['reason']}; {r['absent']['next_step']}"
        for r in material.records
        if r["source"] in wanted and not r["images"]
    ]
    named = ", ".join(wanted.values())
    return "; ".join(steps) or f"no labels with metric values are at hand ({named})"
