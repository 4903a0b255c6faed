"""The step collect: the runs of FGResQ joined, and why an image has no value."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from analysis_tables import OPTIONS, make_images, make_pairs
from training_outputs import ABSENT, write_absent, write_stage2

from fgresq.analysis.inputs import RANKING_COLUMNS
from fgresq.cli import main
from fgresq.tables import read_scores, read_table, write_images, write_pairs

IMAGES = make_images(20, tasks=1, families=4)
PAIRS = make_pairs(IMAGES, 12).drop_duplicates("pair")


def collect(root: Path, runs: list[Path]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Run the step, then the one that reads it; give scores and rankings."""
    write_images(root / "images.csv", IMAGES)
    write_pairs(root / "pairs.csv", PAIRS)
    words = ["step", "collect", *runs, "--images", root / "images.csv"]
    words += ["--out", root / "fgresq.csv", "--ranking", root / "ranking.csv"]
    assert main([str(word) for word in words]) == 0
    words = ["step", "performance", "--images", root / "images.csv", "--pairs", root / "pairs.csv"]
    words += ["--scores", root / "fgresq.csv", "--rankings", root / "ranking.csv"]
    words += ["--options", OPTIONS, "--out", root / "performance.csv"]
    assert main([str(word) for word in words]) == 0
    return read_scores(root / "fgresq.csv"), read_table(root / "ranking.csv", RANKING_COLUMNS)


def run(root: Path, name: str, rows: slice = slice(None)) -> Path:
    """Write a run of stage 2 that tests these images."""
    images, pairs = IMAGES.iloc[rows], PAIRS.iloc[rows]
    values = pd.Series(0.5, index=images["image"]).add(images["score"].to_numpy() / 4)
    chances = pd.Series(0.6, index=pairs["pair"])
    return write_stage2(root / "2/full" / name, values, chances)


def test_folds_and_the_split_by_pairs_are_joined(tmp_path: Path) -> None:
    """Further seeds and `all` are left out; an image of no fold run has a reason."""
    runs = [run(tmp_path, "0", slice(0, 8)), run(tmp_path, "pairs", slice(4, 12))]
    runs += [run(tmp_path, name) for name in ("1-seed1", "pairs-seed2", "all")]
    scores, ranking = collect(tmp_path, runs)
    assert scores["split"].value_counts().to_dict() == {"family": 20, "pairs": 8}
    untested = scores[scores["value"].isna()]
    assert set(untested["image"]) == set(IMAGES["image"][8:])
    assert set(untested["reason"]) == {"no run tested it"}
    assert set(ranking["split"]) == {"family", "pairs"}


@pytest.mark.parametrize("names", [["all"], ["0-seed1", "pairs-seed1"], []])
def test_runs_that_test_nothing_give_reasons_only(tmp_path: Path, names: list[str]) -> None:
    scores, ranking = collect(tmp_path, [run(tmp_path, name) for name in names])
    assert len(scores) == 20 and scores["value"].isna().all() and ranking.empty
    assert set(scores["reason"]) == {"no run tested it"}


@pytest.mark.parametrize("name", ["0", "all"])
def test_an_absent_training_says_why(tmp_path: Path, name: str) -> None:
    scores, _ = collect(tmp_path, [write_absent(tmp_path / "2/full" / name, 2)])
    assert scores["value"].isna().all() and set(scores["reason"]) == {ABSENT["reason"]}


def test_a_run_that_kept_an_algorithm_out_is_not_joined(tmp_path: Path) -> None:
    """It is trained on less than the method whose table this is."""
    runs = [run(tmp_path, "0", slice(0, 8)), run(tmp_path, "1-without-odd", slice(8, 20))]
    scores, ranking = collect(tmp_path, [*runs, run(tmp_path, "pairs-without-odd")])
    assert set(scores["image"][scores["value"].notna()]) == set(IMAGES["image"][:8])
    assert set(ranking["pair"]) == set(PAIRS["pair"].iloc[:8])
