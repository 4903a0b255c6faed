"""Colour super-resolution of NTNU: the choices of two experiments on four restorers.

The images, DIV2K contents restored by 4, lie in flask/static/images/selected_256_RESTORER/, the
originals nowhere. "sheets/super-res-results - completed.csv" holds which of the four a session
chose; extracted_data.csv which of two. Of both only the columns below are read: no name, age or
observer. A session is known by a code, which is needed to see that it chose twice.

An image's raw score is the percentage of the sessions that chose it as the best of the four: it
tells nothing across contents, and little of the second against the third.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from fgresq.errors import UserError
from fgresq.pairs.labels import Votes
from fgresq.pairs.votes import voted
from fgresq.sources.placed import Files, read_text_table
from fgresq.sources.rows import Labelled

RESTORERS = {  # as the sheet calls them: as folders and the other file do
    "ResShift": "ResShift",
    "SwinIR": "SwinIR",
    "BSRGAN": "BSRGAN",
    "Real-ESRGAN": "RealESRGAN",
}
LABELS = ("super-res-results - completed.csv",)
PAIRWISE = "extracted_data.csv"
LAYOUT = (
    f'"sheets/{LABELS[0]}", {PAIRWISE} and flask/static/images/selected_256_RESTORER/ of '
    f"{', '.join(RESTORERS.values())}"
)
BEST = ("test_id", "image_name", "selected_model")
TWO = ("session id", "left image", "right image", "selected image")
SUM = "Total Time"  # a row of the sheet that sums a session up


def columns_of(path: Path, names: Sequence[str]) -> pd.DataFrame:
    """Read these columns of a table and no other, indexed by the row as editors count.

    Raises:
        UserError: one is missing, or a cell is empty.
    """
    table = read_text_table(path, names)
    for name in names:
        empty = table.index[table[name].str.strip().eq("")]
        if name == BEST[2]:
            empty = empty[table.loc[empty, BEST[1]].ne(SUM)]
        if len(empty):
            where = f"{path}, row {empty[0]}, column '{name}'"
            raise UserError(where, "it is empty", "Correct or remove the row")
    return table


def image_of(content: str, restorer: str) -> str:
    """Name the image of a content, as the end of its path."""
    return f"selected_256_{RESTORERS[restorer]}/{content}.png"


def best_of_four(path: Path, notes: list[str]) -> dict[str, dict[str, int]]:
    """Count, by content and restorer, the sessions that chose it as the best.

    A session that went back has several rows of an image: its last choice counts, which is noted.

    Raises:
        UserError: a choice is none of the restorers.
    """
    rows = columns_of(path, BEST)
    rows = rows[rows["image_name"].ne(SUM)]
    known = {name.replace("-", ""): name for name in RESTORERS}
    chosen = rows["selected_model"].str.replace("-", "").map(known)
    wrong = rows.index[chosen.isna()]
    if len(wrong):
        told = f"'{rows.at[wrong[0], 'selected_model']}' is none of {', '.join(RESTORERS)}"
        raise UserError(f"{path}, row {wrong[0]}, column 'selected_model'", told, "Correct it")
    rows = rows.assign(selected_model=chosen)
    by_session = rows.groupby(["test_id", "image_name"])["selected_model"]
    changed = int((by_session.nunique() > 1).sum())
    last = by_session.last().reset_index()
    repeated = len(rows) - len(last)
    if repeated:
        notes.append(
            f"{repeated} rows of {path.name} repeat an image for the same session, and the last "
            f"counts; {changed} of these choices had changed"
        )
    counts: dict[str, dict[str, int]] = {}
    for name, own in last.groupby("image_name"):
        found = own["selected_model"].value_counts()
        counts[Path(str(name)).stem] = {each: int(found.get(each, 0)) for each in RESTORERS}
    return counts


def best_of_two(path: Path, ends: Collection[str]) -> dict[tuple[str, str], Votes]:
    """Count the votes for the first and second of two images, in order of their names.

    Args:
        path: of the table.
        ends: ends of the paths of all images.

    Raises:
        UserError: an image is not there, the choice is neither image, or both were shown to a
            session before.
    """
    rows = columns_of(path, TWO)
    votes: dict[tuple[str, str], Votes] = {}
    seen: dict[tuple[str, str, str], int] = {}
    for at, session, left, right, selected in rows.itertuples(name=None):
        where = f"{path}, row {at}"
        for name in (left, right):
            if folder_form(name) not in ends:
                told = f"there is no image '{name}' among those of the other experiment"
                raise UserError(where, told, "Correct the name or remove the row")
        if selected not in (left, right) or left == right:
            told = f"the choice '{selected}' is not one of two images, '{left}' and '{right}'"
            raise UserError(where, told, "Correct or remove the row")
        low, high = sorted((left, right))
        first = seen.setdefault((session, low, high), at)
        if first != at:
            told = f"its session was shown '{low}' and '{high}' before, in row {first}"
            raise UserError(where, told, "Remove one of the rows")
        old = votes.get((low, high), Votes(0, 0, 0))
        votes[low, high] = (
            old._replace(a=old.a + 1) if selected == low else old._replace(b=old.b + 1)
        )
    return votes


def labelled(files: Files, entry: dict[str, Any]) -> Iterator[Labelled]:
    """Yield the four images of each content, with the share of choices as raw score."""
    path = files.label(*LABELS, layout=LAYOUT)
    for content, counts in best_of_four(path, []).items():
        for restorer, count in counts.items():
            yield Labelled(
                where=f"{path}, image '{content}.png'",
                image=image_of(content, restorer),
                score=100 * count / sum(counts.values()),
                task="super-resolution",
                content=content,
                scale="4",
                algorithm=RESTORERS[restorer],
            )


def supplied(files: Files, images: pd.DataFrame, alpha: float) -> tuple[pd.DataFrame, list[str]]:
    """Give the pairs of both experiments, each kind of votes apart, and notes.

    Args:
        files: of the source.
        images: those that `labelled` yields, as rows of the image table.
        alpha: level of the binomial test.

    Raises:
        UserError: a vote is on an image that is not there.
    """
    sheet, other = (files.label(name, layout=LAYOUT) for name in (*LABELS, PAIRWISE))
    notes: list[str] = []
    names = {
        f"{Path(p).parent.name}/{Path(p).name}": n for n, p in images[["image", "path"]].values
    }
    best = [
        (names[image_of(content, x)], names[image_of(content, y)], Votes(n[x], n[y], 0))
        for content, n in best_of_four(sheet, notes).items()
        for x, y in itertools.combinations(n, 2)
    ]
    two = [
        (names[folder_form(low)], names[folder_form(high)], votes)
        for (low, high), votes in best_of_two(other, names).items()
    ]
    notes.append(
        f"preferences are those of votes, by a binomial test at level {alpha:g}: "
        f"{len(best)} pairs of the best of four, {len(two)} of two"
    )
    pairs = [voted(best, "best of four", alpha), voted(two, "two", alpha)]
    return pd.concat(pairs, ignore_index=True), notes


def folder_form(name: str) -> str:
    """Give the end of the path of an image that the pairwise file calls 0809_ResShift.png."""
    content, _, restorer = Path(name).stem.partition("_")
    return f"selected_256_{restorer}/{content}.png"
