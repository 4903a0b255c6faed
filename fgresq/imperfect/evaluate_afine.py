"""2AFC accuracy of A-FINE and of all other methods where references need not be perfect.

    fgresq step afine-evaluate

Joins triplets, labelled by LPIPS against a hidden original and again by JOD, with all values that
the phase has, below results/afine/PRESET:

  accuracy.csv  every row in every scenario, with intervals over photographs and paired differences
  values.csv    what each full model says of every comparison: F_s, N_s of both, lambda, D
  turned.csv    of each fold, the share of test images above 1 / k: there D falls as they get worse
  record.json   counts, shares of labels, what is missing, and what the intervals carry

Labels of the embedded data are simulated; none of it says what people would prefer.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fgresq.analysis.bootstrap import draw
from fgresq.analysis.inputs import DIGITS, write_rounded
from fgresq.catalogues import add_methods, read_methods
from fgresq.comparisons import LABELS, STANDARD, TYPES, read_comparisons, read_triplets
from fgresq.errors import no_file
from fgresq.files import write_json
from fgresq.imperfect.accuracy_table import ACCURACY_COLUMNS, accuracy_lines
from fgresq.imperfect.carried_claims import by_chance, verdicts
from fgresq.imperfect.declared_presets import preset_of
from fgresq.imperfect.judged_rows import FOUR_VALUES, JOD, LPIPS, Row, rows_of
from fgresq.imperfect.phase_files import add_phase, phase_folder
from fgresq.imperfect.two_choice import family_names

TRIPLETS = {LPIPS: "triplets.csv", JOD: "triplets_jod.csv"}
VALUE_COLUMNS: dict[str, type] = {
    "backbone": str,
    "fold": int,  # that was tested
    "image": str,
    "reference": str,
    **dict.fromkeys(FOUR_VALUES, float),  # F_s, N_s of the image, of the reference, lambda, D
    "turned": str,  # true where N_s of the image is above 1 / k
}
TURNED_COLUMNS: dict[str, type] = {
    "backbone": str,
    "fold": int,
    "k": float,
    "images": int,  # tested
    "turned": int,  # above 1 / k
    "share": float,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    add_phase(parser)
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="default: the phase's folder")
    add_methods(parser)


def k_of(values: pd.DataFrame) -> float:
    """Find k of a model, as its lambda is exp(k times the difference of N_s).

    Args:
        values: of one fold.

    Returns:
        k; NaN where all comparisons have images and references of one N_s.
    """
    gap = (values["reference_naturalness"] - values["scaled_naturalness"]).to_numpy(float)
    power = np.log(values["weight"].to_numpy(float))
    usable = np.isfinite(power) & (gap != 0)
    if not usable.any():
        return float("nan")
    far = np.argmax(np.where(usable, np.abs(gap), 0))
    return float(power[far] / gap[far])


def four_values(full: Mapping[str, pd.DataFrame]) -> tuple[list[Any], list[Any]]:
    """Give the rows of the tables of values and of turned images.

    Args:
        full: by backbone the values of its full variant.
    """
    values, turned = [], []
    for backbone, table in full.items():
        for fold, own in table.sort_values(["fold", "reference", "image"]).groupby("fold"):
            k = k_of(own)
            above = own["scaled_naturalness"] > 1 / k
            lines = own[[name for name in VALUE_COLUMNS if name in own]]
            about = {"backbone": backbone, "fold": int(str(fold))}
            values += lines.assign(**about, turned=above.astype(str).str.lower()).to_dict("records")
            images = own.assign(above=above).drop_duplicates("image")["above"]
            count = {"images": len(images), "turned": int(images.sum())}
            turned.append(about | {"k": k, **count, "share": float(images.mean())})
    return values, turned


def counts_of(comparisons: pd.DataFrame, labelled: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Count comparisons and triplets, and the shares of labels."""
    given = comparisons[comparisons["label"].ne("")]
    total = max(len(given), 1)
    return {
        "comparisons": len(comparisons),
        "images": int(comparisons["image"].nunique()),
        "references": int(comparisons["reference"].nunique()),
        "families": int(family_names(comparisons).nunique()),
        "labels": {name: round(float(given["label"].eq(name).sum() / total), 6) for name in LABELS},
        "triplets": {
            labels: {kind: int(own["type"].eq(kind).sum()) for kind in (STANDARD, *TYPES)}
            for labels, own in labelled.items()
        },
    }


def missing(rows: list[Row]) -> dict[str, str]:
    """Say of rows without all values what is missing."""
    return {row.key: row.reason for row in rows if row.reason}


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    preset, folder = preset_of(args), phase_folder(args)
    out = args.out or folder
    comparisons = read_comparisons(folder / "comparisons.csv")
    labelled = {
        labels: read_triplets(folder / name, comparisons)
        for labels, name in TRIPLETS.items()
        if (folder / name).exists()
    }
    if LPIPS not in labelled:
        raise no_file(folder / TRIPLETS[LPIPS])
    rows, full = rows_of(folder, preset, read_methods(args.methods))
    families = pd.concat([family_names(own) for own in labelled.values()])
    lines = accuracy_lines(rows, labelled, draw(families, preset.bootstrap, preset.seed))
    write_rounded(out / "accuracy.csv", lines, ACCURACY_COLUMNS)
    values, turned = four_values(full)
    write_rounded(out / "values.csv", values, VALUE_COLUMNS)
    write_rounded(out / "turned.csv", turned, TURNED_COLUMNS)
    table = pd.DataFrame(lines, columns=list(ACCURACY_COLUMNS))
    table[["difference", "difference_low", "difference_high"]] = table[
        ["difference", "difference_low", "difference_high"]
    ].round(DIGITS)
    found = verdicts(table)
    record = {
        **counts_of(comparisons, labelled),
        "draws": preset.bootstrap,
        "missing": missing(rows),
        "claims": found,
        "claims_in_all": by_chance(found),
    }
    write_json(out / "record.json", record)
