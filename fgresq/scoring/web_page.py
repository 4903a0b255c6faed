"""Pages that show a person's own images under a slider, beside what was said of them.

A page is one file without any remote reference: images are embedded. The slider is the templates
slider.html.j2, slider.css and slider.js of the package's data, which other pages may include.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fgresq import workspace
from fgresq.errors import UserError
from fgresq.files import write_text
from fgresq.scoring.pictures import opened
from fgresq.templating import templates

MOST_SIDE = 1280  # pixels of a side that a page embeds
MOST_SHOTS = 16  # images of a slider
REFERENCE = "reference"  # its label under a slider
MOST_SLIDERS = 12
MOST_BYTES = 24_000_000  # of all images of a page


@dataclass(frozen=True)
class Part:
    """A table of a page: title, heads, rows of texts, and notes above it."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()


@dataclass
class Slider:
    """Images that a page shows under a slider, as slider.html.j2 reads them.

    Args:
        name: of the group.
        shots: label, uri, width and height of each.
        left, right: numbers of those that are shown first.
        reference: number of the one that is shown while a button is held; None: there is none.
        notes: what was done to the images to show them.
    """

    name: str
    shots: list[dict[str, Any]]
    left: int = 0
    right: int = 1
    reference: int | None = None
    notes: list[str] = field(default_factory=list)


def data_uri(image: np.ndarray) -> str:
    """Give uint8 RGB (h, w, 3) as a data URI of a PNG."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format="PNG", compress_level=9)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def slider_of(
    name: str, paths: Sequence[str], labels: Sequence[str], reference: str = ""
) -> Slider | None:
    """Read images for a slider; None where fewer than two can be read.

    All are shown at the size of the first, no side over `MOST_SIDE`; what is done is noted.

    Args:
        name: of the group.
        paths: of the image files.
        labels: of each.
        reference: path of what the others were made from; empty: there is none.
    """
    if reference:
        paths, labels = [*paths, reference], [*labels, REFERENCE]
    images, told = {}, []
    for path, label in zip(paths[:MOST_SHOTS], labels, strict=False):
        try:
            images[label] = opened(path)
        except UserError:  # told where it was judged
            continue
    if len(images) < 2:
        return None
    height, width = next(iter(images.values())).shape[:2]
    odd = [label for label, image in images.items() if image.shape[:2] != (height, width)]
    scale = min(1.0, MOST_SIDE / max(height, width))
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    if scale < 1:
        told.append(f"Shown at {size[0]}x{size[1]}; judged at {width}x{height}.")
    if odd:
        told.append(f"Brought to the size of the first, to be laid over it: {', '.join(odd)}.")
    if len(paths) > MOST_SHOTS:
        told.append(f"The first {MOST_SHOTS} of {len(paths)} are shown.")
    shots = []
    for label, image in images.items():
        fits = image.shape[1::-1] == size
        shown = (
            image if fits else np.asarray(Image.fromarray(image).resize(size, resample_of(scale)))
        )
        shots.append({"label": label, "uri": data_uri(shown), "width": size[0], "height": size[1]})
    at = list(images).index(REFERENCE) if reference and REFERENCE in images else None
    return Slider(name, shots, reference=at, notes=told)


def resample_of(scale: float) -> Image.Resampling:
    """Choose how to resize for a page: by area where it gets smaller, else smoothly."""
    return Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC


def write_page(
    out: str | Path,
    title: str,
    lines: Sequence[str],
    tables: Sequence[Part],
    sliders: Sequence[Slider | None],
) -> None:
    """Write a page.

    Args:
        out: file.
        title: of the page.
        lines: paragraphs at its head.
        tables: of it.
        sliders: of it; None is left out.
    """
    environment = templates(workspace.packaged("templates"))
    shown: list[Slider] = []
    size = 0
    for slider in sliders:
        own = 0 if slider is None else sum(len(shot["uri"]) for shot in slider.shots)
        if slider is not None and (not shown or size + own <= MOST_BYTES):
            shown.append(slider)
            size += own
    left = sum(slider is not None for slider in sliders) - len(shown)
    if left:
        lines = [*lines, f"{left} groups of pictures are left out: the page would be too large."]
    template = environment.get_template("answer.html.j2")
    write_text(out, template.render(title=title, lines=lines, tables=tables, sliders=shown))
