"""A cheap check that scores run the right way, by PSNR inside groups, or by metrics at hand.

PSNR is a poor judge of fine differences, but inside a group it hardly ever runs against people.
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
from fgresq.pairs.order import stable_hash
from fgresq.sources.rows import at_entry

GROUPS = 20  # looked at, at most
MEMBERS = 12  # of a group
LEAST = 3  # images of a group, for a rank correlation
AGAINST = -0.3  # mean SRCC below which the scores are said to run the wrong way


def sampled(images: pd.DataFrame) -> list[pd.DataFrame]:
    """Choose groups and members with a reference by a hash of their names."""
    rows = images[images["reference"].ne("")]
    groups = [own for _, own in rows.groupby(["task", "group"]) if len(own) >= LEAST]
    groups.sort(key=lambda own: stable_hash("direction", own["group"].iloc[0]))
    chosen = []
    for own in groups[:GROUPS]:
        rank = own["image"].map(lambda name: stable_hash("direction", name))
        chosen.append(own.loc[rank.sort_values().index[:MEMBERS]])
    return chosen


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
    found = []
    for own in sampled(images):
        files = zip(own["path"], own["reference"], own["mask"], strict=True)
        own = own.assign(psnr=[psnr_of(*row) for row in files]).dropna(subset="psnr")
        if len(own) >= LEAST and own["psnr"].nunique() > 1 and own["score"].nunique() > 1:
            found.append(spearmanr(own["psnr"], own["score"]).statistic)
    if not found or np.mean(found) >= AGAINST:
        return ""
    return (
        f"WARNING: the scores run against PSNR to the reference (mean SRCC {np.mean(found):.2f} "
        f"inside {len(found)} groups): {check_it(entry)}"
    )


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
