"""TID2013: mos_with_names.txt, a line "5.51429 I01_01_1.bmp" an image.

Images lie in distorted_images/, references in reference_images/. Names mix upper and lower case:
the labels say I01_01_1.bmp for i01_01_1.bmp, and the references are I01.BMP but i25.bmp. The middle
number of a name is the distortion, of 24, the last its level.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fgresq.errors import UserError
from fgresq.sources.placed import Files, label_lines
from fgresq.sources.rows import Labelled

LABELS = ("mos_with_names.txt",)
LAYOUT = "mos_with_names.txt, distorted_images/ and reference_images/"


def labelled(files: Files, entry: dict[str, Any]) -> Iterator[Labelled]:
    """Yield the rated images of mos_with_names.txt."""
    path = files.label(*LABELS, layout=LAYOUT)
    for where, (score, name) in label_lines(path, "SCORE NAME"):
        parts = name.split(".")[0].split("_")
        if len(parts) != 3:
            raise UserError(
                where, f"'{name}' is not named I01_01_1.bmp", "Correct or remove the line"
            )
        yield Labelled(
            where=where,
            image=name,
            score=score,
            task=parts[1],
            content=parts[0].upper(),
            algorithm=parts[1],
            reference=f"{parts[0]}.bmp",
        )
