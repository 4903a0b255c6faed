"""PIPAL: Train_Label/A0001.txt, one a reference, with a line "A0001_00_00.bmp,1520.0648" an image.

Images lie in Distortion_1 to Distortion_4, references in Train_Ref. The middle field of a name is
the class of the distortion, the last one the distortion inside it; Elo scores are comparable among
the images of one reference only.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fgresq.errors import UserError
from fgresq.sources.placed import Files, label_lines
from fgresq.sources.rows import Labelled

LABELS = ("A[0-9][0-9][0-9][0-9].txt",)
LAYOUT = "Train_Label/A0001.txt and so on, Train_Ref/ and Distortion_1/ to Distortion_4/"


def labelled(files: Files, entry: dict[str, Any]) -> Iterator[Labelled]:
    """Yield the rated images of every label file."""
    labels = files.matching(*LABELS)
    if not labels:
        raise UserError(files.folder, "there is no label file 'A0001.txt'", f"It needs {LAYOUT}")
    for path in labels:
        for where, (name, score) in label_lines(path, "NAME,SCORE", ","):
            reference, *codes = name.split(".")[0].split("_")
            if len(codes) != 2:
                raise UserError(where, f"'{name}' is not named Aaaaa_bb_cc.bmp", "Correct the line")
            yield Labelled(
                where=where,
                image=name,
                score=score,
                task=codes[0],
                content=reference.upper(),
                algorithm="-".join(codes),
                reference=f"{reference}.bmp",
            )
