"""Overall correlations over scores that were never on one scale."""

from __future__ import annotations

import pandas as pd

from fgresq.audit.finding import LIKELY, TABLE1, TABLE5_17, Answer, Material, finding
from fgresq.audit.printed import CannotTell, same
from fgresq.audit.signs import entries, overall_srcc

COMPARED = ("PC", "Elo")  # how Table 1 says that raters compared images


@finding(
    "Scores on no common scale",
    "Overall correlations of some interval tables pool scores that come from comparisons.",
    "Raters compared images of one content, so scores of two contents share no scale: read a "
    "correlation inside groups of one content, or the accuracy of pairs, beside the overall one.",
    TABLE1,
    TABLE5_17,
)
def pooled(material: Material) -> Answer:
    """List the interval tables whose data set was annotated by comparing images, by Table 1."""
    overall = overall_srcc(material.printed)
    words = material.printed.texts("table1")
    words = words[words["stat"].eq("annotation_type")]
    if words.empty:
        raise CannotTell("Table 1 does not say how its data sets were annotated")
    annotation = {same(r.dataset_or_task): r.value for r in words.itertuples()}
    known = {e["paper_table"]: e for e in entries() if "paper_table" in e}
    found = []
    for (table, name), own in overall.groupby(["table", "dataset_or_task"], sort=False):
        told = annotation.get(same(str(name)), "")
        if any(word in told for word in COMPARED):
            entry = known.get(name, {})
            kind, inside = entry.get("score_kind", "unknown"), entry.get("comparability", "unknown")
            best = own.loc[own["number"].idxmax()]
            title = f"Table {str(table).removeprefix('table')}"
            found.append((title, name, told, kind, inside, best["number"], best["method"]))
    names = ["table", "data set", "annotation by Table 1", "scores", "comparable inside one"]
    frame = pd.DataFrame(found, columns=[*names, "highest overall SRCC", "of"])
    said = f"{len(frame)} of {overall['table'].nunique()} interval tables are of such data sets"
    said += f": {', '.join(frame['data set'])}." if found else "."
    because = "How scores of comparisons were joined over contents is known of few data sets."
    return Answer(bool(found), said, frame, LIKELY, because)
