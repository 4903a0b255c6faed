"""`fgresq score` as people call it: several methods and inputs, what is told, and how it ends."""

from __future__ import annotations

import io
import json
import sys
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from fgresq.cli import main
from fgresq.errors import UserError
from fgresq.images import read_rgb
from fgresq.metrics import niqe, psnr, psnr_y, ssim
from fgresq.scoring.given import rows_of, split_words
from fgresq.scoring.listed import listed
from fgresq.scoring.orientation import TAG, upright
from fgresq.scoring.references import matched
from fgresq.scoring.remarks import depth_of
from fgresq.scoring.score_table import read_told
from fgresq.tables import read_scores
from tests.conftest import picture


def save(path: Path, image: np.ndarray, **how: object) -> Path:
    """Write a picture, with its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path, **how)
    return path


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder with restorations of one picture, and their reference."""
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "gt/img001.png", picture(0, 48))
    for number, name in enumerate(("SwinIR", "DAT"), 1):
        noise = np.random.default_rng(number).normal(0, 5 * number, (48, 48, 3))
        noisy = np.clip(picture(0, 48) + noise, 0, 255).astype(np.uint8)
        save(tmp_path / f"out/img001_{name}.png", noisy)
    return tmp_path


def call(*words: str) -> int:
    """Call the command with a cache of its own."""
    return main(["score", *words, "--cache", "cache"])


def values(name: str) -> dict[str, float]:
    """Give the values of the restorations by a full-reference method's module."""
    score = {"psnr": psnr, "ssim": ssim}[name].score
    reference = read_rgb("gt/img001.png")
    return {p.name: score(read_rgb(p), reference) for p in sorted(Path("out").glob("*.png"))}


def test_several_methods_give_one_table_that_says_what_is_better(
    place: Path, capsys: pytest.CaptureFixture
) -> None:
    assert call("psnr", "gmsd", "ssim", "out", "--references", "gt", "--out", "s.csv") == 0
    table = read_told("s.csv")
    assert table["method"].tolist() == ["psnr"] * 2 + ["gmsd"] * 2 + ["ssim"] * 2
    for name in ("psnr", "ssim"):
        own = table[table["method"].eq(name)].set_index("image")
        assert own["value"].to_dict() == pytest.approx(values(name), rel=1e-8)
    assert dict(zip(table["method"], table["higher_better"], strict=True)) == {
        "psnr": "true", "gmsd": "false", "ssim": "true",
    }  # fmt: skip
    assert dict(zip(table["method"], table["range"], strict=True))["ssim"] == "-1..1"
    assert table["version"].str.fullmatch("[0-9a-f]{16}").all()
    assert table["version"].nunique() == 3
    lines = capsys.readouterr().out.splitlines()
    mean = np.mean(list(values("psnr").values()))
    start = f"psnr: mean {mean:.6g}, n 2, 0 without value; higher is better, range 0..361.3"
    assert lines[0] == start and lines[1].startswith("gmsd: ") and "lower is better" in lines[1]


def test_without_a_file_the_values_are_printed(place: Path, capsys: pytest.CaptureFixture) -> None:
    assert call("psnr", "ssim", "out", "--references", "gt/img001.png") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["image", "psnr", "ssim"]
    for line, name in zip(lines[1:3], ("img001_DAT.png", "img001_SwinIR.png"), strict=True):
        shown = [name, f"{values('psnr')[name]:.6g}", f"{values('ssim')[name]:.6g}"]
        assert line.split() == shown
    assert lines[-2].startswith("psnr: mean") and lines[-1].startswith("ssim: mean")


def test_json_holds_the_same(place: Path, capsys: pytest.CaptureFixture) -> None:
    save(place / "out/other.png", picture(1, 40))
    assert call("psnr", "out", "--references", "gt/img001.png", "--json", "--csv", "s.csv") == 1
    found = json.loads(capsys.readouterr().out)
    psnr_ = found["methods"]["psnr"]
    assert psnr_["n"] == 2 and psnr_["without_value"] == 1 and psnr_["higher_better"] is True
    rows = {row["image"]: row for row in found["scores"]}
    assert rows["other.png"]["value"] is None and "40x40" in rows["other.png"]["reason"]
    assert len(read_told("s.csv")) == 3


def test_pictures_patterns_lists_and_options_anywhere(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gt, wanted = ["--references", "gt"], {f"out/{name}": v for name, v in values("psnr").items()}
    for words in (
        [["psnr"], ["out/img001_DAT.png", "out/img001_SwinIR.png"]],
        [["out/*.png"], ["psnr"]],
        [["--images", "out/img001_DAT.png", "out/img001_SwinIR.png"], ["psnr"]],
        [["psnr"], ["**/img001_*.png"]],
        [["psnr"], ["-"]],
    ):
        lines = "out/img001_DAT.png\n\nout/img001_SwinIR.png\r\n"
        monkeypatch.setattr(sys, "stdin", io.StringIO(lines))
        assert call(*words[0], "--out", "s.csv", *gt, *words[1]) == 0, words
        table = read_told("s.csv").set_index("image")
        assert table["value"].to_dict() == pytest.approx(wanted, rel=1e-8)


def test_the_step_of_the_pipeline_writes_its_table_as_it_was(place: Path) -> None:
    """Five columns, of which `fgresq score` gives the same values."""
    assert call("psnr", "out", "--references", "gt", "--out", "s.csv") == 0
    table = pd.read_csv("s.csv")
    assert table.columns.tolist() == [
        *("image", "method", "split", "value", "reason"),
        *("higher_better", "range", "version", "basis"),
    ]
    plain = table[table.columns[:5]]
    plain.to_csv("plain.csv", index=False)
    assert read_scores("plain.csv")["value"].equals(read_told("s.csv")["value"])
    assert read_told("plain.csv")["image"].tolist() == table["image"].tolist()


def test_methods_and_inputs_are_told_apart() -> None:
    known = ("psnr", "niqe")
    found = split_words(["niqe", "a.png", "psnr", "niqe", "./psnr", "some/dir"], known, "m.yaml")
    assert found == (["niqe", "psnr"], ["a.png", "./psnr", "some/dir"])
    with pytest.raises(UserError, match="m.yaml: unknown method 'niqee'. Did you mean 'niqe'"):
        split_words(["niqee", "x.png"], known, "m.yaml")


def test_of_several_methods_one_that_fails_leaves_the_others(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    def broken(image: np.ndarray, reference: np.ndarray) -> float:
        raise UserError("weights", "they are not here", "Fetch them")

    monkeypatch.setattr(ssim, "score", broken)
    assert call("ssim", "psnr", "out", "--references", "gt", "--out", "s.csv") == 1
    table = read_told("s.csv").set_index(["method", "image"])
    assert table.loc["psnr", "value"].notna().all() and table.loc["ssim", "value"].isna().all()
    assert set(table.loc["ssim", "reason"]) == {"weights: they are not here. Fetch them."}
    assert "2 of 4 values are missing: reasons in s.csv" in capsys.readouterr().err
    assert call("ssim", "out", "--references", "gt", "--out", "none.csv") == 1
    assert not Path("none.csv").exists()


def bad_files(place: Path) -> list[str]:
    """Write what people give by mistake, and name it."""
    whole = save(place / "bad/whole.png", picture(2, 48)).read_bytes()
    files = {"text.png": b"none", "empty.png": b"", "short.png": whole[: len(whole) // 2]}
    for name, data in files.items():
        (place / "bad" / name).write_bytes(data)
    save(place / "bad/one.png", picture(0, 8)[:1, :1])
    (place / "bad/folder.png").mkdir()
    wide = np.zeros((1, 40_000, 3), np.uint8)
    save(place / "bad/wide.png", wide)
    bomb = bytearray(whole)
    bomb[16:24] = (60_000).to_bytes(4, "big") * 2  # width and height
    bomb[29:33] = zlib.crc32(bomb[12:29]).to_bytes(4, "big")
    (place / "bad/bomb.png").write_bytes(bomb)
    names = [f"bad/{name}" for name in (*files, "one.png", "folder.png", "wide.png", "bomb.png")]
    return [*names, "http://a.b/c.png", "bad/none.png", "nul\0.png", "a" * 300 + ".png"]


def test_of_a_batch_what_is_bad_has_one_line_and_the_rest_a_value(
    place: Path, capsys: pytest.CaptureFixture
) -> None:
    bad = bad_files(place)
    Image.fromarray(picture(3, 48)).convert("CMYK").save("cmyk.jpg")
    frames = [Image.fromarray(picture(n, 48)) for n in range(3)]
    frames[0].save("moving.gif", save_all=True, append_images=frames[1:])
    good = ["cmyk.jpg", "moving.gif", "bad/whole.png"]
    assert call("ssim", "brisque_none.csv", *bad, *good, "--references", "gt/img001.png") == 1
    shown = capsys.readouterr()
    assert "Traceback" not in shown.err + shown.out
    lines = {line.split("  ")[0]: line for line in shown.out.splitlines()}
    for name in good:
        assert "–" not in lines[name] and lines[name].split()[1].startswith(("0.", "-0."))
    for name, told in {
        "bad/text.png": "not a readable image",
        "bad/empty.png": "not a readable image",
        "bad/short.png": "not a readable image",
        "bad/one.png": "it is 1x1, its reference is 48x48",
        "bad/folder.png": "there is no image in it",
        "bad/wide.png": "it is 40000x1, its reference is 48x48",
        "bad/bomb.png": "it is too large",
        "http://a.b/c.png": "Download it first",
        "bad/none.png": "there is no such image",
        "brisque_none.csv": "there is no such file",
    }.items():
        assert told in lines[name] and lines[name].split()[1] == "–", name
    assert "NUL byte" in shown.out and "304 bytes" in shown.out
    assert "11 bad" not in shown.err and "moving.gif): several pictures in one file" in shown.err


def test_a_single_bad_input_ends_the_call(place: Path, capsys: pytest.CaptureFixture) -> None:
    for word, told in {
        "https://a.b/c.png": "it is an address in the network. Download it first",
        "nul\0.png": "holds a NUL byte",
        "x" * 300 + ".png": "has 304 bytes, and 255 is the most",
        "none.png": "there is no such image",
        "none.csv": "there is no such file",
        "*.bmp": "no file fits it",
    }.items():
        assert call("psnr", word, "--out", "s.csv") == 1
        shown = capsys.readouterr().err
        assert told in shown and "Traceback" not in shown and not Path("s.csv").exists()


def test_a_decoder_that_breaks_takes_no_other_image_with_it(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fgresq.scoring import evaluate

    def decode(path: str) -> np.ndarray:
        if path.endswith("DAT.png"):
            raise KeyError("damaged tag")
        return read_rgb(path)

    monkeypatch.setattr(evaluate, "read_rgb", decode)
    assert call("psnr", "out", "--references", "gt", "--out", "s.csv") == 1
    table = read_told("s.csv").set_index("image")
    assert "cannot be decoded (KeyError" in table["reason"]["img001_DAT.png"]
    assert np.isfinite(table["value"]["img001_SwinIR.png"])


def names_of(place: Path, pictures: list[str], refs: list[str], pattern: str | None = None) -> dict:
    return matched(place, pictures, refs, pattern)


def test_references_by_suffix_are_told_once(place: Path, capsys: pytest.CaptureFixture) -> None:
    assert call("psnr", "out", "--references", "gt", "--out", "s.csv") == 0
    told = capsys.readouterr().err
    assert told.count("references by suffix: 'img001_DAT.png' to 'img001.png', and 1 more") == 1


@pytest.mark.parametrize(
    ("picture", "references", "pattern", "found"),
    [
        ("img001_SwinIR.png", ["img001.png", "img002.png"], None, "img001.png"),
        ("baby-DAT.jpg", ["baby.png"], None, "baby.png"),
        ("0801x4.png", ["0801.png"], None, "0801.png"),
        ("0801.x4.png", ["0801.png"], None, "0801.png"),
        ("a/img_DAT.png", ["img.png", "a/img.png"], None, "a/img.png"),
        ("img_1.png", ["img.png", "img_1.png"], None, "img_1.png"),  # its own name goes first
        ("DAT_img_1.png", ["img_1.png"], "{method}_{reference}", "img_1.png"),
        ("a_b_DAT.png", ["a.png", "a_b.png"], "{reference}_DAT", "a_b.png"),
        ("img.png", ["img.png", "img_x.png"], "{reference}", "img.png"),
    ],
)
def test_a_reference_is_found(
    picture: str, references: list[str], pattern: str | None, found: str
) -> None:
    assert matched(Path("gt"), [picture], references, pattern) == {picture: found}


@pytest.mark.parametrize(
    ("picture", "references", "pattern", "told"),
    [
        ("a_b_DAT.png", ["a.png", "a_b.png"], None, "may belong to 'a.png' and 'a_b.png'"),
        ("2.png", ["10.png", "11.png"], None, "such as '2.png'. There is '10.png', '11.png'"),
        ("IMG1.png", ["img1.png"], None, "such as 'IMG1.png'. Near is 'img1.png'"),
        ("1.png", ["10.png"], None, "no image has a reference of its name"),
        ("img001.png", ["img1.png"], None, "Near is 'img1.png'"),
        ("a.png", ["a.png"], "{ref}_{method}", "does not say where the reference's name stands"),
        ("a.png", ["a.png"], "{method}", "Write it as '{reference}_{method}'"),
        ("a.png", ["a.png", "a.bmp"], None, "are references of one name"),
    ],
)
def test_what_is_no_reference_for_sure_is_refused(
    picture: str, references: list[str], pattern: str | None, told: str
) -> None:
    with pytest.raises(UserError) as error:
        matched(Path("gt"), [picture], references, pattern)
    assert told in str(error.value)


def test_where_some_have_none_the_near_name_is_told(
    place: Path, capsys: pytest.CaptureFixture
) -> None:
    save(place / "gt/img002.png", picture(1, 48))
    save(place / "out/IMG002.png", picture(1, 48))
    assert call("psnr", "out", "--references", "gt", "--out", "s.csv") == 1
    told = capsys.readouterr().err
    assert "no reference: 1 of 3, 'IMG002.png'. Near is 'img002.png'." in told
    assert read_told("s.csv").set_index("image")["reason"]["IMG002.png"] == "no reference"


def test_pictures_that_are_their_own_references_are_counted(
    place: Path, capsys: pytest.CaptureFixture
) -> None:
    (place / "copy").mkdir()
    (place / "copy/img001.png").write_bytes((place / "gt/img001.png").read_bytes())
    for folder in ("gt", "copy"):
        assert call("psnr", folder, "--references", "gt", "--out", "s.csv") == 0
        told = capsys.readouterr().err
        assert told.count("1 of 1 pictures (img001.png): the picture is its own reference") == 1
        assert read_told("s.csv")["value"].tolist() == pytest.approx([361.202], abs=1e-3)
    assert call("psnr", "out", "--references", "gt", "--out", "s.csv") == 0
    assert "own reference" not in capsys.readouterr().err


def turned(path: Path, image: np.ndarray, tag: int) -> Path:
    exif = Image.Exif()
    exif[TAG] = tag
    return save(path, image, exif=exif)


def test_exif_orientation_is_named_where_it_shows(
    place: Path, capsys: pytest.CaptureFixture
) -> None:
    plain = save(place / "plain.png", picture(0, 48)[:40])
    turned(place / "lying.jpg", np.ascontiguousarray(np.rot90(picture(0, 48)[:40])), 6)
    assert call("psnr", "lying.jpg", "--references", str(plain)) == 1
    shown = capsys.readouterr()
    assert "it is 40x48, its reference is 48x40; its EXIF orientation (6) is not" in shown.out
    assert call("psnr", str(plain), "--references", "lying.jpg") == 1
    assert "its reference's EXIF orientation (6)" in capsys.readouterr().out
    turned(place / "head.jpg", picture(0, 48)[:40], 3)
    assert call("psnr", "head.jpg", "--references", str(plain)) == 0
    told = capsys.readouterr().err
    assert "1 of 1 pictures (head.jpg): another EXIF orientation than the reference's" in told
    save(place / "other.png", picture(0, 48)[:, :40])
    turned(place / "small.jpg", picture(0, 48)[:40, :40], 6)
    for name in ("other.png", "small.jpg"):  # no tag; a tag, and a size that it does not explain
        assert call("psnr", name, "--references", str(plain)) == 1
        assert "EXIF orientation (" not in capsys.readouterr().out


@pytest.mark.parametrize("tag", range(1, 9))
def test_turned_as_pillow_turns(tmp_path: Path, tag: int) -> None:
    from PIL import ImageOps

    path = turned(tmp_path / "t.png", picture(5, 32)[:20], tag)
    with Image.open(path) as image:
        expected = np.asarray(ImageOps.exif_transpose(image))
    np.testing.assert_array_equal(upright(read_rgb(path), tag), expected)


def test_a_method_whose_authors_turn_pictures_gets_them_turned(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`fgresq_published` says so of itself; what it is given is tried with another method."""
    from fgresq.metrics import fgresq_published
    from fgresq.scoring import judging
    from fgresq.scoring.registry import Method

    assert fgresq_published.UPRIGHT
    path = turned(place / "t.png", picture(5, 32)[:20], 6)
    for follows, shape in ((True, (32, 20, 3)), (False, (20, 32, 3))):
        method = Method("m", "NR", lambda image, other: image.shape, (), follows)
        score = judging.as_its_authors_read(method, str(path))
        assert score(read_rgb(path), None) == shape


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([0, 257, 65535], ""),
        ([0, 258, 65535], "rounded"),
        ([0, 1023], "dark 10"),
        ([0, 1024, 4095], "dark 12"),
        ([0, 4096], "rounded"),
        ([0, 0], ""),
        ([3, 200], "rounded"),
    ],
)
def test_what_16_bits_hold_is_told(values: list[int], told: str) -> None:
    assert depth_of(np.array(values, np.uint16)) == told


def test_depth_and_transparency_are_told_once(place: Path, capsys: pytest.CaptureFixture) -> None:
    import cv2

    deep = picture(0, 48).astype(np.uint16)
    cv2.imwrite("whole.png", deep * 257)
    cv2.imwrite("ten.png", deep * 4)
    cv2.imwrite("twelve.png", deep[..., 0] * 16)
    cv2.imwrite("deeper.tif", deep * 200)
    clear = np.dstack([picture(0, 48), np.full((48, 48), 255, np.uint8)])
    save(place / "opaque.png", clear)
    clear[3, 3, 3] = 254
    save(place / "clear.png", clear)
    assert call("psnr", "*.png", "*.tif", "--references", "gt/img001.png", "--json") == 0
    told = capsys.readouterr().err
    for name, words in {
        "ten.png": "16 bits a sample, of which 10 are used",
        "twelve.png": "16 bits a sample, of which 12 are used",
        "deeper.tif": "16 bits a sample, and more in them than 8 can hold",
        "clear.png": "transparent in parts, laid on white",
    }.items():
        assert told.count(f"1 of 6 pictures ({name}): {words}") == 1
    assert "whole.png)" not in told and "opaque.png)" not in told


def test_pictures_of_every_mode_are_the_8_bit_rgb_to_the_digit(place: Path) -> None:
    import cv2

    gray = picture(4, 48)[..., 0]
    one = np.repeat((gray > 127)[..., None], 3, 2).astype(np.uint8) * 255
    same = {
        "rgb.png": Image.fromarray(np.repeat(gray[..., None], 3, 2)),
        "l.png": Image.fromarray(gray),
        "la.png": Image.fromarray(np.dstack([gray, np.full_like(gray, 255)])),
        "rgba.png": Image.fromarray(np.dstack([gray] * 3 + [np.full_like(gray, 255)])),
        "bits.png": Image.fromarray(one[..., 0]).convert("1"),
        "black.png": Image.fromarray(one),
        "palette.png": Image.fromarray(one).convert("P"),
    }
    for name, image in same.items():
        image.save(name)
    cv2.imwrite("deep.png", gray.astype(np.uint16) * 257)
    files = [*same, "deep.png"]
    assert call("psnr", *files, "--references", "gt/img001.png", "--out", "s.csv") == 0
    found = read_told("s.csv").set_index("image")["value"]
    assert found[["rgb.png", "l.png", "la.png", "rgba.png", "deep.png"]].nunique() == 1
    assert found[["bits.png", "black.png", "palette.png"]].nunique() == 1


def test_niqe_says_on_how_many_blocks_its_value_rests(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(niqe, "score", lambda image, reference: 5.0)
    save(place / "many/a.png", picture(0, 300))
    save(place / "many/b.png", picture(0, 300)[:200])
    assert call("niqe", "many", "--out", "s.csv") == 0
    found = read_told("s.csv").set_index("image")["basis"]
    assert found.to_dict() == {"a.png": "9 blocks of 96x96", "b.png": "6 blocks of 96x96"}


def test_memory_is_flat_over_many_sizes(tmp_path: Path) -> None:
    """What a method keeps does not grow with the pictures, nor with their sizes."""
    import tracemalloc

    from fgresq.metrics import fsim
    from fgresq.ops import saliency

    assert saliency._shrinking.cache_info().maxsize == 8  # VSI keeps weights of that many sides
    base = picture(0, 64)

    def after(numbers: range) -> int:
        for n in numbers:
            one = np.ascontiguousarray(base[: 24 + 2 * (n % 20), : 60 - n % 20])
            for method in (ssim, fsim):
                method.score(one, one[::-1].copy())
        return tracemalloc.get_traced_memory()[0]

    after(range(2))
    tracemalloc.start()
    try:
        first = after(range(2, 22))
        assert after(range(22, 62)) - first < 200_000
    finally:
        tracemalloc.stop()


def test_one_input_keeps_the_names_that_it_had(place: Path) -> None:
    assert listed(Path("out"))["image"].tolist() == ["img001_DAT.png", "img001_SwinIR.png"]
    assert rows_of(["out"])["image"].tolist() == ["img001_DAT.png", "img001_SwinIR.png"]
    assert rows_of(["out", "gt", "out/img001_DAT.png"])["image"].tolist() == [
        "out/img001_DAT.png", "out/img001_SwinIR.png", "gt/img001.png",
    ]  # fmt: skip


def test_a_border_is_cut_by_the_methods_that_cut_one(
    place: Path, capsys: pytest.CaptureFixture
) -> None:
    words = ("psnr_y", "psnr", "out", "--references", "gt")
    assert call(*words, "--csv", "whole.csv") == 0
    assert call(*words, "--csv", "cut.csv", "--border", "4") == 0
    whole, cut = (
        read_told(name).set_index(["method", "image"]) for name in ("whole.csv", "cut.csv")
    )
    reference = read_rgb("gt/img001.png")
    for path in Path("out").glob("*.png"):
        inner = psnr_y.score(read_rgb(path)[4:-4, 4:-4], reference[4:-4, 4:-4])
        at = "psnr_y", path.name
        assert cut.loc[at, "value"] == pytest.approx(inner, rel=1e-8)
        assert cut.loc[at, "value"] != whole.loc[at, "value"]
        assert cut.loc[at, "version"] != whole.loc[at, "version"]
        assert cut.loc[at, "basis"] == "border 4"
    assert cut.loc["psnr", "value"].equals(whole.loc["psnr", "value"])
    assert call("psnr", "out", "--references", "gt", "--border", "4") == 1
    assert "--border: none of psnr cuts a border" in capsys.readouterr().err
