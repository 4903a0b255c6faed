"""Make the comparisons and triplets of a preset: those of DiffIQA-mini, or of placed data sets.

`fgresq step afine-triplets --preset mini --out-dir results/afine/mini` reads versions.csv and
jod.csv there and writes `comparisons.csv` (an image and a reference a row), `triplets.csv`,
`triplets_jod.csv` (the same of DiffIQA-mini with JOD as what its images are worth), `folds.csv`
(fold of each family) and `data.json` (counts, shares of votes, what is absent). A preset may name
diffiqa, tid2013, kadid10k and pipal, read where they are placed; those that are not are told with
the step that brings them in. Settings: sources, seed, folds, split, data.

With `split: official` fold 0 is the test side, 1 trains, 2 validates: 7:1:2 of the references, of
DiffIQA the crops, by the sides of its release where it is placed so. Crops of one photograph then
lie on both sides: `official_leak` says how many.

    fgresq step afine-triplets --preset paper --out-dir results/afine/paper
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from fgresq.catalogues import catalogue
from fgresq.comparisons import (
    COMPARISON_COLUMNS,
    TRIPLET_COLUMNS,
    check_contradictions,
    write_comparisons,
    write_triplets,
)
from fgresq.errors import UserError, unknown
from fgresq.files import write_csv, write_json
from fgresq.imperfect.declared_presets import AfinePreset, add_preset, preset_of
from fgresq.imperfect.made_triplets import by_both, made_folds
from fgresq.imperfect.versions_table import SOURCE, read_jod, read_versions
from fgresq.sources.compared_sets import DIFFIQA, SCORED, read_compared_set
from fgresq.sources.diffiqa import photograph_of
from fgresq.sources.reference_splits import family_folds, leak_of, official_folds
from fgresq.sources.steps import next_step
from fgresq.tables import FOLD_COLUMNS, empty

KNOWN = (SOURCE, DIFFIQA, *SCORED)


class Made(NamedTuple):
    """Tables of a source."""

    comparisons: pd.DataFrame
    triplets: pd.DataFrame
    triplets_jod: pd.DataFrame  # empty where labels are people's
    folds: pd.DataFrame
    told: dict[str, Any]  # what data.json says of it


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    parser.add_argument("--out-dir", type=Path, required=True, help="folder of the tables")
    parser.add_argument(
        "--versions", type=Path, help="of the step afine-images (default: in that folder)"
    )
    parser.add_argument("--jod", type=Path, help="of the step afine-jod (default: in that folder)")
    add_preset(parser)


def simulated(versions_file: Path, jod_file: Path, preset: AfinePreset) -> Made:
    """Make the tables of DiffIQA-mini."""
    versions = read_versions(versions_file)
    jod = read_jod(jod_file, versions)
    comparisons, triplets, triplets_jod, told = by_both(versions, jod, preset.data, preset.seed)
    folds = made_folds(versions, preset.folds, preset.seed)
    return Made(comparisons, triplets, triplets_jod, folds, {"observers": "simulated", **told})


def placed(source: str, entry: dict[str, Any], preset: AfinePreset) -> Made | None:
    """Read the tables of a placed data set; None where it is not there."""
    official = preset.split == "official"
    found = read_compared_set(source, entry, preset.seed, official)
    if found is None:
        return None
    references = found.comparisons.drop_duplicates("reference")
    if official:
        folds = official_folds(references, preset.seed, found.sides)
    else:
        folds = family_folds(found.comparisons, preset.folds, preset.seed)
    told: dict[str, Any] = {"observers": "human", "notes": found.notes}
    if source == DIFFIQA:
        told["official_leak"] = official_leak(references, preset.seed, found.sides)
        told["official_sides"] = "the release's" if found.sides else "drawn here"
    return Made(found.comparisons, found.triplets, empty(TRIPLET_COLUMNS), folds, told)


def official_leak(references: pd.DataFrame, seed: int, sides: Mapping[str, str]) -> float | None:
    """Give the share of DiffIQA's official test crops whose photograph has a crop in training."""
    crops = references.assign(family=references["content"])
    folds = official_folds(crops, seed, sides).set_index("family")["fold"]
    named = {crop: photograph_of(crop, DIFFIQA) for crop in crops["content"]}
    return leak_of(pd.Series(named), folds)


def counted(made: Made) -> dict[str, Any]:
    """Add to what is told of a source how many of each thing it has."""
    return {
        **made.told,
        "images": int(made.comparisons["image"].nunique()),
        "references": int(made.comparisons["reference"].nunique()),
        "families": int(made.comparisons["family"].nunique()),
        "comparisons": len(made.comparisons),
        "triplets": {str(k): int(n) for k, n in made.triplets["type"].value_counts().items()},
    }


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    preset, entries = preset_of(args), catalogue("sources")
    found: dict[str, Made] = {}
    absent: dict[str, str] = {}
    for source in preset.sources:
        if source == SOURCE:
            versions = args.versions or args.out_dir / "versions.csv"
            jod = args.jod or args.out_dir / "jod.csv"
            found[source] = simulated(versions, jod, preset)
            continue
        if source not in KNOWN:
            raise unknown(f"preset '{args.preset}', key 'sources'", "source", source, KNOWN)
        try:
            made = placed(source, entries[source], preset)
        except UserError as error:
            raise error.within(f"source '{source}'") from None
        if made is not None:
            found[source] = made
            continue
        absent[source] = next_step(source, entries[source])
    if not found:
        mend = "; ".join(f"{source}: {step}" for source, step in absent.items())
        raise UserError(f"preset '{args.preset}'", "none of its data sets is placed", mend)
    for source, step in absent.items():
        logging.warning("source '%s' is absent. Next step: %s.", source, step)
    write(args.out_dir, found, absent)


def write(folder: Path, found: dict[str, Made], absent: dict[str, str]) -> None:
    """Write the tables of all sources, checked as whoever reads them would.

    Raises:
        UserError: triplets contradict each other.
    """

    def joined(part: str) -> pd.DataFrame:
        return pd.concat([getattr(made, part) for made in found.values()], ignore_index=True)

    comparisons, triplets = joined("comparisons"), joined("triplets")
    check_contradictions(triplets, folder / "triplets.csv")
    write_comparisons(folder / "comparisons.csv", comparisons[list(COMPARISON_COLUMNS)])
    write_triplets(folder / "triplets.csv", triplets)
    write_triplets(folder / "triplets_jod.csv", joined("triplets_jod"))
    write_csv(folder / "folds.csv", joined("folds")[list(FOLD_COLUMNS)])
    told = {source: counted(made) for source, made in found.items()}
    write_json(folder / "data.json", {"sources": told, "absent": absent})
