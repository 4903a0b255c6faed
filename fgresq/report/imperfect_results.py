"""What `make afine` keeps in reports/afine, read once for the report: tables and records.

The tables are committed, so that the page stands without the phase having been run here; pictures
of examples lie under results/afine and are shown where they are there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from fgresq.comparisons import read_comparisons, read_triplets
from fgresq.errors import UserError
from fgresq.files import read_json
from fgresq.report.results import read_columns
from fgresq.tables import empty

FOLDER = "afine"  # below reports/
AGAIN = "Run make afine, which writes it"
# of each table the columns that the report reads; it may have others
TABLES: dict[str, dict[str, type]] = {
    "accuracy": {
        "row": str,  # key: of a method, or BACKBONE-VARIANT/PART
        "title": str,
        "kind": str,  # FR, NR or no image
        "backbone": str,  # of a model trained here, as the next two; else empty
        "variant": str,
        "part": str,
        "labels": str,  # what the labels are made by: lpips or jod
        "shares_label": str,  # true: it looks through the network that made the labels
        "scenario": str,
        "accuracy": float,  # [0, 1]
        "low": float,  # 95 % over photographs
        "high": float,
        "triplets": float,
        "families": float,
        "against": str,  # the row that it is compared with; empty: none in this line
        "difference": float,  # paired, on the same draws
        "difference_low": float,
        "difference_high": float,
        "reason": str,  # why there is no value, or what is missing
    },
    "values": {
        "backbone": str,
        "fold": float,
        "image": str,
        "reference": str,
        "scaled_fidelity": float,  # lower better, as all that follow but the weight
        "scaled_naturalness": float,  # of the image
        "reference_naturalness": float,
        "weight": float,  # lambda
        "distance": float,
    },
    "turned": {
        "backbone": str,
        "fold": float,
        "k": float,
        "images": float,  # tested
        "turned": float,  # of these above 1 / k
        "share": float,
    },
    "people": {  # on people's scores; on simulated triplets, N by two recipes
        "set": str,
        "asked": str,  # how people were asked; of simulated triplets the scenario
        "row": str,
        "title": str,
        "kind": str,
        "accuracy": float,
        "low": float,  # 95 % over photographs
        "high": float,
        "pairs": float,
        "families": float,
        "against": str,  # as in `accuracy`
        "difference": float,
        "difference_low": float,
        "difference_high": float,
        "reason": str,
    },
    "sriqa": {  # of SRIQA-Bench, where it is placed
        "title": str,
        "set": str,  # Reg, Gen or All
        "with_original": str,  # true: the original is one of the compared images
        "accuracy": float,
        "low": float,  # 95 % over contents
        "high": float,
        "pairs": float,
        "reason": str,
    },
}
RECORDS = ("record", "data", "people", "sriqa")


@dataclass(frozen=True)
class Imperfect:
    """What is known of methods where the reference is not perfect.

    Args:
        tables: of `TABLES`, each without rows where its file is not there.
        records: of `RECORDS`, each empty where its file is not there.
        folder: where the phase left its images and triplets; it need not be there.
    """

    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    records: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    folder: Path | None = None

    def table(self, name: str) -> pd.DataFrame:
        """Give a table; without rows where it is not there."""
        return self.tables.get(name, empty(TABLES[name]))

    def record(self, name: str) -> Mapping[str, Any]:
        """Give a record; empty where it is not there."""
        return self.records.get(name, {})

    @property
    def there(self) -> bool:
        """Whether any accuracy was measured."""
        return bool(self.table("accuracy")["accuracy"].notna().any())

    @cached_property
    def judged(self) -> tuple[pd.DataFrame, pd.DataFrame] | None:
        """Comparisons and triplets, as the phase left them; None where it was not run here.

        Raises:
            UserError: one of them is not as it should be.
        """
        paths = [(self.folder or Path()) / f"{name}.csv" for name in ("comparisons", "triplets")]
        if self.folder is None or not all(path.is_file() for path in paths):
            return None
        comparisons = read_comparisons(paths[0])
        return comparisons, read_triplets(paths[1], comparisons)

    @property
    def original_wins(self) -> dict[str, dict[str, int]]:
        """Count, of each set of SRIQA-Bench, `pairs` with the original and its `wins` in them."""
        sets = self.record("sriqa").get("sets", {})
        return {
            name: {"wins": own["original_preferred"], "pairs": own["with_original"]}
            for name, own in sets.items()
        }


def read_imperfect(reports: Path, results: Path, preset: str = "mini") -> Imperfect:
    """Read what the phase keeps; what is not there is empty.

    Args:
        reports: folder with afine/.
        results: folder of results, below which the phase left its images.
        preset: of the phase.

    Raises:
        UserError: a file is unreadable, or lacks a column.
    """
    folder = reports / FOLDER
    tables = {
        name: read_columns(path, columns, AGAIN)
        for name, columns in TABLES.items()
        if (path := folder / f"{name}.csv").is_file()
    }
    records = {
        name: record_of(path) for name in RECORDS if (path := folder / f"{name}.json").is_file()
    }
    return Imperfect(tables, records, results / FOLDER / preset)


def record_of(path: Path) -> dict[str, Any]:
    """Read a record.

    Raises:
        UserError: it is none.
    """
    found = read_json(path)
    if not isinstance(found, dict):
        raise UserError(path, "this is not a record, {...}", AGAIN)
    return found
