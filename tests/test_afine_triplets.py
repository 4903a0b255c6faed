"""Triplets of votes and of scores, and the sets that they are made of, on replicas."""

from __future__ import annotations

import itertools
import math

import pandas as pd
import pytest
from afine_replicas import CROPS, put_diffiqa, put_sriqa

from fgresq.catalogues import catalogue
from fgresq.comparisons import (
    COMPARISON_COLUMNS,
    TYPES,
    check_contradictions,
    read_comparisons,
    read_triplets,
    write_comparisons,
    write_triplets,
)
from fgresq.sources import compared_sets, reference_splits
from fgresq.sources.triplets import (
    triplets_of_scores,
    triplets_of_votes,
    with_original,
)

NAMES = {"P": "Positive", "S": "Similar", "N": "Negative", "": ""}
SET = {"source": "set", "content": "c", "family": "f"}


def judged(letters: list[str], reference: str = "x") -> pd.DataFrame:
    """Images of one reference with these labels: y0, y1, and so on."""
    rows = [(f"y{k}", reference, NAMES[letter]) for k, letter in enumerate(letters)]
    return pd.DataFrame(rows, columns=["image", "reference", "label"]).assign(**SET)


def rated(count: int, reference: str = "x") -> pd.DataFrame:
    """Images of one reference, each better than the one before it."""
    rows = [(f"y{k:03d}", reference, float(k)) for k in range(count)]
    return pd.DataFrame(rows, columns=["image", "reference", "quality"]).assign(**SET)


def test_the_seven_types_and_their_labels():
    """By hand: y0 and y1 better, y2 and y3 alike, y4 and y5 worse, of y6 all three votes differ."""
    found = triplets_of_votes(judged(["P", "P", "S", "S", "N", "N", ""]))
    counts = found["type"].value_counts().to_dict()
    types = {"PSY": 4, "PNY": 4, "SNY": 4, "SSY": 1, "PYY": 2, "SYY": 2, "NYY": 2}
    assert counts == types and set(types) == set(TYPES)
    labels = found.groupby("type")[["a_over_b", "a_over_reference", "b_over_reference"]]
    assert {kind: own.drop_duplicates().values.tolist() for kind, own in labels} == {
        "PSY": [[1, 1, 0.5]],
        "PNY": [[1, 1, 0]],
        "SNY": [[1, 0.5, 0]],
        "SSY": [[0.5, 0.5, 0.5]],
        "PYY": [[1, 1, 0.5]],
        "SYY": [[0.5, 0.5, 0.5]],
        "NYY": [[0, 0, 0.5]],
    }
    alone = found[found["type"].str.endswith("YY")]
    assert alone["image_b"].eq("x").all() and not found["image_a"].eq("x").any()
    pairs = set(map(frozenset, found[["image_a", "image_b"]].values.tolist()))
    assert not pairs & {frozenset(("y0", "y1")), frozenset(("y4", "y5"))}  # never compared
    assert "y6" not in {*found["image_a"], *found["image_b"]}
    check_contradictions(found, "votes")


@pytest.mark.parametrize(
    ("distorted", "triplets"),
    [(120, 847), (125, 882), (116, 819)],  # TID2013, KADID-10k, PIPAL
)
def test_triplets_a_group(distorted, triplets):
    found = triplets_of_scores(rated(distorted), 0)
    assert len(found) == triplets and found["type"].eq("standard").all()
    assert found["image_a"].value_counts().unique().tolist() == [triplets // (distorted + 1)]
    assert not found.duplicated(["image_a", "image_b"]).any()  # drawn without replacement
    assert found["image_a"].ne(found["image_b"]).all()
    assert with_original(found).sum() >= 7  # the reference is a member


def test_scores_give_the_labels_and_the_reference_is_best():
    found = triplets_of_scores(rated(5).assign(quality=[1.0, 3.0, 3.0, 9999.0, 2.0]), 3)
    quality = {"y000": 1, "y001": 3, "y002": 3, "y003": 9999, "y004": 2, "x": math.inf}
    for row in found.itertuples():
        a, b = quality[row.image_a], quality[row.image_b]
        assert row.a_over_b == (0.5 if a == b else float(a > b))
        assert row.a_over_reference == (0.5 if row.image_a == "x" else 0)
        assert row.b_over_reference == (0.5 if row.image_b == "x" else 0)
    assert found["a_over_b"].eq(0.5).any() and with_original(found).any()
    check_contradictions(found, "scores")


def test_draws_follow_from_names_and_the_seed_alone():
    pairs = ["image_a", "image_b"]
    both = pd.concat([rated(20), rated(20, "z")], ignore_index=True)
    found = triplets_of_scores(both, 0)
    again = triplets_of_scores(both.sample(frac=1, random_state=1), 0)
    pd.testing.assert_frame_equal(found, again)
    shuffled = both.assign(quality=both["quality"].sample(frac=1, random_state=1).to_numpy())
    other = triplets_of_scores(shuffled, 0)
    assert other[pairs].equals(found[pairs]) and not other.equals(found)
    assert not triplets_of_scores(both, 1)[pairs].equals(found[pairs])
    alone = found[found["reference"].eq("z")].reset_index(drop=True)
    pd.testing.assert_frame_equal(triplets_of_scores(rated(20, "z"), 0), alone)


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return put_sriqa(tmp_path_factory.mktemp("sriqa"))


@pytest.mark.parametrize(
    ("name", "images", "pairs", "without"),
    [("Reg", 300, 300, 100), ("Gen", 900, 3600, 2800), ("All", 1100, 5500, 4500)],
)
def test_pairs_of_sriqa_through_both_tables(bench, tmp_path, name, images, pairs, without):
    """An original is an image like any other, and its own reference."""
    made = compared_sets.compared_sriqa(bench, name)
    write_comparisons(tmp_path / "comparisons.csv", made.comparisons)
    write_triplets(tmp_path / "triplets.csv", made.triplets)
    comparisons = read_comparisons(tmp_path / "comparisons.csv")
    triplets = read_triplets(tmp_path / "triplets.csv", comparisons)
    own = with_original(triplets)
    assert (len(comparisons), len(triplets), int((~own).sum())) == (images, pairs, without)
    assert comparisons["image"].eq(comparisons["reference"]).sum() == 100
    assert triplets.loc[own & triplets["image_a"].eq(triplets["reference"]), "a_over_b"].eq(1).all()
    assert comparisons["sha256"].str.fullmatch("[0-9a-f]{64}").all()


def test_diffiqa_as_comparisons_and_triplets(tmp_path):
    entry = catalogue("sources")["diffiqa"]
    made = compared_sets.compared_diffiqa(put_diffiqa(tmp_path), entry, "photograph")
    assert len(made.comparisons) == 3 * 7 and list(made.comparisons) == list(COMPARISON_COLUMNS)
    assert set(made.comparisons["family"]) == {"000006", "mine x3"}
    # a crop has P, P, S, N, none, N
    assert made.triplets["type"].value_counts().to_dict() == {
        **{"PNY": 12, "PSY": 6, "SNY": 6, "PYY": 6, "NYY": 6, "SYY": 3}
    }
    assert made.notes[-2:] == [
        "18 images, where 179208 are published",
        "3 contents, where 29868 are published",
    ]
    write_comparisons(tmp_path / "comparisons.csv", made.comparisons)
    write_triplets(tmp_path / "triplets.csv", made.triplets)
    read_triplets(tmp_path / "triplets.csv", read_comparisons(tmp_path / "comparisons.csv"))
    crops = compared_sets.compared_diffiqa(tmp_path, entry, "crop")
    assert set(crops.comparisons["family"]) == set(CROPS) and not crops.sides


def test_the_sides_of_the_release_are_the_official_split(tmp_path):
    """And a crop that its release tests on is one of a photograph that it trains on."""
    sides = dict(zip(CROPS, ("Test", "Train", "Validation"), strict=True))
    for crop, side in sides.items():
        put_diffiqa(tmp_path / side, [crop])
    made = compared_sets.compared_diffiqa(tmp_path, catalogue("sources")["diffiqa"], "crop")
    assert made.sides == sides
    folds = reference_splits.official_folds(made.comparisons, 0, made.sides)
    fold = folds.set_index("family")["fold"]
    assert fold.to_dict() == dict(zip(CROPS, (0, 1, 2), strict=True))
    named = pd.Series({crop: crop[:6] for crop in CROPS})
    assert reference_splits.leak_of(named, fold) == 1


def crops_of(photographs: int, each: int) -> pd.DataFrame:
    """Crops as families, as the official split has them."""
    names = itertools.product(range(photographs), range(each))
    return pd.DataFrame({"family": [f"{p:06d}x0y{c}" for p, c in names], "source": "diffiqa"})


def test_the_official_split_is_that_of_its_authors_in_size():
    """20,908 / 2,986 / 5,974 of DiffIQA's 29,868; 5 of 25, 16 of 81, 40 of 200 for testing."""
    folds = reference_splits.official_folds(crops_of(29868, 1), 0)["fold"].value_counts()
    assert folds.sort_index().tolist() == [5974, 20908, 2986]
    for count, tested in ((25, 5), (81, 16), (200, 40)):
        folds = reference_splits.official_folds(crops_of(count, 1), 0)["fold"]
        assert folds.eq(reference_splits.TEST).sum() == tested


def test_the_leak_of_a_split_by_crops():
    """Of ten crops a photograph hardly one has no sibling in training; alone it has none."""
    for each, low, high in ((10, 0.99, 1.0), (1, 0.0, 0.0)):
        crops = crops_of(300, each)
        folds = reference_splits.official_folds(crops, 0).set_index("family")["fold"]
        photographs = pd.Series(dict(zip(folds.index, folds.index.str[:6], strict=True)))
        assert low <= reference_splits.leak_of(photographs, folds) <= high
    disjoint = reference_splits.family_folds(
        crops.assign(family=crops["family"].str[:6]), 3, 0
    ).set_index("family")["fold"]
    assert disjoint.value_counts().tolist() == [100, 100, 100]
    hand = pd.Series({"a": 0, "b": 0, "c": 1, "d": 2, "e": 0})
    photograph = pd.Series({"a": "1", "b": "2", "c": "1", "d": "2", "e": "1"})
    assert reference_splits.leak_of(photograph, hand) == pytest.approx(2 / 3)
