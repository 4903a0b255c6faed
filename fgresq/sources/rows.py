"""From what a data set's own files say of an image to a checked row of the image table.

An adapter only yields `Labelled` items: where files and labels lie. Here each is looked up,
decoded and hashed, once; its score is read, and its task and group follow from the source's entry.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image
from tqdm import tqdm

from fgresq import workspace
from fgresq.errors import UserError, nearest
from fgresq.files import sha256
from fgresq.images import read_mask, read_rgb
from fgresq.tables import DEGRADED, PHOTOGRAPH, TASKS


def at_entry() -> str:
    """Say in a message whose entry has to be changed, and where."""
    return f"of the source in {workspace.catalogue('sources')}"


@dataclass(frozen=True)
class Labelled:
    """What a data set says of one rated image, unchecked.

    Args:
        where: label file and row, for errors.
        image: its file, as the source names it; so are `reference` and `mask`, empty for none.
        score: the raw score, as text or number; `column` names its column for errors.
        sd: standard deviation of the raters' opinions, on the scale of the score; empty: not given.
        task: the source's own name of what was done to it, looked up in `tasks` of the entry.
        content: the scene it shows.
        family: what a split must not cut apart; the content by default.
        dataset: where a source joins several, the one it comes from; its names are its own.
        group: what may be compared; by default as `comparability` of the entry says.
    """

    where: str
    image: str
    score: str | float
    task: str
    content: str
    algorithm: str = ""
    scale: str = ""
    reference: str = ""
    mask: str = ""
    family: str = ""
    dataset: str = ""
    group: str = ""
    column: str = ""
    sd: str | float = ""


def number(text: str | float, where: str, low: float = -math.inf, high: float = math.inf) -> float:
    """Read a finite number within a range.

    Raises:
        UserError: it is empty, text, NaN, or out of range.
    """
    try:
        value = float(text)
    except ValueError as error:
        raise UserError(
            where, f"'{text}' is no number", "Write a number or remove the row"
        ) from error
    if not math.isfinite(value):
        raise UserError(
            where, f"'{text}' is not a finite number", "Write a number or remove the row"
        )
    if not low <= value <= high:
        raise UserError(
            where,
            f"{value:g} lies outside the range {low:g} to {high:g}",
            f"Correct the score, or `range` {at_entry()}",
        )
    return value


def task_of(name: str, entry: Mapping[str, Any], where: str) -> str:
    """Give the task that a source's own name of it means; `other` stands for all unlisted names.

    Raises:
        UserError: the entry does not say and it is no task.
    """
    tasks = entry.get("tasks", {})
    task = tasks.get(name, tasks.get("other", name))
    if task not in (*TASKS, DEGRADED, PHOTOGRAPH):
        raise UserError(where, f"unknown task '{task}'", nearest(task, TASKS).rstrip("."))
    return task


def group_of(item: Labelled, entry: Mapping[str, Any]) -> str:
    """Say what an image may be compared with: its reference, content and scale, or content."""
    rule = entry.get("comparability", "scale")
    if rule == "reference":
        return Path(item.reference).stem
    return f"{item.content}-x{item.scale}" if rule == "scale" and item.scale else item.content


class Checker:
    """Checks images of one source, each file once.

    Args:
        entry: of the source.
        find: gives the path of a file that a label names, or raises a UserError.
    """

    def __init__(self, entry: Mapping[str, Any], find: Callable[[str, str], Path]) -> None:
        self.entry, self.find = entry, find
        self.hashes: dict[Path, str] = {}
        self.seen: dict[Path, str] = {}

    def image(self, name: str, where: str) -> Path:
        """Give the path of an image that decodes whole."""
        path = self.find(name, where)
        if path not in self.hashes:
            self._decode(read_rgb, path, where)
            self.hashes[path] = sha256(path)
        return path

    def mask(self, name: str, where: str) -> Path | None:
        """Give the path of a mask that decodes; None where there is none and none is needed."""
        if not name:
            if self.entry.get("mask") == "required":
                raise UserError(where, "it has no mask, and scores hold inside one", "Add the mask")
            return None
        path = self.find(name, where)
        if path not in self.hashes:
            self._decode(read_mask, path, where)
            self.hashes[path] = ""
        return path

    def reference(self, name: str, image: Path, where: str) -> Path | None:
        """Give the path of the reference, of the size of the image unless misaligned."""
        rule = self.entry.get("reference", "aligned")
        if not name or rule == "none":
            return None
        path = self.image(name, where)
        if rule == "aligned" and image_size(image) != image_size(path):
            raise UserError(
                where,
                f"'{image.name}' is {image_size(image)} pixels and its reference "
                f"{image_size(path)}",
                f"Give both the same size, or set `reference: misaligned` {at_entry()}",
            )
        return path

    def row(self, item: Labelled) -> dict[str, Any]:
        """Give a row of the image table without source and score; `image` is as listed."""
        task = task_of(item.task, self.entry, item.where)
        if not item.content:
            raise UserError(
                item.where, "the content is empty", "Name the scene that the image shows"
            )
        path = self.find(item.image, item.where)
        if path in self.seen:
            raise UserError(
                item.where,
                f"image '{item.image}' is listed twice (first in {self.seen[path]})",
                "Remove one of the rows",
            )
        self.seen[path] = item.where
        path = self.image(item.image, item.where)
        reference = self.reference(item.reference, path, item.where)
        low, high = self.entry.get("range") or (-math.inf, math.inf)
        column = f", column '{item.column}'" if item.column else ""
        inside = f"{item.dataset}/" if item.dataset else ""
        return {
            "image": item.image,
            "dataset": item.dataset,
            "task": task,
            "content": inside + item.content,
            "group": inside + (item.group or group_of(item, self.entry)),
            "family": inside + (item.family or item.content),
            "algorithm": item.algorithm or "unknown",
            "path": str(path),
            "reference": str(reference or ""),
            "mask": str(self.mask(item.mask, item.where) or ""),
            "raw_score": number(item.score, f"{item.where}{column}", low, high),
            "raw_sd": number(item.sd, f"{item.where}, SD", 0) if item.sd != "" else math.nan,
            "sha256": self.hashes[path],
            "reference_sha256": self.hashes[reference] if reference else "",
            "role": self.entry.get("role", ""),
        }

    @staticmethod
    def _decode(read: Callable[[Path], Any], path: Path, where: str) -> None:
        try:
            read(path)
        except UserError as error:
            raise UserError(where, str(error).rstrip("."), "Or remove the row") from error


def image_size(path: Path) -> tuple[int, int]:
    """Give (width, height) without decoding."""
    with Image.open(path) as image:
        return image.size


def image_rows(
    items: Iterable[Labelled],
    folder: Path,
    entry: Mapping[str, Any],
    find: Callable[[str, str], Path],
    as_listed: bool = False,
) -> pd.DataFrame:
    """Check what an adapter yields.

    Returns:
        Rows of the image table without source and score; `image` is the path below the folder,
        or what the labels call it.

    Raises:
        UserError: names the row and the mend for whatever does not fit.
    """
    items = list(items)  # faults of the label files come before any decoding
    if not items:
        raise UserError(folder, "its labels name no rated image", "Place the whole data set")
    checker = Checker(entry, find)
    bar = tqdm(items, desc=f"checking {folder.name}", disable=None)
    rows = pd.DataFrame([checker.row(item) for item in bar])
    if not as_listed:
        rows["image"] = [Path(path).relative_to(folder).as_posix() for path in rows["path"]]
    return rows
