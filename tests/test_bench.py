"""`fgresq bench`: matching by name, who wins, intervals over contents, and the sign test."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, norm

from fgresq.analysis.wins import drawn, duel, holm, mean_of
from fgresq.cli import main
from fgresq.scoring import judges, looking
from fgresq.scoring.judges import judge_of
from fgresq.scoring.looking import look_at_all
from fgresq.scoring.matched import ENDS, common_end, names_of
from tests.conftest import picture
from tests.judged import Told, level, save

LEVELS = {"good": (9, 8, 7, 9, 5, 6), "fair": (5, 5, 6, 5, 5, 9), "poor": (1, 2, 3, 1, 2, 3)}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """Let every model be one that goes by the level of an image."""
    judge = Told()
    monkeypatch.setattr(judges, "judge_of", lambda *given, **how: judge)
    return judge


@pytest.fixture
def folders(tmp_path: Path) -> list[str]:
    """Write three methods' images of six contents."""
    for method, numbers in LEVELS.items():
        for content, number in enumerate(numbers):
            save(tmp_path / method / f"{content}.png", level(number))
    return [str(tmp_path / method) for method in LEVELS]


def benched(capsys, *words: str, code: int = 0) -> dict:
    """Call the command and give the first model of its JSON, with the whole."""
    assert main(["bench", *words, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_wins_are_those_of_the_levels(told: Told, folders: list[str], capsys) -> None:
    model = benched(capsys, *folders)["models"][0]
    found = {(d["first"], d["second"]): d for d in model["duels"]}
    assert list(found) == [("good", "fair"), ("good", "poor"), ("fair", "poor")]
    one = found["good", "fair"]
    assert (one["wins"], one["losses"], one["equal"]) == (4, 1, 1)
    assert one["rate"]["value"] == pytest.approx(4.5 / 6) and one["rate"]["n"] == 6
    assert one["p_sign_test"] == pytest.approx(2 * binom.cdf(1, 5, 0.5))
    all_won = found["good", "poor"]
    assert all_won["rate"]["value"] == 1 and all_won["rate"]["interval"][1] == 1
    assert all_won["rate"]["interval"][0] == pytest.approx(0.025 ** (1 / 6))
    mean = model["mean_score"]["good"]
    assert mean["value"] == pytest.approx(np.mean(LEVELS["good"]))
    assert mean["interval"][0] < mean["value"] < mean["interval"][1]


def test_another_order_of_folders_gives_the_same_with_sides_swapped(
    told: Told, folders: list[str], capsys
) -> None:
    one = benched(capsys, *folders)["models"][0]
    other = benched(capsys, *folders[::-1])["models"][0]
    assert other["mean_score"] == one["mean_score"]
    back = {(d["second"], d["first"]): d for d in other["duels"]}
    for d in one["duels"]:
        swapped = back[d["first"], d["second"]]
        assert (d["wins"], d["losses"]) == (swapped["losses"], swapped["wins"])
        assert d["p_holm"] == swapped["p_holm"]
        assert d["rate"]["value"] == pytest.approx(1 - swapped["rate"]["value"])


def test_a_missing_file_is_told_and_the_rest_is_compared(
    told: Told, folders: list[str], capsys, tmp_path: Path
) -> None:
    Path(folders[1], "3.png").unlink()
    out = tmp_path / "out.csv"
    assert main(["bench", *folders, "--csv", str(out)]) == 1
    shown = capsys.readouterr()
    assert "fair lacks 3" in shown.err and "18 images: 1 have no answer" in shown.err
    counts = pd.read_csv(out).groupby(["method_a", "method_b"]).size().to_dict()
    assert counts == {("good", "fair"): 5, ("good", "poor"): 6, ("fair", "poor"): 5}


def test_all_but_one_file_missing_leaves_one_content_without_interval(
    told: Told, folders: list[str], capsys
) -> None:
    for number in range(1, 6):
        Path(folders[1], f"{number}.png").unlink()
    model = benched(capsys, *folders[:2], code=1)["models"][0]
    assert model["duels"][0]["wins"] == 1 and model["duels"][0]["rate"]["interval"] == [None, None]
    for number in range(1, 6):
        Path(folders[0], f"{number}.png").unlink()
    assert main(["bench", *folders[:2]]) == 0
    assert "no interval: one content" in capsys.readouterr().out


def test_the_csv_has_every_content_and_pair(told: Told, folders: list[str], tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    assert main(["bench", *folders, "--csv", str(out)]) == 0
    table = pd.read_csv(out)
    assert len(table) == 18
    row = table[table["content"].eq(5) & table["method_b"].eq("fair")].iloc[0]
    assert row["better"] == "fair" and (row["score_a"], row["score_b"]) == (6, 9)


def test_names_may_end_in_the_method(told: Told, tmp_path: Path, capsys) -> None:
    for method in ("DAT", "HAT"):
        for content in ("a_1", "b_1"):
            save(tmp_path / method / f"{content}_{method}.png", level(len(method + content)))
    words = [str(tmp_path / "DAT"), str(tmp_path / "HAT")]
    assert main(["bench", *words]) == 0
    assert "without their ends: '_DAT' (DAT), '_HAT' (HAT)" in capsys.readouterr().err
    assert [common_end(["a_1_x4_DAT", "b_1_x4_DAT"], form) for form in ENDS] == [
        "_DAT",
        "_1_x4_DAT",
    ]
    assert common_end(["1", "21"], ENDS[1]) == ""
    shutil.rmtree(tmp_path / "HAT")
    save(tmp_path / "HAT/other.png", level(1))
    assert main(["bench", *words]) == 1
    assert "no image of one has the name" in capsys.readouterr().err


def test_folders_have_names_that_tell_them_apart(tmp_path: Path) -> None:
    for name in ("x/out", "y/out"):
        (tmp_path / name).mkdir(parents=True)
    assert names_of([str(tmp_path / "x/out"), str(tmp_path / "y/out")]) == ["x/out", "y/out"]


@pytest.mark.parametrize("what", ["one", "file", "twice", "gone", "empty"])
def test_what_is_no_test_set_is_one_line(
    told: Told, folders: list[str], capsys, tmp_path: Path, what: str
) -> None:
    (tmp_path / "empty").mkdir()
    given = {
        "one": (folders[:1], "fgresq rank"),
        "file": ([folders[0], f"{folders[1]}/0.png"], "it is a file"),
        "twice": ([folders[0], f"{folders[0]}/"], "given twice"),
        "gone": ([folders[0], str(tmp_path / "gone")], "no such folder"),
        "empty": ([folders[0], str(tmp_path / "empty")], "no image in it"),
    }
    words, told_of = given[what]
    assert main(["bench", *words]) == 1
    error = capsys.readouterr().err
    assert told_of in error and error.count("\n") == 1


def test_an_original_that_is_missing_leaves_its_images_without_value(
    folders: list[str], tmp_path: Path, capsys
) -> None:
    for content in range(5):
        save(tmp_path / f"clean/{content}.png", level(9))
    words = ["bench", *folders, "--model", "psnr", "--reference", str(tmp_path / "clean")]
    assert main(words) == 1
    shown = capsys.readouterr()
    assert "good/5.png: no value by psnr, there is no original" in shown.err
    assert "18 images: 3 have no answer" in shown.err and "good" in shown.out


def test_holm_is_the_table_in_his_paper_s_way() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([0.02, float("nan")])[0] == pytest.approx(0.02)


def test_the_interval_of_a_mean_is_about_that_of_the_normal_law() -> None:
    values = np.random.default_rng(0).normal(5, 2, 400)
    found = mean_of(values, drawn([f"{k:03}" for k in range(400)], 0))
    half = norm.ppf(0.975) * values.std() / 20
    assert found.interval() == pytest.approx((found.value - half, found.value + half), abs=0.02)


def test_a_sign_test_leaves_equal_contents_out() -> None:
    won = np.array([1, 1, 1, 0.5, 0.5, np.nan])
    found = duel("a", "b", won, won, drawn(list("abcdef"), 0))
    assert (found.wins, found.losses, found.equal, found.rate.n) == (3, 0, 2, 5)
    assert found.p == pytest.approx(0.25) and found.rate.value == 0.8
    none = duel("a", "b", np.full(6, 0.5), np.full(6, 0.5), drawn(list("abcdef"), 0))
    assert np.isnan(none.p)


def test_several_processes_give_the_values_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = [(save(tmp_path / f"{k}.png", picture(k)), "") for k in range(4)]
    tasks.append((str(tmp_path / "gone.png"), ""))
    judge = judge_of("embedded")
    one = look_at_all(judge, tasks)
    monkeypatch.setattr(looking, "processes", lambda *given, **how: 2)
    two = look_at_all(judge, tasks)
    assert list(one) == list(two) == tasks
    for task in tasks[:-1]:
        assert one[task].score == two[task].score and one[task].pixels == two[task].pixels
    assert one[tasks[-1]] == two[tasks[-1]]


def test_the_page_shows_every_method_of_a_content(
    told: Told, folders: list[str], tmp_path: Path
) -> None:
    out = tmp_path / "page.html"
    assert main(["bench", *folders, "--html", str(out)]) == 0
    page = out.read_text()
    assert page.count("data:image/png;base64,") == 18 and page.count('<div class="slider"') == 6
