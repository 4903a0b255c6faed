"""The page of pairs: what a browser is given, whatever names, images and votes a run has."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import report_inputs as inputs

from fgresq.cli import main
from fgresq.report.pages import pairs as page
from fgresq.report.parts import site_images
from fgresq.report.parts.pair_records import class_of, gap_class, shows
from fgresq.report.parts.pairs_shown import Shown
from fgresq.report.parts.verdicts import Verdict
from fgresq.tables import TASKS, read_images, read_pairs, write_images, write_pairs

NASTY = (
    "</script><script>alert(1)</script>",
    "a \"quoted\" 'name' & more",
    "two\nlines\u2028three",
    "\u202eright to left \u05e9\u05dc\u05d5\u05dd",
    "x" * 300,
    "<!--",
)


def build(root: Path, out: str = "site") -> Path:
    """Build the page alone and give the folder of the site."""
    methods = inputs.write_methods(root / "methods.yaml")
    words = ["step", "report", "--options", '{"report": {"pairs": 40}}', "--pages", "pairs"]
    words += ["--methods", str(methods), *inputs.arguments(root)]
    assert main([*words, "--out", str(root / out)]) == 0
    return root / out


def data_of(site: Path) -> list[dict[str, Any]]:
    """Read the pairs out of a page, as its script does."""
    html = (site / "pairs.html").read_text()
    found = re.search(r'<script type="application/json" id="pairs-data">(.*?)</script>', html, re.S)
    assert found
    return json.loads(found[1])["pairs"]


def change_pairs(root: Path, **columns: Any) -> None:
    """Write the pair table anew with some columns replaced."""
    path = inputs.of(root, "pairs") / "pairs.csv"
    write_pairs(path, read_pairs(path).assign(**columns))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace of a made-up run, and its page."""
    root = tmp_path_factory.mktemp("plain")
    inputs.write_run(root)
    build(root)
    return root


def test_every_decided_pair_stands_with_what_methods_say(plain: Path) -> None:
    """PSNR follows the scores, against the preference; LPIPS has its values and is lower-better."""
    found = data_of(plain / "site")
    assert len(found) == 18 and [each["task"] for each in found[::3]] == list(TASKS)
    html = (plain / "site/pairs.html").read_text()
    order = re.findall(r'<th scope="row" class="name">([^<]+?)\s*<', html)
    assert order == ["FGResQ", "LPIPS", "PSNR", "Ridge", "ColorVideoVDP"]  # label source last
    first = found[0]
    assert first["scores"][1] == ["0.000", "A", "0.333", "right"]
    assert first["scores"][2] == ["0.000", "B", "0.333", "wrong"]
    assert first["prefers"] == "A" and first["votes"] == "80 % of votes for A"
    assert first["keys"]["wrong"] == ["psnr"] and first["keys"]["votes"] == "0.80"
    assert [each["gap"] for each in found[:3]] == ["−0.333", "−0.333", "−0.667"]  # fine to coarse
    table = pd.read_csv(plain / "site/tables/pairs_shown.csv")
    assert len(table) == 18 * 5 and set(table["pair"]) == {each["id"] for each in found}


def test_images_lie_beside_the_page(plain: Path) -> None:
    site = plain / "site"
    files = {image["file"] for each in data_of(site) for image in each["images"] if image["file"]}
    assert files == {f"images/{path.name}" for path in (site / "images").iterdir()}
    table = pd.read_csv(site / "tables/pairs_shown.csv")
    assert {*table["file_a"], *table["file_b"]} == files


def test_the_same_bytes_twice_and_nothing_of_an_earlier_run(plain: Path) -> None:
    again = build(plain, "again")
    (again / "images/0123456789abcdef0123.webp").write_bytes(b"old")
    build(plain, "again")
    files = sorted(p.relative_to(plain / "site") for p in (plain / "site").rglob("*.*"))
    assert files == sorted(p.relative_to(again) for p in again.rglob("*.*"))
    for file in files:
        assert (plain / "site" / file).read_bytes() == (again / file).read_bytes(), file


def test_names_arrive_as_they_are_and_end_no_script(tmp_path: Path) -> None:
    inputs.write_run(tmp_path)
    path = inputs.of(tmp_path, "data") / "images.csv"
    images = read_images(path)
    names = [NASTY[i % len(NASTY)] for i in range(len(images))]
    write_images(path, images.assign(algorithm=names))
    change_pairs(tmp_path, group=[NASTY[i % len(NASTY)] for i in range(36)])
    site = build(tmp_path)
    html = (site / "pairs.html").read_text()
    assert html.count("</script>") == html.count("<script") == 2
    assert "<script>alert" not in html and "<!--" not in html and "\u2028" not in html
    found = data_of(site)
    assert {each["group"] for each in found} <= set(NASTY) and len(found) == 18
    assert {each["images"][0]["by"] for each in found} <= set(NASTY)
    assert (site / "pairs.html").stat().st_size < 200_000


def test_a_deleted_image_is_named(tmp_path: Path) -> None:
    inputs.write_run(tmp_path)
    images = read_images(inputs.of(tmp_path, "data") / "images.csv")
    gone = images[images["image"] == "mini/denoising/0.png"].iloc[0]
    Path(gone["path"]).unlink()
    found = data_of(build(tmp_path))
    assert len(found) == 18
    for each in found:
        for image in each["images"][:2]:
            lost = image["name"] == gone["image"]
            assert bool(image["file"]) != lost
            assert image["reason"] == ("there is no such file any more" if lost else "")


def test_a_reference_is_shown_where_there_is_one(tmp_path: Path) -> None:
    inputs.write_run(tmp_path)
    path = inputs.of(tmp_path, "data") / "images.csv"
    images = read_images(path)
    clean = images.loc[images["image"] == "mini/dehazing/3.png", "path"].iloc[0]
    reference = images["task"].map({"dehazing": clean, "deraining": "gone.png"}).fillna("")
    write_images(path, images.assign(reference=reference))
    shown = {each["task"]: each["images"][2] for each in data_of(build(tmp_path))}
    assert shown["dehazing"]["file"] and shown["dehazing"]["name"] == clean
    assert shown["deraining"]["reason"] == "there is no such file any more"
    assert shown["mixture"] | {"name": ""} == {
        "name": "",
        "by": "",
        "file": "",
        "reason": "the data set has none",
    }


def test_pairs_over_the_size_of_a_site_are_left_out_and_it_says_so(
    plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = sorted(path.stat().st_size for path in (plain / "site/images").iterdir())
    monkeypatch.setattr(site_images.keep_images, "__defaults__", (sum(sizes) // 2,))
    site = build(plain, "small")
    assert sum(path.stat().st_size for path in (site / "images").iterdir()) <= sum(sizes) // 2
    found = data_of(site)
    assert 0 < len(found) < 18
    assert all(image["file"] for each in found for image in each["images"][:2])
    assert (
        "Fewer than asked for, so that all images stay under" in (site / "pairs.html").read_text()
    )


def test_without_a_decided_pair_the_page_says_so(tmp_path: Path) -> None:
    inputs.write_run(tmp_path)
    change_pairs(tmp_path, preference="equal")
    html = (build(tmp_path) / "pairs.html").read_text()
    assert "This page has nothing to show" in html and "no pair was decided" in html


def test_scores_and_numbers_that_are_none(tmp_path: Path) -> None:
    """An infinite score is none that a score table may hold: its reader refuses it."""
    inputs.write_run(tmp_path)
    change_pairs(tmp_path, ssim=float("nan"), fraction_a=float("nan"))
    path = inputs.of(tmp_path, "scores") / "psnr.csv"
    table = pd.read_csv(path)
    second = table["image"].eq("mini/mixture/1.png")
    table["value"] = table["value"].mask(second)
    table["reason"] = table["reason"].astype(object).mask(second, "flat")
    table.to_csv(path, index=False)
    found = [each for each in data_of(build(tmp_path)) if each["task"] == "mixture"]
    assert found[0]["ssim"] == found[0]["votes"] == ""
    assert found[0]["keys"]["ssim"] == found[0]["keys"]["votes"] == "unknown"
    scores = sorted(each["scores"][2] for each in found)
    assert scores[:2] == [[], []] and len(scores[2]) == 4


def test_classes_of_the_filters() -> None:
    assert [gap_class(x) for x in (0.0, -0.05, 0.149999, float("nan"))] == [
        *("0.00", "0.05", "0.10"),
        "unknown",
    ]
    assert [class_of(x, (0.0, 0.6, 0.8, 1.0)) for x in (0.5, 0.6, 0.99, 1.0, None)] == [
        *("0.00", "0.60", "0.80", "1.00"),
        "unknown",
    ]


@pytest.mark.parametrize(
    ("own", "metrics", "hard", "wanted"),
    [
        ("right", ("wrong", "wrong"), 0, ["fgresq-right"]),
        ("right", ("wrong", "tie"), 0, []),
        ("wrong", ("right", "right"), 0, ["fgresq-wrong"]),
        ("wrong", ("wrong", "wrong"), 2, ["hardest", "all-wrong"]),
        ("right", ("right", "right"), 0, ["all-right"]),
        ("", ("wrong", "wrong"), 0, ["all-wrong"]),
        ("right", (), 0, ["all-right"]),
    ],
)
def test_who_is_right(own: str, metrics: tuple[str, ...], hard: int, wanted: list[str]) -> None:
    """A sanity row has no say, nor has the label source."""
    said = [("fgresq", "method", own)] if own else []
    said += [(f"m{i}", "method", verdict) for i, verdict in enumerate(metrics)]
    said += [("ridge", "sanity", "wrong"), ("jod", "label source", "right")]
    verdicts = [Verdict(name, name, role, 0.0, 1.0, "B", verdict) for name, role, verdict in said]
    assert shows(Shown({}, {}, {}, verdicts, 0, hard)) == wanted


def test_the_rule_is_said(plain: Path) -> None:
    html = (plain / "site/pairs.html").read_text()
    assert "18 of 18 decided pairs, at most 40 a task, drawn by a hash of their images" in html
    assert f"(seed {page.SEED})" in html and "Fewer than asked for" not in html
