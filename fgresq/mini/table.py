"""Join the tasks of FGRestore-mini to one image table, a record and an empty table of preferences.

`fgresq step mini-table TASK.csv ... --measure lpips --out mini.csv --record mini.json --pairs
mini.pairs.csv` scales raw_score, of that measure, to `score` in [0, 1] over the whole source. The
preferences are empty: they are simulated for the pairs that survive the filtration.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from fgresq.errors import UserError
from fgresq.files import digest, write_csv, write_json
from fgresq.measures import MEASURES, MeasureName
from fgresq.mini.restored import RESTORED_COLUMNS, SOURCE
from fgresq.records import SourceRecord
from fgresq.tables import SUPPLIED_COLUMNS, TASKS, read_table, write_images

NOTES = [
    "Embedded data, made here: photographs of installed packages, degraded and restored.",
    "The observers are simulated from {measure}; no human looked at these images.",
    "Super-resolution is by 2 or 4: one scale a content.",
]


def scaled(raw: pd.Series) -> pd.Series:
    """Scale raw scores to [0, 1] by their range.

    Raises:
        UserError: there are fewer than two different values.
    """
    if raw.nunique() < 2:
        raise UserError(
            "raw_score of the embedded data",
            "all values are alike",
            "Give more contents or tasks in config/config.yaml, key 'mini'",
        )
    return (raw - raw.min()) / (raw.max() - raw.min())


def record(images: pd.DataFrame, measure: MeasureName) -> SourceRecord:
    """Describe the source for the report and for the join of sources.

    Args:
        images: its image table.
        measure: that its raw scores are of: a key of MEASURES.
    """
    by_task = images["task"].value_counts()
    bytes_of = images[["image", "sha256", "reference_sha256", "raw_score"]]
    return {
        "source": SOURCE,
        "title": "FGRestore-mini (embedded)",
        "licence": "see data/LICENSES.md",
        "score_kind": MEASURES[measure].kind,
        "measure": measure,
        "label_origin": "simulated",
        "status": "present",
        "absent": None,
        "images": len(images),
        "contents": int(images["content"].nunique()),
        "families": int(images["family"].nunique()),
        "groups": int(images.groupby(["task", "group"]).ngroups),
        "algorithms": int(images.groupby(["task", "algorithm"]).ngroups),
        "tasks": {task: int(by_task[task]) for task in TASKS if task in by_task},
        "supplied_pairs": 0,
        "notes": [note.format(measure=MEASURES[measure].title) for note in NOTES],
        "manifest": digest(bytes_of.sort_values("image").values.tolist()),
    }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    parser.add_argument("tables", nargs="+", type=Path, help="tables of the tasks")
    parser.add_argument("--measure", required=True, choices=MEASURES, help="of raw_score")
    parser.add_argument("--out", type=Path, required=True, help="image table")
    parser.add_argument("--record", type=Path, required=True, help="record of the source (JSON)")
    parser.add_argument("--pairs", type=Path, required=True, help="supplied preferences (none)")


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    parts = [read_table(path, RESTORED_COLUMNS) for path in args.tables]
    images = pd.concat(parts, ignore_index=True)
    images["score"] = scaled(images["raw_score"])
    write_images(args.out, images)
    write_csv(args.pairs, pd.DataFrame(columns=list(SUPPLIED_COLUMNS)))
    write_json(args.record, record(images.sort_values("image"), args.measure))
