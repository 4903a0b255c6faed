"""The browser of pairs in a real browser: slider, keys, filters, deep links, images."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from chromium import Browser
from selenium.webdriver import ActionChains

from fgresq.tables import TASKS

LOADED = """
const shots = [...document.querySelectorAll('.browser .shot')].filter((shot) => shot.src);
return shots.length > 1 && shots.every((shot) => shot.complete && shot.naturalWidth > 1);
"""
CHOOSE = """
const [css, value] = arguments, select = document.querySelector(css);
select.value = value;
select.dispatchEvent(new Event('change', {bubbles: true}));
"""
CUT = "return parseFloat(document.querySelector('.shots').style.getPropertyValue('--cut'))"


@pytest.fixture
def page(browser: Browser, made_site: Path) -> Iterator[Browser]:
    """Give the browser with the pairs; nothing has gone wrong when the test is over."""
    browser.look(1280)
    browser.open(made_site / "pairs.html")
    browser.until(lambda: browser.run(LOADED))
    yield browser
    assert not browser.logged()


@pytest.fixture(scope="module")
def shown(made_site: Path) -> pd.DataFrame:
    """Give the table of the pairs that the page shows: a row for each pair and method."""
    return pd.read_csv(made_site / "tables/pairs_shown.csv", keep_default_na=False)


def count(browser: Browser) -> int:
    """Give how many pairs the filters keep."""
    told = browser.find(".browser .steps output").text
    found = re.search(r"pair \d+ of (\d+)", told)
    return int(found[1]) if found else 0


def pair(browser: Browser) -> str:
    """Name the pair that is shown."""
    return str(browser.find("[data-field=id]").text)


def slider(browser: Browser) -> None:
    """Give the slider the focus."""
    browser.run("document.querySelector('.browser .slider').focus()")


def test_the_page_has_at_least_forty_pairs_a_task(page: Browser, shown: pd.DataFrame) -> None:
    assert count(page) == shown["pair"].nunique()
    for task in TASKS:
        page.run(CHOOSE, "[data-key=task]", task)
        here = shown.loc[shown["task"].eq(task), "pair"].nunique()
        assert count(page) == here >= 40
        assert page.find("[data-field=task]").text == task


def test_the_edge_follows_the_pointer_and_the_arrow_keys(page: Browser) -> None:
    view = page.find(".browser .shots")
    page.run("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", view)
    assert page.run(CUT) == 50
    width = view.size["width"]
    drag = ActionChains(page.driver).move_to_element(view).click_and_hold()
    drag.move_by_offset(int(0.3 * width), 0).release().perform()
    assert abs(page.run(CUT) - 80) <= 1
    page.press("ArrowLeft")
    assert abs(page.run(CUT) - 78) <= 1
    page.press("1")
    assert page.run(CUT) == 100
    page.press("2")
    assert page.run(CUT) == 0


def test_keys_go_through_pairs_and_around(page: Browser) -> None:
    slider(page)
    first = pair(page)
    page.press("n")
    second = pair(page)
    page.press("p")
    assert pair(page) == first != second
    page.press("p")
    last = pair(page)
    assert page.find(".browser .steps output").text == f"pair {count(page)} of {count(page)}"
    page.press("n")
    assert pair(page) == first != last


def test_a_key_swaps_left_and_right(page: Browser) -> None:
    slider(page)
    left, right = (page.find(f".browser .corner.{side}").text for side in ("left", "right"))
    page.press("x")
    assert page.find(".browser .corner.left").text == right != left
    assert page.find(".browser .corner.right").text == left


def test_images_zoom_and_move_together(page: Browser) -> None:
    slider(page)
    scale = "return document.querySelector('.stack').style.transform"
    page.press("+")
    assert "scale(1.5)" in page.run(scale)
    before = page.run(scale)
    page.press("ArrowRight", shift=True)
    assert page.run(scale) != before
    boxes = page.run(
        "return [...document.querySelectorAll('.shot')].map((s) => s.getBoundingClientRect())"
        ".map((b) => [b.x, b.y, b.width, b.height].join())"
    )
    assert len(set(boxes)) == 1
    page.press("0")
    assert "scale(1)" in page.run(scale)


def test_the_difference_and_the_reference_are_shown_by_their_keys(page: Browser) -> None:
    slider(page)
    view = page.find(".browser .shots")
    page.press("d")
    assert "difference" in view.get_attribute("class").split()
    blends = page.run(
        "return [...document.querySelectorAll('.shot')]"
        ".map((shot) => getComputedStyle(shot).mixBlendMode)"
    )
    assert "difference" in blends
    page.press("d")
    assert "difference" not in view.get_attribute("class").split()
    told = {"key": "r", "code": "KeyR", "windowsVirtualKeyCode": 82}
    page.driver.execute_cdp_cmd("Input.dispatchKeyEvent", told | {"type": "keyDown", "text": "r"})
    assert "held" in view.get_attribute("class").split()
    page.driver.execute_cdp_cmd("Input.dispatchKeyEvent", told | {"type": "keyUp"})
    assert "held" not in view.get_attribute("class").split()


def test_filters_keep_what_the_table_says(page: Browser, shown: pd.DataFrame) -> None:
    methods = shown[shown["role"].eq("method")]
    ours = methods["method"].eq("fgresq")
    right = methods[ours & methods["verdict"].eq("right")]["pair"]
    others = methods[~ours].groupby("pair")["verdict"].agg(lambda v: set(v) == {"wrong"})
    wanted = set(right) & set(others.index[others])
    offered = page.run(
        "return [...document.querySelector('[data-key=shows]').options].map(o => o.value)"
    )
    if "fgresq-right" in offered:
        page.run(CHOOSE, "[data-key=shows]", "fgresq-right")
        assert count(page) == len(wanted) > 0 and pair(page) in wanted
        page.find("[data-clear]").click()
    assert count(page) == shown["pair"].nunique()
    page.run(CHOOSE, "[data-key=wrong]", "psnr")
    wrong = shown[shown["method"].eq("psnr") & shown["verdict"].eq("wrong")]["pair"]
    assert count(page) == wrong.nunique() and pair(page) in set(wrong)


def test_a_link_opens_its_pair_at_once(
    browser: Browser, made_site: Path, shown: pd.DataFrame
) -> None:
    name = shown["pair"].iloc[-1]
    browser.look(1280)
    browser.open(made_site / "pairs.html", f"pair={name.replace('#', '%23')}")
    assert pair(browser) == name
    slider(browser)
    browser.press("p")
    other, address = pair(browser), browser.driver.current_url
    browser.open(made_site / "pairs.html", address.partition("#")[2])
    assert pair(browser) == other != name
    browser.open(made_site / "pairs.html", "pair=none-of-these")
    assert "none-of-these is not among the pairs" in browser.find(".steps output").text


def test_what_methods_say_is_what_the_table_says(page: Browser, shown: pd.DataFrame) -> None:
    slider(page)
    for _ in range(3):
        own = shown[shown["pair"].eq(pair(page))]
        rows = page.all(".facts tbody tr")
        said = [row.text.split()[-1] for row in rows]
        assert sorted(said) == sorted(own["verdict"])
        page.press("n")


def test_every_image_of_every_pair_is_there(page: Browser, made_site: Path) -> None:
    files = page.run(
        "return JSON.parse(document.getElementById('pairs-data').textContent).pairs"
        ".flatMap((pair) => pair.images.map((image) => image.file))"
    )
    assert files and all((made_site / file).is_file() for file in files)
