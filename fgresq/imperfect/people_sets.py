"""Sets that people judged, as the evaluation of A-FINE reads them: images, decided pairs, families.

They are tables that `fgresq step read-source` writes, an image table and a table of pairs beside
it. What is not at hand has a reason, and the others are measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from fgresq.files import read_json
from fgresq.tables import SUPPLIED_COLUMNS, read_images, read_table

SRIJ, SRCOLOR, CLIVE = "srij", "srcolor", "clive"
EQUAL = "equal"  # of a pair that people did not decide


@dataclass(frozen=True)
class PeopleSet:
    """A set that is at hand.

    Args:
        name: of it.
        images: of the image table, in the order of their identifiers.
        pairs: that people decided, with the columns a, b (rows of `images`), label (1 where A is
            preferred, else 0), votes (how they were asked) and family.
    """

    name: str
    images: pd.DataFrame
    pairs: pd.DataFrame

    @property
    def rows(self) -> pd.DataFrame:
        """Give what methods are asked: image, path, reference, mask."""
        return self.images[["image", "path", "reference", "mask"]]


def read_people(name: str, folder: Path) -> PeopleSet | str:
    """Read a set, or say why it is not at hand.

    Args:
        name: of it.
        folder: with NAME.csv and NAME.pairs.csv.

    Raises:
        UserError: a table is at fault.
    """
    table = folder / f"{name}.csv"
    if not table.exists():
        return f"{name} is not at hand: there is no {table}"
    images = read_images(table).sort_values("image").reset_index(drop=True)
    record = table.with_suffix(".json")
    absent = read_json(record).get("absent") if record.exists() else None
    if absent:
        return f"{name} is not at hand: {absent['reason']}"
    lost = [path for path in images["path"] if not Path(path).exists()]
    if images.empty or lost:
        return f"{name} is not at hand: " + (f"there is no {lost[0]}" if lost else "it is empty")
    pairs = table.with_suffix(".pairs.csv")
    supplied = read_table(pairs, SUPPLIED_COLUMNS) if pairs.exists() else pd.DataFrame()
    return PeopleSet(name, images, decided(images, supplied))


def decided(images: pd.DataFrame, supplied: pd.DataFrame) -> pd.DataFrame:
    """Give the decided pairs of a set, as `PeopleSet` has them."""
    if supplied.empty:
        return pd.DataFrame(columns=["a", "b", "label", "votes", "family"])
    place = pd.Series(np.arange(len(images)), index=images["image"])
    known = supplied["image_a"].isin(place.index) & supplied["image_b"].isin(place.index)
    own = supplied[known & supplied["preference"].ne(EQUAL)]
    own = own.sort_values(["vote_kind", "image_a", "image_b"])
    a, b = (place[own[side]].to_numpy() for side in ("image_a", "image_b"))
    label = own["preference"].eq("A").to_numpy(float)
    family = images["family"].to_numpy()[a]
    votes = own["vote_kind"].to_numpy()
    return pd.DataFrame({"a": a, "b": b, "label": label, "votes": votes, "family": family})
