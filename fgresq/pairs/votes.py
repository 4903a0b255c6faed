"""Preferences from votes: which of two images most observers chose, and whether by chance."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import pandas as pd
from scipy.stats import binomtest

from fgresq.pairs.labels import Votes
from fgresq.pairs.order import oriented


@lru_cache(maxsize=4096)  # a data set has few counts and many pairs
def preference(votes: Votes, alpha: float) -> str:
    """Say which image is preferred: A, B, or equal where the votes may be chance.

    Args:
        votes: for A and for B; equal votes tell nothing of which is better.
        alpha: level of the two-sided binomial test, in (0, 1).
    """
    decided = votes.a + votes.b
    if not decided or binomtest(votes.a, decided).pvalue >= alpha:
        return "equal"
    return "A" if votes.a > votes.b else "B"


def voted(counts: Iterable[tuple[str, str, Votes]], kind: str, alpha: float) -> pd.DataFrame:
    """Give pairs of images the preference that their votes tell.

    Args:
        counts: two images, and the votes for the first and for the second of them.
        kind: one of VOTE_KINDS.
        alpha: as `preference`.

    Returns:
        image_a, image_b, preference, fraction_a, the votes and their kind; A and B in random but
        fixed order.
    """
    rows = []
    for first, second, votes in counts:
        a, b = oriented(first, second)
        own = votes if a == first else votes.swapped()
        rows.append(
            {
                "image_a": a,
                "image_b": b,
                "preference": preference(own, alpha),
                "fraction_a": own.share,
                "votes_a": float(own.a),
                "votes_b": float(own.b),
                "votes_equal": float(own.equal),
                "vote_kind": kind,
            }
        )
    return pd.DataFrame(rows)
