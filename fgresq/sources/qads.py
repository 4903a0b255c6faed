"""QADS: mos_with_names.txt, a line "0.05504  img01_4_01.bmp" an image.

Images lie in super-resolved_images/ (some copies: in a folder for each source image), references
in source_images/img01.bmp. The middle number of a name is the magnification. Whether the last means
one method at every magnification is not documented, so both are kept together.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fgresq.errors import UserError
from fgresq.sources.placed import Files, label_lines
from fgresq.sources.rows import Labelled

LABELS = ("mos_with_names.txt",)
LAYOUT = "mos_with_names.txt, super-resolved_images/ and source_images/"


def labelled(files: Files, entry: dict[str, Any]) -> Iterator[Labelled]:
    """Yield the rated images of mos_with_names.txt."""
    path = files.label(*LABELS, layout=LAYOUT)
    for where, (score, name) in label_lines(path, "SCORE NAME"):
        parts = name.split(".")[0].split("_")
        if len(parts) != 3:
            raise UserError(where, f"'{name}' is not named img01_2_01.bmp", "Correct the line")
        content, scale, number = parts
        yield Labelled(
            where=where,
            image=name,
            score=score,
            task="super-resolution",
            content=content,
            scale=scale,
            algorithm=f"x{scale}-{number}",
            reference=f"{content}.bmp",
        )
