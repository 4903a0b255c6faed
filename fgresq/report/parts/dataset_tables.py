"""The data sets (Table 1 of the paper) and the counts per task (its Figure 2)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from fgresq.audit.printed import TASK_NAMES
from fgresq.records import SourceRecord
from fgresq.report.paper import Paper
from fgresq.report.parts.cells import Cell, Row, Table, head, text, whole
from fgresq.report.parts.label_only import LabelOnly
from fgresq.report.results import Run
from fgresq.tables import TASKS

COUNTS = ("images", "contents", "families", "groups", "algorithms", "pairs")


def measured_table(run: Run) -> Table | None:
    """Build what the run's sources hold, counted."""
    if not run.present:
        return None
    frame = pd.DataFrame([source_counts(run, record) for record in run.present])
    body = [
        Row(
            [
                text(
                    row["title"], "name", "simulated" if row["label_origin"] == "simulated" else ""
                ),
                *(whole(row[name]) for name in COUNTS),
                text(row["score_kind"]),
                text(row["label_origin"]),
                text(row["licence"], "prose"),
            ]
        )
        for row in frame.to_dict("records")
    ]
    labels = [*(name.capitalize() for name in COUNTS), "Score", "Preferences from", "Licence"]
    caption = "Data sets of this run, as counted."
    return Table("datasets", caption, head("Data set", *labels), body, frame)


def source_counts(run: Run, record: SourceRecord) -> dict[str, object]:
    """Count a source in the tables themselves, not in what its record claims."""
    images = run.images[run.images["source"] == record["source"]]
    return {
        "source": record["source"],
        "title": record["title"],
        "images": len(images),
        "contents": images["content"].nunique(),
        "families": images["family"].nunique(),
        "groups": images[["task", "group"]].drop_duplicates().shape[0],
        "algorithms": images["algorithm"].nunique(),
        "pairs": int((run.pairs["source"] == record["source"]).sum()),
        "score_kind": record["score_kind"],
        "label_origin": record["label_origin"],
        "licence": record["licence"],
    }


def printed_table(paper: Paper, run: Run, labels: LabelOnly) -> Table:
    """Build Table 1 as printed, with the counts of the data sets that are present.

    Of a data set known by its scores alone the scored images are counted.
    """
    rows = paper.table("table1")
    records = []
    for name, group in rows.groupby("dataset_or_task", sort=False):
        printed = dict(zip(group["stat"], group["value"], strict=True))
        counts = group.set_index("stat")["number"]
        record = run.present_record(name)
        known = None if record else labels.record(name)
        own = source_counts(run, record) if record else known or {}
        state = "present" if record else "labels only" if known else "absent"
        records.append(
            {
                "data set": name,
                "year": printed.get("year", ""),
                "annotation": printed.get("annotation_type", ""),
                "images printed": counts.get("n_images", np.nan),
                "images measured": own.get("images"),
                "pairs printed": counts.get("n_pairs", np.nan),
                "pairs measured": own.get("pairs"),
                "annotations printed": counts.get("n_annotations", np.nan),
                "state": state,
            }
        )
    frame = pd.DataFrame(records)
    words = ("data set", "year", "annotation", "state")
    body = [
        Row(
            [
                text(row[c], "name" if c == "data set" else "") if c in words else whole(row[c])
                for c in frame.columns
            ]
        )
        for row in frame.to_dict("records")
    ]
    return Table(
        "table1",
        "Table 1 as printed, beside what is measured here.",
        split_head(frame),
        body,
        frame,
    )


def split_head(frame: pd.DataFrame) -> list[Cell]:
    """Give the header cells: `pairs printed` becomes `Pairs` above `printed`."""
    sides = (" printed", " measured")
    return [
        Cell(name.removesuffix(side).capitalize(), detail=side.strip())
        for name in frame.columns
        for side in [next((s for s in sides if name.endswith(s)), "")]
    ]


def task_counts(paper: Paper, run: Run) -> Table:
    """Build the counts of images and pairs per task beside those of the paper's Figure 2."""
    printed = {
        (TASK_NAMES.get(row.dataset_or_task), row.stat): float(row.number)
        for row in paper.table("fig2").itertuples()
    }
    records: list[dict[str, Any]] = [
        {
            "task": task,
            "images printed": printed.get((task, "n_images"), np.nan),
            "images measured": int((run.images["task"] == task).sum()),
            "pairs printed": printed.get((task, "n_pairs"), np.nan),
            "pairs measured": int((run.pairs["task"] == task).sum()),
        }
        for task in TASKS
    ]
    frame = pd.DataFrame(records)
    body = [
        Row([text(row["task"], "name"), *(whole(row[c]) for c in frame.columns[1:])])
        for row in records
    ]
    return Table(
        "tasks",
        "Images and pairs per task, beside FGRestore (Figure 2).",
        split_head(frame),
        body,
        frame,
    )
