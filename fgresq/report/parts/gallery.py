"""The gallery (Figures 1 and 6 to 18 of the paper): pairs that metrics misrank."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from fgresq.images import read_rgb
from fgresq.report.parts.cells import Methods, decimal, missing
from fgresq.report.results import Run
from fgresq.tables import TASKS

SIDE = 384  # pixels; larger images are cut to the window in which A and B differ most
MAX_BYTES = 3_400_000  # of embedded images, so that the page stays under 5 MB
RIGHT, WRONG, TIE = "right", "wrong", "tie"


@dataclass(frozen=True)
class Verdict:
    """What a method says of a pair: its values, which image it ranks higher, right or wrong."""

    method: str
    title: str
    role: str
    score_a: float
    score_b: float
    ranks: str
    verdict: str

    @property
    def texts(self) -> tuple[str, str, str]:
        """Score of A, the rank between them, score of B."""
        sign = {"A": "A > B", "B": "A < B"}.get(self.ranks, "A = B")
        digits = 3
        while digits < 9 and self.ranks != TIE and self.near(digits):
            digits += 1
        return decimal(self.score_a, digits), sign, decimal(self.score_b, digits)

    def near(self, digits: int) -> bool:
        """Tell whether both scores look alike with so many digits."""
        return decimal(self.score_a, digits) == decimal(self.score_b, digits)


@dataclass(frozen=True)
class Shown:
    """A pair as the gallery shows it: record, images as data addresses, verdicts."""

    pair: dict
    algorithm_a: str
    algorithm_b: str
    image_a: str
    image_b: str
    width: int
    height: int
    window: str
    verdicts: list[Verdict]

    @property
    def wrong(self) -> list[str]:
        """The methods that misrank the pair."""
        return [v.method for v in self.verdicts if v.verdict == WRONG]

    @property
    def facts(self) -> dict[str, str]:
        """Share of votes for A, score difference and SSIM as text; empty where unknown."""
        pair = self.pair
        votes = "" if missing(pair["fraction_a"]) else votes_text(pair)
        ssim = "" if missing(pair["ssim"]) else decimal(pair["ssim"])
        return {
            "votes": votes,
            "difference": decimal(pair["score_difference"], sign=True),
            "ssim": ssim,
        }


def votes_text(pair: Mapping[str, Any]) -> str:
    """Tell the share of votes for A, and where it is not what decided the pair."""
    share = pair["fraction_a"]
    told = f"{100 * share:.0f} % of votes for A"
    for_a = pair["preference"] == "A"
    if share == 0.5 or (share > 0.5) != for_a:
        experts = pair["label_origin"] == "simulated"
        told += "; the groups disagreed, the experts decided" if experts else "; not by majority"
    return told


def judge_pairs(run: Run, methods: Methods) -> pd.DataFrame:
    """Judge every decided pair by every method: pair, method, score_a, score_b, ranks, verdict.

    Scores are as the method gives them; `ranks` heeds its direction. Trained methods are judged
    by their out-of-fold values (split by family).
    """
    decided = run.pairs[run.pairs["preference"] != "equal"]
    scores = run.scores[run.scores["split"].isin(["all", "family"])].dropna(subset="value")
    scores = scores.drop_duplicates(["image", "method"])[["image", "method", "value"]]
    side_a = scores.rename(columns={"image": "image_a", "value": "score_a"})
    side_b = scores.rename(columns={"image": "image_b", "value": "score_b"})
    columns = ["pair", "image_a", "image_b", "preference"]
    judged = decided[columns].merge(side_a, on="image_a").merge(side_b, on=["image_b", "method"])
    sign = judged["method"].map(methods.sign).astype(float)
    gap = np.sign((judged["score_a"] - judged["score_b"]) * sign)
    judged["ranks"] = np.select([gap > 0, gap < 0], ["A", "B"], TIE)
    right = np.where(judged["ranks"] == judged["preference"], RIGHT, WRONG)
    judged["verdict"] = np.where(judged["ranks"] == TIE, TIE, right)
    return judged


def choose(run: Run, judged: pd.DataFrame, methods: Methods, number: int) -> list[str]:
    """Choose pairs task by task in turn: most methods wrong first, then the clearest preference."""
    ranked = judged[judged["method"].map(methods.ranked).astype(bool)]
    wrong = (ranked["verdict"] == WRONG).groupby(ranked["pair"]).sum()
    pairs = run.pairs[run.pairs["pair"].isin(wrong.index[wrong > 0])]
    pairs = pairs.assign(
        wrong=pairs["pair"].map(wrong),
        clear=-(pairs["fraction_a"].fillna(0.5) - 0.5).abs().round(6),
    )
    pairs = pairs.sort_values(["wrong", "clear", "pair"], ascending=[False, True, True])
    pairs["turn"] = pairs.groupby(["task", "family"], sort=False).cumcount()
    pairs = pairs.sort_values("turn", kind="stable")
    pairs["turn"] = pairs.groupby("task", sort=False).cumcount()
    pairs["order"] = pairs["task"].map({task: i for i, task in enumerate(TASKS)})
    return list(pairs.sort_values(["turn", "order"], kind="stable")["pair"].head(number))


def gallery(run: Run, methods: Methods, number: int) -> list[Shown]:
    """Build the pairs of the gallery, as many as asked for and as fit into the page.

    Raises:
        UserError: an image cannot be read.
    """
    judged = judge_pairs(run, methods)
    if judged.empty:
        return []
    images = run.images.set_index("image")
    records = run.pairs.set_index("pair", drop=False)
    shown, size = [], 0
    for name in choose(run, judged, methods, number):
        pair = build(records.loc[name].to_dict(), images, judged[judged["pair"] == name], methods)
        size += len(pair.image_a) + len(pair.image_b)
        if size > MAX_BYTES:
            break
        shown.append(pair)
    return shown


def build(pair: dict, images: pd.DataFrame, judged: pd.DataFrame, methods: Methods) -> Shown:
    """Build one pair: read, cut and embed its images, list the verdicts."""
    row_a, row_b = images.loc[pair["image_a"]], images.loc[pair["image_b"]]
    image_a, image_b = read_rgb(Path(row_a["path"])), read_rgb(Path(row_b["path"]))
    cut_a, cut_b, window = cut(image_a, image_b)
    verdicts = [
        Verdict(
            v.method,
            methods.title(v.method),
            methods.role(v.method),
            v.score_a,
            v.score_b,
            v.ranks,
            v.verdict,
        )
        for v in judged.itertuples()
    ]
    verdicts.sort(key=lambda v: (not methods.ranked(v.method), v.title))
    height, width = cut_a.shape[:2]
    return Shown(
        pair,
        row_a["algorithm"],
        row_b["algorithm"],
        embed(cut_a),
        embed(cut_b),
        width,
        height,
        window,
        verdicts,
    )


def cut(image_a: np.ndarray, image_b: np.ndarray) -> tuple[np.ndarray, np.ndarray, str]:
    """Cut two images (height, width, 3) to at most SIDE, where they differ most; say where."""
    height, width = (min(a, b) for a, b in zip(image_a.shape[:2], image_b.shape[:2], strict=True))
    tall, wide = min(height, SIDE), min(width, SIDE)
    if (tall, wide) == (height, width):
        return image_a[:height, :width], image_b[:height, :width], ""
    a, b = image_a[:height, :width].astype(np.int64), image_b[:height, :width].astype(np.int64)
    total = np.pad(np.abs(a - b).sum(axis=2).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    sums = total[tall:, wide:] - total[:-tall, wide:] - total[tall:, :-wide] + total[:-tall, :-wide]
    top, left = np.unravel_index(np.argmax(sums), sums.shape)
    window = f"{wide}×{tall} of {width}×{height} pixels, at ({left}, {top})"
    area = (slice(top, top + tall), slice(left, left + wide))
    return image_a[area], image_b[area], window


def embed(image: np.ndarray) -> str:
    """Give uint8 RGB (height, width, 3) as a data address of lossless WebP."""
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image)).save(
        buffer, format="WEBP", lossless=True, quality=100, method=4, exact=True
    )
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
