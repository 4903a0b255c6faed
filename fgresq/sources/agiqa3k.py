"""AGIQA-3K: data/data.csv, with MOS and SD of quality; images in data/ACGIQA-3K/ (so spelt).

An image is named GENERATOR_NUMBER.jpg. What several generators made of one prompt is one content:
it may not be split. How well an image fits its prompt was rated as well; that is not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fgresq.errors import UserError
from fgresq.sources.placed import Files, table_rows
from fgresq.sources.rows import Labelled
from fgresq.tables import PHOTOGRAPH

LABELS = ("data.csv",)
LAYOUT = "data/data.csv and data/ACGIQA-3K/"
COLUMNS = ("name", "prompt", "mos_quality", "std_quality")
UNREAD = ["adj1", "adj2", "style", "mos_align", "std_align", "mos"]


def labelled(files: Files, entry: dict[str, Any]) -> Iterator[Labelled]:
    """Yield the rated images, of which none is a restored one."""
    path = files.label(*LABELS, layout=LAYOUT)
    ignored = {**entry, "ignore": [*entry.get("ignore", []), *UNREAD]}
    for where, row in table_rows(path, COLUMNS, ignored):
        generator, _, number = row["name"].rpartition("_")
        if not (generator and number):
            raise UserError(where, f"'{row['name']}' is not named GENERATOR_000.jpg", "Correct it")
        yield Labelled(
            where=where,
            image=f"ACGIQA-3K/{row['name']}",
            score=row["mos_quality"],
            sd=row["std_quality"],
            task=PHOTOGRAPH,
            content=row["prompt"],
            algorithm=generator,
            column="mos_quality",
        )
