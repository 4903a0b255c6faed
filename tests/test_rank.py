"""`fgresq rank`: one order whatever the order of names, undefeated images, circles, and budgets."""

from __future__ import annotations

import io
import json
import os
from itertools import combinations, permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import expit

from fgresq.analysis.strengths import Shares, circles, strengths
from fgresq.cli import main
from fgresq.scoring import judges
from fgresq.scoring.orders import chosen_pairs
from fgresq.scoring.pictures import natural
from tests.conftest import picture
from tests.judged import Told, level, save


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """Let every model be one that goes by the level of an image."""
    judge = Told()
    monkeypatch.setattr(judges, "judge_of", lambda *given, **how: judge)
    return judge


def levels(folder: Path, *numbers: int) -> list[str]:
    """Write images of levels, each under its number."""
    return [save(folder / f"{number}.png", level(number)) for number in numbers]


def ranked(capsys, *words: str, code: int = 0) -> dict:
    """Call the command and give the first content of its JSON."""
    assert main(["rank", *words, "--json"]) == code
    return json.loads(capsys.readouterr().out)["contents"][0]


def all_pairs(table: np.ndarray) -> Shares:
    """Give the comparisons of a whole table of shares (n, n)."""
    first, second = np.triu_indices(len(table), 1)
    return Shares(first, second, table[first, second], len(table))


def test_strengths_are_those_of_another_optimiser() -> None:
    table = np.random.default_rng(0).uniform(0, 1, (5, 5))

    def loss(s: np.ndarray) -> float:
        parts = [
            table[i, j] * np.log(expit(s[i] - s[j]))
            + (1 - table[i, j]) * np.log(expit(s[j] - s[i]))
            for i, j in combinations(range(5), 2)
        ]
        return -sum(parts) + 0.005 * (s**2).sum()

    found = strengths(all_pairs(table))
    other = minimize(
        loss,
        np.zeros(5),
        method="Nelder-Mead",
        options={"xatol": 1e-7, "fatol": 1e-12, "maxiter": 9000},
    )
    assert found == pytest.approx(other.x, abs=1e-4) and found.sum() == pytest.approx(0, abs=1e-9)


def test_an_undefeated_image_has_a_finite_strength() -> None:
    table = np.full((4, 4), 0.5)
    table[0] = 1.0
    found = strengths(all_pairs(table))
    assert np.isfinite(found).all() and found[0] > found[1:].max() + 1
    assert found[1:] == pytest.approx(found[1])


def test_circles_are_counted_as_by_hand() -> None:
    rng = np.random.default_rng(4)
    upper = np.triu(rng.integers(0, 3, (7, 7)), 1)
    beats = (upper == 1) | (upper.T == 2)
    number = sum(
        beats[a, b] and beats[b, c] and beats[c, a] for a, b, c in permutations(range(7), 3)
    )
    found, one = circles(beats)
    assert found == number // 3 > 0 and one is not None
    a, b, c = one
    assert beats[a, b] and beats[b, c] and beats[c, a]
    assert circles(np.triu(np.ones((4, 4), bool), 1)) == (0, None)


def test_a_circle_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    judge = Told({(1, 2): 0.9, (2, 3): 0.9, (3, 1): 0.9})
    monkeypatch.setattr(judges, "judge_of", lambda *given, **how: judge)
    found = ranked(capsys, *levels(tmp_path, 1, 2, 3))["orders"]["told"]
    assert found["circles"] == 1 and set(found["circle"]) == {"1.png", "2.png", "3.png"}
    assert [image["place"] for image in found["images"]] == [1, 1, 1]
    main(["rank", str(tmp_path)])
    assert "1 circles, such as 1.png over 2.png over 3.png over 1.png" in capsys.readouterr().out


def test_the_order_is_the_same_whatever_the_order_of_names(
    told: Told, tmp_path: Path, capsys
) -> None:
    paths = levels(tmp_path, 10, 2, 30, 4, 25)
    wanted = ranked(capsys, *paths)
    assert [i["image"] for i in wanted["orders"]["told"]["images"]] == [
        f"{n}.png" for n in (30, 25, 10, 4, 2)
    ]
    for mixed in (paths[::-1], paths[2:] + paths[:2], [str(tmp_path)], [str(tmp_path / "*.png")]):
        assert ranked(capsys, *mixed) == wanted
    assert len(told.asked) == 5 * 10


def test_a_list_may_come_on_stdin(
    told: Told, tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = ranked(capsys, *levels(tmp_path, 1, 2, 3))
    monkeypatch.setattr(
        "sys.stdin", io.StringIO("\n".join(map(str, tmp_path.glob("*.png"))) + "\n")
    )
    assert ranked(capsys, "-") == wanted


def test_equal_images_share_a_place_in_natural_order(told: Told, tmp_path: Path, capsys) -> None:
    for name in ("10.png", "9.png", "b.png"):
        save(tmp_path / name, level(7))
    save(tmp_path / "a.png", level(3))
    images = ranked(capsys, str(tmp_path))["orders"]["told"]["images"]
    assert [(i["place"], i["image"]) for i in images] == [
        (1, "9.png"), (1, "10.png"), (1, "b.png"), (4, "a.png")
    ]  # fmt: skip
    assert natural("2.png") < natural("10.png") < natural("a.png")


def test_a_budget_compares_neighbours_first_and_hangs_together() -> None:
    scores = np.random.default_rng(1).permutation(40).astype(float)
    pairs = chosen_pairs(scores, 100, 0)
    assert len(pairs) == 100 == len({tuple(pair) for pair in pairs.tolist()})
    apart = np.abs(scores[pairs[:, 0]] - scores[pairs[:, 1]])
    assert (apart == 1).sum() == 39 and (apart > 5).sum() > 20
    assert (pairs == chosen_pairs(scores, 100, 0)).all()
    assert (pairs != chosen_pairs(scores, 100, 1)).any()
    assert len(chosen_pairs(scores, 1, 0)) == 39 and len(chosen_pairs(scores, 780, 0)) == 780


def test_a_budget_keeps_the_order_of_a_plain_scale(told: Told, tmp_path: Path, capsys) -> None:
    numbers = [7 * k for k in range(12)]
    found = ranked(capsys, *levels(tmp_path, *numbers), "--budget", "30")["orders"]["told"]
    assert found["comparisons"] == 30 == len(told.asked)
    assert [i["score"] for i in found["images"]] == sorted(numbers, reverse=True)


def test_a_pattern_tells_contents_apart(told: Told, tmp_path: Path, capsys) -> None:
    for content, method, number in [("x_1", "DAT", 3), ("x_1", "HAT", 5), ("y", "DAT", 9)]:
        save(tmp_path / f"{content}_{method}.png", level(number))
    save(tmp_path / "odd.png", level(1))
    words = [str(tmp_path), "--pattern", "{content}_{method}", "--json"]
    assert main(["rank", *words]) == 1
    shown = capsys.readouterr()
    assert "odd.png: its name is not of the form" in shown.err
    contents = json.loads(shown.out)["contents"]
    assert [content["content"] for content in contents] == ["x_1", "y"]
    images = contents[0]["orders"]["told"]["images"]
    assert [i["image"] for i in images] == ["HAT", "DAT"]
    assert main(["rank", str(tmp_path), "--pattern", "{contents}"]) == 1
    assert "'{content}_{method}'" in capsys.readouterr().err


def test_every_content_has_its_own_reference(tmp_path: Path, capsys) -> None:
    for content in (1, 2):
        clean = picture(content)
        save(tmp_path / f"clean/{content}.png", clean)
        for method, far in (("near", 2), ("far", 9)):
            noise = np.random.default_rng(content).integers(-far, far, clean.shape)
            save(
                tmp_path / f"out/{content}_{method}.png",
                np.clip(clean + noise, 0, 255).astype(np.uint8),
            )
    words = ["rank", str(tmp_path / "out"), "--pattern", "{content}_{method}", "--model", "psnr"]
    assert main(words) == 1
    assert "Give --reference" in capsys.readouterr().err
    assert main([*words, "--reference", str(tmp_path / "clean"), "--json"]) == 0
    for content in json.loads(capsys.readouterr().out)["contents"]:
        assert content["reference"] == str(tmp_path / f"clean/{content['content']}.png")
        assert [i["image"] for i in content["orders"]["psnr"]["images"]] == ["near", "far"]
    assert main([*words, "--reference", str(tmp_path / "clean/1.png")]) == 1
    assert "there are 2 contents" in capsys.readouterr().err


def test_one_model_has_no_interval_and_several_have_a_range(
    tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = {"one": Told(), "two": Told({(1, 2): 0.99, (2, 3): 0.4, (1, 3): 0.9})}
    for name, judge in made.items():
        judge.name = name
    monkeypatch.setattr(judges, "judge_of", lambda name, *given, **how: made[name or "one"])
    paths = levels(tmp_path, 1, 2, 3)
    assert main(["rank", *paths]) == 0
    assert "no interval: one content and one model" in capsys.readouterr().out
    found = ranked(capsys, *paths, "--model", "one", "--model", "two")
    places = {
        Path(i["path"]).name: (i["best_place"], i["worst_place"]) for i in found["over_models"]
    }
    assert places == {"1.png": (1, 3), "2.png": (2, 3), "3.png": (1, 2)}


def test_what_has_no_value_is_left_out_and_told(told: Told, tmp_path: Path, capsys) -> None:
    paths = levels(tmp_path, 1, 2, 3)
    Path(paths[1]).write_bytes(b"no image")
    out = tmp_path / "out.csv"
    assert main(["rank", *paths, str(tmp_path / "gone.png"), "--csv", str(out)]) == 1
    shown = capsys.readouterr()
    assert "4 images: 2 have no answer" in shown.err and "gone.png: there is no such" in shown.err
    assert pd.read_csv(out)["image"].tolist() == ["3.png", "1.png"]


def test_one_image_or_none_with_a_value_is_an_order_as_well(
    told: Told, tmp_path: Path, capsys
) -> None:
    path = levels(tmp_path, 5)[0]
    images = ranked(capsys, path)["orders"]["told"]["images"]
    assert [(i["place"], i["strength"], i["wins"]) for i in images] == [(1, 0, None)]
    Path(path).write_bytes(b"")
    assert ranked(capsys, path, code=1)["orders"]["told"]["images"] == []
    assert main(["rank", path]) == 1


def test_odd_names_are_told_or_shown(told: Told, tmp_path: Path, capsys) -> None:
    Path(save(tmp_path / "a.png", level(1))).rename(os.fsdecode(bytes(tmp_path) + b"/\xff.png"))
    assert main(["rank", str(tmp_path)]) == 0
    assert "\\udcff.png" in capsys.readouterr().out
    for name in ("n" * 300 + ".png", "a\0.png"):
        assert main(["rank", name]) == 1
        assert "no value" not in capsys.readouterr().out


def test_the_page_shows_the_best_first(told: Told, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    assert main(["rank", *levels(tmp_path, 1, 2, 3), "--html", str(out)]) == 0
    page = out.read_text()
    assert page.count("data:image/png;base64,") == 3
    assert page.index(">1. 3.png<") < page.index(">3. 1.png<")
