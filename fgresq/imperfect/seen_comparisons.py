"""What an encoder gives of comparisons, computed once and kept: by image, and by pair.

No feature is kept: those of a few references of one content stand in memory while the images that
are compared with them are seen one by one. The numbers lie in the folder of tokens under a name
that follows from the files' content, the network's weights, the code and the libraries; a killed
call goes on after the last block that it finished. Whoever needs them and finds them gone makes
them again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from fgresq import workspace
from fgresq.code_digest import code_identity
from fgresq.errors import UserError
from fgresq.files import digest, read_json, sha256, write_json
from fgresq.images import read_rgb
from fgresq.training.token_cache import locked, reserved

HELD = 6  # references whose features stand in memory together


@dataclass(frozen=True)
class Encoder:
    """One kind of statistics.

    Args:
        state: what the numbers follow from beside code: a digest of weights.
        code: modules whose code they follow from, with all that these import.
        see: gives features of uint8 RGB (h, w, 3).
        terms: gives what is kept of an image's and its reference's features, float32.
        moments: gives what is kept of an image's alone, float32; None: nothing.
        device: that it runs on.
    """

    state: str
    code: tuple[str, ...]
    see: Callable[[np.ndarray], Any]
    terms: Callable[[Any, Any], np.ndarray]
    moments: Callable[[Any], np.ndarray] | None = None
    device: str = "cpu"


class Statistics(NamedTuple):
    """What is kept of a table of comparisons, mapped from disk."""

    images: dict[str, int]  # row of `moments` by the SHA-256 of the image
    moments: np.ndarray | None  # (images, ...)
    terms: np.ndarray  # (comparisons, ...), in their order


def blocks_of(comparisons: pd.DataFrame) -> list[np.ndarray]:
    """Divide comparisons into blocks of one content and few references: their row numbers."""
    contents = (comparisons["source"] + "/" + comparisons["content"]).to_numpy()
    of_reference, found = comparisons["reference_sha256"].to_numpy(), []
    for content in sorted(set(contents)):
        rows = np.flatnonzero(contents == content)
        references = sorted(set(of_reference[rows]))
        for first in range(0, len(references), HELD):
            held = set(references[first : first + HELD])
            found.append(rows[[of_reference[row] in held for row in rows]])
    return found


def pixels_of(path: str, content: str) -> np.ndarray:
    """Decode an image.

    Raises:
        UserError: it is not the one that the table was made of.
        Unreadable: it cannot be decoded.
    """
    pixels = read_rgb(path)
    if sha256(path) != content:
        problem = "its content is not that of the table of comparisons (sha256)"
        raise UserError(path, problem, "Make the table anew, or put the file back")
    return pixels


class Filling:
    """The arrays of a table on disk, filled block by block.

    Args:
        comparisons: of the table.
        encoder: that sees the images.
        stem: where the arrays lie, without the ends of their names.
    """

    def __init__(self, comparisons: pd.DataFrame, encoder: Encoder, stem: Path) -> None:
        self.comparisons, self.encoder = comparisons, encoder
        self.images = images_of(comparisons)
        self.arrays = {k: stem.with_name(f"{stem.name}.{k}.npy") for k in ("terms", "moments")}
        self.told = stem.with_name(f"{stem.name}.json")
        self.open: dict[str, np.memmap] = {}

    def finished(self) -> int:
        """Tell how many blocks are there whole."""
        return int(read_json(self.told)) if self.told.exists() else 0

    def array(self, kind: str, like: np.ndarray) -> np.ndarray:
        """Give an array to write to; it is made where there is none or nothing of it counts."""
        if kind not in self.open:
            count = len(self.comparisons if kind == "terms" else self.images)
            if self.finished():
                self.open[kind] = np.load(self.arrays[kind], mmap_mode="r+")
            else:
                self.open[kind] = reserved(self.arrays[kind], like.dtype, (count, *like.shape))
        return self.open[kind]

    def keep(self, image: str, seen: Any) -> Any:
        """Write the moments of an image; gives what was seen of it."""
        if self.encoder.moments:
            found = self.encoder.moments(seen)
            self.array("moments", found)[self.images[image]] = found
        return seen

    def block(self, rows: np.ndarray) -> None:
        """See the images of a block, and write what is kept of them.

        Raises:
            UserError: an image is not of its reference's size.
        """
        columns = ("sha256", "reference_sha256", "path", "reference_path")
        table, references = self.comparisons[list(columns)].to_numpy(), {}
        for _, content, _, path in table[rows]:
            if content not in references:
                pixels = pixels_of(path, content)
                references[content] = pixels.shape, self.keep(content, self.encoder.see(pixels))
        for image in sorted(set(table[rows, 0])):
            own = [row for row in rows if table[row, 0] == image]
            shape, seen = references.get(image) or self.of_image(table[own[0], 2], image)
            for row in own:
                others, reference = references[table[row, 1]]
                if others != shape:
                    problem = f"it has {told(shape)} pixels, its reference {told(others)}"
                    mend = "Give an image of its reference's size"
                    raise UserError(table[row, 2], problem, mend)
                found = self.encoder.terms(seen, reference)
                self.array("terms", found)[row] = found

    def of_image(self, path: str, content: str) -> tuple[tuple[int, ...], Any]:
        """See an image that is no reference of the block."""
        pixels = pixels_of(path, content)
        return pixels.shape, self.keep(content, self.encoder.see(pixels))

    def fill(self, title: str) -> None:
        """Fill what is not there yet."""
        blocks, first = blocks_of(self.comparisons), self.finished()
        done = sum(map(len, blocks[:first]))
        bar = tqdm(total=len(self.comparisons), initial=done, desc=title, disable=None)
        for number, rows in enumerate(blocks[first:], start=first + 1):
            with torch.inference_mode():
                self.block(rows)
            for array in self.open.values():
                array.flush()
            write_json(self.told, number)
            bar.update(len(rows))
        bar.close()


def told(shape: tuple[int, ...]) -> str:
    """Write the size of an image."""
    return f"{shape[1]}x{shape[0]}"


def images_of(comparisons: pd.DataFrame) -> dict[str, int]:
    """Number the distinct images of comparisons, references among them, by their SHA-256."""
    both = {*comparisons["sha256"], *comparisons["reference_sha256"]}
    return {content: row for row, content in enumerate(sorted(both))}


def encoded(comparisons: pd.DataFrame, encoder: Encoder, title: str) -> Statistics:
    """Give the statistics of comparisons; those that are not there are made.

    Args:
        comparisons: their table.
        encoder: that sees the images.
        title: of the progress bar.

    Raises:
        UserError: there are no comparisons, or an image is not that of the table, cannot be
            decoded, or is not of its reference's size.
    """
    if comparisons.empty:
        raise UserError("comparisons", "the table has no rows", "Give images and references")
    columns = ["sha256", "reference_sha256", "source", "content"]
    what = [comparisons[columns].values.tolist(), encoder.state, encoder.device]
    stem = workspace.tokens() / f"afine-{digest([*what, code_identity(__name__, *encoder.code)])}"
    filling = Filling(comparisons, encoder, stem)
    with locked(stem):
        filling.fill(title)
    found = {k: np.load(p, mmap_mode="r") for k, p in filling.arrays.items() if p.exists()}
    return Statistics(filling.images, found.get("moments"), found["terms"])
