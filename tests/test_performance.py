"""The step performance: splits, tasks, averages, absent values, faults."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from analysis_tables import OPTIONS, make_images, make_pairs, make_scores, run_step
from scipy import stats

from fgresq import workspace
from fgresq.analysis.inputs import PERFORMANCE_COLUMNS
from fgresq.analysis.performance import STATS
from fgresq.catalogues import read_methods
from fgresq.errors import UserError

KEYS = ["split", "task", "method", "stat"]


@pytest.fixture
def images():
    return make_images(60)


def cell(table, *key):
    return table.set_index(KEYS).loc[key]


def test_values_of_a_task_equal_scipy(images, tmp_path):
    values = images["score"] + np.random.default_rng(0).normal(0, 0.2, len(images))
    table = run_step(tmp_path, "performance", images, scores=(make_scores(images, "psnr", values),))
    of_task = images["task"] == "deblurring"
    x, y = values[of_task], images["score"][of_task]
    expected = {"srcc": stats.spearmanr, "plcc": stats.pearsonr, "krcc": stats.kendalltau}
    for stat, function in expected.items():
        row = cell(table, "family", "deblurring", "psnr", stat)
        assert row["value"] == pytest.approx(function(x, y).statistic, abs=1e-8)
        assert (row["n"], row["families"], row["tasks"]) == (30, 5, 1)
        assert float(row["low"]) <= row["value"] <= float(row["high"])


def test_scores_of_two_data_sets_are_not_compared(images, tmp_path):
    images["dataset"] = np.where(images.index % 4 < 2, "x", "y")
    values = images["score"] + np.where(images["dataset"].eq("y"), -5.0, 0.0)
    scores = (make_scores(images, "psnr", values), make_scores(images, "ssim", images["score"]))
    table = run_step(tmp_path, "performance", images, scores=scores)
    for stat in ("srcc", "plcc", "krcc"):
        for method in ("psnr", "ssim"):
            row = cell(table, "family", "deblurring", method, stat)
            assert row["value"] == pytest.approx(1) and row["n"] == 30


def test_a_perfect_metric_is_right_on_every_decided_pair(images, tmp_path):
    pairs = make_pairs(images, 80)
    scores = (make_scores(images, "psnr", images["score"]),)
    table = run_step(tmp_path, "performance", images, pairs, scores)
    decided = pairs["preference"].ne("equal")
    row = cell(table, "family", "average", "psnr", "acc")
    assert row["value"] == 1 and row["n"] == decided.sum() and row["tasks"] == 2
    wide = decided & pairs["score_difference"].abs().gt(0.05)
    assert cell(table, "family", "average", "psnr", "acc_gap5")["n"] == wide.sum() < decided.sum()
    test = decided & pairs["split_pairs"].eq("test")
    assert cell(table, "pairs", "average", "psnr", "acc")["n"] == test.sum()


def test_reversed_metric_and_direction(images, tmp_path):
    pairs = make_pairs(images, 40)
    scores = (make_scores(images, "psnr", -images["score"]),)
    table = run_step(tmp_path, "performance", images, pairs, scores)
    for stat in ("srcc", "plcc", "krcc", "plcc_fitted", "srcc_groups"):
        assert cell(table, "family", "average", "psnr", stat)["value"] < -0.9
    assert cell(table, "family", "average", "psnr", "acc")["value"] == 0


def test_lower_is_better_is_turned_round(images, tmp_path):
    scores = (make_scores(images, "lpips", -images["score"]),)
    table = run_step(tmp_path, "performance", images, scores=scores)
    assert cell(table, "family", "average", "lpips", "srcc")["value"] == pytest.approx(1)


def test_average_says_which_tasks_it_lacks(images, tmp_path):
    values = images["score"].where(images["task"] == "deblurring")
    table = run_step(tmp_path, "performance", images, scores=(make_scores(images, "psnr", values),))
    row = cell(table, "family", "average", "psnr", "srcc")
    assert (row["tasks"], row["n"], row["note"]) == (1, 30, "without super-resolution")
    absent = cell(table, "family", "super-resolution", "psnr", "srcc")
    assert np.isnan(absent["value"]) and absent["note"] == "fewer than 3 images"


def test_a_constant_metric_has_no_value_and_a_note(images, tmp_path):
    pairs, scores = make_pairs(images, 40), (make_scores(images, "psnr", np.full(60, 3.0)),)
    table = run_step(tmp_path, "performance", images, pairs, scores)
    row = cell(table, "family", "deblurring", "psnr", "krcc")
    assert np.isnan(row["value"]) and row["note"] == "all values of the method are alike"
    assert cell(table, "family", "average", "psnr", "acc")["value"] == 0.5


def test_trained_methods_use_the_values_of_the_split(images, tmp_path):
    pairs = make_pairs(images, 80)
    good = make_scores(images, "ridge_random", images["score"], "family")
    bad = make_scores(images, "ridge_random", -images["score"], "pairs")
    table = run_step(tmp_path, "performance", images, pairs, (good, bad))
    assert cell(table, "family", "average", "ridge_random", "acc")["value"] == 1
    assert cell(table, "pairs", "average", "ridge_random", "acc")["value"] == 0


def test_one_family_gives_no_interval(tmp_path):
    images = make_images(12, families=1)
    scores = (make_scores(images, "psnr", np.arange(12.0)),)
    table = run_step(tmp_path, "performance", images, scores=scores)
    row = cell(table, "family", "deblurring", "psnr", "srcc")
    assert np.isfinite(row["value"]) and row["low"] == "" and row["families"] == 1


def test_row_order_changes_no_byte(images, tmp_path):
    pairs = make_pairs(images, 40)
    values = np.random.default_rng(2).normal(size=len(images))
    for name, seed in (("a", 1), ("b", 2)):
        order = np.random.default_rng(seed).permutation(len(images))
        folder = tmp_path / name
        scores = make_scores(images, "psnr", values).iloc[order]
        run_step(folder, "performance", images.iloc[order], pairs, (scores,))
    written = [(tmp_path / name / "performance.csv").read_bytes() for name in "ab"]
    assert written[0] == written[1]


def test_empty_tables_give_an_empty_table(tmp_path):
    table = run_step(tmp_path, "performance")
    assert list(table.columns) == list(PERFORMANCE_COLUMNS) and not len(table)


def test_every_stat_is_there_for_every_task_and_split(images, tmp_path):
    pairs, scores = make_pairs(images, 40), (make_scores(images, "psnr", images["score"]),)
    table = run_step(tmp_path, "performance", images, pairs, scores)
    assert len(table) == 2 * 3 * len(STATS) and not table.duplicated(KEYS).any()


def test_votes_agreed_with_stand_beside_those_of_the_majority(images, tmp_path):
    pairs = make_pairs(images, 40)
    better = pairs["score_difference"].gt(0)
    pairs["votes_a"], pairs["votes_b"] = np.where(better, 12, 3), np.where(better, 3, 12)
    pairs["votes_equal"] = 0
    pairs["vote_kind"] = np.where(np.arange(40) % 2, "two", "best of four")
    pairs.loc[:3, ["votes_a", "votes_b"]] = pairs.loc[:3, ["votes_b", "votes_a"]].to_numpy()
    pairs.loc[4, ["votes_a", "votes_b", "votes_equal"]] = np.nan  # known by its preference alone
    methods = {"psnr": images["score"], "ssim": -images["score"], "fsim": 0 * images["score"]}
    scores = tuple(make_scores(images, name, values) for name, values in methods.items())
    table = run_step(tmp_path, "performance", images, pairs, scores)
    of_task = pairs[pairs["task"].eq("deblurring") & pairs["vote_kind"].eq("best of four")]
    of_task = of_task.dropna(subset="votes_a")
    with_score = (of_task.index > 3).mean() * 12 + (of_task.index <= 3).mean() * 3
    expected = {"psnr": with_score / 15, "ssim": 1 - with_score / 15, "fsim": 0.5}
    for method, value in expected.items():
        row = cell(table, "family", "deblurring", method, "votes_best_of_four")
        assert row["value"] == pytest.approx(value) and row["n"] == len(of_task)
        assert float(row["low"]) <= row["value"] <= float(row["high"])
        row = cell(table, "family", "deblurring", method, "majority_best_of_four")
        assert row["value"] == pytest.approx(0.8)
    assert {"votes_two", "majority_two"} < set(table["stat"])
    assert not table["stat"].str.endswith("simulated").any()


def ranking(pairs, chances, split="family", method="psnr"):
    columns = {"pair": pairs["pair"].to_numpy(copy=True), "method": method, "split": split}
    return pd.DataFrame({**columns, "probability_a": chances})


def test_a_ranking_head_is_measured_beside_the_scores_and_nothing_else_changes(images, tmp_path):
    pairs = make_pairs(images, 80)
    scores = tuple(make_scores(images, m, -images["score"]) for m in ("psnr", "ssim"))
    right = np.where(pairs["preference"] == "A", 0.9, 0.1)
    before = run_step(tmp_path, "performance", images, pairs, scores)
    after = run_step(
        tmp_path, "performance", images, pairs, scores, rankings=(ranking(pairs, right),)
    )
    assert set(
        after.loc[after["stat"] == "acc_rank", ["method", "split"]].agg("/".join, axis=1)
    ) == {"psnr/family"}
    for task in ("deblurring", "super-resolution", "average"):
        row, by_score = (cell(after, "family", task, "psnr", s) for s in ("acc_rank", "acc"))
        assert row["value"] == 1 and by_score["value"] == 0 and row["n"] == by_score["n"]
    rest = after[after["stat"] != "acc_rank"].reset_index(drop=True)
    pd.testing.assert_frame_equal(rest, before)


def test_an_undecided_ranking_head_ties_as_set(images, tmp_path):
    pairs, scores = make_pairs(images, 40), (make_scores(images, "psnr", images["score"]),)
    even = ranking(pairs, 0.5)
    for ties, value in (("half", 0.5), ("wrong", 0.0)):
        options = OPTIONS.replace("half", ties)
        table = run_step(tmp_path, "performance", images, pairs, scores, options, (even,))
        assert cell(table, "family", "average", "psnr", "acc_rank")["value"] == value


def test_faults_of_rankings_name_file_and_mend(images, tmp_path):
    pairs, scores = make_pairs(images, 10), (make_scores(images, "psnr", images["score"]),)
    good, bad, stray = ranking(pairs, 0.5), ranking(pairs, 0.5), ranking(pairs, 0.5)
    bad.loc[1, "probability_a"], stray.loc[2, "pair"] = 1.5, "s#none"
    for tables, message in (
        ((bad,), "rankings0.csv, row 3: probability 1.5 of pair 's#00001' is not in"),
        ((stray,), "rankings0.csv, row 4: pair 's#none' is not in the pair table. Make"),
        ((good, good), "rankings of 'psnr': pair 's#00000' is ranked twice. Give its table once"),
    ):
        with pytest.raises(UserError) as fault:
            run_step(tmp_path, "performance", images, pairs, scores, rankings=tables)
        assert message in str(fault.value)


@pytest.mark.parametrize(
    ("method", "image", "message"),
    [
        ("psnrr", None, "methods.yaml: unknown method 'psnrr'. Did you mean 'psnr'"),
        ("psnr", "s/none.png", "scores0.csv, row 2: image 's/none.png' is not in the image table"),
    ],
)
def test_faults_name_file_and_mend(images, tmp_path, method, image, message):
    scores = make_scores(images, method, images["score"])
    scores.loc[0, "image"] = image or scores.loc[0, "image"]
    with pytest.raises(UserError) as fault:
        run_step(tmp_path, "performance", images, scores=(scores,))
    assert message in str(fault.value)


def test_a_misspelt_direction_names_method_and_mend(tmp_path):
    path = tmp_path / "methods.yaml"
    text = workspace.packaged("methods.yaml").read_text()
    path.write_text(text.replace("direction: higher", "direction: hihger", 1))
    with pytest.raises(UserError, match="key 'psnr/direction': 'hihger'.*Did you mean 'higher'"):
        read_methods(path)


def test_an_image_scored_twice_is_a_fault(images, tmp_path):
    scores = make_scores(images, "psnr", images["score"])
    with pytest.raises(UserError, match="'s/00000.png' is scored twice"):
        run_step(tmp_path, "performance", images, scores=(scores, scores))


def test_the_split_by_pairs_is_of_the_images_in_test_pairs_alone(images, tmp_path):
    pairs, scores = make_pairs(images, 40), (make_scores(images, "psnr", images["score"]),)
    table = run_step(tmp_path, "performance", images, pairs, scores)
    test = pairs[pairs["split_pairs"] == "test"]
    tested = images[images["image"].isin([*test["image_a"], *test["image_b"]])]
    for task in ("deblurring", "super-resolution"):
        count = tested["task"].eq(task).sum()
        assert 0 < count < images["task"].eq(task).sum()
        assert cell(table, "pairs", task, "psnr", "srcc")["n"] == count
        assert cell(table, "family", task, "psnr", "srcc")["n"] == images["task"].eq(task).sum()
