"""The step training: curves, confusion, reliability, record."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from analysis_tables import OPTIONS, make_images, make_pairs
from training_outputs import ABSENT, write_absent, write_stage1, write_stage2

from fgresq.analysis.learning import (
    CONFUSION_COLUMNS,
    CURVE_COLUMNS,
    RELIABILITY_COLUMNS,
)
from fgresq.cli import main
from fgresq.tables import IMAGE_COLUMNS, PAIR_COLUMNS, empty, read_table, write_images, write_pairs

TABLES = {
    "curves": CURVE_COLUMNS,
    "confusion": CONFUSION_COLUMNS,
    "reliability": RELIABILITY_COLUMNS,
}


def collect(root, images, pairs, stage1=(), stage2=(), code=0):
    """Run the step; give its tables and its record."""
    write_images(root / "images.csv", images)
    write_pairs(root / "pairs.csv", pairs)
    words = ["--images", root / "images.csv", "--pairs", root / "pairs.csv"]
    words += ["--stage1", *stage1, "--stage2", *stage2, "--options", OPTIONS]
    for name in TABLES:
        words += [f"--{name}", root / f"{name}.csv"]
    words += ["--record", root / "training.json"]
    assert main(["step", "training", *map(str, words)]) == code
    if code:
        return {}
    found = {name: read_table(root / f"{name}.csv", cols) for name, cols in TABLES.items()}
    return {**found, "record": json.loads((root / "training.json").read_text())}


@pytest.fixture
def data():
    images = make_images(120, families=6)
    return images, make_pairs(images, 200)


@pytest.fixture
def made(data, tmp_path):
    """Two folds and the split by pairs; two images of each fold are named wrongly."""
    images, pairs = data
    fold = images["family"].str[1:].astype(int) % 2
    stage1 = [
        write_stage1(tmp_path / f"1/full/{k}", images[fold == k], wrong=2, steps=1000)
        for k in (0, 1)
    ]
    stage1 += [write_stage1(tmp_path / "1/full/pairs", images, wrong=40)]
    stage1 += [write_stage1(tmp_path / "1/diagonal/0", images[fold == 0], wrong=40)]
    values = images["score"].set_axis(images["image"])
    # A is better with probability 0.9 where the head says 0.9, and so on: an honest head.
    rng = np.random.default_rng(0)
    chance = rng.choice([0.15, 0.5, 0.85], len(pairs))
    pairs["preference"] = np.where(rng.random(len(pairs)) < chance, "A", "B")
    pairs.loc[:9, "preference"] = "equal"
    chances = pd.Series(chance, index=pairs["pair"])
    own = (pairs["family"].str[1:].astype(int) % 2).to_numpy()
    of_fold = [(values[fold.to_numpy() == k], chances[own == k]) for k in (0, 1)]
    stage2 = [write_stage2(tmp_path / f"2/full/{k}", *of_fold[k]) for k in (0, 1)]
    stage2 += [write_stage2(tmp_path / "2/full/pairs", values, chances)]
    stage2 += [write_stage2(tmp_path / "2/no_dfl/0", values[:9], 0 * chances, steps=7)]
    return collect(tmp_path, images, pairs, stage1, stage2)


def test_confusion_counts_each_image_of_the_folds_once(made):
    table = made["confusion"]
    assert table["count"].sum() == 120 and len(table) == 4
    right = table["count"][table["task"] == table["predicted"]].sum()
    accuracy = made["record"]["task_accuracy"]
    assert right == 116 and accuracy["value"] == pytest.approx(116 / 120)
    assert accuracy["low"] < accuracy["value"] < accuracy["high"] and accuracy["chance"] == 0.5
    assert accuracy["families"] == 6 and accuracy["n"] == 120
    of_task = table[table["task"] == "deblurring"]
    assert accuracy["by_task"]["deblurring"] == pytest.approx(
        of_task["count"][of_task["predicted"] == "deblurring"].sum() / of_task["count"].sum()
    )


def test_reliability_of_an_honest_head_lies_on_the_diagonal(made):
    table = made["reliability"]
    assert list(table["bin"]) == ["[0.1,0.2)", "[0.5,0.6)", "[0.8,0.9)"]
    assert list(table["predicted"]) == pytest.approx([0.15, 0.5, 0.85])
    assert table["n"].sum() == 190  # ten pairs are equal; fold runs only, each pair once
    for row in table.itertuples():
        error = np.sqrt(row.predicted * (1 - row.predicted) / row.n)
        assert abs(row.observed - row.predicted) < 3 * error
        assert row.low <= row.observed <= row.high


def test_a_certain_head_falls_in_the_last_bin(data, tmp_path):
    images, pairs = data
    values = images["score"].set_axis(images["image"])
    chances = pd.Series(1.0, index=pairs["pair"])
    run = write_stage2(tmp_path / "2/full/0", values, chances)
    table = collect(tmp_path, images, pairs, (), [run])["reliability"]
    assert list(table["bin"]) == ["[0.9,1.0]"]


def test_curves_are_thinned_by_means_and_hold_the_full_runs_only(made):
    table = made["curves"]
    assert set(table["variant"]) == {"full"}
    sizes = table.groupby(["stage", "run"]).size().to_dict()
    assert sizes == {(1, "0"): 200, (1, "1"): 200, (1, "pairs"): 30} | {
        (2, run): 30 for run in ("0", "1", "pairs")
    }
    long = table[(table["stage"] == 1) & (table["run"] == "0")]
    assert list(long["step"][:2]) == [4, 9] and long["step"].iloc[-1] == 999
    step = np.arange(1000)
    whole = 1 + 2 / (1 + step / 20) + 0.1 * np.sin(step)
    assert long["loss"].iloc[0] == pytest.approx(whole[:5].mean(), abs=1e-8)
    assert long["loss"].mean() == pytest.approx(whole.mean(), abs=1e-8)
    assert table.loc[table["stage"] == 1, "scene"].isna().all()
    assert table.loc[table["stage"] == 2, ["scene", "rank"]].notna().all(axis=None)


def test_record_names_the_stand_in_and_every_run(made):
    record = made["record"]
    assert record["absent"] is None and record["truncated"] is False
    assert record["tower"]["stand_in"] and "a stand-in for CLIP" in record["tower"]["words"]
    assert [(r["stage"], r["variant"], r["run"]) for r in record["runs"]] == [
        *((1, "diagonal", "0"), (1, "full", "0"), (1, "full", "1"), (1, "full", "pairs")),
        *((2, "full", "0"), (2, "full", "1"), (2, "full", "pairs"), (2, "no_dfl", "0")),
    ]
    last = record["runs"][-1]
    assert last["sha256"] == "ab12" and last["steps"] == 7 and last["device"] is None


def test_a_single_task_has_no_accuracy_and_says_so(data, tmp_path):
    images, pairs = data
    one = images.assign(task="denoising")
    run = write_stage1(tmp_path / "1/full/0", one)
    pd.DataFrame(columns=["image", "task", "predicted"]).to_csv(run / "tasks.csv", index=False)
    record = collect(tmp_path, one, pairs, [run], ())["record"]
    assert record["single_task"] and record["task_accuracy"] is None
    write_stage1(tmp_path / "1/full/1", images)
    runs = [run, tmp_path / "1/full/1"]
    assert not collect(tmp_path, images, pairs, runs, ())["record"]["single_task"]


def test_a_stopped_run_is_truncated(data, tmp_path):
    images, pairs = data
    values, chances = pd.Series({"s/00000.png": 0.5}), pd.Series({"s#00000": 0.5})
    run = write_stage2(tmp_path / "2/full/0", values, chances, tower={"max_steps": 2})
    assert collect(tmp_path, images, pairs, (), [run])["record"]["truncated"] is True


def test_absent_training_keeps_its_reason(tmp_path):
    data = empty(IMAGE_COLUMNS), empty(PAIR_COLUMNS)
    one, two = write_absent(tmp_path / "1/full/0", 1), write_absent(tmp_path / "2/full/0", 2)
    made = collect(tmp_path, *data, [one], [two])
    assert all(made[name].empty for name in TABLES)
    assert made["record"]["absent"] == ABSENT and made["record"]["task_accuracy"] is None
    assert collect(tmp_path, *data)["record"]["absent"] is None


def test_tasks_of_other_images_are_a_fault(data, tmp_path, capsys):
    images, pairs = data
    run = write_stage1(tmp_path / "1/full/0", images.assign(image="s/none.png"))
    collect(tmp_path, images, pairs, [run], code=1)
    assert "tasks.csv, row 2: image 's/none.png' is not in the image table" in (
        capsys.readouterr().err
    )


def test_two_runs_give_the_same_bytes(data, tmp_path):
    images, pairs = data
    run = write_stage1(tmp_path / "1/full/0", images, wrong=5)
    written = []
    for _ in range(2):
        collect(tmp_path, images, pairs, [run])
        names = [*(f"{name}.csv" for name in TABLES), "training.json"]
        written.append([(tmp_path / name).read_bytes() for name in names])
    assert written[0] == written[1]


@pytest.mark.parametrize("name", ["1-without-x", "1-seed1"])
def test_a_run_of_less_or_of_another_seed_is_no_fold_of_the_full_model(data, tmp_path, name):
    images, pairs = data
    half, values = len(pairs) // 2, images["score"].set_axis(images["image"])
    chances = pd.Series(0.75, index=pairs["pair"])
    stage1 = [write_stage1(tmp_path / "1/full/0", images[:60])]
    stage1 += [write_stage1(tmp_path / "1/full" / name, images[60:], wrong=60)]
    stage2 = [write_stage2(tmp_path / "2/full/0", values, chances[:half])]
    stage2 += [write_stage2(tmp_path / "2/full" / name, values, chances[half:])]
    made = collect(tmp_path, images, pairs, stage1, stage2)
    accuracy = made["record"]["task_accuracy"]
    assert accuracy["n"] == 60 and accuracy["value"] == 1
    assert made["reliability"]["n"].sum() == pairs["preference"][:half].ne("equal").sum()
