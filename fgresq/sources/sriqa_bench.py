"""SRIQA-Bench as released: ten restorers of 100 photographs, compared in pairs with the original.

    images/METHOD/N_METHODx4.png, images/Original/N_Original.png
    MOS/N.txt, MOS_Reg/N.txt, MOS_Gen/N.txt     lines `file,score`, comma or space
    labels/A ... J/N/N_M1_M2.json               the votes of ten annotators on each of 55 pairs

MOS is scaled within a content: each has a 0 and a 100, so it must not be pooled over contents. The
original is one of the eleven images that were compared, and people prefer it in most of its pairs:
a metric whose best value is that of identical images gets those for nothing. `pairs_of` therefore
gives the pairs with and without it. An earlier release lacked files of votes; its authors advise
the MOS, which is read without them, and `check_votes` tells whether they are whole.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from pathlib import Path

import pandas as pd

from fgresq.errors import UserError
from fgresq.sources.placed import read_text

ORIGINAL = "Original"
REGRESSION = ("SwinIR", "RealESRNet")
GENERATIVE = ("Real-ESRGAN", "BSRGAN", "HGGT", "StableSR", "SUPIR", "SeeSR", "SinSR", "OSEDiff")
MADE_BY = {  # the sets: who made the images of a content, beside the original
    "Reg": REGRESSION,
    "Gen": GENERATIVE,
    "All": (*REGRESSION, *GENERATIVE),
}
FOLDERS = {"Reg": "MOS_Reg", "Gen": "MOS_Gen", "All": "MOS"}
ANNOTATORS = tuple("ABCDEFGHIJ")
PAIRS = 55  # of the eleven images of a content
COLUMNS = ("content", "method", "image", "reference", "mos")


def scores_of(path: Path) -> dict[str, float]:
    """Read the lines of a file of MOS: image, score.

    Raises:
        UserError: a line has another form, or an image stands twice.
    """
    found: dict[str, float] = {}
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        fields = re.split(r"[,\s]+", line.strip())
        if fields == [""]:
            continue
        where = f"{path}, line {number}"
        try:
            name, score = fields[0], float(fields[1])
        except (IndexError, ValueError):
            problem = f"'{line.strip()}' is not FILE,SCORE"
            raise UserError(where, problem, "Replace the file") from None
        if len(fields) != 2 or not 0 <= score <= 100:
            raise UserError(where, f"'{line.strip()}' is not FILE and 0 to 100", "Replace the file")
        if name in found:
            raise UserError(where, f"{name} stands before", "Remove one of the lines")
        found[name] = score
    return found


def plain(method: str) -> str:
    """Give a method's name without case and hyphens, which files and papers write unlike."""
    return re.sub(r"[^a-z0-9]", "", method.lower())


def made_by(file: str, content: str) -> str:
    """Give who made an image, as its name has it: N_METHODx4.png; empty: not named so."""
    found = re.fullmatch(rf"{re.escape(content)}_(.+?)(x4)?\.png", file)
    return found[1] if found else ""


def read_sriqa(folder: Path, name: str = "All") -> pd.DataFrame:
    """Read a set of images with their MOS, the originals among them.

    Args:
        folder: with `images` and the folders of MOS.
        name: of the set: Reg, Gen or All.

    Returns:
        A table of `COLUMNS`, paths relative to the folder; MOS 0 to 100, higher better, within a
        content. The reference of each image is its content's original.

    Raises:
        UserError: an image or MOS is missing, or there are MOS of more images than the set has.
    """
    paths = sorted((folder / FOLDERS[name]).glob("*.txt"))
    if not paths:
        problem = f"there are no files of MOS in {FOLDERS[name]}"
        raise UserError(folder, problem, "It needs images, MOS, MOS_Reg and MOS_Gen, as released")
    wanted = {plain(method): method for method in (ORIGINAL, *MADE_BY[name])}
    rows = []
    for path in paths:
        scores = scores_of(path)
        written = {plain(made_by(file, path.stem)): file for file in scores}
        check_compared(path, scores, set(wanted) ^ set(written))
        images = {
            method: f"images/{made_by(written[key], path.stem)}/{written[key]}"
            for key, method in wanted.items()
        }
        for key, method in wanted.items():
            image = images[method]
            if not (folder / image).is_file():
                raise UserError(folder / image, "there is no such image", "Unpack all of images")
            rows.append((path.stem, method, image, images[ORIGINAL], scores[written[key]]))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def check_compared(path: Path, scores: dict[str, float], odd: set[str]) -> None:
    """Raise a UserError where a file of MOS lacks an image of its set, or has another's."""
    if odd:
        told = sorted(name or "a file not named N_METHODx4.png" for name in odd)
        problem = f"its {len(scores)} images are not those compared: see {', '.join(told)}"
        raise UserError(path, problem, "Replace the file by that of the release")


def pairs_of(images: pd.DataFrame, with_original: bool) -> pd.DataFrame:
    """List all pairs of images of one content; the reference of each is the original.

    Args:
        images: as `read_sriqa` gives them.
        with_original: whether the original is compared as well, as its authors do.

    Returns:
        content, image_a, image_b, reference, label (1: a is better by MOS, 0: b, 0.5: alike).
    """
    rows = []
    if not with_original:
        images = images[images["method"] != ORIGINAL]
    for content, own in images.groupby("content", sort=True):
        for a, b in itertools.combinations(own.itertuples(index=False), 2):
            label = 0.5 if a.mos == b.mos else float(a.mos > b.mos)
            rows.append((content, a.image, b.image, a.reference, label))
    return pd.DataFrame(rows, columns=["content", "image_a", "image_b", "reference", "label"])


def check_votes(folder: Path, contents: list[str]) -> None:
    """Check that every annotator has a file of votes on each of 55 pairs of every content.

    Args:
        folder: with `labels`.
        contents: their names.

    Raises:
        UserError: names the first that are not whole.
    """
    counts = Counter(path.parent for path in (folder / "labels").glob("*/*/*.json"))
    wanted = [folder / "labels" / a / content for a in ANNOTATORS for content in contents]
    lacking = [path for path in wanted if counts[path] != PAIRS]
    if lacking:
        first = ", ".join(
            f"{path.parent.name}/{path.name} {counts[path]}" for path in lacking[:3]
        ) + (f" and {len(lacking) - 3} more" if len(lacking) > 3 else "")
        problem = f"not {PAIRS} files of votes in {first}"
        raise UserError(folder / "labels", problem, "Fetch the labels again, or use the MOS alone")
