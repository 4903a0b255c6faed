"""The step ablation: shared runs, paired differences, seeds, what was not trained."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from analysis_tables import OPTIONS, make_images, make_pairs
from training_outputs import write_absent, write_stage2

from fgresq.analysis.ablation import ABLATION_COLUMNS, STATS
from fgresq.cli import main
from fgresq.tables import IMAGE_COLUMNS, PAIR_COLUMNS, empty, read_table, write_images, write_pairs


@pytest.fixture
def data():
    images = make_images(120, families=6)
    pairs = make_pairs(images, 160)
    return images, pairs


def fold_of(family: str) -> int:
    return int(family[1:]) % 2


def write_run(root, variant, run, data, noise=0.0, seed=0, **settings):
    """Write a run whose values are the scores plus noise, and whose ranking follows them."""
    images, pairs = data
    fold = run.partition("-")[0]
    if fold.isdigit():
        images = images[images["family"].map(fold_of) == int(fold)]
        pairs = pairs[pairs["family"].map(fold_of) == int(fold)]
    else:
        pairs = pairs[pairs["split_pairs"] == "test"]
        images = images[images["image"].isin([*pairs["image_a"], *pairs["image_b"]])]
    shaken = images["score"] + np.random.default_rng(seed).normal(0, 1, len(images)) * noise
    values = shaken.set_axis(images["image"])
    gap = pairs["image_a"].map(values) - pairs["image_b"].map(values)
    chances = (0.5 + gap.clip(-1, 1) / 2).set_axis(pairs["pair"])
    return write_stage2(root / variant / run, values, chances, **settings)


def ablate(root, data, *runs, code=0, options=OPTIONS):
    """Run the step and read its table."""
    images, pairs = data
    write_images(root / "images.csv", images)
    write_pairs(root / "pairs.csv", pairs)
    words = ["--images", root / "images.csv", "--pairs", root / "pairs.csv", "--runs", *runs]
    words += ["--options", options, "--out", root / "ablation.csv"]
    assert main(["step", "ablation", *map(str, words)]) == code
    return read_table(root / "ablation.csv", ABLATION_COLUMNS) if code == 0 else None


def cell(table, variant, stat):
    return table.set_index(["variant", "stat"]).loc[(variant, stat)]


def test_only_the_runs_that_all_variants_have_are_compared(data, tmp_path):
    full = [write_run(tmp_path, "full", run, data) for run in ("0", "1", "pairs")]
    other = write_run(tmp_path, "no_dfl", "0", data, noise=0.5)
    table = ablate(tmp_path, data, *full, other)
    assert list(table.columns) == list(ABLATION_COLUMNS) and len(table) == 2 * len(STATS)
    assert set(table["split"]) == {"family"} and set(table["runs"]) == {1}
    assert set(table["families"]) == {3} and set(table["tasks"]) == {2}
    images = data[0]
    assert cell(table, "full", "srcc")["n"] == (images["family"].map(fold_of) == 0).sum()
    assert cell(table, "full", "acc")["value"] == cell(table, "full", "srcc")["value"] == 1


def test_difference_is_paired_and_below_nought_for_a_worse_variant(data, tmp_path):
    full = [write_run(tmp_path, "full", run, data, noise=0.1) for run in ("0", "1")]
    worse = [write_run(tmp_path, "no_dfl", run, data, noise=1.0, seed=1) for run in ("0", "1")]
    same = [write_run(tmp_path, "official_zero", run, data, noise=0.1) for run in ("0", "1")]
    table = ablate(tmp_path, data, *worse, *same, *full)
    assert list(dict.fromkeys(table["variant"])) == ["full", "no_dfl", "official_zero"]
    for stat in STATS:
        row, own = cell(table, "no_dfl", stat), cell(table, "full", stat)
        assert row["difference"] == pytest.approx(row["value"] - own["value"], abs=1e-8)
        assert row["low"] <= row["difference"] <= row["high"] < 0
        assert own["difference"] == 0 and np.isnan(own["low"]) and np.isnan(own["high"])
        twin = cell(table, "official_zero", stat)  # equal on every draw, so no width at all
        assert (twin["difference"], twin["low"], twin["high"]) == (0, 0, 0)


def test_seeds_are_averaged_and_their_spread_is_given(data, tmp_path):
    names, noise = ("pairs", "pairs-seed1", "pairs-seed2"), (0.1, 0.4, 0.7)
    alone = []
    for name, strength in zip(names, noise, strict=True):
        run = write_run(tmp_path / name, "full", name, data, strength, seed=3)
        alone.append(cell(ablate(tmp_path / name, data, run), "full", "acc")["value"])
    runs = [
        write_run(tmp_path, variant, name, data, strength, seed=3)
        for variant in ("full", "no_dfl")
        for name, strength in zip(names, noise, strict=True)
    ]
    row = cell(ablate(tmp_path, data, *runs), "no_dfl", "acc")
    assert row["split"] == "pairs" and row["runs"] == 3
    assert row["value"] == pytest.approx(np.mean(alone), abs=1e-8)
    assert row["sd_seeds"] == pytest.approx(np.std(alone, ddof=1), abs=1e-8)
    assert np.isnan(cell(ablate(tmp_path, data, runs[0]), "full", "acc")["sd_seeds"])


def test_a_head_without_its_loss_is_said_to_be_untrained(data, tmp_path):
    runs = [
        write_run(tmp_path, "full", "0", data),
        write_run(tmp_path, "no_rank", "0", data, lambda_rank=0),
        write_run(tmp_path, "no_fidelity", "0", data, lambda_scene=0),
    ]
    table = ablate(tmp_path, data, *runs)
    assert "ranking head is not trained" in cell(table, "no_rank", "acc_rank")["note"]
    assert cell(table, "no_rank", "acc")["note"] == ""
    assert "score head is not trained" in cell(table, "no_fidelity", "srcc")["note"]


def test_absent_runs_and_none_give_an_empty_table(tmp_path):
    data = empty(IMAGE_COLUMNS), empty(PAIR_COLUMNS)
    absent = [write_absent(tmp_path / variant / "pairs", 2) for variant in ("full", "no_dfl")]
    for runs in (absent, []):
        table = ablate(tmp_path, data, *runs)
        assert list(table.columns) == list(ABLATION_COLUMNS) and not len(table)


def test_without_the_full_model_nothing_is_compared(data, tmp_path):
    assert not len(ablate(tmp_path, data, write_run(tmp_path, "no_dfl", "0", data)))


def test_order_of_runs_changes_no_byte(data, tmp_path):
    runs = [write_run(tmp_path, v, r, data, 0.3) for v in ("full", "no_dfl") for r in ("0", "1")]
    written = []
    for order in (runs, runs[::-1]):
        ablate(tmp_path, data, *order)
        written.append((tmp_path / "ablation.csv").read_bytes())
    assert written[0] == written[1]


def test_faults_name_the_folder_and_the_mend(data, tmp_path, capsys):
    run = write_run(tmp_path, "full", "0", data)
    ablate(tmp_path, data, run, run, code=1)
    assert "run '0' of variant 'full' is given twice" in capsys.readouterr().err
    ablate(tmp_path, data, write_run(tmp_path, "full", "pears", data), code=1)
    assert "'pears' names no run. Give the folder of a training run" in capsys.readouterr().err
    (tmp_path / "full/1").mkdir()
    (tmp_path / "full/1/card.json").write_text("[]")
    ablate(tmp_path, data, tmp_path / "full/1", code=1)
    assert "card.json: this is no card of a training run" in capsys.readouterr().err
    scores = run / "scores.csv"
    scores.write_text(scores.read_text().replace("s/00000.png", "s/none.png"))
    ablate(tmp_path, data, run, code=1)
    assert "scores.csv, row 2: image 's/none.png' is not in the image table" in (
        capsys.readouterr().err
    )


def test_runs_that_kept_an_algorithm_out_are_not_joined_with_the_split_by_pairs(data, tmp_path):
    names = ("pairs", "pairs-without-x", "0-without-x", "all-without-x")
    runs = [write_run(tmp_path, v, r, data, 0.3) for r in names for v in ("full", "no_dfl")]
    plain = ablate(tmp_path, data, *runs[:2])
    pd.testing.assert_frame_equal(ablate(tmp_path, data, *runs), plain)
    assert set(plain["split"]) == {"pairs"} and set(plain["runs"]) == {1}
    assert ablate(tmp_path, data, *runs[2:]).empty
