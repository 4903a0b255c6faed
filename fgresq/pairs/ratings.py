"""Preferences from raw ratings: a paired test over the raters for each pair of a group."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
from scipy import stats

from fgresq.pairs.order import all_pairs
from fgresq.tables import SUPPLIED_COLUMNS, empty


def preferences_from_ratings(
    ratings: pd.DataFrame, images: pd.DataFrame, alpha: float
) -> pd.DataFrame:
    """Derive a preference for every pair of images of one group and task.

    A two-sided paired t-test over the raters who rated both images: below `alpha` the image with
    the higher mean is preferred, else they are equal. Each rater's scores are divided by their
    standard deviation first, so that who uses the whole scale weighs no more than others. Pairs
    that fewer than two raters rated both have no preference and are left out, with a note in the
    log.

    Args:
        ratings: indexed by image identifier, one column a rater, higher better, NaN = not rated.
        images: image, task, group; each image has a row in `ratings`.
        alpha: level of the test, in (0, 1).

    Returns:
        image_a, image_b, preference, fraction_a (share of raters that rate A higher, ties half, in
        [0, 1]), the raters as votes of the kind "ratings", label_origin ("human"); A and B in
        random but fixed order.
    """
    spread = ratings.std(ddof=0).replace(0.0, 1.0)  # a rater who never varies has no differences
    ratings = ratings / spread
    groups = (rows["image"] for _, rows in images.groupby(["task", "group"]) if len(rows) > 1)
    parts = [_group(ratings, all_pairs(names), alpha) for names in groups]
    pairs = pd.concat(parts, ignore_index=True) if parts else empty(SUPPLIED_COLUMNS)
    left_out = pairs["preference"] == ""
    if left_out.any():
        logging.info("%d pairs have fewer than two common raters and are left out", left_out.sum())
    return pairs[~left_out].reset_index(drop=True)


def votes_from_ratings(ratings: pd.DataFrame, pairs: pd.DataFrame) -> dict[str, object]:
    """Count, of each pair, the raters who rate A higher, B higher, and both alike.

    Args:
        ratings: as `preferences_from_ratings`.
        pairs: image_a, image_b.

    Returns:
        The columns VOTE_COLUMNS.
    """
    a, b = (ratings.loc[pairs[side]].to_numpy(float) for side in ("image_a", "image_b"))
    return {
        "votes_a": np.sum(a > b, axis=1).astype(float),
        "votes_b": np.sum(a < b, axis=1).astype(float),
        "votes_equal": np.sum(a == b, axis=1).astype(float),
        "vote_kind": "ratings",
    }


def _group(ratings: pd.DataFrame, pairs: list[tuple[str, str]], alpha: float) -> pd.DataFrame:
    a, b = zip(*pairs, strict=True)
    difference = ratings.loc[list(a)].to_numpy(float) - ratings.loc[list(b)].to_numpy(float)
    raters = np.sum(np.isfinite(difference), axis=1)
    difference = difference[:, np.any(np.isfinite(difference), axis=0)]
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.nansum(difference, axis=1) / raters
        spread = np.sqrt(np.nansum((difference - mean[:, None]) ** 2, axis=1) / (raters - 1))
        # All raters alike: infinite, or NaN where they see no difference at all (equal then).
        p = 2 * stats.t.sf(np.abs(mean) / (spread / np.sqrt(raters)), raters - 1)
        fraction = np.nansum((np.sign(difference) + 1) / 2, axis=1) / raters
    preference = np.where(p < alpha, np.where(mean > 0, "A", "B"), "equal").astype(object)
    preference[raters < 2] = ""
    found = pd.DataFrame(
        {
            "image_a": a,
            "image_b": b,
            "preference": preference,
            "fraction_a": fraction,
            "label_origin": "human",
        }
    )
    return found.assign(**votes_from_ratings(ratings, found))
