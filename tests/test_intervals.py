"""The steps intervals and preference: bins as the paper prints them, null, Fig. 4."""

from __future__ import annotations

import argparse
import csv

import numpy as np
import pandas as pd
import pytest
from analysis_tables import make_images, make_pairs, make_scores, run_step
from scipy import stats

from fgresq.analysis import fifth, preference
from fgresq.analysis.inputs import INTERVAL_COLUMNS, PREFERENCE_COLUMNS
from fgresq.analysis.intervals import bins_of, simulate, simulated_metrics
from fgresq.tables import PAIR_COLUMNS, empty, write_pairs


def test_labels_are_those_of_the_paper():
    with open("reports/paper/table2_pipal_bins.csv", encoding="utf-8") as handle:
        printed = {row["bin"] for row in csv.DictReader(handle)}
    assert set(bins_of(np.zeros(1))) == printed


def test_every_score_lies_in_one_interval():
    scores = np.array([0.0, 0.199999, 0.2, 0.4, 0.6, 0.8, 1.0])
    inside = np.array([rows for label, rows in bins_of(scores).items() if label != "[0.0,1.0]"])
    assert inside.sum(axis=0).tolist() == [1] * 7
    assert inside.argmax(axis=0).tolist() == [0, 0, 1, 2, 3, 4, 4]


def test_values_equal_scipy_and_the_null_meets_the_overall_srcc(tmp_path):
    images = make_images(400, families=20)
    values = images["score"] + np.random.default_rng(5).normal(0, 0.3, 400)
    table = run_step(tmp_path, "intervals", images, scores=(make_scores(images, "psnr", values),))
    rows = images["score"].between(0.4, 0.6, inclusive="left")
    cell = table.set_index(["bin", "stat"]).loc[("[0.4,0.6)", "srcc")]
    expected = stats.spearmanr(values[rows], images["score"][rows]).statistic
    assert cell["value"] == pytest.approx(expected, abs=1e-8) and cell["n"] == rows.sum()
    overall = table.set_index(["bin", "stat"]).loc[("[0.0,1.0]", "srcc")]
    assert overall["null"] == pytest.approx(overall["value"], abs=0.005)


def test_noise_lies_in_its_own_null_as_often_as_the_band_says():
    rng = np.random.default_rng(0)
    score, hits = rng.random(150), []
    for seed in range(40):
        metric = score + rng.normal(0, 0.3, 150)
        simulated = simulate(score, stats.spearmanr(metric, score).statistic, seed)
        for label, rows in bins_of(score).items():
            low, high = np.percentile(simulated[label]["srcc"], (2.5, 97.5))
            hits.append(low <= stats.spearmanr(metric[rows], score[rows]).statistic <= high)
    assert 0.9 <= np.mean(hits) <= 0.99


def test_null_of_a_metric_that_runs_the_wrong_way_is_negative():
    score = np.random.default_rng(0).random(200)
    simulated = simulate(score, -0.5, 0)
    assert simulated["[0.0,1.0]"]["srcc"].mean() == pytest.approx(-0.5, abs=0.01)
    assert simulated["[0.2,0.4)"]["srcc"].mean() < 0


def test_null_agrees_with_theory_for_normal_scores():
    """Score and metric bivariate normal: rho = 2 sin(pi/6 SRCC) is the expected overall PLCC."""
    score = np.random.default_rng(1).normal(0.5, 0.1, 2000)
    found = simulate(score, 0.6, 0)["[0.0,1.0]"]["plcc"].mean()
    assert found == pytest.approx(2 * np.sin(np.pi / 6 * 0.6), abs=0.01)


def test_thin_intervals_have_a_note_instead_of_a_value(tmp_path):
    images = make_images(12)
    images["score"] = [0.1, 0.15, *np.linspace(0.41, 0.59, 10)]
    scores = (make_scores(images, "psnr", np.arange(12.0)),)
    table = run_step(tmp_path, "intervals", images, scores=scores)
    thin = table[table["bin"] == "[0.0,0.2)"]
    assert thin["value"].isna().all() and (thin["n"] == 2).all()
    assert (thin["note"] == "fewer than 3 images").all() and (thin["null"] == "").all()


def test_no_values_and_no_images(tmp_path):
    images = make_images(12)
    nothing = (make_scores(images, "psnr", np.full(12, np.nan)),)
    for table in (
        run_step(tmp_path / "a", "intervals", images, scores=nothing),
        run_step(tmp_path / "b", "intervals"),
    ):
        assert list(table.columns) == list(INTERVAL_COLUMNS) and not len(table)


def run_preference(folder, pairs) -> pd.DataFrame:
    write_pairs(folder / "pairs.csv", pairs)
    out = folder / "preference.csv"
    preference.main(argparse.Namespace(pairs=folder / "pairs.csv", out=out))
    return pd.read_csv(out)


def test_preference_counts_every_pair_with_votes(tmp_path):
    pairs = make_pairs(make_images(60), 50)
    pairs.loc[:4, "fraction_a"] = np.nan
    table = run_preference(tmp_path, pairs)
    assert table["count"].sum() == 45 and not table["inconsistent"].any()
    grid = table["difference"] / 0.02
    np.testing.assert_allclose(grid, grid.round(), atol=1e-9)


def test_preference_against_the_scores_is_inconsistent(tmp_path):
    pairs = make_pairs(make_images(60), 4)
    pairs["score_difference"] = [0.1, 0.1, -0.1, 0.0]
    pairs["preference"] = ["B", "equal", "A", "A"]
    table = run_preference(tmp_path, pairs)
    assert table.groupby("inconsistent")["count"].sum().tolist() == [2, 2]


def test_preference_of_no_pairs(tmp_path):
    table = run_preference(tmp_path, empty(PAIR_COLUMNS))
    assert list(table.columns) == list(PREFERENCE_COLUMNS) and not len(table)


def test_trained_methods_count_by_their_out_of_fold_values(tmp_path):
    images = make_images(60)
    good = make_scores(images, "ridge_random", images["score"], "family")
    bad = make_scores(images, "ridge_random", -images["score"], "pairs")
    table = run_step(tmp_path, "intervals", images, scores=(good, bad))
    overall = table.set_index(["bin", "stat"]).loc[("[0.0,1.0]", "srcc")]
    assert overall["value"] == 1 and overall["n"] == 60


def test_the_band_of_a_fifth_is_that_of_metrics_measured_on_a_fifth():
    rng = np.random.default_rng(0)
    score = rng.random(600)
    metrics = simulated_metrics(score, 0.6, 1)
    parts = fifth.draw_fifths(score, 2)
    for label, rows in bins_of(score).items():
        images = parts[label]
        assert images.shape == (200, round(rows.sum() / 5)) and rows[images].all()
        assert all(len(set(row)) == images.shape[1] for row in images)
    found = fifth.bands(metrics, score, parts)
    images = parts["[0.4,0.6)"]
    for stat, correlate in (("srcc", stats.spearmanr), ("plcc", stats.pearsonr)):
        values = [correlate(m[i], score[i]).statistic for m, i in zip(metrics, images, strict=True)]
        assert found["[0.4,0.6)", stat] == pytest.approx(np.percentile(values, (2.5, 97.5)))


def test_fewer_images_widen_the_band_and_leave_its_middle():
    score = np.random.default_rng(0).random(1500)
    metrics = simulated_metrics(score, 0.7, 1)
    narrow = simulate(score, 0.7, 1)
    wide = fifth.bands(metrics, score, fifth.draw_fifths(score, 2))
    for label in ("[0.2,0.4)", "[0.8,1.0]"):
        low, high = np.percentile(narrow[label]["srcc"], (2.5, 97.5))
        below, above = wide[label, "srcc"]
        assert 1.8 < (above - below) / (high - low) < 2.8  # the root of five is 2.24
        assert (above + below) / 2 == pytest.approx((low + high) / 2, abs=0.08)


def test_a_fifth_of_few_images_has_no_band():
    score = np.concatenate([np.full(12, 0.1), np.linspace(0.41, 0.99, 60)])
    parts = fifth.draw_fifths(score, 0)
    assert "[0.0,0.2)" not in parts and fifth.bands(None, score, parts) == {}
    assert all(np.isnan(v) for v in fifth.band_of({}, "[0.0,0.2)", "srcc").values())
    alike = np.concatenate([np.full(20, 0.1), np.linspace(0.41, 0.99, 60)])  # labels all alike
    found = fifth.bands(alike + np.zeros((200, 1)), alike, fifth.draw_fifths(alike, 0))
    assert ("[0.0,0.2)", "srcc") not in found and ("[0.4,0.6)", "srcc") in found
