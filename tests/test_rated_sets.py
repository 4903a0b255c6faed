"""Sets that people rated: their layouts, their votes, their files, and roles that exclude."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy.io import savemat
from scipy.stats import binomtest

from fgresq import workspace
from fgresq.catalogues import catalogue
from fgresq.cli import main
from fgresq.errors import UserError
from fgresq.files import sha256
from fgresq.pairs.candidates import candidates
from fgresq.pairs.labels import Votes
from fgresq.pairs.order import oriented
from fgresq.pairs.votes import preference, voted
from fgresq.raw import walk
from fgresq.sources import placed, release
from fgresq.sources.join import check_roles
from fgresq.sources.read import read_placed
from fgresq.tables import SUPPLIED_COLUMNS, rated, restored
from tests import replicas

ENTRIES = catalogue("sources")
PHOTOGRAPHS = ("clive", "biq2021", "agiqa3k")
NAMES = (*PHOTOGRAPHS, "srcolor", "gid")
COLUMNS = ["image_a", "image_b", "preference", "fraction_a", "votes_a", "votes_b"]
NEXT = [f"--{kind}" for kind in ("out", "pairs", "record")]


@pytest.fixture
def place(tmp_path: Path) -> Callable[[str], Path]:
    """Give a function that writes the replica of a data set and names its folder."""

    def write(name: str) -> Path:
        getattr(replicas, name)(tmp_path / name)
        return tmp_path / name

    return write


def entry_of(name: str, **changes: Any) -> dict[str, Any]:
    """Give the true entry of a source, but for the list of the files of the true set."""
    return {k: v for k, v in ENTRIES[name].items() if k != "files"} | changes


def read(name: str, folder: Path, **changes: Any) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Read a placed replica: images, pairs and notes."""
    images, pairs, notes = read_placed(name, folder, entry_of(name, **changes), 0.05)
    return images.set_index(images["image"].str.rpartition("/")[2], drop=False), pairs, notes


def told(name: str, folder: Path, capsys: pytest.CaptureFixture, **changes: Any) -> str:
    """Run the step on a faulty replica; give its one message."""
    entry = {**entry_of(name, **changes), "path": str(folder)}
    out = [f"{option}={folder.parent / option[2:]}" for option in NEXT]
    capsys.readouterr()
    assert main(["step", "read-source", name, "--entry", json.dumps(entry), *out]) == 1
    lines = capsys.readouterr().err.strip().splitlines()
    assert f"source '{name}'" in lines[-1] and not (folder.parent / "record").exists()
    return lines[-1]


def edit(path: Path, old: str, new: str) -> int:
    """Replace a text in a file, once; give the number of its row."""
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    return text[: text.index(old)].count("\n") + 1


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_photographs_are_read_with_their_role_and_never_paired(
    name: str, place: Callable[[str], Path]
) -> None:
    images, pairs, notes = read(name, place(name))
    assert len(images) == 4 and set(images["task"]) == {"photograph"}
    assert (
        set(images["role"]) == {ENTRIES[name]["role"]} == {"select" if "agi" in name else "train"}
    )
    assert len(rated(images)) == 4 and restored(images).empty and candidates(images).empty
    assert pairs.empty and list(pairs.columns) == list(SUPPLIED_COLUMNS)
    assert any("none of its images was restored" in note for note in notes)
    assert images["reference"].eq("").all() and all(map(Path.is_file, map(Path, images["path"])))


def test_clive_leaves_out_what_raters_were_trained_on_and_reads_the_sds(
    place: Callable[[str], Path],
) -> None:
    images, _, _ = read("clive", place("clive"))
    assert sorted(images.index) == ["100.bmp", "101.JPG", "102.bmp", "103.bmp"]
    assert images.loc["101.JPG", ["raw_score", "raw_sd"]].tolist() == [60.25, 18.0]
    assert images["score"].to_dict()["100.bmp"] == 1 and images["score"].to_dict()["103.bmp"] == 0


def test_clive_wants_three_arrays_of_one_length(
    place: Callable[[str], Path], capsys: pytest.CaptureFixture
) -> None:
    folder = place("clive")
    data = folder / "ChallengeDB_release/Data"
    savemat(data / "AllStdDev_release.mat", {"AllStdDev_release": [[1.0] * 10]})
    assert "11 names, 11 scores and 10 SDs. Replace the files" in told("clive", folder, capsys)


def test_biq2021_joins_both_tables_and_has_no_sd(place: Callable[[str], Path]) -> None:
    images, _, _ = read("biq2021", place("biq2021"))
    assert images.loc["ss01 (3).png", "raw_score"] == 0.3 and images["raw_sd"].isna().all()


def test_agiqa3k_keeps_what_is_made_of_one_prompt_together(place: Callable[[str], Path]) -> None:
    images, _, _ = read("agiqa3k", place("agiqa3k"))
    assert images["family"].value_counts().to_dict() == {"statue of a man": 2, "a cat, asleep": 2}
    assert set(images["algorithm"]) == {"AttnGAN_normal", "sd1.5_lowstep"}
    assert images.loc["sd1.5_lowstep_001.jpg", ["raw_score", "raw_sd"]].tolist() == [1.1, 0.5]


def test_srcolor_counts_votes_of_both_kinds_apart(place: Callable[[str], Path]) -> None:
    images, pairs, notes = read("srcolor", place("srcolor"))
    assert len(images) == 8 and set(images["role"]) == {"test"} and len(candidates(images)) == 12
    share = images[images["content"].eq("0801")].set_index("algorithm")["raw_score"]
    assert share.round(6).to_dict() == {
        "ResShift": 75.0,
        "SwinIR": round(100 / 12, 6),
        "BSRGAN": 0.0,
        "RealESRGAN": round(200 / 12, 6),
    }
    assert pairs.groupby("vote_kind").size().to_dict() == {"best of four": 12, "two": 1}
    two = pairs[pairs["vote_kind"].eq("two")].iloc[0]
    names = [
        f"srcolor/flask/static/images/selected_256_{n}/0801.png" for n in ("BSRGAN", "ResShift")
    ]
    a, b = oriented(*(name.removeprefix("srcolor/") for name in names))
    assert [two["image_a"], two["image_b"]] == [f"srcolor/{a}", f"srcolor/{b}"]
    first = "BSRGAN" in two["image_a"]
    assert [two["votes_a"], two["votes_b"]] == ([11, 1] if first else [1, 11])
    assert two["preference"] == ("A" if first else "B")
    best = pairs[pairs["vote_kind"].eq("best of four")]
    same = best[best["image_a"].eq(two["image_a"]) & best["image_b"].eq(two["image_b"])].iloc[0]
    assert [same["votes_a"], same["votes_b"]] == ([0, 9] if first else [9, 0])
    assert same["preference"] == ("B" if first else "A")
    assert "1 rows of" in notes[-2] and "1 of these choices had changed" in notes[-2]


def test_gid_counts_votes_on_restored_images_of_one_photograph(
    place: Callable[[str], Path],
) -> None:
    images, pairs, notes = read("gid", place("gid"))
    assert len(images) == 4 and set(images["role"]) == {"select"}
    assert set(images["group"]) == {"00002", "00005"} and set(images["task"]) == {"mixture"}
    assert all(
        Path(p).name == f"{c}_original.png" for p, c in images[["reference", "content"]].values
    )
    shares = images["raw_score"].round(4).to_dict()
    assert shares["00002_HiFiC_lo.png"] == round(1100 / 12, 4)
    assert shares["00005_ESRGAN_hi.png"] == round(800 / 12, 4)
    assert len(pairs) == 2 and set(pairs["vote_kind"]) == {"two"}
    for pair in pairs.itertuples():
        two = "00002" in pair.image_a
        turned = "ESRGAN" in pair.image_b
        for_gan, for_hific = (1, 11) if two else (8, 4)
        votes = [for_hific, for_gan] if turned else [for_gan, for_hific]
        assert [pair.votes_a, pair.votes_b] == votes
        assert pair.preference == (("A" if turned else "B") if two else "equal")
    assert "4 pairs of jdg.csv are left out" in notes[-2]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (",hi,2,HiFiC,lo,1,1", ",hi,2,HiFiC,lo,1,", "column '1': '' is no vote: 0 for the first"),
        (",hi,2,HiFiC,lo,1,1", ",hi,2,HiFiC,lo,1,2", "column '1': '2' is no vote: 0 for the first"),
        ("0,2,ESRGAN,hi", "0,2,SRGAN,hi", "'SRGAN' is none of ESRGAN, ArNet, HiFiC"),
        ("0,2,ESRGAN,hi", "0,2,ESRGAN,xl", "the quality 'xl' is none of lo, mi, hi"),
        ("0,2,ESRGAN,hi", "0,two,ESRGAN,hi", "the image 'two' is no number"),
        ("0,5,ESRGAN,hi,5,HiFiC,lo", "0,2,HiFiC,lo,2,ESRGAN,hi", "stand before"),
    ],
)
def test_a_faulty_judgement_of_gid_is_one_line(
    old: str,
    new: str,
    message: str,
    place: Callable[[str], Path],
    capsys: pytest.CaptureFixture,
) -> None:
    folder = place("gid")
    row = edit(folder / replicas.JUDGEMENTS, old, new)
    line = told("gid", folder, capsys)
    assert f"row {row}" in line and message in line and "jdg.csv" in line


def test_gid_wants_its_votes(place: Callable[[str], Path], capsys: pytest.CaptureFixture) -> None:
    folder = place("gid")
    path = folder / replicas.JUDGEMENTS
    rows = [line.rsplit(",", 12)[0] for line in path.read_text().splitlines()]
    path.write_text("\n".join(rows) + "\n")
    assert "it has no column of votes" in told("gid", folder, capsys)


def test_no_name_age_or_observer_is_read(
    place: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: set[str] = set()
    real = placed.pd.read_csv

    def spied(*args: Any, **options: Any) -> pd.DataFrame:
        table = real(*args, **options)
        seen.update(table.columns)
        return table

    folder = place("srcolor")
    monkeypatch.setattr(placed.pd, "read_csv", spied)
    images, pairs, _ = read("srcolor", folder)
    assert (
        not seen & {"name", "age", "observer id", "timestamp", "time_spent"} and "test_id" in seen
    )
    assert not any(
        word in text for text in (images.to_csv(), pairs.to_csv()) for word in ("Nobody", "s00")
    )


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (replicas.SHEET, "s03,9:00,Nobody,99,0801.png,ResShift",
         "s03,9:00,Nobody,99,0801.png,SRGAN",
         "row {row}, column 'selected_model': 'SRGAN' is none of ResShift, SwinIR"),
        (replicas.SHEET, "s03,9:00,Nobody,99,0801.png,ResShift", "s03,9:00,Nobody,99,0801.png,",
         "row {row}, column 'selected_model': it is empty. Correct or remove the row"),
        (replicas.SHEET, "s03,9:00,Nobody,99,0801.png", "s03,9:00,Nobody,99,0899.png",
         "there is no file 'selected_256_ResShift/0899.png'"),
        (replicas.PAIRWISE, "o3,1003,0801_ResShift.png,0801_BSRGAN.png,0801_BSRGAN.png",
         "o3,1003,0801_ResShift.png,0801_BSRGAN.png,",
         "row {row}, column 'selected image': it is empty"),
        (replicas.PAIRWISE, "o3,1003,0801_ResShift.png,0801_BSRGAN.png,0801_BSRGAN.png",
         "o3,1003,0801_ResShift.png,0801_BSRGAN.png,0801_SwinIR.png",
         "row {row}: the choice '0801_SwinIR.png' is not one of two images"),
        (replicas.PAIRWISE, "o3,1003,0801_ResShift.png,0801_BSRGAN.png,0801_BSRGAN.png",
         "o3,1001,0801_ResShift.png,0801_BSRGAN.png,0801_ResShift.png",
         "row {row}: its session was shown '0801_BSRGAN.png' and '0801_ResShift.png' before, in "
         "row 3"),
        (replicas.PAIRWISE, "o3,1003,0801_ResShift.png,0801_BSRGAN.png,0801_BSRGAN.png",
         "o3,1003,0801_ResShift.png,0807_BSRGAN.png,0801_ResShift.png",
         "row {row}: there is no image '0807_BSRGAN.png' among those of the other"),
    ],
)  # fmt: skip
def test_a_faulty_vote_is_one_line(
    file: str,
    old: str,
    new: str,
    message: str,
    place: Callable[[str], Path],
    capsys: pytest.CaptureFixture,
) -> None:
    folder = place("srcolor")
    row = edit(folder / file, old, new)
    line = told("srcolor", folder, capsys)
    assert message.format(row=row) in line and Path(file).name in line


@pytest.mark.parametrize("votes", [(0, 0), (5, 0), (6, 0), (0, 6), (20, 40), (24, 36)])
def test_a_preference_is_what_a_binomial_test_tells(votes: tuple[int, int]) -> None:
    a, b = votes
    known = a + b > 0 and binomtest(a, a + b).pvalue < 0.05
    assert preference(Votes(a, b, 50), 0.05) == (("A" if a > b else "B") if known else "equal")
    assert known == (votes in ((6, 0), (0, 6), (20, 40)))


def test_votes_turn_with_the_images() -> None:
    names = [(f"x{k}", f"y{k}") for k in range(20)]
    pairs = voted([(a, b, Votes(9, 1, 2)) for a, b in names], "two", 0.05)
    turned = pairs["image_a"].str.startswith("y")
    assert turned.any() and not turned.all()
    assert pairs["votes_a"].tolist() == np.where(turned, 1.0, 9.0).tolist()
    assert pairs["preference"].tolist() == np.where(turned, "B", "A").tolist()
    assert pairs["fraction_a"].tolist() == pytest.approx(np.where(turned, 2 / 12, 10 / 12))


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_inverted_scores_of_photographs_are_warned_of_by_sharpness(
    name: str, place: Callable[[str], Path]
) -> None:
    folder = place(name)
    assert not any("WARNING" in note for note in read(name, folder)[2])
    warned = [n for n in read(name, folder, direction="lower")[2] if n.startswith("WARNING")]
    assert len(warned) == 1 and "run against sharpness" in warned[0] and "`direction`" in warned[0]


@pytest.mark.parametrize(("name", "score"), [("biq2021", "63.5"), ("biq2021", "-0.1")])
def test_scores_on_another_scale_are_told_with_their_row(
    name: str, score: str, place: Callable[[str], Path], capsys: pytest.CaptureFixture
) -> None:
    folder = place(name)
    row = edit(folder / "Train (Images and MOS).csv", "0.7000", score)
    line = told(name, folder, capsys)
    assert f"row {row}, column 'MOS': {score} lies outside the range 0 to 1" in line
    assert "`range`" in line


def test_a_negative_sd_is_told(place: Callable[[str], Path], capsys: pytest.CaptureFixture) -> None:
    folder = place("agiqa3k")
    edit(folder / "data/data.csv", ",0.5,1.5", ",-0.5,1.5")
    assert "row 5, SD: -0.5 lies outside the range 0 to inf" in told("agiqa3k", folder, capsys)


@pytest.mark.parametrize(
    ("keep", "message"), [(1, "it holds one rated image"), (4, "all 4 scores are 0.5")]
)
def test_a_set_that_says_nothing_is_told(
    keep: int, message: str, place: Callable[[str], Path], capsys: pytest.CaptureFixture
) -> None:
    folder = place("biq2021")
    names = [p.name for p in sorted((folder / "Images").iterdir())][:keep]
    rows = [f"{name},0.5,," for name in names]
    tables = ["Train (Images and MOS).csv", "Test (Images and MOS).csv"]
    replicas.write(folder / tables[0], "\n".join(["Image Name,MOS,,", *rows]) + "\n")
    replicas.write(folder / tables[1], "Image Name,MOS\n")
    assert message in told("biq2021", folder, capsys)


@pytest.fixture
def files(place: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a replica of AGIQA-3K whose files are listed as released."""
    folder = place("agiqa3k")
    listed = release.listed({p.relative_to(folder).as_posix(): p for p in walk(folder)})
    lists = tmp_path / "lists"
    lists.mkdir()
    (lists / "agiqa3k.txt.gz").write_bytes(listed)
    real = workspace.packaged
    monkeypatch.setattr(
        workspace, "packaged", lambda *a: lists / a[-1] if a[0] == "files" else real(*a)
    )
    return folder


def test_a_whole_set_is_read_and_each_image_is_hashed_once(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    for module in ("fgresq.sources.rows.sha256", "fgresq.sources.release.sha256"):
        monkeypatch.setattr(module, lambda path: hashed.append(path.name) or sha256(path))
    images, _, _ = read("agiqa3k", files, files="agiqa3k")
    assert len(images) == 4 and sorted(hashed) == sorted([*images.index, "data.csv"])


@pytest.mark.parametrize("fault", ["half placed", "another image", "as large", "another label"])
def test_files_that_are_not_those_released_are_told_in_one_line(
    fault: str, files: Path, capsys: pytest.CaptureFixture
) -> None:
    images = files / "data/ACGIQA-3K"
    first, path = "data/ACGIQA-3K/AttnGAN_normal_000.jpg", images / "AttnGAN_normal_000.jpg"
    if fault == "half placed":
        path.unlink()
        (images / "sd1.5_lowstep_000.jpg").unlink()
        said = f"2 of its 5 files are missing, the first '{first}'"
    elif fault == "another image":
        Image.open(images / "sd1.5_lowstep_000.jpg").resize((40, 40)).save(path)
        said = f"1 of its 5 files are not those released, the first '{first}'"
    elif fault == "as large":
        data = bytearray(path.read_bytes())
        data[-20] ^= 1
        path.write_bytes(data)
        said = f"1 of its 5 files are not those released, the first '{first}'"
    else:
        edit(files / "data/data.csv", "4.100,0.2", "4.200,0.2")
        said = "1 of its 5 files are not those released, the first 'data/data.csv'"
    line = told("agiqa3k", files, capsys, files="agiqa3k")
    assert said in line and "657e3342450b2226f9f12c10455036bc8c4f5268" in line


@pytest.mark.parametrize("fault", ["none", "missing", "changed"])
def test_data_check_compares_with_the_files_released(
    fault: str, files: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspace, "placed", lambda _: files)
    monkeypatch.setattr(workspace, "manifests", lambda: files.parent / "manifests")
    path = files / "data/ACGIQA-3K/sd1.5_lowstep_001.jpg"
    if fault == "missing":
        path.unlink()
    elif fault == "changed":
        path.write_bytes(path.read_bytes() + b"\0")
    replicas.write(files / "README.md", "surplus")
    code = main(["data", "check", "agiqa3k"])
    found = capsys.readouterr()
    assert code == (fault != "none") and not (files.parent / "manifests").exists()
    if fault == "none":
        assert "agiqa3k: as released, 6 files" in found.out
        return
    counts = "1 files are missing and 0" if fault == "missing" else "0 files are missing and 1"
    line = found.err.strip().splitlines()[-1]
    assert f"{counts} are not those released" in line and "sd1.5_lowstep_001.jpg" in line


@pytest.mark.parametrize("name", NAMES)
def test_the_lists_of_files_hold_what_is_published(name: str) -> None:
    entry = ENTRIES[name]
    known = release.released_files(entry)
    images = [n for n in known if n.lower().endswith((".bmp", ".jpg", ".png"))]
    images = [n for n in images if not n.startswith("images/Original/")]  # references of gid
    assert len(images) == entry["expected"]["images"]
    assert all(len(file.hash) == 32 and file.bytes > 0 for file in known.values())
    path = workspace.packaged("files", f"{name}.txt.gz")
    assert gzip.decompress(path.read_bytes()).count(b"\n") == len(known)


def test_only_what_may_be_passed_on_ships() -> None:
    ships = {name for name, entry in ENTRIES.items() if entry.get("ships")}
    assert ships == {"clive"}
    assert {name: ENTRIES[name]["role"] for name in (*NAMES, "srij")} == {
        "clive": "train",
        "biq2021": "train",
        "agiqa3k": "select",
        "srcolor": "test",
        "gid": "select",
        "srij": "select",
    }


def roles(**changes: list[str]) -> pd.DataFrame:
    """Give images of two sources, one to train with and one to test with."""
    rows = {
        "image": ["a/1", "a/2", "b/1", "b/2"],
        "source": ["a", "a", "b", "b"],
        "role": ["train", "train", "test", "test"],
        "sha256": ["1", "2", "3", "4"],
        "reference_sha256": ["", "", "", ""],
    }
    return pd.DataFrame(rows | changes)


def test_a_photograph_in_train_and_test_is_refused() -> None:
    check_roles(roles(), "images.csv")
    check_roles(roles(sha256=["1", "1", "3", "3"]), "images.csv")
    for changes in (
        {"sha256": ["1", "2", "2", "4"]},
        {"reference_sha256": ["", "", "2", ""]},
        {"sha256": ["1", "2", "2", "4"], "role": ["", "", "test", "test"]},
        {"sha256": ["1", "2", "2", "4"], "role": ["select", "select", "test", "test"]},
    ):
        with pytest.raises(UserError, match="images.csv: 'a/2', to .* with, and 'b/1', to test"):
            check_roles(roles(**changes), "images.csv")
    check_roles(roles(sha256=["1", "2", "2", "4"], role=["", "", "train", "train"]), "images.csv")


def test_a_source_of_two_roles_is_refused() -> None:
    with pytest.raises(UserError, match="source 'b': its images have the roles select and test"):
        check_roles(roles(role=["train", "train", "test", "select"]), "images.csv")
