"""Which method may be trusted: families and never pairs, what could be decided, whose labels.

Golden values: scipy's permutation test, scikit-learn's isotonic regression, statsmodels' Holm, and
the worked example of Demsar (JMLR 7, 2006), each an implementation of its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.isotonic import IsotonicRegression
from statsmodels.stats.multitest import multipletests

from fgresq.analysis import (
    choices,
    correlation,
    gaps,
    margins,
    mean_ranks,
    restorer_bias,
    significance,
    trust,
)
from fgresq.analysis.bootstrap import draw
from fgresq.analysis.inputs import Inputs, orient
from fgresq.analysis.judged import Judged, judge
from fgresq.analysis.trivial import (
    CONSTANT,
    ENTRIES,
    NETWORK,
    SHARPNESS,
    constant_orders,
    with_trivial,
)
from fgresq.analysis.trust_tables import (
    ALL_TASKS,
    AT,
    AVERAGE,
    BETTER,
    CANNOT,
    EVERYWHERE,
    NEEDS,
    NEVER,
    OPEN,
    TABLES,
    TIES,
    WORSE,
)
from fgresq.files import write_json
from fgresq.images import write_png
from fgresq.tables import SCORE_COLUMNS, TASKS, write_images, write_pairs, write_scores
from tests.analysis_tables import make_images, make_pairs, make_scores

METHODS = {
    "up": {"direction": "higher", "role": "method", "trained": False, "kind": "NR"},
    "down": {"direction": "lower", "role": "method", "trained": False, "kind": "FR"},
    "maker": {"direction": "higher", "role": "method", "trained": False, "kind": "FR"},
}


def pairs_of(rows: list[tuple[str, str, float, str]], origin: str = "human") -> pd.DataFrame:
    """Make pairs of (task, family, value of A less that of B, preference) by image."""
    number = range(len(rows))
    return pd.DataFrame(
        {
            "pair": [f"p{i:04}" for i in number],
            "image_a": [f"a{i:04}" for i in number],
            "image_b": [f"b{i:04}" for i in number],
            "task": [row[0] for row in rows],
            "source": "s",
            "family": [row[1] for row in rows],
            "score_difference": 0.1,
            "preference": [row[3] for row in rows],
            "label_origin": origin,
            "split_pairs": "test",
        }
    )


def judged_of(
    rows: list[tuple[str, str, float, str]],
    others: dict[str, list[float]] | None = None,
    origin: str = "human",
    replicates: int = 400,
) -> Judged:
    """Lay one method, `up`, beside others over pairs that `pairs_of` makes."""
    pairs = pairs_of(rows, origin)
    draws = draw(pairs["family"], replicates, 0)
    pairs["cluster"] = draws.clusters(pairs["family"])
    values = {"up": [row[2] for row in rows], **(others or {})}
    return Judged(pairs, list(values), np.array(list(values.values()), float), draws, "half")


def families(right: list[int], wrong: int = 0, task: str = TASKS[0]) -> list[Any]:
    """Make rows: of each family so many pairs right, and then so many wrong."""
    return [
        (task, f"f{k:02}", value, "A")
        for k, count in enumerate(right)
        for value in [1.0] * count + [-1.0] * wrong
    ]


def test_the_sign_flip_is_scipy_s_permutation_test() -> None:
    shares = np.random.default_rng(3).normal(0.3, 1, 9)
    known = stats.permutation_test(
        (shares,), np.sum, permutation_type="samples", n_resamples=np.inf, alternative="two-sided"
    )
    p, least = significance.sign_flip(shares)
    assert p == pytest.approx(known.pvalue, abs=1e-12)
    assert least == 2**-8


def test_many_families_are_turned_at_random_and_say_so_by_their_least_p() -> None:
    shares = np.random.default_rng(0).normal(0.2, 1, significance.EXACT + 6)
    p, least = significance.sign_flip(shares)
    known = stats.permutation_test(
        (shares,), np.sum, permutation_type="samples", n_resamples=20_000, rng=1
    )
    assert p == pytest.approx(known.pvalue, abs=0.02)
    assert least == 1 / (significance.RANDOM + 1)
    assert significance.sign_flip(np.ones(significance.EXACT + 6))[0] == least


def test_families_that_do_not_differ_cannot_make_p_small() -> None:
    alone = np.array([0.5, 0.25, 0.25, 0.0, 0.0, 0.0, 0.0, 0.0])
    assert significance.sign_flip(alone) == (0.25, 0.25)
    assert significance.sign_flip(np.zeros(8)) == (1.0, 1.0)


def test_pairs_of_a_family_are_drawn_together() -> None:
    """Six photographs of fifty pairs each, all right or all wrong: six observations, not 300."""
    judged = judged_of(families([50, 50, 50, 50]) + [
        (TASKS[0], f"g{k}", -1.0, "A") for k in range(2) for _ in range(50)
    ])  # fmt: skip
    measure = judged.mean(judged.right[0], np.ones(300, dtype=bool))
    low, high = measure.interval()
    alone = np.random.default_rng(0).choice(judged.right[0], (400, 300)).mean(axis=1)
    as_pairs = np.subtract(*np.percentile(alone, [97.5, 2.5]))
    assert measure.value == pytest.approx(4 / 6)
    assert high - low > 5 * as_pairs
    p = significance.comparisons(
        judged_of(families([50] * 4), {SHARPNESS: [-1.0] * 200}), set(), 0
    )[0]["p"]
    assert p == 2 / 2**4  # of four families; of 200 pairs it would be nought


def against(judged: Judged, name: str, sources: set[str] | None = None) -> pd.DataFrame:
    """Give the comparisons with one method in the first task."""
    made = pd.DataFrame(significance.comparisons(judged, sources or set(), 0))
    return made[made["against"].eq(name) & made["task"].eq(TASKS[0])].set_index("method")


def test_holm_corrects_for_all_methods_and_never_makes_p_smaller() -> None:
    rng = np.random.default_rng(1)
    rows = families([12] * 12)
    others = {f"m{k}": list(rng.normal(0.1 * k, 1, len(rows))) for k in range(5)}
    found = against(
        judged_of(rows, {**others, SHARPNESS: list(rng.normal(0, 1, len(rows)))}), SHARPNESS
    )
    known = multipletests(found["p"], method="holm")[1]
    assert found["p_holm"].to_numpy() == pytest.approx(known)
    assert (found["p_holm"] >= found["p"]).all() and (found["p_holm"] > found["p"]).any()
    assert found["p_holm"].min() == pytest.approx(len(found) * found["p"].min())
    assert found["tests"].eq(6).all()


@pytest.mark.parametrize(("count", "verdict"), [(5, CANNOT), (6, BETTER)])
def test_few_families_cannot_decide_whatever_the_methods_do(count: int, verdict: str) -> None:
    """Six families give at least 2 / 2^6 = .031, five .0625, however clear the difference is."""
    rows = families([8] * count)
    found = against(judged_of(rows, {SHARPNESS: [-1.0] * len(rows)}), SHARPNESS).loc["up"]
    assert found["least_p"] == 2 ** (1 - count) == found["p"]
    assert found["verdict"] == verdict
    assert found["low"] > 0  # and the interval would have said otherwise


def test_many_methods_take_the_least_p_over_the_level() -> None:
    rows = families([8] * 9)
    others = {f"m{k:02}": [1.0] * len(rows) for k in range(20)}
    found = against(judged_of(rows, {**others, SHARPNESS: [-1.0] * len(rows)}), SHARPNESS)
    assert found["least_p"].eq(1 / 256).all() and found["tests"].eq(21).all()
    assert found["least_holm"].to_numpy() == pytest.approx(21 / 256)
    assert set(found["verdict"]) == {CANNOT}


def test_verdicts_have_the_direction_of_the_difference() -> None:
    assert significance.verdict(0.01, 0.01, 0.1) == BETTER
    assert significance.verdict(0.01, 0.01, -0.1) == WORSE
    assert significance.verdict(0.2, 0.01, 0.1) == OPEN
    assert significance.verdict(0.01, 0.06, 0.1) == CANNOT


def test_two_methods_are_compared_on_pairs_of_which_both_have_a_value() -> None:
    rows = [
        (task, own, value, liked)
        for task, own, _, liked in families([4] * 8)
        for value in (-1.0, 1.0)
    ]
    other = [np.nan, -1.0] * (len(rows) // 2)
    found = against(judged_of(rows, {SHARPNESS: other}), SHARPNESS).loc["up"]
    assert (found["n"], found["value"], found["other"]) == (32, 1.0, 0.0)


def test_the_average_gives_every_task_the_same_weight() -> None:
    rows = families([10] * 4) + families([0] * 4, 1, TASKS[1])
    made = pd.DataFrame(
        significance.comparisons(judged_of(rows, {SHARPNESS: [0.0] * len(rows)}), set(), 0)
    )
    mean = made[made["task"].eq(AVERAGE) & made["against"].eq(SHARPNESS)].iloc[0]
    assert mean["value"] == pytest.approx(0.5) and mean["difference"] == pytest.approx(0.0)
    assert mean["n"] == 44


def test_a_label_source_is_never_ranked_or_compared() -> None:
    rows = families([3, 2, 3, 1, 3, 2], 1)
    judged = judged_of(rows, {"maker": [1.0] * len(rows), SHARPNESS: [-1.0] * len(rows)})
    made = pd.DataFrame(significance.comparisons(judged, {"maker"}, 0))
    assert "maker" not in {*made["method"], *made["against"]}
    ranks, pairs = mean_ranks.rankings(judged_of(
        rows, {"maker": [1.0] * len(rows), SHARPNESS: [-1.0] * len(rows), "m": [0.0] * len(rows)}
    ), {"maker"})  # fmt: skip
    assert {row["method"] for row in ranks} == {"up", SHARPNESS, "m"}
    assert "maker" not in {row[side] for row in pairs for side in ("method", "other")}
    values = {"up": ([0.6], 3), "maker": ([0.9], 3), SHARPNESS: ([0.5], 3)}
    assert choices.ranked(values, {"maker"}) == {"up": 1.0, SHARPNESS: 2.0}


def test_all_are_compared_with_the_best_where_there_is_no_fgresq() -> None:
    rows = families([4] * 4, 1)
    others = {"fgresq": [0.0] * len(rows), SHARPNESS: [1.0] * len(rows)}
    assert significance.opponents(judged_of(rows, others), set()) == ["fgresq", SHARPNESS]
    best = {"m": [1.0] * len(rows), SHARPNESS: [1.0] * len(rows)}
    assert significance.opponents(judged_of(rows, best), set()) == ["m", SHARPNESS]
    assert significance.opponents(judged_of(rows, best), {"m"}) == ["up", SHARPNESS]


def leads(origin: str, right: list[int], wrong: int, network: bool = True) -> pd.DataFrame:
    """Say what `up` has over the trivial rows: a coin, and two that are always wrong."""
    rows = families(right, wrong)
    others = {NETWORK: [-1.0] * len(rows)} if network else {}
    trivial = {SHARPNESS: [0.0] * len(rows), CONSTANT: [-1.0] * len(rows), **others}
    made = significance.comparisons(judged_of(rows, trivial, origin), set(), 0)
    return significance.over_trivial(pd.DataFrame(made))


def test_a_recommendation_needs_people_and_an_interval_over_every_trivial_row() -> None:
    clear = leads("human", [9] * 6, 1)
    assert clear["beats"].all() and set(clear["against"]) == {SHARPNESS}  # the tightest
    assert len(significance.recommended(clear)) == len(clear) == 2  # the task, and the average
    unclear = leads("human", [9, 1, 9, 1, 9, 1], 5)
    assert (unclear["low"] < 0).all() and (unclear["difference"] > -0.1).all()
    assert significance.recommended(unclear).empty


def test_what_was_not_compared_with_every_trivial_row_is_not_recommended() -> None:
    lacks = leads("human", [9] * 6, 1, network=False)
    assert lacks["beats"].all() and set(lacks["lacking"]) == {NETWORK}
    assert significance.recommended(lacks).empty


@pytest.mark.parametrize(
    ("origin", "told"),
    [("simulated", 0), ("human, simulated", 0), ("derived from scores", 2), ("", 0)],
)
def test_simulated_labels_recommend_nothing_however_clear(origin: str, told: int) -> None:
    assert len(significance.recommended(leads(origin, [9] * 6, 1))) == told


def test_the_critical_difference_is_that_of_demsar_s_example() -> None:
    assert mean_ranks.critical_difference(4, 14) == pytest.approx(1.25, abs=0.005)
    assert mean_ranks.critical_difference(5, 30) == pytest.approx(
        2.728 * np.sqrt(5 * 6 / (6 * 30)), abs=1e-3
    )


def test_mean_ranks_are_over_families_and_the_best_has_the_least() -> None:
    rows = families([3, 2, 3, 1, 3, 2], 1)
    values = {"m": [-1.0] * len(rows), SHARPNESS: [0.0] * len(rows)}
    judged = judged_of(rows, values)
    ranks, _ = mean_ranks.rankings(judged, set())
    own = {row["method"]: row for row in ranks if row["task"] == TASKS[0]}
    table = mean_ranks.family_accuracy(judged, judged.methods)[TASKS[0]]
    known = stats.rankdata(-table.to_numpy(), axis=1).mean(axis=0)
    assert [own[m]["mean_rank"] for m in judged.methods] == pytest.approx(list(known))
    assert own["up"]["mean_rank"] < own[SHARPNESS]["mean_rank"] < own["m"]["mean_rank"]
    assert own["up"]["friedman_p"] == pytest.approx(
        stats.friedmanchisquare(*table.to_numpy().T).pvalue
    )


def test_tie_rules_differ_where_a_method_ties() -> None:
    rows = [(TASKS[0], "f0", value, "A") for value in (1.0, 1.0, 0.0, -1.0)]
    found = {rule: own["up"][0][0] for rule, own in choices.by_tie_rule(judged_of(rows)).items()}
    assert found == pytest.approx({"half": 2.5 / 4, "zero": 2 / 4, "left out": 2 / 3})


def test_a_tie_rule_may_turn_a_ranking_round() -> None:
    rows = families([6] * 4, 4)
    ties = [1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0] * 4
    rules = choices.by_tie_rule(judged_of(rows, {"m": ties}))
    ranks = {rule: choices.ranked(own, set())["up"] for rule, own in rules.items()}
    assert ranks == {"half": 2.0, "zero": 1.0, "left out": 2.0}


def test_the_logistic_of_five_parameters_fits_what_that_of_four_cannot() -> None:
    x = np.linspace(-2, 2, 60)
    y = correlation.logistic_of_five(x, 2.0, 3.0, 0.3, 0.4, 1.0)
    five, why = correlation.fitted(x, y, 5)
    four, _ = correlation.fitted(x, y)
    assert not why and np.abs(five - y).max() < 1e-6
    assert np.abs(four - y).max() > 0.01
    falling, _ = correlation.fitted(-x, y, 5)
    assert correlation.plcc(falling, y) == pytest.approx(-1.0)  # the sign is the metric's
    assert correlation.fitted(x[:5], y[:5], 5)[1] == "fewer than 6 images"


def test_the_curve_is_scikit_learn_s_isotonic_regression() -> None:
    rng = np.random.default_rng(0)
    mean, weight = rng.random((20, 8)), rng.integers(1, 9, (20, 8)).astype(float)
    found = margins.rising(mean * weight, weight)
    for row in range(20):
        known = IsotonicRegression().fit(np.arange(8), mean[row], sample_weight=weight[row])
        assert found[row] == pytest.approx(known.predict(np.arange(8)), abs=1e-12)


def test_a_draw_without_pairs_in_a_block_has_a_curve_of_the_others() -> None:
    total, count = np.array([[1.0, 0.0, 3.0], [0.0, 0.0, 0.0]]), np.array([[2.0, 0, 4], [0, 0, 0]])
    found = margins.rising(total, count)
    assert found[0, [0, 2]].tolist() == [0.5, 0.75] and np.isnan(found[1]).all()


def test_what_a_chance_needs_is_read_between_blocks_and_may_be_never() -> None:
    places, values = np.array([1.0, 2.0, 4.0]), np.array([[0.5, 0.7, 0.8], [0.5, 0.6, 0.7]])
    assert margins.reached(places, values).tolist() == [pytest.approx(3.0), np.inf]
    assert margins.reached(places, np.array([[0.8, 0.9, 0.9]])).tolist() == [1.0]


@pytest.mark.parametrize(
    ("size", "near"), [(0.34, 0.3), (0.26, 0.3), (7.8, 10.0), (0.0017, 0.002), (40.0, 50.0), (1, 1)]
)
def test_differences_that_are_asked_are_round(size: float, near: float) -> None:
    assert margins.round_difference(size) == pytest.approx(near)


def graded(direction: int = 1, count: int = 200) -> Judged:
    """Make pairs of which the method is righter the larger its difference is."""
    rng = np.random.default_rng(0)
    sizes = np.linspace(0.1, 4, count)
    rows = [
        (TASKS[0], f"f{k % 10}", direction * s * (1 if rng.random() < 0.5 + s / 8 else -1), "A")
        for k, s in enumerate(sizes)
    ]
    return judged_of(rows)


def test_steps_say_the_chance_and_what_is_needed() -> None:
    curves, steps = margins.margins(graded())
    own = pd.DataFrame(steps)[lambda t: t["task"].eq(ALL_TASKS)]
    chances = own[own["asked"].eq(AT)]
    assert chances["difference"].is_monotonic_increasing
    assert chances["chance"].is_monotonic_increasing
    assert (chances["chance_low"] <= chances["chance"]).all()
    needs = own[own["asked"].eq(NEEDS)].iloc[0]
    assert 1.0 < needs["difference"] < 3.5 and needs["n"] == 200 and needs["families"] == 10
    assert needs["difference_low"] <= needs["difference"]
    blocks = pd.DataFrame(curves)[lambda t: t["task"].eq(ALL_TASKS)]
    assert blocks["n"].sum() == 200 and blocks["fitted"].is_monotonic_increasing


def test_a_method_that_runs_against_people_never_gets_there() -> None:
    _, steps = margins.margins(graded(-1))
    needs = next(row for row in steps if row["asked"] == NEEDS)
    assert needs["note"] == NEVER and "difference" not in needs
    always = judged_of([(TASKS[0], f"f{k % 5}", 1.0 + k / 100, "A") for k in range(100)])
    _, steps = margins.margins(always)
    assert next(row for row in steps if row["asked"] == NEEDS)["note"] == EVERYWHERE


def inputs_of(origin: str = "human", lower: bool = False) -> Inputs:
    """Make a run in which a method is nearly always right, by higher or by lower values."""
    images = make_images(120, families=6)
    pairs = make_pairs(images, 300).assign(label_origin=origin)
    draws = draw(images["family"], 50, 0)
    images["cluster"] = draws.clusters(images["family"])
    pairs["cluster"] = draws.clusters(pairs["family"])
    name = "down" if lower else "up"
    values = images["score"] * (-1 if lower else 1)
    scores = orient(make_scores(images, name, values.to_numpy()), METHODS)
    return Inputs(images, pairs, scores, {name: METHODS[name]}, draws)


def test_of_a_method_whose_lower_values_are_better_the_lower_is_first() -> None:
    for lower in (False, True):
        inputs = inputs_of(lower=lower)
        curves, _ = margins.margins(judge(inputs, "family", "half"))
        assert all(row["value"] == 1.0 for row in curves), lower
        assert all(row["difference"] > 0 for row in curves)


def test_gaps_go_from_fine_to_coarse_and_hold_every_pair_once() -> None:
    judged = judge(inputs_of(), "family", "half")
    rows = pd.DataFrame(gaps.by_gap(judged))
    assert list(dict.fromkeys(rows["gap"])) == [
        *("all", "0 to 5 %", "5 to 10 %", "10 to 20 %", "20 to 100 %")
    ]
    own = rows[rows["task"].eq(TASKS[0])].set_index("gap")["n"]
    assert own["all"] == own.drop("all").sum() == judged.tasks[TASKS[0]].sum()


def test_a_method_that_always_prefers_a_restorer_over_rates_it() -> None:
    rows = [(TASKS[0], f"f{k % 5}", 1.0, "A" if k % 2 else "B") for k in range(40)]
    judged = judged_of(rows)
    images = pd.DataFrame(
        {
            "image": [*judged.pairs["image_a"], *judged.pairs["image_b"]],
            "algorithm": ["liked"] * 40 + ["other"] * 40,
        }
    )
    found = {row["restorer"]: row for row in restorer_bias.flattery(judged, images)}
    assert found["liked"]["prefers"] == 1.0 and found["liked"]["observers"] == 0.5
    assert found["liked"]["difference"] == 0.5 == -found["other"]["difference"]
    images["algorithm"] = "liked"  # two images of one restorer say nothing of it
    assert restorer_bias.flattery(judged, images) == []


def test_a_constant_order_does_not_mix_tasks_or_sources() -> None:
    images = make_images(48, families=4)
    images["algorithm"] = [f"r{k // 8 % 3}" for k in range(48)]
    both = constant_orders(images)
    alone = images[images["task"].eq(TASKS[1])]
    assert both[alone.index] == pytest.approx(constant_orders(alone), nan_ok=True)
    one = images.assign(score=np.where(images["task"].eq(TASKS[0]), 0.5, images["score"]))
    assert constant_orders(one)[alone.index] == pytest.approx(both[alone.index], nan_ok=True)


def test_sharpness_of_a_missing_file_is_told_and_lacks(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    inputs = inputs_of()
    picture = np.random.default_rng(0).integers(0, 255, (16, 16, 3)).astype(np.uint8)
    write_png(tmp_path / "one.png", picture)
    paths = ["", *[str(tmp_path / "one.png")] * (len(inputs.images) - 1)]
    inputs.images["path"] = paths
    made = with_trivial(inputs)
    assert list(made.methods) == ["up", *ENTRIES]
    assert len(made.values(SHARPNESS, "family")) == len(paths) - 1
    assert "no sharpness of it" in caplog.text


def write_world(folder: Path, shuffle: bool = False) -> list[str]:
    """Write a run with pictures; give the arguments of the step."""
    images = make_images(96, families=6)
    images["algorithm"] = [f"r{k // 12 % 4}" for k in range(96)]
    rng = np.random.default_rng(0)
    for place in images.index:
        write_png(folder / f"{place}.png", rng.integers(0, 255, (16, 16, 3)).astype(np.uint8))
    images["path"] = [str(folder / f"{place}.png") for place in images.index]
    pairs = make_pairs(images, 200)
    tables = {
        "fgresq": make_scores(images, "fgresq", images["score"] + rng.normal(0, 0.2, 96), "family"),
        "lpips": make_scores(images, "lpips", 1 - images["score"]),
        "psnr": make_scores(images, "psnr", rng.random(96)),
    }
    if shuffle:
        images, pairs = images.sample(frac=1, random_state=1), pairs.sample(frac=1, random_state=2)
    write_images(folder / "images.csv", images)
    write_pairs(folder / "pairs.csv", pairs)
    record = {"source": "s", "status": "present", "label_origin": "simulated", "measure": "lpips"}
    write_json(folder / "sources.json", [record])
    for name, table in tables.items():
        write_scores(folder / f"{name}.csv", table[list(SCORE_COLUMNS)])
    words = ["--images", str(folder / "images.csv"), "--pairs", str(folder / "pairs.csv")]
    words += ["--sources", str(folder / "sources.json"), "--scores"]
    words += [str(folder / f"{name}.csv") for name in tables]
    options = '{"analysis": {"bootstrap": 60, "metric_ties": "half", "seed": 0}}'
    return [*words, "--options", options, "--out", str(folder / "out/significance.csv")]


def test_the_step_writes_every_table_and_the_order_of_rows_is_of_no_account(
    tmp_path: Path,
) -> None:
    from fgresq.cli import main

    made = []
    for shuffle in (False, True):
        folder = tmp_path / str(shuffle)
        assert main(["step", "trust", *write_world(folder, shuffle)]) == 0
        made.append({name: (folder / f"out/{name}.csv").read_text() for name in TABLES})
    assert made[0] == made[1]
    assert all(len(text.splitlines()) > 1 for text in made[0].values())
    table = pd.read_csv(tmp_path / "False/out/significance.csv")
    assert "lpips" not in {*table["method"], *table["against"]}  # its values made the labels
    assert {SHARPNESS, CONSTANT} <= set(table["against"])
    ranks = pd.read_csv(tmp_path / "False/out/choices.csv")
    assert ranks[ranks["method"].eq("lpips")]["rank"].isna().all()
    assert ranks[ranks["choice"].eq(TIES)]["rank"].min() == 1


def test_a_run_without_pairs_or_scores_has_tables_without_rows(tmp_path: Path) -> None:
    images = make_images(12)
    empty = make_pairs(images, 1)[:0].assign(cluster=0)
    draws = draw(images["family"], 10, 0)
    images["cluster"] = draws.clusters(images["family"])
    inputs = Inputs(images, empty, make_scores(images, "up", np.ones(12))[:0], {}, draws)
    made = trust.tables_of(inputs, set(), "half", 0)
    assert {name: rows for name, rows in made.items() if rows} == {}
