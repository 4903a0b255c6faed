"""Every data set that the sources file knows: what this report has of it, and what brings it in."""

from __future__ import annotations

from typing import Any

import pandas as pd

from fgresq.records import absence_of_source
from fgresq.report.parts.cells import Row, Table, head, text, whole
from fgresq.report.parts.label_only import LabelOnly
from fgresq.report.results import Run
from fgresq.sources.steps import next_step

PRESENT, LABELS_ONLY, ABSENT = "present", "labels only", "absent"
THEN = "then run the preset public, or one that names it under `sources`"
THEN_PAPER = "then run the preset paper"  # what reads FGRestore
STATE_MARKS = {PRESENT: "reproduced", LABELS_ONLY: "labels-only", ABSENT: "absent"}
FORMS = ("made", "own")  # the embedded data and a folder of the user's: not data sets to fetch


def sources_table(sources: dict[str, dict[str, Any]], run: Run, labels: LabelOnly) -> Table:
    """Build the list of data sets with state, reason and next step.

    Args:
        sources: entries of the catalogue of data sets.
        run: the run asked for.
        labels: what is known of data sets by their scores alone.
    """
    rows = [
        {
            "source": name,
            "title": entry["title"],
            "images": (entry.get("expected") or {}).get("images"),
            "licence": entry["licence"],
            **state_of(name, entry, run, labels),
        }
        for name, entry in sources.items()
        if entry["adapter"] not in FORMS and name not in FORMS
    ]
    body = [
        Row(
            [
                text(row["title"], "name"),
                whole(row["images"]),
                text(row["state"], "state " + STATE_MARKS[row["state"]]),
                text(row["why"], "prose"),
                text(row["next_step"] or "–", "prose"),
                text(row["licence"], "prose"),
            ]
        )
        for row in rows
    ]
    columns = head(
        "Data set", ("Images", "public count"), "State", "Why", "Next step", "Licence and terms"
    )
    caption = "Every data set that fgresq can read."
    return Table("sources", caption, columns, body, pd.DataFrame(rows))


def brought_in_by(name: str, entry: dict[str, Any]) -> str:
    """Say what brings a data set into a report."""
    return f"{next_step(name, entry)}; {THEN_PAPER if name == 'fgrestore' else THEN}"


def state_of(name: str, entry: dict[str, Any], run: Run, labels: LabelOnly) -> dict[str, str]:
    """Give state, reason and next step of one data set, whether this run reads it or not."""
    record = next((r for r in run.records if r["source"] == name), None)
    if record is not None and record["status"] == "present":
        return {"state": PRESENT, "why": "read by this run", "next_step": ""}
    known = next((r for r in labels.there if r["source"] == name), None)
    if entry["adapter"] == "photographs":
        why = "originals without scores, which no run reads as a source"
        return {"state": ABSENT, "why": why, "next_step": next_step(name, entry)}
    absent = None if record is None else absence_of_source(record)
    why = absent["reason"] if absent else "no source of this run"
    step = absent["next_step"] if absent else brought_in_by(name, entry)
    if known is not None:
        why = known["absent"]["reason"]
    return {"state": LABELS_ONLY if known else ABSENT, "why": why, "next_step": step}
