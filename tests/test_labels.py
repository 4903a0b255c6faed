"""Preferences: simulated observers, scores, and raw ratings."""

from __future__ import annotations

import hashlib
import logging

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm, ttest_rel

from fgresq.pairs.funnel import labelled
from fgresq.pairs.labels import Sight, Votes, decide, derived, plurality, simulate, simulated
from fgresq.pairs.ratings import preferences_from_ratings
from fgresq.sections import Labels
from tests.conftest import LABELS

A, B, E = 1, -1, 0
PER_JOD = norm.ppf(0.75)  # the slope of JOD
SIGHT = Sight(PER_JOD, 0.580177)  # "equal" below 0.3 JOD
KEEN = Sight(PER_JOD, 0.5)  # tells every difference


def votes(first: list[int], second: list[int], experts: list[int]) -> np.ndarray:
    return np.array(first + second + experts)


def quality(count: int = 60) -> pd.Series:
    rng = np.random.default_rng(1)
    return pd.Series(rng.uniform(6, 9, count), index=[f"s/{n:03d}" for n in range(count)])


def pairs_of(names: pd.Index) -> pd.DataFrame:
    return pd.DataFrame({"image_a": names[0::2], "image_b": names[1::2]})


def test_plurality_wins_and_a_tied_lead_is_equal() -> None:
    assert plurality(np.array([A, A, B, E, E, A])) == A
    assert plurality(np.array([A, A, B, B, E])) == E
    assert plurality(np.array([B, B, E, E, A])) == E
    assert plurality(np.array([E, E, E, B, B])) == E


def test_two_groups_that_agree_decide() -> None:
    decision, fell = decide(votes([A, A, A, B, E], [A, A, A, A, B], [B, B, B]))
    assert decision == A and fell == Votes(7, 2, 1)
    assert fell.share == pytest.approx((7 + 0.5) / 10)


def test_experts_decide_where_the_groups_do_not_agree() -> None:
    split = ([A, A, A, B, B], [B, B, B, A, A])
    even = Votes(5, 5, 0)
    assert decide(votes(*split, [B, B, A])) == (B, even)
    assert decide(votes(*split, [A, A, A])) == (A, even)
    assert decide(votes(*split, [A, B, E])) == (E, even)


def test_one_jod_is_three_quarters_of_the_votes() -> None:
    """Thurstone Case V with 1 JOD = 75 %, without indifference."""
    rng = np.random.default_rng(0)
    shares = [simulate(1.0, KEEN, rng)[1].share for _ in range(2000)]
    assert np.mean(shares) == pytest.approx(0.75, abs=0.01)
    shares = [simulate(-2.0, KEEN, rng)[1].share for _ in range(2000)]
    assert np.mean(shares) == pytest.approx(norm.cdf(-2 * PER_JOD), abs=0.01)


@pytest.mark.parametrize("slope", [0.5, 2.7, 6.0])
def test_the_slope_gives_the_share_of_votes(slope: float) -> None:
    rng = np.random.default_rng(0)
    shares = [simulate(0.3, Sight(slope, 0.5), rng)[1].share for _ in range(2000)]
    assert np.mean(shares) == pytest.approx(norm.cdf(slope * 0.3), abs=0.01)


def test_a_steeper_slope_decides_more_pairs_and_in_the_direction_of_the_quality() -> None:
    seen = quality(2000) / 10
    pairs = pairs_of(seen.index)
    gap = seen[pairs["image_a"]].to_numpy() - seen[pairs["image_b"]].to_numpy()
    found = {s: simulated(pairs, seen, Sight(s, 0.58), 0)["preference"] for s in (1.0, 3.0, 30.0)}
    decided = [preference.ne("equal").sum() for preference in found.values()]
    assert decided[0] < decided[1] < decided[2]
    clear = found[30.0].ne("equal")
    assert np.mean(np.where(gap > 0, "A", "B")[clear] == found[30.0][clear]) > 0.95


def test_labels_by_jod_are_what_they_were_in_jod() -> None:
    """Digest of the labels by the code that had its noise and indifference in JOD."""
    values = np.random.default_rng(7).uniform(6, 9, 2000).round(4)
    seen = pd.Series(values, index=[f"s/{n:04d}" for n in range(2000)])
    options = Labels.model_validate(LABELS)
    sight = Sight(options.slope().fitted, options.indifference)
    found = simulated(pairs_of(seen.index), seen, sight, 0)
    text = found[["preference", "fraction_a"]].to_csv(index=False)
    assert (
        hashlib.sha256(text.encode()).hexdigest()
        == "b2d4813cd30ff6699ba552036e279dd77c9bf73788f3bb718c31afc788689d02"
    )


def test_like_images_split_the_votes_and_indifference_makes_equals() -> None:
    rng = np.random.default_rng(0)
    few = [simulate(0.0, SIGHT, rng) for _ in range(1000)]
    many = [simulate(0.0, Sight(PER_JOD, 0.85), rng) for _ in range(1000)]
    assert np.mean([fell.share for _, fell in few]) == pytest.approx(0.5, abs=0.02)
    equal = [np.mean([decision == E for decision, _ in round_]) for round_ in (few, many)]
    assert equal[0] < equal[1]
    assert equal[1] > 0.9


def test_the_better_image_is_preferred_where_the_difference_is_large() -> None:
    rng = np.random.default_rng(0)
    assert np.mean([simulate(4.0, SIGHT, rng)[0] == A for _ in range(300)]) > 0.97


def test_labels_do_not_depend_on_order_of_rows_or_on_other_pairs() -> None:
    jod = quality()
    pairs = pairs_of(jod.index)
    whole = simulated(pairs, jod, SIGHT, 0)
    pd.testing.assert_frame_equal(simulated(pairs[::-1], jod, SIGHT, 0)[::-1], whole)
    pd.testing.assert_frame_equal(simulated(pairs[3:7], jod, SIGHT, 0), whole[3:7])
    assert set(whole["label_origin"]) == {"simulated"}


def test_swapping_a_and_b_swaps_the_label() -> None:
    jod = quality()
    pairs = pairs_of(jod.index)
    turned = pairs.rename(columns={"image_a": "image_b", "image_b": "image_a"})
    one, other = simulated(pairs, jod, SIGHT, 0), simulated(turned, jod, SIGHT, 0)
    mirror = {"A": "B", "B": "A", "equal": "equal"}
    assert list(other["preference"]) == [mirror[p] for p in one["preference"]]
    assert np.allclose(one["fraction_a"] + other["fraction_a"], 1)
    assert one["votes_a"].tolist() == other["votes_b"].tolist() != one["votes_b"].tolist()
    assert one["votes_equal"].equals(other["votes_equal"]) and one["votes_equal"].any()
    fell = one[["votes_a", "votes_b", "votes_equal"]]
    assert fell.sum(axis=1).eq(10).all() and set(one["vote_kind"]) == {"simulated"}
    assert one["fraction_a"].tolist() == ((fell["votes_a"] + fell["votes_equal"] / 2) / 10).tolist()


def test_the_seed_changes_labels() -> None:
    jod = quality(200)
    pairs = pairs_of(jod.index)
    one, other = (simulated(pairs, jod, SIGHT, seed)["fraction_a"] for seed in (0, 1))
    assert not one.equals(other)


def test_scores_prefer_the_higher_and_only_exact_equals_are_equal() -> None:
    score = pd.Series({"a": 0.5, "b": 0.5, "c": 0.5 + 1e-12, "d": 0.1})
    pairs = pd.DataFrame({"image_a": ["a", "a", "c", "d"], "image_b": ["b", "c", "a", "a"]})
    found = derived(pairs, score)
    assert list(found["preference"]) == ["equal", "B", "A", "B"]
    assert found[["fraction_a", "votes_a", "votes_b", "votes_equal"]].isna().all(axis=None)
    assert set(found["vote_kind"]) == {""} and set(found["label_origin"]) == {"derived from scores"}


@pytest.fixture
def rated() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give ratings of 3 groups of 4 images by 12 raters, and their image table."""
    rng = np.random.default_rng(0)
    names = [f"g{group}/{n}" for group in range(3) for n in range(4)]
    level = np.array([float(name[-1]) for name in names])
    scores = level[:, None] * 4 + rng.normal(50, 6, (12, 12)).round()
    ratings = pd.DataFrame(scores, index=names, columns=[f"r{n}" for n in range(12)])
    images = pd.DataFrame(
        {"image": names, "task": "denoising", "group": [name[:2] for name in names]}
    )
    return ratings, images


def test_ratings_give_what_the_paired_test_of_scipy_gives(rated: tuple) -> None:
    ratings, images = rated
    found = preferences_from_ratings(ratings, images, 0.05)
    assert len(found) == 3 * 6
    assert {"A", "B", "equal"} == set(found["preference"])
    ratings = ratings / ratings.std()
    for row in found.itertuples():
        a, b = ratings.loc[row.image_a], ratings.loc[row.image_b]
        better = "A" if a.mean() > b.mean() else "B"
        assert row.preference == (better if ttest_rel(a, b).pvalue < 0.05 else "equal")
        assert row.fraction_a == pytest.approx(np.mean((a > b) + 0.5 * (a == b)))
        fell = (row.votes_a, row.votes_b, row.votes_equal)
        assert fell == ((a > b).sum(), (a < b).sum(), (a == b).sum())
        assert (row.label_origin, row.vote_kind) == ("human", "ratings")


def test_the_width_of_scale_a_rater_uses_does_not_count(rated: tuple) -> None:
    ratings, images = rated
    wide = ratings.assign(r3=(ratings["r3"] - 50) * 10)
    found = preferences_from_ratings(ratings, images, 0.05)
    pd.testing.assert_frame_equal(preferences_from_ratings(wide, images, 0.05), found)


def test_missing_ratings_are_left_out_pair_by_pair(rated: tuple) -> None:
    ratings, images = rated
    ratings = ratings.copy()
    ratings.iloc[0, :5] = np.nan
    found = preferences_from_ratings(ratings, images, 0.05)
    ratings = ratings / ratings.std(ddof=0)
    for row in found.itertuples():
        a, b = ratings.loc[row.image_a], ratings.loc[row.image_b]
        p = ttest_rel(a, b, nan_policy="omit").pvalue
        assert (row.preference != "equal") == (p < 0.05)
        assert row.votes_a + row.votes_b + row.votes_equal == (a - b).notna().sum()


def test_raters_who_agree_wholly_need_no_spread() -> None:
    ratings = pd.DataFrame({"r1": [50.0, 60.0, 50.0], "r2": [50.0, 60.0, 50.0]}, index=list("abc"))
    images = pd.DataFrame({"image": list("abc"), "task": "denoising", "group": "g"})
    found = preferences_from_ratings(ratings, images, 0.05)
    by_pair = {frozenset((r.image_a, r.image_b)): r for r in found.itertuples()}
    assert by_pair[frozenset("ac")].preference == "equal"
    assert by_pair[frozenset("ac")].fraction_a == 0.5
    winner = by_pair[frozenset("ab")]
    assert (winner.image_a if winner.preference == "A" else winner.image_b) == "b"


def test_pairs_without_common_raters_are_left_out_and_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ratings = pd.DataFrame(
        {"r1": [5.0, np.nan, 4.0], "r2": [6.0, np.nan, 3.0], "r3": [np.nan, 5.0, 4.0]},
        index=list("abc"),
    )
    images = pd.DataFrame({"image": list("abc"), "task": "denoising", "group": "g"})
    with caplog.at_level(logging.INFO):
        found = preferences_from_ratings(ratings, images, 0.05)
    assert len(found) == 1
    assert "2 pairs" in caplog.text


def test_no_groups_give_no_pairs() -> None:
    images = pd.DataFrame({"image": ["a"], "task": ["denoising"], "group": ["g"]})
    ratings = pd.DataFrame({"r1": [1.0], "r2": [2.0]}, index=["a"])
    assert preferences_from_ratings(ratings, images, 0.05).empty


def test_observers_see_the_quality_in_jod_and_not_the_score_between_0_and_1() -> None:
    images = pd.DataFrame({"image": ["x", "y"], "raw_score": [9.0, -9.0], "score": [0.5, 0.5]})
    pairs = pd.DataFrame({"image_a": ["x", "y"], "image_b": ["y", "x"]})
    options = Labels.model_validate(LABELS)
    found = labelled(pairs, images, "simulated", options)
    assert found["preference"].tolist() == ["A", "B"]
    assert found["fraction_a"].tolist() == [1.0, 0.0]
