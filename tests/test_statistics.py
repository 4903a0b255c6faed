"""Accuracy, bootstrap and correlations at the values they must have, number for number."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import optimize, stats

from fgresq.analysis import correlation as c
from fgresq.analysis.accuracy import correct, weighted_mean
from fgresq.analysis.bootstrap import Measure, average, draw
from fgresq.errors import UserError


def test_an_unknown_tie_rule_is_told_whole() -> None:
    with pytest.raises(UserError) as error:
        correct(np.zeros(1), np.array(["A"]), "halb")
    told = "setting analysis/metric_ties: unknown value 'halb'. Did you mean 'half'?"
    assert str(error.value) == told


def test_a_sample_of_one_cluster_is_its_mean_and_of_none_is_nothing() -> None:
    """Columns of families without a pair are there and count nothing."""
    values, clusters = np.array([1.0, 0.0, 0.25]), np.array([0, 0, 1])
    weights = np.array([[0.0, 1, 0, 5], [0, 0, 0, 3], [1, 0, 2, 0], [0, 3, 1, 1]])
    found = weighted_mean(values, weights, clusters)
    assert found[[0, 2, 3]] == pytest.approx([0.25, 0.5, 0.25]) and math.isnan(found[1])


def test_draws_of_no_families_have_no_names() -> None:
    nothing = draw([], 5, 0)
    assert nothing.families.tolist() == [] and nothing.weights.shape == (5, 0)


def test_names_of_families_keep_their_whole_length() -> None:
    names = ["s/a", "s/a-much-longer-name", "t/a"]
    assert draw(names, 3, 0).clusters(["s/a-much-longer-name", "t/a", "s/a"]).tolist() == [1, 2, 0]


def test_the_average_of_no_task_is_a_whole_measure_without_value() -> None:
    nothing = average([Measure(math.nan, np.full(4, np.nan), 0, frozenset())], 4)
    assert math.isnan(nothing.value) and nothing.replicates.shape == (4,)
    assert np.isnan(nothing.replicates.astype(float)).all()
    assert (nothing.n, nothing.families, nothing.note) == (0, frozenset(), "no task has a value")
    assert nothing.replicates.dtype == float and np.isnan(nothing.interval()).all()


def test_one_draw_is_an_interval_of_no_width() -> None:
    one = Measure(0.5, np.array([0.4]), 3, frozenset({0, 1}))
    assert one.interval() == pytest.approx((0.4, 0.4))


def test_the_logistic_is_the_published_formula() -> None:
    x = np.array([-1.0, 0.4, 2.0])
    expected = [0.1 + (0.9 - 0.1) / (1 + math.exp(-(v - 0.4) / 0.5)) for v in x]
    assert c.logistic(x, 0.9, 0.1, 0.4, 0.5) == pytest.approx(expected)
    assert c.logistic(x, 0.9, 0.1, 0.4, -0.5) == pytest.approx(expected)
    step = c.logistic(np.array([0.4]), 0.9, 0.1, 0.4, 0.0)
    assert step == pytest.approx([0.5]), "a width of nought divides by nothing"
    assert c.logistic(np.array([0.4 + 1e-9]), 0.9, 0.1, 0.4, 0.0) == pytest.approx([0.9])


@pytest.mark.parametrize("sign", [1, -1])
def test_the_fit_starts_as_vqeg_says(monkeypatch: pytest.MonkeyPatch, sign: int) -> None:
    """Standardised metric; top and bottom change places where the metric falls."""
    seen: dict[str, np.ndarray] = {}

    def spy(function, x, y, p0, maxfev):  # type: ignore[no-untyped-def]
        seen.update(x=x, y=y, start=p0, calls=maxfev)
        return (1.0, 0.0, 0.0, 1.0), None

    monkeypatch.setattr(optimize, "curve_fit", spy)
    x, y = sign * np.array([10.0, 30, 20, 50, 90]), np.array([0.1, 0.3, 0.2, 0.6, 0.7])
    mapped, why = c.fitted(x, y)
    assert seen["x"] == pytest.approx((x - x.mean()) / x.std()) and why == ""
    assert list(seen["start"]) == [*((0.7, 0.1) if sign > 0 else (0.1, 0.7)), 0.0, 0.25]
    assert seen["y"] == pytest.approx(y) and seen["calls"] == 20_000
    assert mapped == pytest.approx(1 / (1 + np.exp(-seen["x"])))


@pytest.mark.parametrize(
    ("best", "expected"),
    [((0.9, 0.1, 0.0, 1.0), 1.0), ((0.1, 0.9, 0.0, 1.0), -1.0), ((-0.2, -0.9, -0.5, 1.0), 1.0)],
)
def test_a_falling_map_is_turned_and_not_stretched(
    monkeypatch: pytest.MonkeyPatch, best: tuple[float, ...], expected: float
) -> None:
    monkeypatch.setattr(optimize, "curve_fit", lambda *given, **more: (best, None))
    x, y = np.array([1.0, 2, 3, 4, 5]), np.array([0.1, 0.3, 0.2, 0.6, 0.7])
    mapped, _ = c.fitted(x, y)
    assert mapped == pytest.approx(expected * c.logistic((x - 3) / x.std(), *best))


def test_a_fit_that_fails_or_is_flat_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = np.array([1.0, 2, 3, 4, 5]), np.array([0.1, 0.3, 0.2, 0.6, 0.7])
    flat = (0.5, 0.5, 0.0, 1.0)
    monkeypatch.setattr(optimize, "curve_fit", lambda *given, **more: (flat, None))
    mapped, why = c.fitted(x, y)
    assert why == "the logistic fit is flat" and np.isnan(mapped).all() and len(mapped) == 5

    def fail(*given: object, **more: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(optimize, "curve_fit", fail)
    mapped, why = c.fitted(x, y)
    assert why == "the logistic fit did not converge" and np.isnan(mapped).all()


def test_a_fit_of_few_values_says_how_many_it_needs() -> None:
    short = np.array([1.0, 2, 3, 4])
    assert c.fitted(short, short)[1] == "fewer than 5 images"


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ["srcc", "plcc", "krcc"])
def test_an_empty_draw_and_one_of_like_values_are_nan_without_a_warning(name: str) -> None:
    """One side constant in the draw: x alike in row 1, y alike in row 2, nothing drawn in row 0."""
    x, y = np.array([1.0, 1, 2, 3, 4]), np.array([1.0, 2, 3, 5, 5])
    weights = np.array([[0, 0, 0, 0, 0], [2, 3, 0, 0, 0], [0, 0, 0, 1, 4], [1, 1, 1, 1, 1]])
    found = {"srcc": c.weighted_srcc, "plcc": c.weighted_plcc, "krcc": c.weighted_krcc}[name](
        x, y, weights
    )
    plain = {"srcc": stats.spearmanr, "plcc": stats.pearsonr, "krcc": stats.kendalltau}[name]
    assert np.isnan(found[:3]).all() and found[3] == pytest.approx(plain(x, y).statistic)


@pytest.mark.parametrize("name", ["srcc", "plcc", "krcc"])
@pytest.mark.parametrize(("offset", "scale"), [(1e5, 1e-3), (-1e3, 1e-5), (0.0, 1e9)])
def test_offset_and_scale_of_a_metric_change_no_correlation(
    name: str, offset: float, scale: float
) -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=30)
    x = y + rng.normal(size=30)
    weights = rng.integers(0, 4, (10, 30))
    function = {"srcc": c.weighted_srcc, "plcc": c.weighted_plcc, "krcc": c.weighted_krcc}[name]
    expected = function(x, y, weights)
    assert function(offset + scale * x, y, weights) == pytest.approx(expected, abs=1e-6)
    assert function(x, offset + scale * y, weights) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("name", ["srcc", "plcc", "krcc"])
@pytest.mark.parametrize("cells", [1, 5, 6, 10_000])
def test_the_size_of_blocks_changes_no_value(
    monkeypatch: pytest.MonkeyPatch, name: str, cells: int
) -> None:
    """Blocks of one row, with a rest, and all at once; weights are whole numbers of any kind."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 5))
    weights = rng.integers(1, 4, (7, 5)).astype(np.int8)
    function = {"srcc": c.weighted_srcc, "plcc": c.weighted_plcc, "krcc": c.weighted_krcc}[name]
    whole = function(x, y, weights)
    monkeypatch.setattr(c, "BLOCK", cells)
    assert function(x, y, weights) == pytest.approx(whole, abs=1e-12)


def test_blocks_bound_what_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    held = []
    ranks, signs = c.weighted_ranks, c._signs
    monkeypatch.setattr(
        c, "weighted_ranks", lambda v, block: held.append(block.size) or ranks(v, block)
    )
    monkeypatch.setattr(
        c, "_signs", lambda x, y, rows: held.append(len(x[rows]) * len(x)) or signs(x, y, rows)
    )
    monkeypatch.setattr(c, "BLOCK", 4)
    x, y = np.random.default_rng(0).normal(size=(2, 5))
    for function in (c.weighted_srcc, c.weighted_krcc):
        held.clear()
        function(x, y, np.ones((7, 5)))
        assert set(held) == {5}, "a row at a time where a block is smaller than a row"
    monkeypatch.setattr(c, "BLOCK", 10)
    for function, rows in (
        (c.weighted_srcc, [10] * 6 + [5] * 2),  # of both sides
        (c.weighted_krcc, [10, 10, 5]),
    ):
        held.clear()
        function(x, y, np.ones((7, 5)))
        assert held == rows


def test_many_images_of_one_cluster_do_not_overflow() -> None:
    """Sums over a cluster leave the range of the small integers that signs are."""
    x = np.arange(300.0)
    weights = np.ones((1, 2))
    clusters = np.repeat([0, 1], 150)
    assert c.weighted_krcc(x, x, weights, clusters)[0] == pytest.approx(1)
    assert c.weighted_krcc(x, -x, weights, clusters)[0] == pytest.approx(-1)


def test_a_perfect_correlation_is_never_beyond_one() -> None:
    both, first = np.array([1.0 + 1e-9, -1.0 - 1e-9, 5e-13]), np.array([1.0, 1.0, 1e-12])
    found = c._ratio(both, first, first)
    assert found[:2].tolist() == [1.0, -1.0] and np.isnan(found[2])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("variance", [0.0, 5e-13, 1e-12])
def test_a_variance_of_nearly_nought_on_either_side_gives_no_value(variance: float) -> None:
    one, low, high = np.array([1.0]), np.array([variance]), np.array([1.1e-12])
    assert np.isnan(c._ratio(one, one, low)).all() and np.isnan(c._ratio(one, low, one)).all()
    assert c._ratio(one, high, one).tolist() == [1.0] == c._ratio(one, one, high).tolist()


def test_ranks_with_weights_are_mid_ranks_from_one_upward() -> None:
    values = np.array([3.0, 1.0, 3.0, 2.0])
    assert c.weighted_ranks(values, np.ones((1, 4))).tolist() == [[3.5, 1.0, 3.5, 2.0]]
    assert c.weighted_ranks(values, np.array([[1.0, 2.0, 2.0, 0.0]])).tolist() == [
        [4.0, 1.5, 4.0, 2.5]
    ]
