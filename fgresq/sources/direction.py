"""A cheap check that scores run the right way: by PSNR, by sharpness, or by metrics at hand.

PSNR is a poor judge of fine differences, but inside a group it hardly ever runs against people.
Where there is no reference, what is sharper is liked better by most: inside a group of restored
images, and inside a whole set of photographs.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from fgresq.images import read_mask, read_rgb
from fgresq.ops.sharpness import sharpness
from fgresq.pairs.order import stable_hash
from fgresq.sources.rows import at_entry
from fgresq.tables import PHOTOGRAPH

GROUPS = 20  # looked at, at most
MEMBERS = 12  # of a group
LEAST = 3  # images of a group, for a rank correlation
AGAINST = -0.3  # mean SRCC below which the scores are said to run the wrong way


def sampled(rows: pd.DataFrame) -> list[pd.DataFrame]:
    """Choose groups and members by a hash of their names."""
    groups = [own for _, own in rows.groupby(["task", "group"]) if len(own) >= LEAST]
    groups.sort(key=lambda own: stable_hash("direction", own["group"].iloc[0]))
    chosen = []
    for own in groups[:GROUPS]:
        rank = own["image"].map(lambda name: stable_hash("direction", name))
        chosen.append(own.loc[rank.sort_values().index[:MEMBERS]])
    return chosen


def sampled_sets(photographs: pd.DataFrame) -> list[pd.DataFrame]:
    """Choose as many photographs of each data set as `sampled` does images, by a hash of names."""
    rank = photographs["image"].map(lambda name: stable_hash("direction", name))
    ordered = photographs.loc[rank.sort_values().index]
    found = [own.head(GROUPS * MEMBERS) for _, own in ordered.groupby("dataset")]
    return [own for own in found if len(own) >= LEAST]


def psnr_of(path: str, reference: str, mask: str) -> float:
    """Give the PSNR of an image, inside its mask where it has one; NaN where sizes differ."""
    image, clean = read_rgb(path), read_rgb(reference)
    if image.shape != clean.shape:
        return np.nan
    if mask:
        inside = read_mask(mask)
        if inside.shape != image.shape[:2]:
            return np.nan
        image, clean = image[inside][None], clean[inside][None]
    return float(cv2.PSNR(image, clean))


def warning(images: pd.DataFrame, entry: Mapping[str, Any]) -> str:
    """Say that the scores seem to run the wrong way; empty where they do not, or none can tell.

    Args:
        images: image table of one source, `score` higher better.
        entry: of the source.
    """
    referred, rated = images["reference"].ne(""), images["task"].eq(PHOTOGRAPH)
    for what, probe, groups, inside in (
        ("PSNR to the reference", psnrs, sampled(images[referred]), "groups"),
        ("sharpness", sharpnesses, sampled(images[~referred & ~rated]), "groups"),
        ("sharpness", sharpnesses, sampled_sets(images[rated]), "data sets of photographs"),
    ):
        found = [value for own in groups if (value := agreement(own, probe(own))) is not None]
        if found and np.mean(found) < AGAINST:
            return (
                f"WARNING: the scores run against {what} (mean SRCC {np.mean(found):.2f} inside "
                f"{len(found)} {inside}): {check_it(entry)}"
            )
    return ""


def psnrs(images: pd.DataFrame) -> list[float]:
    """Give the PSNR of images; NaN where there is none."""
    return [psnr_of(*row) for row in images[["path", "reference", "mask"]].to_numpy()]


def sharpnesses(images: pd.DataFrame) -> list[float]:
    """Give the sharpness of images."""
    return [sharpness(read_rgb(path)) for path in images["path"]]


def agreement(images: pd.DataFrame, probe: list[float]) -> float | None:
    """Give the SRCC of a probe with the scores of images; None where it has none."""
    own = images.assign(probe=probe).dropna(subset="probe")
    if len(own) < LEAST or own["probe"].nunique() < 2 or own["score"].nunique() < 2:
        return None
    return float(spearmanr(own["probe"], own["score"]).statistic)


def check_it(entry: Mapping[str, Any]) -> str:
    """Say what to do about scores that run the wrong way."""
    return f"check `direction` {at_entry()}, now '{entry.get('direction', 'higher')}'"


def warning_by_metrics(
    images: pd.DataFrame, metrics: Mapping[str, str], entry: Mapping[str, Any], path: Path
) -> str:
    """Say that scores seem to run against the metrics beside them; empty where they do not.

    Args:
        images: `score`, higher better, and a column a metric.
        metrics: which values of each metric are better.
        entry: of the source.
        path: the file that holds them.
    """
    found = [
        spearmanr(images[name], images["score"]).statistic * (-1 if way == "lower" else 1)
        for name, way in metrics.items()
        if len(images) >= LEAST and images[name].nunique() > 1
    ]
    if not found or np.mean(found) >= AGAINST:
        return ""
    return (
        f"WARNING: the scores in {path} run against the metrics beside them (mean SRCC "
        f"{np.mean(found):.2f} of {len(found)}): {check_it(entry)}"
    )
