"""Tables of comparisons, of triplets, and of scores of comparisons: what is refused, in a line."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest

from fgresq.comparisons import (
    COMPARED_COLUMNS,
    COMPARISON_COLUMNS,
    read_compared,
    read_comparisons,
    read_triplets,
    write_compared,
    write_comparisons,
    write_triplets,
)
from fgresq.errors import UserError
from fgresq.sources.triplets import triplets_of_votes

LABELS = {"a": "Positive", "b": "Similar", "c": "Negative", "x": ""}


@pytest.fixture
def comparisons() -> pd.DataFrame:
    """Three images against x, x against itself, and image a against another reference."""
    pairs = [*((name, "x") for name in LABELS), ("a", "b")]
    rows = [
        dict.fromkeys(COMPARISON_COLUMNS, "s")
        | {"image": image, "reference": x, "label": LABELS[image] if x == "x" else ""}
        for image, x in pairs
    ]
    return pd.DataFrame(rows)


@pytest.fixture
def triplets(comparisons) -> pd.DataFrame:
    return triplets_of_votes(comparisons[comparisons["label"].ne("")])


def test_an_image_may_meet_several_references_and_itself(tmp_path, comparisons):
    path = tmp_path / "comparisons.csv"
    write_comparisons(path, comparisons)
    found = read_comparisons(path)
    assert found[["image", "reference"]].values.tolist() == [
        *(["a", "b"], ["a", "x"], ["b", "x"], ["c", "x"], ["x", "x"])
    ]
    write_comparisons(tmp_path / "again.csv", found.sample(frac=1, random_state=0))
    assert (tmp_path / "again.csv").read_bytes() == path.read_bytes()


def test_comparisons_at_fault_are_told(tmp_path, comparisons):
    path = tmp_path / "comparisons.csv"
    write_comparisons(path, pd.concat([comparisons, comparisons[1:2]]))
    with pytest.raises(UserError, match="comparisons.csv: 'b' against 'x' stands twice. Remove"):
        read_comparisons(path)
    comparisons.loc[0, "label"] = "Positiv"
    write_comparisons(path, comparisons)
    with pytest.raises(UserError, match="unknown label 'Positiv'. Did you mean 'Positive'"):
        read_comparisons(path)
    path.write_text("image,reference\na,x\n")
    with pytest.raises(UserError, match="column 'path' is missing"):
        read_comparisons(path)


def test_triplets_are_read_as_they_were_written(tmp_path, comparisons, triplets):
    path = tmp_path / "triplets.csv"
    write_triplets(path, triplets)
    pd.testing.assert_frame_equal(read_triplets(path, comparisons), triplets, check_dtype=False)


def test_triplets_of_what_was_not_compared_are_told(tmp_path, comparisons, triplets):
    path = tmp_path / "triplets.csv"
    for column, name in (("image_a", "z"), ("image_b", "z")):
        write_triplets(path, triplets.assign(**{column: name}))
        with pytest.raises(UserError, match="row 2: 'z' against 'x' is no comparison. Mend the"):
            read_triplets(path, comparisons)
    write_triplets(path, triplets)
    lost = comparisons[comparisons["image"].ne("x")]  # the reference is an image as well
    with pytest.raises(UserError, match="row 5: 'x' against 'x' is no comparison"):
        read_triplets(path, lost)


@pytest.mark.parametrize("column", ["a_over_b", "a_over_reference", "b_over_reference"])
@pytest.mark.parametrize("label", [0.4, 2, -1, math.nan])
def test_a_label_that_is_none_is_told(tmp_path, comparisons, triplets, column, label):
    path = tmp_path / "triplets.csv"
    triplets.loc[1, column] = label
    write_triplets(path, triplets)
    with pytest.raises(UserError, match=rf"row 3, column '{column}': .*(is no label|is empty)"):
        read_triplets(path, comparisons)


def test_an_unknown_type_is_told(tmp_path, comparisons, triplets):
    path = tmp_path / "triplets.csv"
    write_triplets(path, triplets.assign(type="PPY"))
    with pytest.raises(UserError, match="unknown type 'PPY'"):
        read_triplets(path, comparisons)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("column", ["a_over_b", "a_over_reference"])
def test_a_contradiction_is_told_in_whatever_order(tmp_path, comparisons, triplets, turned, column):
    """The first triplet again, labelled the other way; or with its images exchanged."""
    row = triplets.iloc[0].to_dict()
    if turned:
        row |= {"image_a": row["image_b"], "image_b": row["image_a"], "type": "standard"}
        row |= {
            "a_over_b": 1 - row["a_over_b"],
            "a_over_reference": row["b_over_reference"],
            "b_over_reference": row["a_over_reference"],
        }
    path = tmp_path / "triplets.csv"
    write_triplets(path, pd.concat([triplets, pd.DataFrame([row])]))
    read_triplets(path, comparisons)  # the same again is none
    row[column] = 0.0 if row[column] else 1.0
    write_triplets(path, pd.concat([triplets, pd.DataFrame([row])]))
    last = len(triplets) + 2
    with pytest.raises(UserError, match=rf"row {last}: it contradicts row 2: '\w' against '\w'"):
        read_triplets(path, comparisons)


def test_one_image_may_stand_otherwise_to_another_reference(tmp_path, comparisons, triplets):
    more = comparisons.assign(reference="z")
    other = triplets_of_votes(
        more[more["label"].ne("")].assign(label=lambda t: t["label"].iloc[::-1].tolist())
    )
    path = tmp_path / "triplets.csv"
    write_triplets(path, pd.concat([triplets, other]))
    z = more.assign(image=more["image"].replace("x", "z")).drop_duplicates(["image", "reference"])
    assert len(read_triplets(path, pd.concat([comparisons, z]))) == 2 * len(triplets)


def scored(**changes) -> pd.DataFrame:
    row = {"image": "a", "reference": "x", "method": "m", "split": "all", "value": 1.0}
    return pd.DataFrame([row | {"reason": ""} | changes])


def test_scores_of_comparisons_have_a_value_or_a_reason(tmp_path: Path):
    path = tmp_path / "scores.csv"
    both = pd.concat([scored(), scored(reference="b"), scored(image="b", value=None, reason="no")])
    write_compared(path, both)
    found = read_compared(path)
    assert list(found) == list(COMPARED_COLUMNS) and len(found) == 3
    assert found["reference"].tolist() == ["b", "x", "x"] and found["value"].isna().sum() == 1
    for row in (scored(reason="no"), scored(value=None), scored(value=math.inf)):
        with pytest.raises(UserError, match="m of 'a' needs a value or a reason"):
            write_compared(path, row)
    path.write_text(path.read_text().replace("1.0", "inf"))
    with pytest.raises(UserError, match="'inf' is no finite number"):
        read_compared(path)
