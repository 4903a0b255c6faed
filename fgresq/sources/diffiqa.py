"""DiffIQA as released: test images judged against a reference, by three annotators each.

    images/Original/NAME.png                    the reference
    images/01/NAME_01.png ... 06/NAME_06.png    its six test images
    labels/A/01/NAME_01.json ... C/06/          the votes

The release has it three times, in Train, Validation and Test, whose labels may lie in `trainlabel`
and so on: the official split. Merged into one folder it is read as well, and its sides are unknown.
NAME is PHOTOxROWyCOLUMN (000006x0y770): a crop of 512x512, its photograph, and where in it the crop
begins. Crops of one photograph overlap, so that only a split by photographs is free of leaks. A
vote says of `Picture_AI`, the test image, whether it is better than the reference (Positive),
alike (Similar) or worse (Negative). The label of an image is that of two annotators or more; where
the three differ it has none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from fgresq.errors import UserError
from fgresq.files import read_json

ANNOTATORS = ("A", "B", "C")
SETS = ("01", "02", "03", "04", "05", "06")
VOTES = ("Positive", "Similar", "Negative")  # of a test image against its reference
SIDES = ("Train", "Validation", "Test")
COLUMNS = ("image", "reference", "photograph", "set", *ANNOTATORS, "label", "side")
NAME = re.compile(r"(.+)x(\d+)y(\d+)")
LAYOUT = "images/Original, images/01 to 06 and labels/A to C, as released, once or in each side"


def photograph_of(name: str, where: str | Path) -> str:
    """Give the photograph that a crop is of, by the crop's name.

    Raises:
        UserError: it is not named so.
    """
    found = NAME.fullmatch(name)
    if not found:
        raise UserError(where, f"'{name}' is not named PHOTOxROWyCOLUMN", "Name it as released")
    return found[1]


def vote_of(path: Path, image: str) -> str:
    """Read one annotator's vote on a test image.

    Raises:
        UserError: there is none, it is of another image, or it is none of `VOTES`.
    """
    if not path.is_file():
        mend = "Three annotators judged every image: unpack all of the labels"
        raise UserError(path, f"there is no vote on {image}", mend)
    found: Any = read_json(path)
    part = found.get("Picture_AI") if isinstance(found, dict) else None
    name, vote = (part.get(k) if isinstance(part, dict) else None for k in ("Name", "Label"))
    if Path(str(name)).name.removesuffix(".png") != image:
        raise UserError(path, f"its Picture_AI is {name!r}, not {image}", "Replace the file")
    if vote not in VOTES:
        raise UserError(path, f"{vote!r} is no vote: {', '.join(VOTES)}", "Replace the file")
    return str(vote)


def majority(votes: Iterable[str]) -> str:
    """Give the vote of two annotators or more; empty where all differ."""
    vote, count = Counter(votes).most_common(1)[0]
    return vote if count > 1 else ""


def sides_of(folder: Path) -> dict[str, Path]:
    """Give the folders of pictures and votes by side; a merged one is of the side "".

    Raises:
        UserError: the folder holds both.
    """
    found = {side: folder / side for side in SIDES if (folder / side).is_dir()}
    if found and (folder / "images").is_dir():
        problem = f"it holds images beside the folder {min(found)}: they may stand in both"
        raise UserError(folder, problem, "Place the release in its three sides, or merged")
    return found or {"": folder}


def labels_of(part: Path) -> Path:
    """Give the folder of a side's votes: `labels`, or one such as `trainlabel`."""
    named = sorted(p for p in part.glob("*label*") if p.is_dir())
    return named[0] if len(named) == 1 else part / "labels"


def rows_of(part: Path, folder: Path, side: str) -> list[tuple[str, ...]]:
    """Read the rows of a side: those of `COLUMNS`.

    Raises:
        UserError: as `read_diffiqa` says.
    """
    references, labels = sorted((part / "images/Original").glob("*.png")), labels_of(part)
    if not references:
        raise UserError(part, "there are no pictures in images/Original", f"It needs {LAYOUT}")
    rows = []
    for reference in tqdm(references, desc=f"DiffIQA {side}".strip(), disable=None):
        photograph = photograph_of(reference.stem, reference)
        for number in SETS:
            name = f"{reference.stem}_{number}"
            image = part / "images" / number / f"{name}.png"
            if not image.is_file():
                raise UserError(image, "there is no such test image", "Unpack all of the images")
            paths = [labels / a / number / f"{name}.json" for a in ANNOTATORS]
            votes = [vote_of(path, name) for path in paths]
            files = (p.relative_to(folder).as_posix() for p in (image, reference))
            rows.append((*files, photograph, number, *votes, majority(votes), side))
    return rows


def read_diffiqa(folder: Path) -> tuple[pd.DataFrame, list[str]]:
    """Read the test images with their votes, in the order of sides, references and sets.

    Args:
        folder: with `images` and `labels`, or with folders of `SIDES` that have them.

    Returns:
        A table of `COLUMNS`, paths relative to the folder, and notes with its counts.

    Raises:
        UserError: a folder, an image or a vote is missing, a vote is none, or a crop is on two
            sides.
    """
    rows: list[tuple[str, ...]] = []
    for side, part in sides_of(folder).items():
        rows += rows_of(part, folder, side)
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    twice = table["image"].map(lambda path: Path(path).name).duplicated()
    if twice.any():
        image = table.loc[twice.to_numpy(), "image"].iloc[0]
        raise UserError(folder / image, "it is on two sides", "Place the release again")
    return table, told(table)


def told(table: pd.DataFrame) -> list[str]:
    """Say how many images, votes of each kind and images without a label there are."""
    votes = table[list(ANNOTATORS)].stack()
    shares = ", ".join(f"{100 * votes.eq(v).mean():.1f} % {v}" for v in VOTES)
    references = table.drop_duplicates("reference")["side"].value_counts()
    sides = ", ".join(f"{references[s]} in {s}" for s in SIDES if s in references)
    return [
        f"{len(table)} test images of {table['reference'].nunique()} references, crops of "
        f"{table['photograph'].nunique()} photographs; {len(votes)} votes: {shares}",
        f"{table['label'].eq('').sum()} images have no label: their three votes differ",
        f"references by side: {sides}" if sides else "its sides are not told: it is merged",
    ]
