"""`fgresq compare`: what it prints and writes, what it warns of, and what bad input gives."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from fgresq.cli import main
from fgresq.scoring import judges
from tests.conftest import picture
from tests.judged import Heads, Told, level, save


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """Let every model be one that says the chance of a pair of levels."""
    judge = Told({(9, 4): 0.8})
    monkeypatch.setattr(judges, "judge_of", lambda *given, **how: judge)
    return judge


@pytest.fixture
def pair(tmp_path: Path) -> list[str]:
    """Write two images of levels 9 and 4."""
    return [save(tmp_path / "a.png", level(9)), save(tmp_path / "b.png", level(4))]


def test_it_says_by_name_how_sure_by_whom(told: Told, pair: list[str], capsys) -> None:
    assert main(["compare", *pair]) == 0
    text = capsys.readouterr().out
    assert "A is better (0.800, likely)" in text
    assert re.search(r"A better +0\.800\n +B better +0\.200\n +equal +–", text)
    assert "trained on toys; judgement: people" in text and "score of A 9, of B 4" in text


def test_json_and_csv_say_the_same(told: Told, pair: list[str], tmp_path: Path, capsys) -> None:
    table = tmp_path / "out.csv"
    assert main(["compare", *pair, "--json", "--csv", str(table)]) == 0
    answer = json.loads(capsys.readouterr().out)["pairs"][0]["answers"][0]
    row = pd.read_csv(table).iloc[0]
    for name in ("a_better", "b_better", "score_a", "score_b", "chance"):
        assert answer[name] == row[name]
    assert answer["equal"] is None and np.isnan(row["equal"]) and answer["sureness"] == "likely"


def test_a_swap_and_an_equal_pair_on_the_command_line(
    pair: list[str], monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.setattr(judges, "judge_of", lambda *given, **how: Heads())
    found = []
    for images in (pair, pair[::-1], [pair[0], pair[0]]):
        assert main(["compare", *images, "--json"]) == 0
        found.append(json.loads(capsys.readouterr().out)["pairs"][0]["answers"][0])
    first, swapped, same = found
    assert first["a_better"] == swapped["b_better"] and first["b_better"] == swapped["a_better"]
    assert first["disagreement"] == swapped["disagreement"] > 0
    assert same["better"] == "equal" and same["equal"] == 1
    main(["compare", *pair])
    assert "orders (A, B) and (B, A) disagree by" in capsys.readouterr().out


def test_odd_pairs_are_answered_with_a_warning(told: Told, tmp_path: Path, capsys) -> None:
    wide = np.ascontiguousarray(picture(1, 96)[:64])
    files = {"a": wide, "b": np.ascontiguousarray(wide.transpose(1, 0, 2)), "c": picture(2, 96)}
    paths = {name: save(tmp_path / f"{name}.png", image) for name, image in files.items()}
    assert main(["compare", paths["a"], paths["b"]]) == 0
    shown = capsys.readouterr()
    assert "their sizes differ: 96x64 and 64x96 (exchanged sides" in shown.err and shown.out
    assert main(["compare", paths["a"], paths["c"]]) == 0
    assert "different contents" in capsys.readouterr().err
    noisy = picture(2, 96) + np.random.default_rng(0).integers(0, 20, (96, 96, 3), dtype=np.uint8)
    assert main(["compare", paths["c"], save(tmp_path / "d.png", noisy)]) == 0
    assert "different contents" not in capsys.readouterr().err


def bad_inputs(folder: Path) -> dict[str, str]:
    """Write what people give in place of an image; each with a word of its message."""
    save(folder / "whole.png", picture(1))
    whole = (folder / "whole.png").read_bytes()
    (folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.png").write_bytes(b"")
    (folder / "text.png").write_text("no image")
    (folder / "folder.png").mkdir()
    save(folder / "dot.png", np.zeros((1, 1, 3), np.uint8))
    save(folder / "flat.png", np.full((64, 64, 3), 90, np.uint8))
    told = {"cut": "not a readable", "empty": "the file is empty", "text": "not a readable"}
    told |= {"folder": "it is a folder", "dot": "too small", "flat": "flat"}
    found = {str(folder / f"{name}.png"): word for name, word in told.items()}
    long = str(folder / ("n" * 300 + ".png"))
    return {
        **found,
        "https://x.org/a.png": "address",
        str(folder / "no.png"): "no such",
        long: "no",
    }


def test_what_is_no_image_is_one_line_and_the_rest_is_answered(
    tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = bad_inputs(tmp_path), save(tmp_path / "good.png", picture(1))
    lines = [f"{path},{good}" for path in bad] + [f"{good},{tmp_path / 'whole.png'}"]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines)))
    out = tmp_path / "out.csv"
    assert main(["compare", "-", "--model", "embedded", "--csv", str(out)]) == 1
    shown = capsys.readouterr()
    told = [line for line in shown.err.splitlines() if "comparing" not in line and line]
    notes = ("different contents", "sizes", "unlike the photographs")
    faults = [line for line in told if not any(note in line for note in notes)]
    assert len(faults) == len(bad) + 1 and "Traceback" not in shown.err
    for word in bad.values():
        assert any(word in line for line in faults), word
    table = pd.read_csv(out)
    assert table["better"].notna().sum() == 1 and table["reason"].notna().sum() == len(bad)


def test_cmyk_gray_and_animations_are_images(told: Told, tmp_path: Path, capsys) -> None:
    images = [Image.fromarray(picture(seed)) for seed in (1, 2)]
    images[0].convert("CMYK").save(tmp_path / "c.jpg")
    images[0].convert("L").save(tmp_path / "l.png")
    images[0].save(tmp_path / "m.gif", save_all=True, append_images=images[1:])
    assert main(["compare", str(tmp_path / "c.jpg"), str(tmp_path / "l.png")]) == 0
    assert main(["compare", str(tmp_path / "c.jpg"), str(tmp_path / "m.gif")]) == 0
    assert "of its 2 frames the first is judged" in capsys.readouterr().err


def test_one_or_three_images_are_sent_to_the_right_command(tmp_path: Path, capsys) -> None:
    paths = [save(tmp_path / f"{k}.png", picture(k)) for k in range(3)]
    for given in (paths, paths[:1], [str(tmp_path / "*.png")]):
        assert main(["compare", *given]) == 1
        assert "fgresq rank" in capsys.readouterr().err


def test_the_page_is_one_file_that_shows_both(told: Told, tmp_path: Path) -> None:
    evil = tmp_path / "<b>&.png"
    pair = [save(evil, level(9, 1400)), save(tmp_path / "b.png", level(4, 1400))]
    out = tmp_path / "page.html"
    assert main(["compare", *pair, "--html", str(out)]) == 0
    page = out.read_text()
    assert page.count("data:image/png;base64,") == 2 and "&lt;b&gt;&amp;.png" in page
    assert "<b>&.png" not in page and "Shown at 1280x1280; judged at 1400x1400" in page
    assert not re.search(r"""(?:src|href)=["'](?!data:)|https?://|@import|url\(""", page)
    assert "prefers-color-scheme: dark" in page and "keydown" in page
    assert "data-hold aria" not in page  # nothing to hold for


def test_the_page_holds_the_reference_where_one_was_given(told: Told, tmp_path: Path) -> None:
    names = ("clean", "a", "b")
    clean, *pair = (save(tmp_path / f"{n}.png", level(i)) for i, n in enumerate(names))
    out = tmp_path / "page.html"
    given = ["--reference", clean, "--model", "ssim", "--html", str(out)]
    assert main(["compare", *pair, *given]) == 0
    shots = re.findall(r'<img class="shot([^"]*)"[^>]*alt="([^"]*)"', out.read_text())
    assert [(mark.strip(), alt[:2]) for mark, alt in shots] == [
        ("left", "A:"),
        ("right", "B:"),
        ("reference", "re"),
    ]
    assert "data-hold aria" in out.read_text()
