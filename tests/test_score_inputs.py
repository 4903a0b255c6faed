"""What a user gives to `fgresq score`: folders, pictures, tables, and what does not go together."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from fgresq.cli import main
from fgresq.errors import UserError
from fgresq.images import read_rgb
from fgresq.metrics import gmsd, psnr
from fgresq.scoring.listed import listed
from fgresq.scoring.score_table import read_told
from tests.conftest import picture


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with images (two, one of them deeper) and their references (JPEG)."""
    for place, name in enumerate(("one.png", "sub/two.png")):
        for kind, image in (("out", picture(place, 32)), ("gt", picture(place, 32) // 2)):
            path = tmp_path / kind / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(path if kind == "out" else path.with_suffix(".bmp"))
    (tmp_path / "out/notes.txt").write_text("none")
    return tmp_path


def scored(folder: Path, *given: str, without: bool = False) -> pd.DataFrame:
    """Score by PSNR and give the table by image; `without`: whether a value is to be missing."""
    out = folder / "scores.csv"
    places = ["--out", str(out), "--cache", str(folder / "cache")]
    assert main(["score", "psnr", *given, *places]) == int(without)
    return read_told(out).set_index("image")


def test_references_are_found_by_name(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    found = scored(folder, "--images", str(folder / "out"), "--references", str(folder / "gt"))
    for name in ("one", "sub/two"):
        pair = (read_rgb(folder / kind) for kind in (f"out/{name}.png", f"gt/{name}.bmp"))
        assert found["value"][f"{name}.png"] == pytest.approx(psnr.score(*pair), rel=1e-8)
    (folder / "gt/one.bmp").unlink()
    given = ["--images", str(folder / "out"), "--references", str(folder / "gt")]
    found = scored(folder, *given, without=True)
    assert found["reason"]["one.png"] == "no reference" and found["value"].notna().sum() == 1


def test_a_short_table_has_paths_from_its_own_folder(folder: Path) -> None:
    rows = [("out/one.png", "gt/one.bmp"), (str(folder / "out/sub/two.png"), "")]
    pd.DataFrame(rows, columns=["path", "reference"]).to_csv(folder / "t.csv", index=False)
    found = scored(folder, "--images", str(folder / "t.csv"), without=True)
    by_hand = psnr.score(read_rgb(folder / "out/one.png"), read_rgb(folder / "gt/one.bmp"))
    assert found["value"]["out/one.png"] == pytest.approx(by_hand, rel=1e-8)
    assert found["reason"][rows[1][0]] == "no reference"


def test_without_references_the_way_to_name_them_is_told(
    folder: Path, capsys: pytest.CaptureFixture
) -> None:
    scored(folder, "--images", str(folder / "out"), without=True)
    assert "name them: --references FOLDER" in capsys.readouterr().err


def test_values_do_not_depend_on_where_memory_lies(folder: Path) -> None:
    """OpenCV's use of IPP makes them do so in the ninth digit; scoring turns it off."""
    cv2.ipp.setUseIPP(True)
    scored(folder, "--images", str(folder / "out"), "--references", str(folder / "gt"))
    images, store = [picture(n, 256) for n in (0, 1)], np.empty(2 * 256 * 256 * 3, np.uint8)
    found = set()
    for at in range(0, 64, 4):
        placed = store[at : at + images[0].size].reshape(images[0].shape)
        placed[...] = images[0]
        junk = [np.empty(at * 5 + n) for n in range(5)]
        found.add(gmsd.score(placed, images[1]))
        del junk
    assert len(found) == 1


def test_one_picture_is_scored_against_one(folder: Path) -> None:
    one = [f"--images={folder / 'out/one.png'}", f"--references={folder / 'gt/one.bmp'}"]
    assert scored(folder, *one)["value"].notna().tolist() == [True]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("image,path\na,x.png\na,y.png\n", "image 'a' is listed twice"),
        ("image,path\na,x.png\n,y.png\n", "row 2: its image is empty"),
        ("path,reference\n,y.png\n", "row 1: its path is empty"),
    ],
)
def test_faulty_rows_are_named(folder: Path, rows: str, message: str) -> None:
    (folder / "t.csv").write_text(rows)
    with pytest.raises(UserError, match=f"t.csv.*{message}"):
        listed(folder / "t.csv")


def test_references_that_fit_nothing_are_told(folder: Path) -> None:
    with pytest.raises(UserError, match="no image has a reference of its name"):
        listed(folder / "out", folder / "gt/sub")
    with pytest.raises(UserError, match="no such folder of references"):
        listed(folder / "out", folder / "none")
    Image.fromarray(picture(0, 32)).save(folder / "gt/one.png")
    with pytest.raises(UserError, match="are references of one name"):
        listed(folder / "out", folder / "gt")


def test_links_are_followed_once_and_a_closed_folder_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "far").mkdir()
    Image.fromarray(picture(0, 32)).save(folder / "far/three.png")
    (folder / "out/link").symlink_to(folder / "far")
    (folder / "far/round").symlink_to(folder / "out")
    names = listed(folder / "out")["image"].tolist()
    assert names == ["link/three.png", "one.png", "sub/two.png"]
    scan = os.scandir

    def closed(path: object) -> object:
        if str(path).endswith("sub"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", closed)
    with pytest.raises(UserError, match="sub: it cannot be read .Permission denied"):
        listed(folder / "out")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["psnr", "--workers", "2"], "it is scored by one process"),
        (["ilniqe_refit", "--workers", "2", "--threads", "2"], "each process has one thread"),
        (["niqee"], "unknown method 'niqee'. Did you mean 'niqe'"),
        (["dbcnn"], "method 'dbcnn': it is trained"),
        ([], "no method is named"),
        (["niqe", "--checkpoint", "some"], "it does not go with method 'niqe'"),
    ],
)
def test_what_does_not_go_together_is_told(
    folder: Path, given: list[str], message: str, capsys: pytest.CaptureFixture
) -> None:
    call = ["--images", str(folder / "out"), "--out", str(folder / "scores.csv")]
    assert main(["score", *given, *call]) == 1
    assert message in capsys.readouterr().err
    assert not (folder / "scores.csv").exists()


def test_inputs_are_not_written_over(folder: Path, capsys: pytest.CaptureFixture) -> None:
    table = folder / "t.csv"
    table.write_text("path,reference\nout/one.png,gt/one.bmp\n")
    for out in (table, folder / "out/../out/one.png", folder / "gt/one.bmp"):
        before = out.read_bytes()
        assert main(["score", "psnr", "--images", str(table), "--out", str(out)]) == 1
        assert "would be written over" in capsys.readouterr().err and out.read_bytes() == before


def test_of_a_bad_mask_only_its_image_has_no_value(folder: Path) -> None:
    Image.fromarray(np.zeros((32, 32), np.uint8)).save(folder / "black.png")
    rows = ["path,reference,mask", "out/one.png,gt/one.bmp,black.png"]
    rows += ["out/sub/two.png,gt/sub/two.bmp,"]
    (folder / "t.csv").write_text("\n".join(rows))
    found = scored(folder, "--images", str(folder / "t.csv"), without=True)
    assert "leaves no pixel inside" in found["reason"]["out/one.png"]
    assert found["reason"]["out/sub/two.png"] == ""
