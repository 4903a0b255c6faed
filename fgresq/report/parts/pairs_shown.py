"""Which pairs a site shows, and which of them most methods misrank.

The choice is a draw: it reads the pair table and the sizes of images alone, so that no score and no
pixel decides what is shown, and two processors show the same pairs. In each task, the decided
pairs of each source and of each step of `GAP_STEP` in score difference are put in the order of a
seeded hash of their images' names, and taken in turn: the first of every step, the second, and so
on. What is shown goes from task to task, until so many pairs a task are taken, or until
the images would hold more than `MOST_PIXELS`, and with them the site too many bytes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pandas as pd
from PIL import Image

from fgresq.report.parts.cells import Methods, missing
from fgresq.report.parts.verdicts import WRONG, Verdict, judge_pairs, verdicts_of
from fgresq.report.results import Run
from fgresq.tables import TASKS

SEED = 0
GAP_STEP = 0.05  # of the score difference, whose range is 1
HARDEST = 5  # pairs a task that are marked
MOST_PIXELS = 29_000_000  # at 1.3 bytes a pixel, as lossless WebP has on average, 38 MB


@dataclass(frozen=True)
class Shown:
    """A pair that the site shows.

    Args:
        pair: its row of the pair table.
        image_a, image_b: their rows of the image table.
        verdicts: what every method with values says of it, the label source last.
        wrong: how many methods (role `method`, no sanity row) misrank it.
        hard: its place among the hardest of its task, from 1; 0 where it is none of them.
    """

    pair: dict[str, Any]
    image_a: dict[str, Any]
    image_b: dict[str, Any]
    verdicts: list[Verdict]
    wrong: int
    hard: int

    @property
    def reference(self) -> str:
        """Give the path of the reference; empty where there is none."""
        return self.image_a["reference"] or self.image_b["reference"]

    @property
    def paths(self) -> list[str]:
        """List the paths of A, of B and, where there is one, of the reference."""
        return [p for p in (self.image_a["path"], self.image_b["path"], self.reference) if p]


def pair_link(pair: str) -> str:
    """Give the address at which the page of pairs shows a pair, by its name in the pair table."""
    return f"pairs.html#pair={quote(pair, safe='')}"


def lot(image_a: str, image_b: str, vote_kind: str) -> str:
    """Give what a pair is drawn by: a seeded hash of its names, whatever its number is."""
    named = "\n".join([str(SEED), image_a, image_b, vote_kind])
    return hashlib.sha256(named.encode(errors="surrogatepass")).hexdigest()


def gap_step(difference: float) -> int:
    """Give the step of score difference that a pair lies in, from 0; -1 where it is unknown."""
    if missing(difference):
        return -1
    return int(round(abs(difference), 6) / GAP_STEP + 1e-6)


def draw(pairs: pd.DataFrame, number: int) -> pd.DataFrame:
    """Draw pairs as this module says, in the order in which tasks take turns.

    Args:
        pairs: the pair table.
        number: of pairs a task, at most.
    """
    decided = pairs[pairs["preference"] != "equal"]
    names = decided[["image_a", "image_b", "vote_kind"]].itertuples(index=False)
    table = decided.assign(lot=[lot(*each) for each in names])
    table["step"] = table["score_difference"].map(gap_step)
    table = table.sort_values("lot")
    table["turn"] = table.groupby(["task", "source", "step"]).cumcount()
    table = table.sort_values(["turn", "lot"])
    table["place"] = table.groupby("task").cumcount()
    table["order"] = table["task"].map({task: i for i, task in enumerate(TASKS)})
    drawn = table[table["place"] < number].sort_values(["place", "order"])
    return drawn[list(pairs.columns)]


def within(drawn: pd.DataFrame, images: pd.DataFrame, most: int = MOST_PIXELS) -> pd.DataFrame:
    """Keep the first pairs whose images, each counted once, hold at most so many pixels.

    Args:
        drawn: pairs, in their order.
        images: the image table by image.
        most: pixels. An image that is not there counts none.
    """
    counted: set[str] = set()
    total = 0
    paths = images[["path", "reference"]].to_dict("index")
    for kept, (a, b) in enumerate(zip(drawn["image_a"], drawn["image_b"], strict=True)):
        files = {path for name in (a, b) for path in paths[name].values()}
        total += sum(map(pixels_of, sorted(files - counted - {""})))
        counted |= files
        if total > most:
            return drawn.iloc[:kept]
    return drawn


def pixels_of(path: str) -> int:
    """Count the pixels of an image by its head; 0 where there is no image."""
    try:
        with Image.open(path) as image:
            return image.width * image.height
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return 0


def shown_pairs(run: Run, methods: Methods, number: int) -> list[Shown]:
    """Choose the pairs of a site, and judge them.

    Args:
        run: that the site shows.
        methods: with their roles in it.
        number: of pairs a task, at most.

    Returns:
        The pairs in the order of the draw.
    """
    images = run.images.drop_duplicates("image").set_index("image", drop=False)
    known = run.pairs["image_a"].isin(images.index) & run.pairs["image_b"].isin(images.index)
    drawn = within(draw(run.pairs[known], number), images)
    rows = images.loc[sorted({*drawn["image_a"], *drawn["image_b"]})].to_dict("index")
    judged = dict(list(judge_pairs(run, methods, drawn).groupby("pair")))
    found = []
    for pair in drawn.to_dict("records"):
        said = judged.get(pair["pair"])
        verdicts = [] if said is None else verdicts_of(said, methods)
        wrong = sum(v.verdict == WRONG for v in verdicts if v.role == "method")
        image_a, image_b = rows[pair["image_a"]], rows[pair["image_b"]]
        found.append(Shown(pair, image_a, image_b, verdicts, wrong, 0))
    return marked(found)


def marked(found: list[Shown]) -> list[Shown]:
    """Mark the pairs of each task that most methods misrank; of equals the first by name."""
    places: dict[str, int] = {}
    for task in {each.pair["task"] for each in found}:
        names = [each.pair["pair"] for each in by_hardness(found, task)[:HARDEST]]
        places |= {name: place for place, name in enumerate(names, start=1)}
    return [Shown(**{**vars(each), "hard": places.get(each.pair["pair"], 0)}) for each in found]


def by_hardness(found: list[Shown], task: str) -> list[Shown]:
    """Order a task's pairs that any method misranks, those first that most misrank."""
    here = [each for each in found if each.pair["task"] == task and each.wrong]
    return sorted(here, key=lambda each: (-each.wrong, each.pair["pair"]))
