"""Pair accuracy and the bootstrap: ties, weights, independence of row order."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fgresq.analysis.accuracy import agreed, correct, counted, weighted_mean, weighted_share
from fgresq.analysis.bootstrap import Measure, average, draw
from fgresq.errors import UserError

GAP = np.array([1.0, -2.0, 0.0, 3.0])
LIKED = np.array(["A", "A", "B", "B"], dtype=object)


def test_ties_count_as_set():
    assert correct(GAP, LIKED, "half").tolist() == [1.0, 0.0, 0.5, 0.0]
    assert correct(GAP, LIKED, "wrong").tolist() == [1.0, 0.0, 0.0, 0.0]


def test_a_reversed_metric_has_the_complement():
    assert correct(-GAP, LIKED, "half").tolist() == (1 - correct(GAP, LIKED, "half")).tolist()


def test_unknown_tie_rule_names_the_nearest():
    with pytest.raises(UserError, match="metric_ties.*'halb'.*'half'"):
        correct(GAP, LIKED, "halb")


def test_weighted_mean_equals_the_expanded_sample():
    rng = np.random.default_rng(0)
    values, clusters = rng.random(50), rng.integers(0, 6, 50)
    weights = rng.integers(0, 3, (30, 6)).astype(float)
    weights[0] = 0
    got = weighted_mean(values, weights, clusters)
    assert np.isnan(got[0])
    expected = [np.repeat(values, w[clusters].astype(int)).mean() for w in weights[1:]]
    np.testing.assert_allclose(got[1:], expected)


def test_votes_are_agreed_with_on_the_side_of_the_metric():
    table = pd.DataFrame(
        {"votes_a": [9, 9, 9, 3], "votes_b": [1, 1, 1, 7], "votes_equal": [2, 2, 2, 0]}
    )
    votes = counted(table)
    assert votes.tolist() == [[10, 2], [10, 2], [10, 2], [3, 7]]
    assert agreed(GAP, votes).tolist() == [10, 2, 6, 3]
    assert agreed(-GAP, votes).tolist() == [2, 10, 6, 7]
    assert (agreed(GAP, votes) + agreed(-GAP, votes)).tolist() == [12, 12, 12, 10]


def test_a_share_of_votes_equals_that_of_the_expanded_sample():
    rng = np.random.default_rng(0)
    clusters, whole = rng.integers(0, 6, 50), rng.integers(1, 20, 50).astype(float)
    part = np.floor(whole * rng.random(50))
    weights = rng.integers(0, 3, (30, 6)).astype(float)
    weights[0] = 0
    got = weighted_share(part, whole, weights, clusters)
    assert np.isnan(got[0])
    for share, w in zip(got[1:], weights[1:], strict=True):
        times = w[clusters].astype(int)
        assert share == pytest.approx(np.repeat(part, times).sum() / np.repeat(whole, times).sum())


def test_draws_depend_on_the_seed_and_the_set_of_families_only():
    first, second = draw(["b", "a", "c", "a"], 40, 1), draw(["c", "c", "a", "b"], 40, 1)
    assert first.families.tolist() == ["a", "b", "c"]
    assert np.array_equal(first.weights, second.weights)
    assert (first.weights.sum(axis=1) == 3).all()
    assert not np.array_equal(first.weights, draw("abc", 40, 2).weights)
    assert first.clusters(["c", "a"]).tolist() == [2, 0]


def test_no_families_give_draws_without_columns():
    assert draw([], 5, 0).weights.shape == (5, 0)


def test_interval_needs_two_families_and_enough_draws():
    replicates = np.linspace(0, 1, 101)
    assert Measure(0.5, replicates, 9, frozenset({0, 1})).interval() == pytest.approx(
        (0.025, 0.975)
    )
    assert np.isnan(Measure(0.5, replicates, 9, frozenset({0})).interval()).all()
    thin = np.where(replicates < 0.6, np.nan, replicates)
    assert np.isnan(Measure(0.5, thin, 9, frozenset({0, 1})).interval()).all()


def test_interval_of_a_mean_covers_as_it_should():
    """Of 300 samples of 40 families, about 95 % of the intervals hold the true mean, 0."""
    rng, covered = np.random.default_rng(1), 0
    clusters = np.repeat(np.arange(40), 5)
    weights = draw([f"{i:02}" for i in range(40)], 300, 0).weights
    for _ in range(300):
        values = rng.normal(size=40)[clusters] + rng.normal(size=200)
        replicates = weighted_mean(values, weights, clusters)
        low, high = Measure(values.mean(), replicates, 200, frozenset(clusters)).interval()
        covered += low <= 0 <= high
    assert 0.89 <= covered / 300 <= 0.98


def test_average_leaves_out_draws_that_lack_a_task():
    full = Measure(0.8, np.array([0.7, 0.9]), 10, frozenset({0, 1}))
    holey = Measure(0.6, np.array([np.nan, 0.5]), 5, frozenset({1, 2}))
    nothing = Measure(np.nan, np.full(2, np.nan), 0, frozenset())
    mean = average([full, holey, nothing], 2)
    assert mean.value == pytest.approx(0.7) and mean.n == 15 and mean.families == {0, 1, 2}
    assert np.isnan(mean.replicates[0]) and mean.replicates[1] == pytest.approx(0.7)
    assert average([nothing], 2).note == "no task has a value"
