"""Full images beside the pages: lossless, each once, and at most so many bytes a site."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from tqdm import tqdm

from fgresq.errors import UserError
from fgresq.files import atomic, sha256
from fgresq.images import Unreadable, check_regular, read_rgb

FOLDER = "images"  # beside the pages
NAME = re.compile(r"[0-9a-f]{20}\.webp")
MOST_BYTES = 40_000_000  # of all images of a site
MOST_SIDE = 16_383  # pixels that WebP holds
TOO_MANY = f"the images of a site are kept under {MOST_BYTES // 1_000_000} MB"


@dataclass(frozen=True)
class Kept:
    """An image of a site.

    Args:
        file: beside the page; empty where there is none, for the reason.
        width, height: in pixels.
        reason: why there is none.
    """

    file: str = ""
    width: int = 0
    height: int = 0
    reason: str = ""


def keep_images(paths: Iterable[str], site: Path, most: int = MOST_BYTES) -> dict[str, Kept]:
    """Write images as lossless WebP into the folder of a site, and remove those of earlier runs.

    A file is named by the content of its source, so that images that are the same are written
    once, and what an earlier run has written is taken as it is.

    Args:
        paths: of images, in the order in which they are kept.
        site: folder of the pages.
        most: bytes of all of them; those that would exceed it are left out.

    Returns:
        What is kept of each path; an image that is not there, or is none, has a reason.

    Raises:
        UserError: the folder cannot be written to.
    """
    ordered = list(dict.fromkeys(paths))
    folder = site / FOLDER
    names = dict(zip(ordered, together(name_of, ordered, "reading"), strict=True))
    sources = {name: path for path, name in names.items() if name}
    tasks = [(path, folder / name) for name, path in sources.items()]
    reasons = dict(zip(sources, together(write_webp, tasks, "writing images"), strict=True))
    found, used, total = {}, set(), 0
    for path, name in names.items():
        reason = reasons[name] if name else "there is no such file any more"
        if not reason and name not in used:
            total += (folder / name).stat().st_size
            reason = TOO_MANY if total > most else ""
        if reason:
            found[path] = Kept(reason=reason)
            continue
        used.add(name)
        with Image.open(folder / name) as image:
            found[path] = Kept(f"{FOLDER}/{name}", image.width, image.height)
    forget_others(folder, used)
    return found


def together(work: Callable[[Any], str], items: Sequence[Any], told: str) -> list[str]:
    """Do some work of every item in as many threads as there are processors, in order."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(tqdm(pool.map(work, items), desc=told, total=len(items), disable=None))


def name_of(path: str) -> str:
    """Name the file of an image by what its source holds; empty where that cannot be read."""
    try:
        check_regular(path)
        return f"{sha256(path)[:20]}.webp"
    except (UserError, OSError, ValueError):
        return ""


def write_webp(task: tuple[str, Path]) -> str:
    """Write an image as lossless WebP, unless it is there; say why not, else nothing.

    Raises:
        UserError: the file cannot be written.
    """
    path, out = task
    if out.is_file():
        return ""
    try:
        pixels = read_rgb(path)
    except Unreadable as error:
        return str(error)
    if max(pixels.shape[:2]) > MOST_SIDE:
        return f"a side of it has more than {MOST_SIDE} pixels, which WebP cannot hold"
    with atomic(out) as scratch:  # method 0: the others take many times as long for few bytes less
        Image.fromarray(pixels).save(scratch, format="WEBP", lossless=True, method=0, exact=True)
    return ""


def forget_others(folder: Path, used: set[str]) -> None:
    """Remove the images that an earlier run, or one that was stopped, has left."""
    for file in folder.glob("*.webp"):
        if NAME.fullmatch(file.name) and file.name not in used:
            file.unlink()
