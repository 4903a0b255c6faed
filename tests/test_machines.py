"""Two instruction sets choose the same sample, pairs, labels and splits, or it is told."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from fgresq.files import read_json, write_json
from fgresq.pairs.labels import Sight
from fgresq.presets import load
from fgresq.report.parts.machines import UNMEASURED, machines_sentences
from tests.conftest import copy_with_weights
from workflow.check_machines import LOWER, exceeded, keep, main
from workflow.movement import NEAR, Made, Moved, choices, numbers

PRESET, TASK = "tiny", "denoising"
LABELS = load("config/config.yaml").presets[PRESET].labels
SIGHT, SEED = Sight(LABELS.slope().fitted, LABELS.indifference), LABELS.seed
PAIRS = f"pairs/{PRESET}/pairs.csv"


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder of the copies `usual` and `lower`: one task was made in each, and compared."""
    place = tmp_path_factory.mktemp("machines")
    root = copy_with_weights(place / "fgresq")
    subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)
    words = ["--preset", PRESET, "--tasks", TASK, "--work", str(place)]
    assert main(words, root) == 0
    return place


@pytest.fixture
def made(checked: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Give the folders of results of both, the second a copy that may be changed."""
    shutil.copytree(checked / "lower/results", tmp_path / "results")
    return checked / "usual/results", tmp_path / "results"


def found(folders: tuple[Path, Path]) -> list[Moved]:
    """Compare what two folders hold."""
    return choices(*(Made(folder, PRESET) for folder in folders), SIGHT, SEED)


def edited(path: Path, **values: object) -> None:
    """Set columns in the first row of a table."""
    table = pd.read_csv(path, keep_default_na=False)
    for name, value in values.items():
        table.loc[0, name] = value
    table.to_csv(path, index=False)


@pytest.mark.workflow
def test_one_task_is_the_same_under_both_instruction_sets(checked: Path) -> None:
    usual, lower = (Made(checked / name / "results", PRESET) for name in ("usual", "lower"))
    assert choices(usual, lower, SIGHT, SEED) == []
    measured = numbers(usual, lower)
    assert measured["images"] == 32 and measured["pairs"] == len(usual.pairs) > 10
    assert measured["pairs_in"] == measured["pairs_out"] == measured["labels_changed"] == 0
    assert (
        LABELS.slope().fitted * measured["quality"] <= NEAR["perceived"]
        and measured["ssim"] <= NEAR["ssim"]
    )
    assert usual.threshold["sample"] == lower.threshold["sample"]
    assert not list((checked / "fgresq/results/data").glob("*/*.csv"))  # not there


@pytest.mark.workflow
def test_a_pair_that_left_far_from_a_border_is_told(made: tuple[Path, Path]) -> None:
    pairs = pd.read_csv(made[1] / PAIRS)
    pairs.iloc[1:].to_csv(made[1] / PAIRS, index=False)
    (only,) = found(made)
    gone = pairs.iloc[0]
    assert f"pair {gone['image_a']}, {gone['image_b']} out" in str(only) and not only.near


@pytest.mark.workflow
def test_a_changed_label_or_side_or_sample_is_told(made: tuple[Path, Path]) -> None:
    edited(made[1] / PAIRS, preference="equal", fraction_a=0.123, fold=7)
    told = [str(choice) for choice in found(made)]
    assert len(told) == 2 and told[0].startswith("label of ") and "equal 0.123" in told[0]
    assert told[1].startswith("fold of ") and all("no border is near" in line for line in told)
    path = made[1] / f"pairs/{PRESET}/threshold.json"
    write_json(path, {**read_json(path), "sample": "another"})
    assert str(found(made)[0]) == "sample of the JND threshold: no border is near"


@pytest.mark.workflow
def test_a_pair_that_crossed_a_border_is_told_with_its_distance(made: tuple[Path, Path]) -> None:
    """Its SSIM is set just above the threshold, then far above it."""
    first = pd.read_csv(made[1] / PAIRS).iloc[0]
    threshold = read_json(made[1] / f"pairs/{PRESET}/threshold.json")["threshold"]
    pd.read_csv(made[1] / PAIRS).iloc[1:].to_csv(made[1] / PAIRS, index=False)
    for own, far in ((threshold, NEAR["ssim"] / 2), (threshold, 0.01)):
        for folder, by in zip(made, (-far, far), strict=True):
            path = folder / f"pairs/{PRESET}/mini/candidates.csv"
            table = pd.read_csv(path)
            at = table["image_a"].eq(first["image_a"]) & table["image_b"].eq(first["image_b"])
            before = table.copy()
            table.loc[at, "ssim"] = own + by
            table.to_csv(path, index=False)
            if folder == made[0]:
                usual = (path, before)
        (only,) = found(made)
        usual[1].to_csv(usual[0], index=False)
        assert only.border == "ssim" and only.distance == pytest.approx(far, abs=1e-6)
        assert only.near == (far < NEAR["ssim"])


def test_the_environment_is_heeded_by_the_libraries() -> None:
    code = (
        "import numpy._core._multiarray_umath as n, torch;"
        "print(torch.backends.cpu.get_cpu_capability(),"
        " any(n.__cpu_features__[f] for f in n.__cpu_dispatch__))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **LOWER}, capture_output=True, text=True
    )
    assert done.stdout.split() == ["DEFAULT", "False"], done.stderr


RECORDED = {
    "preset": "mini",
    "measure": "lpips",
    "images": 4,
    "candidates": 6,
    "pairs": 3,
    "quality": 0.1,
    "ssim": 0.2,
}


def test_a_record_is_written_only_where_it_does_not_cover_what_was_measured(tmp_path: Path) -> None:
    path = tmp_path / "machines.json"
    keep(RECORDED, path, False)
    assert read_json(path) == RECORDED
    keep({**RECORDED, "quality": 0.05, "pairs": 4}, path, False)
    assert read_json(path) == RECORDED
    keep({**RECORDED, "metrics": {"trained acc": 0.01}}, path, False)
    assert read_json(path)["metrics"] == {"trained acc": 0.01}
    keep({**RECORDED, "quality": 0.3}, path, False)
    assert read_json(path) == {**RECORDED, "quality": 0.3, "metrics": {"trained acc": 0.01}}
    keep(RECORDED, path, True)
    assert read_json(path)["quality"] == 0.1
    keep({**RECORDED, "images": 5}, path, False)
    assert read_json(path) == {**RECORDED, "images": 5}
    assert exceeded({**RECORDED, "metrics": {"x": 0.2}}, RECORDED) == ["x"]


def test_the_report_tells_what_moved() -> None:
    assert machines_sentences({}, "mini", "jod") == [UNMEASURED]
    record = {
        **{"preset": "mini", "images": 1104, "images_differing": 519, "gray_levels": 10},
        **{
            "measure": "jod",
            "quality": 0.0003,
            "score": 0.00005,
            "candidates": 3696,
            "ssim": 0.000034,
        },
        **{"jnd_median": 0.000007, "threshold": 0.0, "pairs": 1559, "pairs_in": 0},
        **{"pairs_out": 0, "labels_changed": 0},
    }
    assert machines_sentences(record, "paper", "jod") == [UNMEASURED]
    assert machines_sentences(record, "mini", "lpips") == [UNMEASURED]
    told = " ".join(machines_sentences(record, "mini", "jod"))
    for part in (
        "1,104 images 519 differ",
        "(ColorVideoVDP) moves by at most 0.0003",
        "are the same",
        "was not measured",
    ):
        assert part in told
    record |= {"pairs_in": 2, "metrics": {"untrained acc": 0.001, "trained srcc": 0.02}}
    told = " ".join(machines_sentences(record, "mini", "jod"))
    assert "are the same" not in told and "0 fall out and 2 come in" in told
    assert "any number by 0.001; trained" in told and "any number by 0.02" in told
