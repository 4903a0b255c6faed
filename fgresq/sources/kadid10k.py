"""KADID-10k: dmos.csv (dist_img, ref_img, dmos, var) beside images/I01.png, images/I01_01_01.png.

The middle number of a name is the distortion, of 25, the last its level. The column is called dmos
and holds a degradation category rating of 1 to 5, higher better.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fgresq.errors import UserError
from fgresq.sources.placed import Files, table_rows
from fgresq.sources.rows import Labelled

LABELS = ("dmos.csv",)
LAYOUT = "dmos.csv and images/I01.png, images/I01_01_01.png and so on"


def labelled(files: Files, entry: dict[str, Any]) -> Iterator[Labelled]:
    """Yield the rated images of dmos.csv."""
    path = files.label(*LABELS, layout=LAYOUT)
    for where, row in table_rows(path, ("dist_img", "ref_img", "dmos", "var"), entry):
        parts = row["dist_img"].split(".")[0].split("_")
        if len(parts) != 3:
            problem = f"'{row['dist_img']}' is not named I01_01_01.png"
            raise UserError(where, problem, "Correct or remove the line")
        yield Labelled(
            where=where,
            image=row["dist_img"],
            score=row["dmos"],
            column="dmos",
            task=parts[1],
            content=parts[0].upper(),
            algorithm=parts[1],
            reference=row["ref_img"],
        )
