"""The rows of the tables of imperfect references: every method and model, with its values.

A model trained here gives four rows: F before training, F, N, and D, which joins F and N. A value
belongs to an image and a reference, or to an image alone. Methods that look through the network
that made the labels share what is right and what is wrong in them: they are marked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fgresq.analysis.trivial import ENTRIES, SHARPNESS
from fgresq.comparisons import read_compared
from fgresq.errors import UserError, unknown
from fgresq.imperfect.declared_presets import AfinePreset
from fgresq.imperfect.phase_files import read_some

LPIPS, JOD = "lpips", "jod"  # what the labels are made by
SHARING = {LPIPS: ("lpips", "lpips_ft"), JOD: ("cvvdp",)}
UNTRAINED, FIDELITY, NATURALNESS, DISTANCE = "untrained", "fidelity", "naturalness", "distance"
PARTS = {  # row of a model: column of its values, kind, what stands behind its title
    UNTRAINED: ("fidelity_untrained", "FR", "F untrained"),
    FIDELITY: ("fidelity", "FR", "F"),
    NATURALNESS: ("naturalness", "NR", "N"),
    DISTANCE: ("distance", "FR", "D"),
}
REFITTED = {"lpips_ft": "LPIPS-FT", "dists_ft": "DISTS-FT"}
ORIGINS = {"lpips": "LPIPS (AlexNet)", "dists": "DISTS"}
REFITTED_FROM = {"lpips_ft": "lpips", "dists_ft": "dists"}
FULL = "full"
FOUR_VALUES = (
    *("scaled_fidelity", "scaled_naturalness", "reference_naturalness", "weight"),
    "distance",
)
PLACES: dict[str, type] = {"image": str, "reference": str, "fold": int}
MODEL_COLUMNS: dict[str, type] = {
    **PLACES,
    **dict.fromkeys(("fidelity_untrained", "fidelity", "naturalness", *FOUR_VALUES), float),
}
REFITTED_COLUMNS: dict[str, type] = {**PLACES, "untrained": float, "distance": float}


@dataclass(frozen=True)
class Row:
    """One row.

    Args:
        key: its name: of the catalogue, or BACKBONE-VARIANT/PART.
        title: for people.
        kind: FR, NR, or "no image".
        higher_better: direction of its values.
        values: image, reference (empty: of the image alone), value; NaN for none.
        backbone, variant, part: of a model trained here, else empty.
        reason: what is missing of it.
    """

    key: str
    title: str
    kind: str
    higher_better: bool
    values: pd.DataFrame
    backbone: str = ""
    variant: str = ""
    part: str = ""
    reason: str = ""

    def of(self, images: pd.Series, references: pd.Series) -> np.ndarray:
        """Give the values (n,) of images against references; NaN where there is none."""
        alone = self.values["reference"].eq("").all()
        keys = ["image"] if alone else ["image", "reference"]
        asked = pd.DataFrame({"image": images.to_numpy(), "reference": references.to_numpy()})
        found = asked.merge(self.values[[*keys, "value"]], on=keys, how="left")
        return found["value"].to_numpy(float)

    def shares(self, labels: str) -> bool:
        """Tell whether it looks through the network that made these labels."""
        return self.key in SHARING[labels]


def method_rows(folder: Path, methods: dict[str, dict[str, Any]]) -> list[Row]:
    """Read the rows of `scores/*.csv`, in the order of their names.

    Args:
        folder: of the phase.
        methods: the catalogue.

    Raises:
        UserError: a table cannot be read, scores something twice, or is of no known method.
    """
    known, rows, place = {**methods, **ENTRIES}, [], folder / "scores"
    tables = [read_compared(path) for path in sorted(place.glob("*.csv"))]
    if not tables:
        return []
    for name, own in pd.concat(tables).groupby("method", sort=True):
        if name not in known:
            raise unknown(place, "method", str(name), known)
        check_once(place, own)
        entry = known[str(name)]
        higher = entry["direction"] == "higher"
        values = own[["image", "reference", "value"]].reset_index(drop=True)
        lacking = sorted(own.loc[own["value"].isna(), "reason"])
        reason = lacking[0] if lacking else ""
        rows.append(Row(str(name), entry["title"], entry["kind"], higher, values, reason=reason))
    return rows


def check_once(path: Path, table: pd.DataFrame) -> None:
    """Raise a UserError where a table scores an image against a reference twice."""
    twice = table[table.duplicated(["image", "reference"])]
    if len(twice):
        row = twice.iloc[0]
        problem = f"'{row['image']}' against '{row['reference']}' has two values"
        raise UserError(path, problem, "Remove one of the rows")


def folds_read(folder: Path, columns: dict[str, type], folds: int) -> tuple[pd.DataFrame, str]:
    """Read the values of a model of every fold, and say which folds are missing.

    Raises:
        UserError: a table cannot be read, or two folds test the same.
    """
    parts, lacking = [], []
    for fold in range(folds):
        path = folder / str(fold) / "values.csv"
        if path.exists():
            parts.append(read_some(path, columns))
        else:
            lacking.append(str(fold))
    table = pd.concat(parts) if parts else pd.DataFrame(columns=list(columns))
    check_once(folder, table)
    reason = f"not trained for fold {', '.join(lacking)} ({folder})" if lacking else ""
    return table.reset_index(drop=True), reason


def model_rows(folder: Path, preset: AfinePreset) -> tuple[list[Row], dict[str, pd.DataFrame]]:
    """Read the rows of the models that a preset names, and the values of its full variants.

    Args:
        folder: of the phase.
        preset: that trained them.

    Returns:
        Rows; and by backbone a table of MODEL_COLUMNS.

    Raises:
        UserError: as `folds_read` says.
    """
    from fgresq.model.adaptive import title  # torch takes a second: not for --help

    rows: list[Row] = []
    full: dict[str, pd.DataFrame] = {}
    for backbone in preset.backbones:
        for variant in preset.runs(backbone):
            name = f"{backbone}-{variant}"
            table, reason = folds_read(folder / "models" / name, MODEL_COLUMNS, preset.folds)
            if variant == FULL:
                full[backbone] = table
            also = "" if variant == FULL else f", taught by {variant}"
            for part, (column, kind, told) in PARTS.items():
                if part == UNTRAINED and variant != FULL:
                    continue  # it is the same in every variant
                values = table[["image", "reference"]].assign(value=table[column].astype(float))
                shown = f"{title(backbone)}{also}: {told}"
                row = Row(f"{name}/{part}", shown, kind, False, values, backbone, variant, part)
                rows.append(replace(row, reason=reason))
    return rows, full


def refitted_rows(folder: Path, preset: AfinePreset) -> list[Row]:
    """Read LPIPS and DISTS, with their published weights and with those of our triplets.

    Both come of the same numbers, so that no image is seen twice.

    Raises:
        UserError: as `folds_read` says.
    """
    rows = []
    for name, told in REFITTED.items():
        table, reason = folds_read(folder / "models" / name, REFITTED_COLUMNS, preset.folds)
        origin = REFITTED_FROM[name]
        for key, shown, column in (
            (origin, ORIGINS[origin], "untrained"),
            (name, told, "distance"),
        ):
            values = table[["image", "reference"]].assign(value=table[column].astype(float))
            rows.append(Row(key, shown, "FR", False, values, reason=reason))
    return rows


def rows_of(
    folder: Path, preset: AfinePreset, methods: dict[str, dict[str, Any]]
) -> tuple[list[Row], dict[str, pd.DataFrame]]:
    """Give all rows, models first, and the values of the full variants; see `model_rows`."""
    models, full = model_rows(folder, preset)
    scored = method_rows(folder, methods)
    there = {row.key for row in scored}
    refitted = [row for row in refitted_rows(folder, preset) if row.key not in there]
    return [*models, *refitted, *scored], full


def one_line_rivals(rows: list[Row]) -> list[str]:
    """Name the rows that look at images by a line of code."""
    return [row.key for row in rows if row.key in (SHARPNESS, "psnr")]
