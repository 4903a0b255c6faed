"""DiffIQA and SRIQA-Bench as released, on replicas of their folders; no image is decoded."""

from __future__ import annotations

import itertools
from pathlib import Path

import pandas as pd
import pytest
from afine_replicas import CROPS, put, put_diffiqa, put_sriqa

from fgresq.errors import UserError
from fgresq.sources import diffiqa, sriqa_bench


@pytest.fixture
def release(tmp_path: Path) -> Path:
    return put_diffiqa(tmp_path)


def test_votes_make_labels(release):
    table, notes = diffiqa.read_diffiqa(release)
    assert len(table) == 18 and tuple(table.columns) == diffiqa.COLUMNS
    one = table[table["reference"] == "images/Original/000006x0y770.png"]
    assert one["label"].tolist() == ["Positive", "Positive", "Similar", "Negative", "", "Negative"]
    assert one["image"].tolist()[2] == "images/03/000006x0y770_03.png"
    assert one[["A", "B", "C"]].values.tolist()[3] == ["Negative", "Negative", "Similar"]
    assert table["photograph"].drop_duplicates().tolist() == ["000006", "mine x3"]
    assert notes == [
        "18 test images of 3 references, crops of 2 photographs; 54 votes: "
        "33.3 % Positive, 22.2 % Similar, 44.4 % Negative",
        "3 images have no label: their three votes differ",
        "its sides are not told: it is merged",
    ]


@pytest.fixture
def in_sides(tmp_path: Path) -> Path:
    """The release in its folders, votes of one of them under another name."""
    for side, crop in zip(diffiqa.SIDES, CROPS, strict=True):
        put_diffiqa(tmp_path / side, [crop])
    (tmp_path / "Train/labels").rename(tmp_path / "Train/trainlabel")
    return tmp_path


def test_a_release_in_three_folders_tells_its_sides(in_sides):
    table, notes = diffiqa.read_diffiqa(in_sides)
    side = table.drop_duplicates("reference").set_index("reference")["side"]
    assert side.to_dict() == {
        f"{name}/images/Original/{crop}.png": name
        for name, crop in zip(diffiqa.SIDES, CROPS, strict=True)
    }
    assert table["label"].tolist()[:3] == ["Positive", "Positive", "Similar"]
    assert notes[-1] == "references by side: 1 in Train, 1 in Validation, 1 in Test"


def test_a_crop_stands_on_one_side(in_sides):
    put_diffiqa(in_sides / "Test", [CROPS[0]])
    with pytest.raises(UserError, match=r"Test/images/01/000006x0y770_01.png: it is on two sides"):
        diffiqa.read_diffiqa(in_sides)
    put_diffiqa(in_sides, [CROPS[1]])
    with pytest.raises(UserError, match="it holds images beside the folder Test"):
        diffiqa.read_diffiqa(in_sides)


LABEL = "labels/B/04/000006x0y770_04.json"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "there is no vote on 000006x0y770_04. Three annotators judged every image"),
        ("{", "000006x0y770_04.json"),
        ("[]", "its Picture_AI is None, not 000006x0y770_04"),
        ('{"Picture_AI": {"Name": "000006x0y770_05", "Label": "Similar"}}', "is '000006x0y770_05'"),
        ('{"Picture_AI": {"Name": "000006x0y770_04", "Label": null}}', "None is no vote: Positive"),
        ('{"Picture_AI": {"Name": "000006x0y770_04", "Label": "Same"}}', "'Same' is no vote"),
    ],
)
def test_a_vote_at_fault_is_told(release, content, told):
    if content is None:
        (release / LABEL).unlink()
    else:
        put(release / LABEL, content)
    with pytest.raises(UserError) as error:
        diffiqa.read_diffiqa(release)
    assert told in str(error.value) and str(release / LABEL) in str(error.value)


def test_images_at_fault_are_told(release):
    (release / f"images/02/{CROPS[1]}_02.png").unlink()
    with pytest.raises(UserError, match="000006x384y0_02.png: there is no such test image"):
        diffiqa.read_diffiqa(release)
    put(release / "images/Original/000001.png")
    with pytest.raises(UserError, match="'000001' is not named PHOTOxROWyCOLUMN"):
        diffiqa.read_diffiqa(release)
    with pytest.raises(UserError, match="no pictures in images/Original"):
        diffiqa.read_diffiqa(release / "images")


@pytest.fixture(scope="module")
def bench(tmp_path_factory) -> Path:
    return put_sriqa(tmp_path_factory.mktemp("sriqa"))


@pytest.mark.parametrize(
    ("name", "images", "pairs", "without"),
    [("Reg", 300, 300, 100), ("Gen", 900, 3600, 2800), ("All", 1100, 5500, 4500)],
)
def test_pairs_with_and_without_the_original(bench, name, images, pairs, without):
    table = sriqa_bench.read_sriqa(bench, name)
    found = sriqa_bench.pairs_of(table, with_original=True)
    restored = sriqa_bench.pairs_of(table, with_original=False)
    assert (len(table), len(found), len(restored)) == (images, pairs, without)
    assert found["reference"].str.endswith("_Original.png").all()
    originals = found[found["image_a"].str.contains("/Original/")]
    assert len(originals) == pairs - without and originals["label"].eq(1).all()
    assert restored["label"].eq(0).all()
    assert set(table["method"]) == {"Original", *sriqa_bench.MADE_BY[name]}
    mos = table.groupby("content")["mos"]
    assert mos.min().eq(0).all() and mos.max().eq(100).all()


def test_alike_scores_are_neither():
    columns = {"content": "a", "reference": "r"}
    images = [{**columns, "method": m, "image": m, "mos": 50.0} for m in ("SwinIR", "SUPIR")]
    table = pd.DataFrame(images)
    assert sriqa_bench.pairs_of(table, with_original=True)["label"].tolist() == [0.5]


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (lambda lines: ["a.png 3", *lines[1:]], "see a file not named N_METHODx4.png, swinir"),
        (lambda lines: lines[:-1], "its 2 images are not those compared: see original"),
        (
            lambda lines: [*lines, "srtest0_SUPIRx4.png 3"],
            "its 4 images are not those compared: see supir",
        ),
        (lambda lines: [*lines, lines[0]], "line 4: srtest0_SwinIRx4.png stands before"),
        (lambda lines: ["srtest0_SwinIRx4.png", *lines[1:]], "line 1: .* is not FILE,SCORE"),
        (lambda lines: ["srtest0_SwinIRx4.png 101", *lines[1:]], "line 1: .* 0 to 100"),
        (lambda lines: ["srtest0_SwinIRx4.png nan", *lines[1:]], "line 1: .* 0 to 100"),
    ],
)
def test_a_file_of_mos_at_fault_is_told(bench, edit, told):
    path = bench / "MOS_Reg/srtest0.txt"
    before = path.read_text()
    path.write_text("\n".join(edit(before.splitlines())))
    try:
        with pytest.raises(UserError, match=rf"MOS_Reg/srtest0\.txt.*{told}"):
            sriqa_bench.read_sriqa(bench, "Reg")
    finally:
        path.write_text(before)


def test_missing_images_and_folders_are_told(bench, tmp_path):
    with pytest.raises(UserError, match="there are no files of MOS in MOS_Gen"):
        sriqa_bench.read_sriqa(tmp_path, "Gen")
    path = bench / "images/SwinIR/srtest7_SwinIRx4.png"
    path.unlink()
    with pytest.raises(UserError, match=r"srtest7_SwinIRx4\.png: there is no such image"):
        sriqa_bench.read_sriqa(bench, "Reg")
    put(path)


def test_votes_are_whole_or_told(tmp_path):
    """As files of D/srtest11 and others were missing once in the release."""
    everyone = ["Original", *sriqa_bench.MADE_BY["All"]]
    for annotator, content in itertools.product(sriqa_bench.ANNOTATORS, ("srtest1", "srtest11")):
        for a, b in itertools.combinations(everyone, 2):
            put(tmp_path / f"labels/{annotator}/{content}/{content}_{a}_{b}.json", "{}")
    sriqa_bench.check_votes(tmp_path, ["srtest1", "srtest11"])
    (tmp_path / "labels/D/srtest11/srtest11_SwinIR_SUPIR.json").unlink()
    with pytest.raises(UserError, match="not 55 files of votes in D/srtest11 54. Fetch"):
        sriqa_bench.check_votes(tmp_path, ["srtest1", "srtest11"])
    with pytest.raises(UserError, match="A/srtest2 0, B/srtest2 0, C/srtest2 0 and 8 more"):
        sriqa_bench.check_votes(tmp_path, ["srtest2", "srtest11"])
