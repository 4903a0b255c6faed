"""Tables of a site in a real browser: sort, filter, both downloads, from a number to its source."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from chromium import Browser
from conftest import require

from workflow.browser import unmet

AVERAGES, BESIDE = "#table-average_family", "#table-paper_table3"
PREAMBLE = r"""\documentclass{article}
\usepackage[paperwidth=2000mm,paperheight=4000mm,margin=5mm]{geometry}
\usepackage{booktabs}
\begin{document}
"""
COLUMN = """
const [figure, at] = arguments;
const rows = document.querySelector(`${figure} table`).tBodies[0].rows;
return [...rows].filter((row) => !row.hidden).map((row) => row.cells[at].dataset.sort);
"""


@pytest.fixture
def comparison(browser: Browser, made_site: Path) -> Browser:
    """Give the browser with the page of comparisons."""
    browser.look(1280)
    browser.open(made_site / "comparison.html")
    return browser


def column(browser: Browser, figure: str, at: int) -> list[str]:
    """Give what the rows that are shown sort by in a column."""
    return browser.run(COLUMN, figure, at)


def numbers(words: list[str]) -> list[float]:
    """Give the numbers among these words."""
    return [float(word) for word in words if word]


def test_a_head_sorts_its_column_by_mouse_and_by_keyboard(comparison: Browser) -> None:
    heads = comparison.all(f"{AVERAGES} thead th")
    names = [head.text.splitlines()[0] for head in heads]
    at = names.index("ACC, ranking head")
    before = column(comparison, AVERAGES, at)
    assert "" in before and len(set(before)) < len(before)
    comparison.run("arguments[0].querySelector('button').click()", heads[1])
    assert heads[1].get_attribute("aria-sort") == "descending"
    down = numbers(column(comparison, AVERAGES, 1))
    assert down == sorted(down, reverse=True) and len(set(down)) > 5
    comparison.run("arguments[0].querySelector('button').focus()", heads[1])
    comparison.press("Enter")
    assert heads[1].get_attribute("aria-sort") == "ascending"
    assert column(comparison, AVERAGES, 1) == [str(value).rstrip("0") for value in sorted(down)]
    comparison.run("arguments[0].querySelector('button').click()", heads[at])
    assert heads[1].get_attribute("aria-sort") == "none"
    assert column(comparison, AVERAGES, at)[-1] == "" != column(comparison, AVERAGES, at)[0]
    comparison.run("arguments[0].querySelector('button').click()", heads[0])
    titles = column(comparison, AVERAGES, 0)
    assert titles == sorted(titles)


def test_filters_and_words_choose_rows(comparison: Browser) -> None:
    every = len(comparison.all(f"{BESIDE} tbody tr"))
    select = comparison.find(f"{BESIDE} .filters select")
    chosen = select.get_attribute("data-key")
    value = comparison.run("return arguments[0].options[2].value", select)
    choose = "const [s, v] = arguments; s.value = v;"
    choose += "s.dispatchEvent(new Event('input', {bubbles: true}));"
    comparison.run(choose, select, value)
    shown = (
        "return [...document.querySelectorAll(arguments[0])].map((r) => r.dataset[arguments[1]])"
    )
    rows = comparison.run(shown, f"{BESIDE} tbody tr:not([hidden])", chosen)
    assert rows and set(rows) == {value} and len(rows) < every
    output = comparison.find(f"{BESIDE} .filters output")
    assert output.text == f"{len(rows)} of {every} rows"
    comparison.find(f"{BESIDE} input[type=search]").send_keys("psnr")
    found = comparison.shown(f"{BESIDE} tbody tr:not([hidden])")
    assert 0 < len(found) < len(rows) and all("psnr" in row.text.lower() for row in found)
    comparison.find(f"{BESIDE} input[type=search]").send_keys(" nothing has this")
    assert output.text == f"0 of {every} rows"


def test_both_downloads_hold_what_the_table_shows(comparison: Browser, made_site: Path) -> None:
    for figure in (AVERAGES, BESIDE):
        name = figure.removeprefix("#table-")
        for link in comparison.all(f"{figure} .downloads a"):
            file = comparison.downloaded(link)
            beside = made_site / "tables" / f"{name}{file.suffix}"
            assert file.read_bytes() == beside.read_bytes()
            file.unlink()
        table = pd.read_csv(made_site / f"tables/{name}.csv")
        kept = {round(v, 6) for v in table.select_dtypes("number").to_numpy().ravel().tolist()}
        rows = comparison.all(f"{figure} tbody tr")
        cells = f"{figure} tbody tr > .number"
        shown = comparison.run(
            "return [...document.querySelectorAll(arguments[0])].map((c) => c.dataset.sort)", cells
        )
        assert {round(value, 6) for value in numbers(shown)} <= kept
        tex = (made_site / f"tables/{name}.tex").read_text(encoding="utf-8")
        assert tex.count(r"\\") == len(rows) + 1
        texts = comparison.run(
            "return [...document.querySelectorAll(arguments[0])]"
            ".map((c) => c.querySelector('span').textContent)",
            cells,
        )
        typed = [text.replace("−", "-").replace("\u202f", ",").replace("–", "--") for text in texts]
        assert all(text in tex for text in typed)


def test_every_exported_table_is_set_by_latex(made_site: Path, tmp_path: Path) -> None:
    require(unmet(latex=True))
    files = sorted((made_site / "tables").glob("*.tex"))
    assert len(files) > 20
    for file in files:
        shutil.copy(file, tmp_path)
    inputs = "\n".join(rf"\input{{{file.stem}}}\par" for file in files)
    (tmp_path / "every-table.tex").write_text(PREAMBLE + inputs + r"\end{document}")
    call = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "every-table.tex"]
    done = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, errors="replace")
    assert done.returncode == 0, done.stdout[-1500:]
    assert (tmp_path / "every-table.pdf").stat().st_size > 10_000


def facts(browser: Browser) -> dict[str, str]:
    """Give what the dialog of a number says."""
    names, values = browser.shown("#source dt"), browser.shown("#source dd")
    return {name.text: value.text for name, value in zip(names, values, strict=True)}


def test_a_number_leads_to_its_line(comparison: Browser, made_site: Path) -> None:
    workspace = made_site.parents[2]
    cells = comparison.all(f"{AVERAGES} td.number[data-row]")
    assert cells
    for cell in (cells[0], cells[-1]):
        comparison.run("arguments[0].scrollIntoView({block: 'center'}); arguments[0].click()", cell)
        told = facts(comparison)
        assert {"Number", "File", "Line", "Made by", "Commit"} <= set(told)
        line = int(re.match(r"\d+", told["Line"])[0])
        found = (workspace / told["File"]).read_text().splitlines()[line - 1].split(",")
        value = float(cell.get_attribute("data-sort"))
        assert any(abs(float(word) - value) < 1e-9 for word in found[4:5])
        comparison.press("Escape")
        assert not comparison.shown("#source")


def test_a_number_leads_to_its_line_by_keyboard(comparison: Browser) -> None:
    comparison.run(f"document.querySelector('{AVERAGES} td.number[tabindex]').focus()")
    comparison.press("ArrowDown")
    comparison.press("ArrowRight")
    comparison.press("ArrowRight")
    place = (
        "const cell = document.activeElement; return [cell.cellIndex, cell.parentElement.rowIndex]"
    )
    assert comparison.run(place) == [3, 2]
    comparison.press("Enter")
    assert facts(comparison)["Line"]
    comparison.press("Escape")
    assert not comparison.shown("#source") and comparison.run(place) == [3, 2]


def test_a_deep_link_opens_what_is_folded(browser: Browser, made_site: Path) -> None:
    browser.look(1280)
    browser.open(made_site / "comparison.html", "table-krcc_pairs")
    figure = browser.find("#table-krcc_pairs")
    assert figure.is_displayed()
    top = "return arguments[0].getBoundingClientRect().top"  # the page scrolls smoothly
    browser.until(lambda: -5 <= browser.run(top, figure) < 100)
