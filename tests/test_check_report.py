"""What finds that a finished site is not whole, and what packs one to send."""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from workflow import check_report, site_zip
from workflow.check_report import ITEMS, PAIRS, faults, faults_of_again

HEAD = f"""<meta http-equiv="Content-Security-Policy" content="{check_report.POLICY}; img-src *">
<a href="index.html#top">first</a><a href="#here">here</a><p id="here"><a href="tables/a.csv">CSV"""
NAMES = ["index", "audit"]
DECIDED = {"denoising": 300, "mixture": 2}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Give a site of two pages with which nothing is wrong."""
    folder = tmp_path / "site/mini"
    (folder / "tables").mkdir(parents=True)
    for name in NAMES:
        (folder / f"{name}.html").write_text(f'<h1 id="top">{name}</h1>{HEAD}')
    states = {"item": ITEMS, "state": "reproduced", "next_step": ""}
    write(folder, "coverage", pd.DataFrame(states))
    rows = [(f"{task}{k}", task, m) for task in DECIDED for k in range(PAIRS) for m in ("a", "b")]
    write(folder, "pairs_shown", pd.DataFrame(rows, columns=["pair", "task", "method"]))
    write(folder, "a", pd.DataFrame({"a": [1]}))
    return folder


def write(folder: Path, name: str, table: pd.DataFrame) -> None:
    """Write a table of a site, as CSV and as LaTeX."""
    table.to_csv(folder / f"tables/{name}.csv", index=False)
    (folder / f"tables/{name}.tex").write_text("")


def change(name: str, edit: Callable[[pd.DataFrame], pd.DataFrame]) -> Callable[[Path], None]:
    """Give what changes a table of a site."""
    return lambda site: write(site, name, edit(pd.read_csv(site / f"tables/{name}.csv")))


def add(words: str) -> Callable[[Path], None]:
    """Give what adds to the first page."""

    def done(site: Path) -> None:
        page = site / "index.html"
        page.write_text(page.read_text() + words)

    return done


def large(name: str, size: int) -> Callable[[Path], None]:
    """Give what makes a file large, without writing it."""

    def done(site: Path) -> None:
        path = site / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
        os.truncate(path, size)

    return done


def test_nothing_is_wrong_with_a_whole_site(site: Path) -> None:
    assert not list(faults(site, NAMES, DECIDED))


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda site: (site / "audit.html").unlink(), "the page audit.html is missing"),
        (large("audit.html", 5_000_000), "audit.html has 5,000,000 bytes"),
        (large("images/a.webp", 40_000_001), "images have 40,000,001 bytes"),
        (add('<img src="https://example.org/a.png">'), "https://example.org/a.png, which is not"),
        (add('<script src="//example.org/a.js">'), "//example.org/a.js, which is not of the site"),
        (add("<style>p {background: url(a.png)}</style>"), "its style refers to url(a.png"),
        (add('<p style="background: URL(//a)">'), "its style refers to URL(//a"),
        (add("<style>@import 'a.css';</style>"), "its style refers to @import"),
        (add('<a href="gone.html">'), "gone.html, which is not there"),
        (add('<a href="audit.html#nowhere">'), "audit.html#nowhere, and there is no such name"),
        (add('<a href="#nowhere">'), "#nowhere, and there is no such name"),
        (
            lambda site: (site / "index.html").write_text('<h1 id="top"></h1>'),
            "its policy does not say",
        ),
        (change("coverage", lambda t: t[t["item"] != "Figure 18"]), "Figure 18 stands 0 times"),
        (change("coverage", lambda t: pd.concat([t, t[:1]])), "Table 1 stands 2 times"),
        (change("coverage", lambda t: t.assign(state="drawn")), "Table 2 has the state 'drawn'"),
        (change("coverage", lambda t: t.assign(state="absent")), "no next step is told"),
        (lambda site: (site / "tables/coverage.csv").unlink(), "coverage.csv is missing"),
        (change("pairs_shown", lambda t: t[2:]), "39 pairs of denoising are shown, 40 are wanted"),
        (
            lambda site: (site / "tables/pairs_shown.csv").unlink(),
            "0 pairs of mixture are shown, 2",
        ),
        (lambda site: (site / "tables/a.tex").unlink(), "tables/a.tex is missing"),
    ],
)
def test_what_is_wrong_is_told(site: Path, damage: Callable[[Path], None], told: str) -> None:
    damage(site)
    found = list(faults(site, NAMES, DECIDED))
    assert any(told in fault for fault in found), found


def test_a_second_build_that_differs_is_told(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = shutil.copytree(site, tmp_path / "copy")

    def call(preset: str) -> list[str]:
        return ["python", "-c", f"import shutil, sys; shutil.copytree({str(copy)!r}, sys.argv[-1])"]

    monkeypatch.setattr(check_report, "call_of", call)
    assert not list(faults_of_again(site, "mini"))
    (copy / "index.html").write_text("other")
    (copy / "audit.html").unlink()
    (copy / "more.html").write_text("")
    assert list(faults_of_again(site, "mini")) == [
        "audit.html is there only now",
        "more.html is there only in a second build",
        "index.html has other bytes in a second build",
    ]
    monkeypatch.setattr(check_report, "call_of", lambda _: ["python", "-c", "raise OSError('x')"])
    assert list(faults_of_again(site, "mini")) == ["it cannot be built a second time (OSError: x)"]


def test_the_call_of_a_preset_is_that_of_its_rule() -> None:
    call = check_report.call_of("paper")
    assert call[1:6] == ["-m", "fgresq", "step", "report", "--preset"]
    assert call[-2:] == ["--stand-in", "mini"] and '"pairs"' in call[call.index("--options") + 1]
    assert "--stand-in" not in check_report.call_of("mini")


def test_a_site_that_is_not_there_is_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert check_report.main(["--site", str(tmp_path)]) == 1
    assert "there is no report. Run the report again: snakemake" in capsys.readouterr().err


def test_a_packed_site_has_all_files_and_the_same_bytes(site: Path, tmp_path: Path) -> None:
    (site / "images").mkdir()
    (site / "images/a.webp").write_bytes(b"image")
    for name in ("one.zip", "two.zip"):
        os.utime(site / "index.html")
        assert site_zip.pack(site, tmp_path / name) == 9
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as packed:
        packed.extractall(tmp_path / "unpacked")
        assert packed.getinfo("mini/images/a.webp").compress_type == zipfile.ZIP_STORED
    assert not list(check_report.differences(site, tmp_path / "unpacked/mini"))


def test_nothing_is_packed_where_there_is_no_site(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(site_zip.workspace, "reports", lambda *parts: tmp_path.joinpath(*parts))
    assert site_zip.main(["--preset", "own"]) == 1
    assert "there is no report. Run snakemake" in capsys.readouterr().err
    assert not list(tmp_path.rglob("*.zip"))
