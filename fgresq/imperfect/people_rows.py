"""The rows that stand before people: heads that come with the package, methods, trivial rows, sums.

All values are turned so that higher is better. A sum of two rows adds them after each is brought
to mean 0 and spread 1 over the images of the set, which looks at no label.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fgresq.analysis.trivial import CONSTANT, ENTRIES, SHARPNESS, constant_orders, sharpnesses
from fgresq.catalogues import read_methods
from fgresq.imperfect.people_sets import PeopleSet
from fgresq.scoring.judging import score_all

if TYPE_CHECKING:
    from fgresq.imperfect.human_naturalness import HumanNaturalness
    from fgresq.imperfect.seen_images import Seen
    from fgresq.model.adaptive import Afine

METHODS = ("dists", "lpips", "vsi", "embedded")
HUMAN_N = "naturalness_clive"
HUMAN_TITLE = "N (VGG16), a ridge on people's scores of photographs (CLIVE)"
OF_HEADS = {"fidelity": "F_s", "naturalness": "N_s", "distance": "D"}
SUMS = {  # of two rows: with F of the paper's kind and N of either recipe
    "vsi_and_naturalness": ("vsi", "vgg16/naturalness"),
    "vsi_and_naturalness_clive": ("vsi", HUMAN_N),
    "lpips_and_naturalness_clive": ("lpips", HUMAN_N),
}


@dataclass(frozen=True)
class Judged:
    """What a row says of the images of a set.

    Args:
        title: for people.
        kind: FR, NR, or "no image".
        values: (n,), higher better; NaN for none.
        reason: why there is none.
    """

    title: str
    kind: str
    values: np.ndarray
    reason: str = ""


def nothing(own: PeopleSet, title: str, kind: str, reason: str) -> Judged:
    """Give a row without a value."""
    return Judged(title, kind, np.full(len(own.images), np.nan), reason)


def by_heads(
    own: PeopleSet, heads: Mapping[str, Afine | str], seen: Mapping[str, Seen]
) -> dict[str, Judged]:
    """Give the rows F_s, N_s and D of each backbone; without references N_s alone."""
    from fgresq.model.adaptive import title

    referenced, rows = bool(own.images["reference"].ne("").all()), {}
    for backbone, model in heads.items():
        for part, told in OF_HEADS.items():
            kind = "NR" if part == "naturalness" else "FR"
            if kind == "FR" and not referenced:
                continue
            name = f"{title(backbone)}: {told}"
            if isinstance(model, str):
                rows[f"{backbone}/{part}"] = nothing(own, name, kind, model)
            else:
                values = -seen[backbone].values[part].to_numpy(float)
                rows[f"{backbone}/{part}"] = Judged(name, kind, values)
    return rows


def by_methods(own: PeopleSet, args: argparse.Namespace) -> dict[str, Judged]:
    """Give the rows of untrained methods; those that compare where there are references alone."""
    entries, rows = read_methods(args.methods), {}
    referenced = bool(own.images["reference"].ne("").all())
    order = own.rows.sort_values(["reference", "image"])
    for name in METHODS:
        entry = entries[name]
        if entry["kind"] == "FR" and not referenced:
            continue
        found = score_all(order, name, args)
        values = np.full(len(order), np.nan)
        values[order.index.to_numpy()] = [value for value, _ in found]
        reason = next((why for _, why in found if why), "")
        sign = 1 if entry["direction"] == "higher" else -1
        rows[name] = Judged(entry["title"], entry["kind"], sign * values, reason)
    return rows


def by_one_line(own: PeopleSet) -> dict[str, Judged]:
    """Give the trivial rows."""
    made = {SHARPNESS: sharpnesses(own.images["path"]), CONSTANT: constant_orders(own.images)}
    return {n: Judged(ENTRIES[n]["title"], ENTRIES[n]["kind"], v) for n, v in made.items()}


def by_people(
    own: PeopleSet, taught: HumanNaturalness | str, seen: Seen | None
) -> dict[str, Judged]:
    """Give the row of N that people's scores of photographs taught, on the moments of its tower."""
    if isinstance(taught, str) or seen is None:
        return {HUMAN_N: nothing(own, HUMAN_TITLE, "NR", str(taught))}
    return {HUMAN_N: Judged(HUMAN_TITLE, "NR", taught(seen.moments))}


def sums(rows: Mapping[str, Judged]) -> dict[str, Judged]:
    """Give the sums of rows that are there."""
    found = {}
    for name, parts in SUMS.items():
        if all(part in rows for part in parts):
            both = [rows[part] for part in parts]
            reason = next((one.reason for one in both if one.reason), "")
            values = sum((standardised(one.values) for one in both), np.zeros(1))
            title = " + ".join(one.title for one in both)
            found[name] = Judged(f"{title}, standardised", "FR", values, reason)
    return found


def standardised(values: np.ndarray) -> np.ndarray:
    """Bring values (n,) to mean 0 and spread 1; NaN stays."""
    if not np.isfinite(values).any():
        return values
    spread = float(np.nanstd(values))
    return (values - np.nanmean(values)) / (spread or 1.0)
