"""Generative Image Database: eight photographs through three networks, and votes on pairs.

images/NETWORK/ holds what ESRGAN (super-resolution), ArNet (removal of JPEG artifacts) and HiFiC
(compression), all generative, made of a photograph, at three strengths each (lo, mi, hi);
images/Original/ the photographs. A row of results/jdg.csv is a pair, its other columns one observer
each, numbered: 0 where the first image was chosen, 1 where the second.

Read are the pairs of two restored images of one photograph. Pairs with the original, of unlike
photographs, with HEVC or with the one photograph that ESRGAN has no images of are left out, and
counted. An image's raw score is the percentage of votes that it won against the others of its
photograph: it tells nothing across photographs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from fgresq.errors import UserError
from fgresq.pairs.labels import Votes
from fgresq.pairs.votes import voted
from fgresq.sources.placed import Files, read_text, read_text_table
from fgresq.sources.rows import Labelled

LABELS = ("jdg.csv",)
LAYOUT = "results/jdg.csv, and images/ with Original, ESRGAN, ArNet and HiFiC"
NETWORKS = ("ESRGAN", "ArNet", "HiFiC")
STRENGTHS = ("lo", "mi", "hi")
OTHERS = ("original", "hevc")  # were shown as well; of HEVC there are no images
SIDES = ("Image_A", "Model_A", "Quality_A"), ("Image_B", "Model_B", "Quality_B")
Voted = tuple[str, str, Votes]


def image_of(content: str, network: str, strength: str) -> str:
    """Name an image file as the images are named."""
    return f"{int(content):05}_{network}_{strength}.png"


def check(where: str, content: str, model: str, strength: str) -> None:
    """Refuse what no image is of.

    Raises:
        UserError: an unknown network, a strength that is none, or a content that is no number.
    """
    if model not in (*NETWORKS, *OTHERS):
        told = f"'{model}' is none of {', '.join((*NETWORKS, *OTHERS))}"
    elif not content.isdigit():
        told = f"the image '{content}' is no number"
    elif model in NETWORKS and strength not in STRENGTHS:
        told = f"the quality '{strength}' is none of {', '.join(STRENGTHS)}"
    else:
        return
    raise UserError(where, told, "Correct or remove the row")


def pairs_of(files: Files, notes: list[str]) -> list[Voted]:
    """Read the pairs of restored images of one photograph, with the votes for either.

    Raises:
        UserError: a vote is neither 0 nor 1, a row is of no image, or repeats a pair.
    """
    path = files.label(*LABELS, layout=LAYOUT)
    head = read_text(path).partition("\n")[0]
    observers = [name for name in head.strip().split(",") if name.isdigit()]
    if not observers:
        mend = "Its votes are columns with numbers as names: use the file as released"
        raise UserError(path, "it has no column of votes", mend)
    table = read_text_table(path, [*(name for side in SIDES for name in side), *observers])
    found: dict[tuple[str, str], Votes] = {}
    left_out = 0
    for at, row in table.iterrows():
        where = f"{path}, row {at}"
        sides = [tuple(str(row[name]).strip() for name in side) for side in SIDES]
        for side in sides:
            check(where, *side)
        votes = [str(row[name]).strip() for name in observers]
        if set(votes) - {"0", "1"}:
            wrong = next(name for name in observers if str(row[name]).strip() not in ("0", "1"))
            told = f"'{row[wrong]}' is no vote: 0 for the first image, 1 for the second"
            raise UserError(f"{where}, column '{wrong}'", told, "Correct or remove the row")
        (content, model, _), (other, model_b, _) = sides
        names = image_of(*sides[0]), image_of(*sides[1])
        there = model in NETWORKS and model_b in NETWORKS and content == other
        if not (there and all(map(files.ending, names))):
            left_out += 1
            continue
        if names in found or names[::-1] in found or names[0] == names[1]:
            raise UserError(where, f"{names[0]} and {names[1]} stand before", "Remove the row")
        found[names] = Votes(votes.count("0"), votes.count("1"), 0)
    notes.append(
        f"{left_out} pairs of {path.name} are left out: with the original, of two photographs, "
        "with HEVC, or with an image that was not released"
    )
    return [(a, b, votes) for (a, b), votes in found.items()]


def labelled(files: Files, entry: dict[str, Any]) -> Iterator[Labelled]:
    """Yield the restored images, with the share of votes won as raw score."""
    path = files.label(*LABELS, layout=LAYOUT)
    won: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for first, second, votes in pairs_of(files, []):
        for name, own in ((first, votes.a), (second, votes.b)):
            won[name][0] += own
            won[name][1] += votes.a + votes.b
    for name, (own, of) in sorted(won.items()):
        content, network, strength = Path(name).stem.split("_")
        yield Labelled(
            where=f"{path}, image '{name}'",
            image=name,
            score=100 * own / of,
            task="mixture",
            content=content,
            algorithm=f"{network}-{strength}",
            reference=f"{content}_original.png",
        )


def supplied(files: Files, images: pd.DataFrame, alpha: float) -> tuple[pd.DataFrame, list[str]]:
    """Give the pairs with their votes, and notes.

    Args:
        files: of the source.
        images: those that `labelled` yields, as rows of the image table.
        alpha: level of the binomial test.
    """
    notes: list[str] = []
    names = {Path(p).name: n for n, p in images[["image", "path"]].values}
    pairs = [(names[a], names[b], votes) for a, b, votes in pairs_of(files, notes)]
    notes.append(f"preferences are those of votes, by a binomial test at level {alpha:g}")
    return voted(pairs, "two", alpha), notes
