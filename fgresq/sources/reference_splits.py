"""How families of references are split, and what a split by crops gives away.

`family`: families (photographs, scenes) are dealt to folds, each of which is tested on by a model
of the others. `official`: as A-FINE's authors, 7:1:2 by references: their own sides where the
release tells them, else drawn here by hashes of names. DiffIQA's references are crops, about ten of
a photograph, which overlap: an official test crop nearly always has a sibling in training.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from fgresq.pairs.order import stable_hash
from fgresq.pairs.split import deal_families
from fgresq.tables import FOLD_COLUMNS

TEST, TRAIN, VALIDATION = 0, 1, 2  # folds of the official split: fold 0 is the one to test on
TEST_SHARE, TRAIN_SHARE = 0.2, 0.7
FOLD_OF = {"Train": TRAIN, "Validation": VALIDATION, "Test": TEST}  # by the folders of a release


def family_folds(members: pd.DataFrame, folds: int, seed: int, dealt_as: str = "") -> pd.DataFrame:
    """Deal the families of one source to folds.

    Args:
        members: source and family, a row an image, or a row what images are made of.
        folds: how many.
        seed: of the order of families of one size.
        dealt_as: source by whose name they are dealt, in place of their own: families that two
            sources share then fall in the same folds, where their shares of images are the same.

    Returns:
        source, family, fold.

    Raises:
        UserError: there are fewer families than folds.
    """
    source = members["source"].iloc[0]
    as_told = members.assign(source=dealt_as or source)
    dealt = deal_families(as_told, folds, seed, f"references of '{source}'")
    return dealt.assign(source=source)[list(FOLD_COLUMNS)]


def official_folds(
    members: pd.DataFrame, seed: int, sides: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Take the authors' sides of the families of one source, its references; or draw 7:1:2.

    Args:
        members: source and family.
        seed: of what is drawn.
        sides: key of `FOLD_OF` by family, where the release tells them.

    Returns:
        source, family, fold: TEST, TRAIN or VALIDATION. Of n that are drawn, round(.2 n) test and
        round(.7 n) train, as its authors'.
    """
    source = members["source"].iloc[0]
    found = members.drop_duplicates("family")["family"].tolist()
    if sides:
        folds = [FOLD_OF[sides[family]] for family in found]
        table = pd.DataFrame({"source": source, "family": found, "fold": folds})
        return table.sort_values("family", ignore_index=True)
    names = sorted(
        found, key=lambda family: (stable_hash("official", seed, source, family), family)
    )
    test, train = round(TEST_SHARE * len(names)), round(TRAIN_SHARE * len(names))
    folds = [TEST] * test + [TRAIN] * train + [VALIDATION] * (len(names) - test - train)
    table = pd.DataFrame({"source": source, "family": names, "fold": folds})
    return table.sort_values("family", ignore_index=True)


def leak_of(photographs: pd.Series, folds: pd.Series) -> float | None:
    """Give the share of test crops of whose photograph a crop is in training, 0 to 1.

    Args:
        photographs: by crop.
        folds: of the official split, by crop.

    Returns:
        None where there is no test crop.
    """
    fold = folds.loc[photographs.index]
    tested = photographs[fold == TEST]
    return float(tested.isin(set(photographs[fold == TRAIN])).mean()) if len(tested) else None
