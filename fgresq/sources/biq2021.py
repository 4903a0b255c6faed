"""BIQ2021: two tables, of training and of test images, "ss03 (3753).jpg,0.8471" a row.

Images lie in Images/. No SD is released. The split is of its authors' own benchmark; here all
images have the role of the source. The table of training images has two columns without a name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fgresq.errors import UserError
from fgresq.sources.placed import Files, table_rows
from fgresq.sources.rows import Labelled
from fgresq.tables import PHOTOGRAPH

LABELS = ("Train (Images and MOS).csv", "Test (Images and MOS).csv")
LAYOUT = f"Images/, {' and '.join(LABELS)}"
NAME, MOS = "Image Name", "MOS"
NAMELESS = ["Unnamed: 2", "Unnamed: 3"]  # as pandas calls them


def labelled(files: Files, entry: dict[str, Any]) -> Iterator[Labelled]:
    """Yield the rated photographs of both tables."""
    for label in LABELS:
        path = files.label(label, layout=LAYOUT)
        ignored = {**entry, "ignore": [*entry.get("ignore", []), *NAMELESS]}
        for where, row in table_rows(path, (NAME, MOS), ignored):
            if not row[NAME]:
                raise UserError(where, "it names no image", "Correct or remove the row")
            yield Labelled(
                where=where,
                image=f"Images/{row[NAME]}",
                score=row[MOS],
                task=PHOTOGRAPH,
                content=row[NAME],
                algorithm="none",
                column=MOS,
            )
