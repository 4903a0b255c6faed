"""Correlations: against scipy on expanded samples, signs, and inputs without an answer."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from fgresq.analysis import correlation as c

PLAIN = {"srcc": stats.spearmanr, "plcc": stats.pearsonr, "krcc": stats.kendalltau}
OURS = {"srcc": c.srcc, "plcc": c.plcc, "krcc": c.krcc}
WEIGHTED = {"srcc": c.weighted_srcc, "plcc": c.weighted_plcc, "krcc": c.weighted_krcc}


def sample(seed: int, n: int = 60, levels: int | None = 12) -> tuple[np.ndarray, np.ndarray]:
    """Make two correlated columns with ties in both."""
    rng = np.random.default_rng(seed)
    y = rng.normal(size=n)
    x = 0.6 * y + rng.normal(size=n)
    return (x, y) if levels is None else (np.round(x * levels / 6), np.round(y * levels / 6))


@pytest.mark.parametrize("stat", PLAIN)
@pytest.mark.parametrize("levels", [None, 12])
def test_weighted_equals_scipy_on_the_expanded_sample(stat, levels):
    x, y = sample(1, levels=levels)
    weights = np.random.default_rng(2).integers(0, 4, size=(20, len(x)))
    expected = [PLAIN[stat](np.repeat(x, w), np.repeat(y, w)).statistic for w in weights]
    np.testing.assert_allclose(WEIGHTED[stat](x, y, weights), expected, atol=1e-12)


@pytest.mark.parametrize("stat", PLAIN)
def test_clusters_equal_scipy_on_the_expanded_sample(stat, monkeypatch):
    monkeypatch.setattr(c, "BLOCK", 500)  # several blocks, one cluster cut by their border
    x, y = sample(3)
    rng = np.random.default_rng(4)
    clusters = rng.integers(0, 7, size=len(x)) + 1  # columns 0 and 8 stay empty
    weights = rng.integers(0, 4, size=(25, 9))
    own = weights[:, clusters]
    expected = [PLAIN[stat](np.repeat(x, w), np.repeat(y, w)).statistic for w in own]
    np.testing.assert_allclose(WEIGHTED[stat](x, y, weights, clusters), expected, atol=1e-12)


@pytest.mark.parametrize("stat", PLAIN)
def test_sign_is_kept(stat):
    x, y = sample(5)
    assert OURS[stat](x, y) > 0.3
    assert OURS[stat](-x, y) == pytest.approx(-OURS[stat](x, y), abs=1e-12)
    ones = np.ones((1, len(x)))
    assert WEIGHTED[stat](-x, y, ones)[0] == pytest.approx(-OURS[stat](x, y), abs=1e-12)


@pytest.mark.parametrize("stat", PLAIN)
@pytest.mark.parametrize(
    ("x", "y", "reason"),
    [
        (np.full(9, 0.1), np.arange(9.0), "all values of the method are alike"),
        (np.arange(9.0), np.full(9, 0.3), "all labels are alike"),
        (np.arange(2.0), np.arange(2.0), "fewer than 3 images"),
        (np.zeros(0), np.zeros(0), "fewer than 3 images"),
    ],
)
def test_no_answer_is_nan_with_a_reason(stat, x, y, reason):
    assert np.isnan(OURS[stat](x, y))
    assert np.isnan(WEIGHTED[stat](x, y, np.ones((4, len(x))))).all()
    assert c.undefined(x, y) == reason
    mapped, why = c.fitted(x, y)
    assert np.isnan(mapped).all() and why


@pytest.mark.parametrize("stat", PLAIN)
def test_a_replicate_of_one_value_is_nan(stat):
    x, y = sample(6)
    weights = np.zeros((2, len(x)))
    weights[0, 3] = 5
    weights[1] = 1
    values = WEIGHTED[stat](x, y, weights)
    assert np.isnan(values[0]) and np.isfinite(values[1])


def test_logistic_recovers_its_own_curve():
    x = np.linspace(-3, 3, 80)
    y = c.logistic(x, 0.9, 0.1, 0.4, 0.5)
    mapped, why = c.fitted(x, y)
    assert not why
    np.testing.assert_allclose(mapped, y, atol=1e-6)
    assert c.plcc(x, y) < 0.98 < c.plcc(mapped, y)


def test_logistic_keeps_the_sign_of_a_metric_that_runs_the_wrong_way():
    x, y = sample(7, n=200, levels=None)
    right, wrong = (c.plcc(c.fitted(v, y)[0], y) for v in (x, -x))
    assert right >= c.plcc(x, y) - 1e-9
    assert wrong == pytest.approx(-right, abs=1e-4)


@pytest.mark.filterwarnings("error")
def test_logistic_answers_on_noise_without_warnings():
    for seed in range(20):
        x, y = np.random.default_rng(seed).normal(size=(2, 40))
        mapped, why = c.fitted(x, y)
        assert bool(why) == bool(np.isnan(mapped).any())


def test_groups_that_have_no_order_are_left_out():
    groups = np.array(["b"] * 4 + ["a"] * 4 + ["pair"] * 2 + ["flat"] * 3)
    x = np.array([1, 2, 3, 4, 4, 3, 2, 1, 1, 2, 5, 5, 5.0])
    y = np.array([1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 1, 2, 3.0])
    inside = c.srcc_inside(x, y, groups)
    assert list(inside) == ["a", "b"]
    assert inside["a"] == pytest.approx(-1) and inside["b"] == pytest.approx(1)
