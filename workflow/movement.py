"""How far the data and the pairs of two runs of the same code lie apart.

The last digits of floating-point sums depend on the processor's instruction set. What is chosen
from them (sample, pairs, labels) must not, unless the value lay within `NEAR` of the border that
decides. Read are two folders `results`, as the rules leave them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fgresq.files import read_json
from fgresq.images import read_rgb
from fgresq.pairs.candidates import CANDIDATE_COLUMNS
from fgresq.pairs.labels import Sight, observers, perceive
from fgresq.pairs.order import pair_key
from fgresq.pairs.threshold import DIGITS
from fgresq.tables import read_images, read_pairs, read_table

# How near to a border a value may cross it: score of the coarse filter, SSIM of the JND filter,
# what an observer perceives (in standard deviations) of the indifference. About ten times what was
# measured on the embedded data.
NEAR = {"score": 5e-4, "ssim": 3e-4, "perceived": 2e-3}


@dataclass(frozen=True)
class Moved:
    """A choice that differs between two runs.

    Args:
        what: what was chosen, and how it changed.
        distance: from the border, the greater of both runs; None where no border decides it.
        border: a key of `NEAR`, or empty.
    """

    what: str
    distance: float | None = None
    border: str = ""

    @property
    def near(self) -> bool:
        """Whether the value lay so near to the border that it may cross it."""
        return self.distance is not None and self.distance <= NEAR[self.border]

    def __str__(self) -> str:
        if self.distance is None:
            return f"{self.what}: no border is near"
        verdict = "near" if self.near else f"NOT near: more than {NEAR[self.border]:g}"
        return f"{self.what}, {self.distance:.6f} {self.border} from the border ({verdict})"


class Made:
    """What a run has made of one preset, read from its folder `results`."""

    def __init__(self, results: Path, preset: str) -> None:
        """Read the tables of a preset.

        Raises:
            UserError: one of them is missing or unreadable.
        """
        self.root = results.parent
        self.images = read_images(results / f"data/{preset}/images.csv").set_index("image")
        pairs = results / f"pairs/{preset}"
        self.threshold = read_json(pairs / "threshold.json")
        self.tau = {f["source"]: f["tau"] for f in read_json(pairs / "funnel.json")}
        found = [read_table(p, CANDIDATE_COLUMNS) for p in sorted(pairs.glob("*/candidates.csv"))]
        self.candidates = pd.concat(found).set_index(["image_a", "image_b"])
        self.pairs = read_pairs(pairs / "pairs.csv").set_index(["image_a", "image_b"])

    def distances(self, pair: tuple[str, str]) -> dict[str, float]:
        """Give the distance of a candidate from both borders; negative where it is dropped."""
        row = self.candidates.loc[pair]
        tau = self.tau[row["source"]][self.images.at[pair[0], "dataset"]]
        return {
            "score": tau - abs(row["score_difference"]),
            "ssim": self.threshold["threshold"] - row["ssim"],
        }

    def from_rounding(self) -> float:
        """Give the distance of the median SSIM from where the threshold is rounded to another."""
        setting = self.threshold["setting"].items()
        own = next(row for row in self.threshold["grid"] if setting <= row.items())
        steps = own["median"] * 10**DIGITS
        return abs(steps % 1 - 0.5) / 10**DIGITS

    def pixels(self, image: str) -> np.ndarray:
        """Decode an image."""
        return read_rgb(self.root / self.images.at[image, "path"]).astype(int)

    def perceived(self, pair: tuple[str, str], slope: float, seed: int) -> np.ndarray:
        """Give what the observers perceive of a pair, (13,) in standard deviations of one."""
        low, high = pair_key(*pair)
        quality = self.images["raw_score"]
        return perceive(quality[low] - quality[high], slope, observers(seed, low, high))


def greatest(a: pd.Series, b: pd.Series) -> float:
    """Give the greatest difference of two columns, matched by their index."""
    return round(float((a - b).abs().max()), 9) if len(a) else 0.0


def moved_pairs(a: Made, b: Made) -> Iterator[Moved]:
    """List the pairs that only one of two runs has, each with its distance from the border.

    Where the JND threshold itself was rounded to another, that is the border that was near.
    """
    turned = [run.threshold["threshold"] for run in (a, b)]
    rounding = max(run.from_rounding() for run in (a, b)) if turned[0] != turned[1] else None
    for run, other, way in ((a, b, "out"), (b, a, "in")):
        for pair in run.pairs.index.difference(other.pairs.index):
            inside, outside = run.distances(pair), other.distances(pair)
            crossed = [border for border, distance in outside.items() if distance <= 0]
            what = f"pair {pair[0]}, {pair[1]} {way}"
            if not crossed:
                yield Moved(what)
            for border in crossed:
                distance = max(inside[border], -outside[border])
                if border == "ssim" and rounding is not None:
                    distance = min(distance, rounding)
                yield Moved(what, distance, border)


def moved_labels(a: Made, b: Made, sight: Sight, seed: int) -> Iterator[Moved]:
    """List the pairs of both runs that are labelled otherwise, with the votes' distance."""
    for pair in a.pairs.index.intersection(b.pairs.index):
        rows = [run.pairs.loc[pair, ["preference", "fraction_a"]] for run in (a, b)]
        if rows[0].equals(rows[1]):
            continue
        told = ", ".join(f"{preference} {share:g}" for preference, share in rows)
        what = f"label of {pair[0]}, {pair[1]} ({told})"
        if a.pairs.at[pair, "label_origin"] != "simulated":
            yield Moved(what)
            continue
        perceived = [run.perceived(pair, sight.slope, seed) for run in (a, b)]
        from_border = [np.abs(own) - sight.border for own in perceived]
        turned = (from_border[0] < 0) != (from_border[1] < 0)
        distance = max(float(np.abs(d[turned]).max(initial=0)) for d in from_border)
        yield Moved(what, distance, "perceived") if turned.any() else Moved(what)


def moved_sides(a: Made, b: Made) -> Iterator[Moved]:
    """List the pairs of both runs on another side of a split, in tasks with the same pairs."""
    both = a.pairs.index.intersection(b.pairs.index)
    for task, rows in a.pairs.groupby("task"):
        same = set(rows.index) == set(b.pairs.index[b.pairs["task"] == task])
        for column in ("fold", "split_pairs") if same else ("fold",):
            own = rows.index.intersection(both)
            turned = a.pairs.loc[own, column] != b.pairs.loc[own, column]
            for pair in own[turned]:
                yield Moved(f"{column} of {pair[0]}, {pair[1]}")


def choices(a: Made, b: Made, sight: Sight, seed: int) -> list[Moved]:
    """List every choice that differs between two runs.

    Args:
        a, b: the runs.
        sight: of the simulated observers.
        seed: of them.
    """
    found = []
    if set(a.images.index) != set(b.images.index):
        found.append(Moved("names of the images"))
        return found
    if a.threshold["sample"] != b.threshold["sample"]:
        found.append(Moved("sample of the JND threshold"))
    return [
        *found,
        *moved_pairs(a, b),
        *moved_labels(a, b, sight, seed),
        *moved_sides(a, b),
    ]


def numbers(a: Made, b: Made) -> dict[str, Any]:
    """Measure how far the values of two runs lie apart; both have the same images.

    Returns:
        images and candidates (how many there are), images_differing, and the greatest differences:
        gray_levels, quality, score, ssim, jnd_median (of every setting), threshold; pairs of the
        first run, pairs_in, pairs_out, labels_changed.
    """
    differing = a.images.index[a.images["sha256"] != b.images["sha256"].reindex(a.images.index)]
    levels = [int(np.abs(a.pixels(i) - b.pixels(i)).max()) for i in differing]
    both = a.pairs.index.intersection(b.pairs.index)
    shares = [run.pairs.loc[both, ["preference", "fraction_a"]].astype(str) for run in (a, b)]
    thresholds = [run.threshold["threshold"] or 0.0 for run in (a, b)]
    return {
        "images": len(a.images),
        "images_differing": len(differing),
        "gray_levels": max(levels, default=0),
        "quality": greatest(a.images["raw_score"], b.images["raw_score"]),
        "score": greatest(a.images["score"], b.images["score"]),
        "candidates": len(a.candidates),
        "ssim": greatest(a.candidates["ssim"], b.candidates["ssim"]),
        "jnd_median": greatest(*(pd.DataFrame(run.threshold["grid"])["median"] for run in (a, b))),
        "threshold": round(abs(thresholds[0] - thresholds[1]), 9),
        "pairs": len(a.pairs),
        "pairs_in": len(b.pairs) - len(both),
        "pairs_out": len(a.pairs) - len(both),
        "labels_changed": int((shares[0] != shares[1]).any(axis=1).sum()),
    }
