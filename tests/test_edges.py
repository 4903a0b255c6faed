"""Borders: which side a case exactly on one falls, where the other side would be visibly wrong."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fgresq.analysis import correlation as c
from fgresq.analysis.accuracy import correct
from fgresq.analysis.bootstrap import Measure
from fgresq.analysis.intervals import bins_of
from fgresq.analysis.performance import measure_task, ranked
from fgresq.analysis.preference import count_cells
from fgresq.ops.ssim_plane import WINDOW
from fgresq.pairs.candidates import candidates
from fgresq.pairs.funnel import STEPS, filtered
from fgresq.pairs.jnd import inject
from fgresq.pairs.labels import (
    Sight,
    Votes,
    decide,
    derived,
    plurality,
    simulate,
    simulated,
)
from fgresq.pairs.ratings import preferences_from_ratings
from fgresq.pairs.split import split_by_pairs
from fgresq.pairs.threshold import noised_ssim, quartiles
from tests.analysis_tables import make_images
from tests.test_pairs import image_table, run_funnel

A, B, E = 1, -1, 0


def left(differences: list[float], similar: list[float], tau: float, threshold: float) -> list[int]:
    """Give which of the pairs pass both filters."""
    pairs = pd.DataFrame({"score_difference": differences, "ssim": similar})
    pairs = pairs.assign(image_a="a", image_b="b")
    steps = filtered(pairs, pd.Series(tau, index=pairs.index), threshold)
    return steps[STEPS[-1]].index.tolist()


def test_a_pair_exactly_at_tau_is_dropped_on_both_sides() -> None:
    differences = [0.3, -0.3, 0.299999, -0.299999, 0.300001, -0.300001, 0.0]
    assert left(differences, [0.5] * 7, 0.3, 0.9) == [2, 3, 6]


@pytest.mark.parametrize("scores", [(0.9, 0.6), (0.8, 0.5), (0.7, 0.4), (0.4, 0.1), (0.3, 0.0)])
def test_tau_is_met_though_the_difference_of_two_floats_misses_it(
    tmp_path: Path, scores: tuple[float, float]
) -> None:
    """0.7 - 0.4 is 0.29999999999999993 and 0.9 - 0.6 is 0.30000000000000004: both are 0.3."""
    images = image_table(tmp_path, {"park": 2}).assign(score=scores)
    assert run_funnel(images, 1.1, filter={"tau": 0.3})[0].empty
    assert len(run_funnel(images, 1.1, filter={"tau": 0.300001})[0]) == 1


def test_a_pair_exactly_at_the_threshold_is_not_noticed() -> None:
    assert left([0.1] * 3, [0.9, 0.899999, 0.900001], 0.3, 0.9) == [1]


def test_copies_of_one_image_are_never_noticed(tmp_path: Path) -> None:
    """A threshold of 1 keeps all that differs at all, and no pair of two equal images."""
    images = image_table(tmp_path, {"park": 2, "street": 2})
    images.loc[1, ["path", "sha256"]] = images.loc[0, ["path", "sha256"]]
    assert set(run_funnel(images, 1.0)[0]["group"]) == {"street"}


def test_threshold_and_similarity_are_rounded_alike(tmp_path: Path) -> None:
    """A pair as alike as the median of the noise lies on the border, not a hair to one side."""
    images = image_table(tmp_path, {"park": 2})
    found = candidates(images)["ssim"][0]
    assert found == round(found, 6) and quartiles([found + 3e-7] * 3)[1] == found
    assert run_funnel(images, quartiles([found + 3e-7] * 3)[1])[0].empty
    assert len(run_funnel(images, quartiles([found + 1e-6] * 3)[1])[0]) == 1


@pytest.mark.parametrize(
    ("noise", "level", "expected"),
    [
        (0.4, 100, 100),
        (0.6, 100, 101),
        (-0.4, 100, 100),
        (-0.6, 100, 99),
        (0.5, 100, 100),  # halves go to the even level, up and down alike: no drift
        (0.5, 101, 102),
        (-0.5, 100, 100),
        (-0.5, 101, 100),
        (3.0, 254, 255),
        (-3.0, 2, 0),
        (255.0, 255, 255),
    ],
)
def test_noise_is_rounded_to_the_nearest_level_and_never_wraps(
    noise: float, level: int, expected: int
) -> None:
    image = np.full((2, 3, 3), level, np.uint8)
    maps = np.full((2, 3, 1), noise, np.float32)
    found = inject(image, maps, "plus", 1.0, np.random.default_rng(0))
    assert found.dtype == np.uint8 and (found == expected).all()


def test_a_tie_of_both_signs_leaves_the_mean_where_it_was() -> None:
    """Noise of +-0.6 moves as many pixels up as down, by one level each."""
    image = np.full((200, 200, 3), 100, np.uint8)
    maps = np.full((200, 200, 1), 0.6, np.float32)
    found = inject(image, maps, "random", 1.0, np.random.default_rng(0)).astype(int) - 100
    assert set(np.unique(found)) == {-1, 1} and abs(found.mean()) < 0.02
    assert (found == found[..., :1]).all(), "one map: all channels move together"


def votes(first: list[int], second: list[int], experts: list[int]) -> np.ndarray:
    return np.array(first + second + experts)


@pytest.mark.parametrize(
    ("first", "second", "experts", "decision", "share"),
    [
        # both groups say "equal": that stands, whatever experts would say
        ([E] * 5, [E] * 5, [A] * 3, E, 0.5),
        ([E, E, E, A, A], [E, E, E, B, A], [A] * 3, E, 0.6),
        # a tied lead is "equal", and agrees with a group that says so
        ([A, A, B, B, E], [E] * 5, [B] * 3, E, 0.5),
        # one group says "equal", the other A: experts decide, for either or for neither
        ([E] * 5, [A] * 5, [B] * 3, B, 0.75),
        ([A] * 5, [E] * 5, [A, A, B], A, 0.75),
        ([A] * 5, [E] * 5, [E, E, A], E, 0.75),
        # the share counts the groups' votes, never the experts'
        ([B] * 5, [B] * 5, [A] * 3, B, 0.0),
        ([B, B, B, E, E], [B] * 5, [A] * 3, B, 0.1),
    ],
)
def test_a_group_that_says_equal(
    first: list[int], second: list[int], experts: list[int], decision: int, share: float
) -> None:
    found = decide(votes(first, second, experts))
    assert found[0] == decision and found[1].share == pytest.approx(share)
    assert decide(-votes(first, second, experts)) == (-decision, found[1].swapped())


def test_equal_leads_only_with_more_votes_than_any_side() -> None:
    assert plurality(np.array([E, E, A, A, B])) == E
    assert plurality(np.array([E, E, A, A, A])) == A
    assert plurality(np.array([E, B, B])) == B
    assert plurality(np.array([A, B, E])) == E


SIGHT = Sight(slope=1.0, indifference=0.58)
BORDER = SIGHT.border  # .2019: 58 % tell it


class Silent:
    """A generator whose observers perceive without noise."""

    def standard_normal(self, count: int) -> np.ndarray:
        """Give no noise."""
        return np.zeros(count)


@pytest.mark.parametrize(
    ("difference", "decision", "share"),
    [(BORDER, A, 1.0), (-BORDER, B, 0.0), (0.1999, E, 0.5), (-0.1999, E, 0.5), (0.0, E, 0.5)],
)
def test_a_difference_exactly_at_the_indifference_is_perceived(
    difference: float, decision: int, share: float
) -> None:
    rng: Any = Silent()
    found = simulate(difference, SIGHT, rng)
    assert (found[0], found[1].share) == (decision, share)


def test_observers_without_indifference_still_call_like_images_equal() -> None:
    rng: Any = Silent()
    keen = Sight(slope=1.0, indifference=0.5)
    assert simulate(0.0, keen, rng) == (E, Votes(0, 0, 10))
    assert simulate(1e-9, keen, rng) == (A, Votes(10, 0, 0))


def test_equal_labels_survive_exchanged_names() -> None:
    pairs = pd.DataFrame({"image_a": ["x", "y"], "image_b": ["y", "x"]})
    quality = pd.Series({"x": 5.0, "y": 5.0})
    found = simulated(pairs, quality, Sight(1.0, 0.9999999999), 0)
    assert found["preference"].tolist() == ["equal"] * 2 and found["fraction_a"].eq(0.5).all()


def test_a_score_a_hair_above_is_preferred_and_only_the_same_is_equal() -> None:
    score = pd.Series({"a": 0.5, "b": np.nextafter(0.5, 1), "c": 0.5})
    pairs = pd.DataFrame({"image_a": ["a", "b", "a"], "image_b": ["b", "a", "c"]})
    assert derived(pairs, score)["preference"].tolist() == ["B", "A", "equal"]


@pytest.mark.parametrize("gap", [1e-300, 1e-12, 1e-9])
def test_a_gap_just_above_a_tie_is_a_choice(gap: float) -> None:
    gaps, liked = np.array([gap, -gap, 0.0, -0.0]), np.array(["A", "A", "A", "B"], dtype=object)
    assert correct(gaps, liked, "half").tolist() == [1.0, 0.0, 0.5, 0.5]
    assert correct(gaps, liked, "wrong").tolist() == [1.0, 0.0, 0.0, 0.0]


def pair_rows(differences: list[float], preference: str = "A") -> pd.DataFrame:
    """Give pairs of consecutive images i0, i1, ... with these score differences."""
    count = len(differences)
    return pd.DataFrame(
        {
            **{"pair": [f"s#{k}" for k in range(count)], "cluster": 0},
            **{"image_a": [f"i{2 * k}" for k in range(count)]},
            **{"image_b": [f"i{2 * k + 1}" for k in range(count)]},
            **{"score_difference": differences, "preference": preference},
            **{"votes_a": np.nan, "votes_b": np.nan, "votes_equal": np.nan, "vote_kind": ""},
        }
    )


def measured(pairs: pd.DataFrame, values: list[float]) -> dict[str, Measure]:
    names = [f"i{k}" for k in range(len(values))]
    images = make_images(len(values), tasks=1, families=1).assign(image=names, cluster=0)
    return measure_task(images, pairs, pd.Series(values, index=names), np.ones((3, 1)), "half", [])


def test_pairs_exactly_five_hundredths_apart_are_not_wide() -> None:
    found = measured(pair_rows([0.05, -0.05, 0.050001]), [0, 1, 0, 1, 1, 0.0])
    assert (found["acc"].n, found["acc_gap5"].n) == (3, 1)
    assert found["acc_gap5"].value == 1 and found["acc"].value == pytest.approx(1 / 3)


def test_an_equal_preference_and_a_missing_value_are_no_pair_to_be_right_on() -> None:
    pairs = pd.concat([pair_rows([0.1]), pair_rows([0.0, 0.1], "equal")], ignore_index=True)
    assert measured(pairs, [1.0, 0.0])["acc"].n == 1
    assert measured(pair_rows([0.1, 0.1]), [1.0, 0.0, math.nan, 0.0])["acc"].n == 1
    assert measured(pair_rows([0.1]), [math.nan, 0.0])["acc"].note == "no decided pairs"


def test_a_probability_a_hair_from_one_half_is_a_choice() -> None:
    pairs = pair_rows([0.1] * 3)
    chances = pd.Series([0.5, 0.5 + 1e-9, 0.5 - 1e-9], index=pairs["pair"])
    weights = np.ones((2, 1))
    assert ranked(pairs, chances, weights, "half")["acc_rank"].value == 0.5
    assert ranked(pairs, chances, weights, "wrong")["acc_rank"].value == pytest.approx(1 / 3)


def test_a_score_on_an_edge_lies_in_the_upper_interval_and_one_in_the_last() -> None:
    scores = np.array([0.0, 0.2, 0.4, 0.6, 0.8, 1.0, np.nextafter(0.2, 0), np.nextafter(1, 0)])
    found = {name: np.flatnonzero(rows).tolist() for name, rows in bins_of(scores).items()}
    assert found == {
        "[0.0,0.2)": [0, 6],
        "[0.2,0.4)": [1],
        "[0.4,0.6)": [2],
        "[0.6,0.8)": [3],
        "[0.8,1.0]": [4, 5, 7],
        "[0.0,1.0]": list(range(8)),
    }


def test_an_interval_stands_on_two_families_and_on_half_of_the_draws() -> None:
    half = np.array([0.1, 0.2, math.nan, math.nan])
    assert Measure(0.5, half, 9, frozenset({0, 1})).interval() == pytest.approx((0.1025, 0.1975))
    fewer = np.array([0.1, math.nan, math.nan])
    assert np.isnan(Measure(0.5, fewer, 9, frozenset({0, 1})).interval()).all()
    assert np.isnan(Measure(0.5, half, 9, frozenset({1})).interval()).all()
    assert np.isnan(Measure(math.nan, half, 9, frozenset({0, 1})).interval()).all()
    assert np.isnan(Measure(0.5, half[:0], 9, frozenset({0, 1})).interval()).all()


def test_three_images_correlate_and_two_do_not() -> None:
    x, y = np.array([1.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.0])
    assert c.srcc(x, y) == pytest.approx(0.5) and c.undefined(x, y) == ""
    assert math.isnan(c.srcc(x[:2], y[:2]))
    assert c.undefined(x[:2], y[:2]) == "fewer than 3 images"


def test_the_logistic_asks_for_five_images() -> None:
    x = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
    y = np.array([0.1, 0.15, 0.5, 0.8, 0.9])
    assert c.fitted(x, y)[1] == "" and c.fitted(x[:4], y[:4])[1] == "fewer than 5 images"


def test_values_that_differ_in_the_thirteenth_digit_are_alike() -> None:
    assert c.alike(np.array([1.0, 1.0 + 9e-13])) and not c.alike(np.array([1.0, 1.0 + 2e-12]))
    assert c.alike(np.array([-1e6, -1e6 + 5e-7])) and not c.alike(np.array([-1e6, -1e6 + 2e-6]))
    assert c.alike(np.zeros(3)) and not c.alike(np.array([0.0, 1e-300]))


def test_votes_on_the_border_of_two_cells_and_equal_ones_are_counted_once() -> None:
    pairs = pd.DataFrame(
        {
            **{"source": "s", "task": "denoising"},
            "score_difference": [0.0, -0.04, 0.04, -0.04],
            "fraction_a": [0.5, 0.5, 0.25, 0.25],
            "preference": ["A", "equal", "B", "B"],
        }
    )
    cells = count_cells(pairs)
    assert cells["count"].sum() == 4
    wrong = cells[cells["inconsistent"].eq(1)]
    assert len(wrong) == 1 and wrong["difference"].iloc[0] == pytest.approx(0.04)


def test_raters_of_whom_all_agree_decide_and_of_whom_half_do_not() -> None:
    images = pd.DataFrame({"image": ["a", "b"], "task": "denoising", "group": "g"})
    agree = pd.DataFrame([[2.0, 3.0, 4.0], [1.0, 1.5, 1.0]], index=["a", "b"])
    found = preferences_from_ratings(agree, images, 0.05)
    better = "A" if found["image_a"][0] == "a" else "B"
    assert found["preference"][0] == better and found["fraction_a"][0] == (better == "A")
    split = pd.DataFrame([[2.0, 1.0], [1.0, 2.0]], index=["a", "b"])
    found = preferences_from_ratings(split, images, 0.05)
    assert found["preference"][0] == "equal" and found["fraction_a"][0] == 0.5


@pytest.mark.parametrize(("count", "tested"), [(1, 0), (2, 1), (3, 1), (5, 1), (8, 2), (10, 2)])
def test_a_task_keeps_a_pair_on_each_side(count: int, tested: int) -> None:
    pairs = pd.DataFrame({"image_a": [f"a{k}" for k in range(count)], "image_b": "b"})
    chosen = split_by_pairs(pairs.assign(task="denoising"), 0.2, 0)
    assert (chosen == "test").sum() == tested and set(chosen) <= {"train", "test"}
    whole = split_by_pairs(pairs.assign(task="denoising"), 1.0, 0)
    assert (whole == "train").sum() == 1


def test_images_of_just_the_window_s_size_are_compared_and_noised(tmp_path: Path) -> None:
    images = image_table(tmp_path, {"park": 2}, size=WINDOW)
    assert candidates(images)["ssim"].between(-1, 1).all()
    path, settings = images["path"][0], [("plus", 1.0, "luminance")]
    (found,) = noised_ssim(path, settings, 0) or [math.nan]
    assert -1 <= found < 1
    small = image_table(tmp_path, {"street": 1}, size=WINDOW - 1)["path"][0]
    assert noised_ssim(small, settings, 0) is None
