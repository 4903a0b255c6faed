"""Comparisons and triplets of DiffIQA-mini, by either measure of what its images are worth.

Test images are judged against their damaged reference by simulated voters, which gives the seven
types; and every version against the clean photograph by the order of latent quality, in the part of
the data sets whose references are perfect.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from fgresq.comparisons import COMPARISON_COLUMNS
from fgresq.imperfect.declared_presets import MadeData
from fgresq.imperfect.versions_table import SOURCE, clean_of
from fgresq.imperfect.voters import PER_JOD, judged, shares
from fgresq.sources.reference_splits import family_folds
from fgresq.sources.triplets import triplets_of_scores, triplets_of_votes

DEALT_AS = "mini"  # its photographs lie in the folds of the embedded data, whose contents they are


def against(versions: pd.DataFrame, references: pd.Series) -> pd.DataFrame:
    """Set images against references.

    Args:
        versions: as `read_versions` gives them.
        references: an identifier of one of them, or an empty text, by row of `versions`.

    Returns:
        COMPARISON_COLUMNS without labels, with `quality` and `reference_quality`; rows of an empty
        text are left out.
    """
    images = versions[references.ne("")]
    others = versions.set_index("image").loc[references[references.ne("")]]
    columns = ("path", "sha256", "quality")
    told = {f"reference_{name}": others[name].to_numpy() for name in columns}
    return images.assign(reference=others.index.to_numpy(), source=SOURCE, label="", **told)


def compared(versions: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """List what is compared, as `against` gives it.

    Returns:
        Test images against damaged references; versions against the clean photograph; and each
        reference, clean or damaged, against itself.
    """
    clean = versions["content"].map(clean_of(versions))
    x, image = versions["reference"], versions["image"]
    damaged = x.where(x.ne(clean), "")
    standard = clean.where(image.ne(clean), "")
    own = image.where(image.isin(x), "")
    return against(versions, damaged), against(versions, standard), against(versions, own)


def made_comparisons(versions: pd.DataFrame, labelled: pd.DataFrame) -> pd.DataFrame:
    """Give all comparisons, with the labels of those that were judged.

    Args:
        versions: as `read_versions` gives them.
        labelled: as `made_triplets` gives it.
    """
    _, standard, own = compared(versions)
    return pd.concat([labelled, standard, own], ignore_index=True)[list(COMPARISON_COLUMNS)]


def made_triplets(
    versions: pd.DataFrame, seed: int, slope: float, tolerance: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make the triplets, of damaged references and then of clean ones.

    Args:
        versions: as `read_versions` gives them; `quality` by any measure, higher better.
        seed: of voters and of what is drawn: the same draws whatever the measure.
        slope: spreads of a voter a unit of quality.
        tolerance: of a voter, in its spreads.

    Returns:
        The triplets, and the comparisons that were judged, with votes and label.
    """
    damaged, standard, _ = compared(versions)
    gain = slope * (damaged["quality"] - damaged["reference_quality"])
    labelled = judged(damaged, gain, seed, tolerance)
    both = [triplets_of_votes(labelled), triplets_of_scores(standard, seed)]
    return pd.concat(both, ignore_index=True), labelled


def by_both(
    versions: pd.DataFrame, jod: pd.Series, data: MadeData, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Make comparisons, and triplets by LPIPS and by JOD.

    Args:
        versions: as `read_versions` gives them.
        jod: of each, up to 10.
        data: settings.
        seed: of all that is drawn.

    Returns:
        Comparisons with labels by LPIPS, triplets by LPIPS, triplets by JOD, and what the shares
        of votes are by either, how many images have the same label by both, and the slope of
        LPIPS that JOD gives.
    """
    triplets, labelled = made_triplets(versions, seed, data.slope, data.similar)
    other = versions.assign(quality=jod.to_numpy())
    triplets_jod, by_jod = made_triplets(other, seed, PER_JOD, data.similar)
    lpips, lost = -versions["quality"], 10 - jod
    told = {
        "lpips": shares(labelled),
        "jod": shares(by_jod),
        "same_label": float(labelled["label"].eq(by_jod["label"]).mean()),
        "similar": data.similar,
        "slope": data.slope,
        "slope_by_jod": PER_JOD * float((lpips * lost).sum() / (lpips**2).sum()),
    }
    return made_comparisons(versions, labelled), triplets, triplets_jod, told


def made_folds(versions: pd.DataFrame, folds: int, seed: int) -> pd.DataFrame:
    """Deal the photographs to folds, as the embedded data deals them: source, family, fold."""
    contents = versions[versions["image"] == versions["reference"]].assign(source=SOURCE)
    return family_folds(contents, folds, seed, DEALT_AS)
