"""The step afine-triplets: placed data sets, absent ones, and what is at fault."""

from __future__ import annotations

import shutil
from pathlib import Path

import afine_replicas
import pandas as pd
import pytest
import replicas
from afine_versions import made, write_settings

from fgresq.cli import main
from fgresq.comparisons import read_comparisons, read_triplets
from fgresq.files import read_json, sha256
from fgresq.imperfect.versions_table import JOD_COLUMNS, SOURCE
from fgresq.mini.imperfect_versions import CLEAN
from fgresq.tables import FOLD_COLUMNS, read_table

ROOT = Path(__file__).parents[1]


@pytest.fixture
def settings(tmp_path: Path):
    return lambda **changes: write_settings(tmp_path, **changes)


def run(words: list[str], capsys: pytest.CaptureFixture) -> tuple[int, str]:
    code = main(["step", "afine-triplets", *words])
    return code, capsys.readouterr().err


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    """A workspace with the replicas of DiffIQA and TID2013 placed in it."""
    for mark in ("Snakefile", "config/config.yaml"):
        (tmp_path / mark).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / mark, tmp_path / mark)
    afine_replicas.put_diffiqa(tmp_path / "data/raw/diffiqa")
    replicas.tid2013(tmp_path / "data/raw/tid2013")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("split", ["family", "official"])
def test_placed_sets_give_triplets_and_absent_ones_are_told(place, settings, capsys, split):
    file = settings(sources=["diffiqa", "tid2013", "pipal"], folds=2, split=split)
    code, told = run(["--settings", file, "--out-dir", "out"], capsys)
    assert code == 0 and "source 'pipal' is absent. Next step: download the training set" in told
    comparisons = read_comparisons("out/comparisons.csv")
    triplets = read_triplets("out/triplets.csv", comparisons)
    # TID2013: two references of ten images: 11 members, of which each meets round(log2(11)) = 3
    assert triplets["source"].value_counts().to_dict() == {"tid2013": 66, "diffiqa": 39}
    # paths lie below the place, names as the files have them
    tid = comparisons[comparisons["source"].eq("tid2013")]
    assert set(tid["reference"]) == {
        f"tid2013/reference_images/{name}" for name in ("I01.BMP", "i25.bmp")
    }
    assert len(tid) == 22 and all(sha256(r.path) == r.sha256 for r in tid.itertuples())
    record = read_json("out/data.json")
    assert list(record["absent"]) == ["pipal"]
    assert record["sources"]["diffiqa"]["official_leak"] in (0, 1)
    folds = read_table("out/folds.csv", FOLD_COLUMNS)
    families = {"family": ["000006", "mine x3"], "official": list(afine_replicas.CROPS)}[split]
    assert folds.loc[folds["source"].eq("diffiqa"), "family"].tolist() == families
    assert set(folds["family"]) == set(comparisons["family"])
    assert read_triplets("out/triplets_jod.csv", comparisons).empty


def test_a_release_in_its_sides_is_split_as_it_is_placed(place, settings, capsys):
    folder = place / "data/raw/diffiqa"
    shutil.rmtree(folder)
    sides = dict(zip(afine_replicas.CROPS, ("Train", "Validation", "Test"), strict=True))
    for crop, side in sides.items():
        afine_replicas.put_diffiqa(folder / side, [crop])
    file = settings(sources=["diffiqa"], folds=2, split="official")
    assert run(["--settings", file, "--out-dir", "out"], capsys)[0] == 0
    folds = read_table("out/folds.csv", FOLD_COLUMNS)
    fold = {"Test": 0, "Train": 1, "Validation": 2}
    assert dict(zip(folds["family"], folds["fold"], strict=True)) == {
        crop: fold[side] for crop, side in sides.items()
    }
    told = read_json("out/data.json")["sources"]["diffiqa"]
    # the crop to test on is alone of its photograph; that which would be drawn is not
    assert told["official_leak"] == 0 and told["official_sides"] == "the release's"


def test_what_is_at_fault_is_told_in_a_line(place, settings, capsys):
    cases = {
        "none of its data sets is placed. pipal: download the training set": {"sources": ["pipal"]},
        "unknown source 'tid2031'. Did you mean 'tid2013'?": {"sources": ["tid2031"]},
        "versions.csv: there is no such file": {"sources": [SOURCE]},
    }
    for problem, changes in cases.items():
        code, told = run(["--settings", settings(**changes), "--out-dir", "out"], capsys)
        assert code == 1 and problem in told and told.count("\n") == 1, told


def test_a_vote_at_fault_names_its_source(place, settings, capsys):
    lost = place / "data/raw/diffiqa/labels/C/02/000006x384y0_02.json"
    lost.unlink()
    file = settings(sources=["diffiqa"])
    code, told = run(["--settings", file, "--out-dir", "out"], capsys)
    assert code == 1 and "source 'diffiqa', " in told
    assert "000006x384y0_02.json: there is no vote on 000006x384y0_02. Three annotators" in told


def test_tables_of_versions_at_fault_are_told(tmp_path, settings, capsys):
    table = made(2)
    jod = table[["image"]].assign(jod=9.0)
    files = [str(tmp_path / name) for name in ("versions.csv", "jod.csv")]
    given = ["--settings", settings(folds=2), "--out-dir", str(tmp_path / "out")]
    words = [*given, "--versions", files[0], "--jod", files[1]]

    def told(versions: pd.DataFrame, measured: pd.DataFrame) -> str:
        versions.to_csv(files[0], index=False)
        measured[list(JOD_COLUMNS)].to_csv(files[1], index=False)
        code, text = run(words, capsys)
        assert code == (1 if text else 0) and text.count("\n") <= 1
        return text

    assert told(table, jod) == ""
    assert "it has not the images of the versions: see 'diffiqa_mini/f0" in told(table, jod[1:])
    assert "is listed twice" in told(pd.concat([table, table[:1]]), jod)
    lost = table[~table["image"].str.contains(CLEAN)]
    assert "the reference 'diffiqa_mini/f0-1.clean.png' of 'diffiqa_mini/f0-1.blur.png'" in told(
        lost, jod
    )
