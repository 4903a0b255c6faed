"""Every page of a site in a real browser: no fault in either theme, at any width, by keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import OF_COLOURS, THEMES, WIDTHS, Browser

PAPER = 720  # pixels of a printed line; Chromium shrinks what is up to twice as wide
COLOURS = """
const of = (element) => getComputedStyle(element);
const canvas = of(document.documentElement).backgroundColor, body = of(document.body);
return [canvas === 'rgba(0, 0, 0, 0)' ? body.backgroundColor : canvas, body.color];
"""


def pages(site: Path) -> Iterator[Path]:
    """Give the pages of a site; there is at least the first."""
    found = sorted(site.glob("*.html"))
    assert site / "index.html" in found
    yield from found


def listed(wrong: dict[str, list[str]]) -> str:
    """Write faults by page, one a line."""
    return "\n" + "\n".join(f"{page}: {fault}" for page, own in wrong.items() for fault in own)


def lightness(colour: str) -> float:
    """Give the mean of the red, green and blue of a colour as a style has it, in [0, 1]."""
    return sum(map(float, re.findall(r"[\d.]+", colour)[:3])) / 765


def test_a_page_asks_for_nothing_and_fits_its_window(browser: Browser, made_site: Path) -> None:
    wrong = {}
    for page in pages(made_site):
        for width in WIDTHS:
            browser.look(width)
            browser.open(page)
            found = browser.logged()
            wide = browser.overflow()
            found += [f"{wide} pixels wider than its window"] if wide > 0 else []
            wrong |= {f"{page.name} at {width}": found} if found else {}
    assert not wrong, listed(wrong)


@pytest.mark.parametrize("theme", THEMES)
def test_nothing_keeps_people_from_a_page(browser: Browser, made_site: Path, theme: str) -> None:
    """A theme changes nothing but colours, so that all other rules are asked in one of them."""
    wrong = {}
    for page in pages(made_site):
        for width in WIDTHS:
            browser.look(width, theme)
            browser.open(page)
            found = browser.barriers(() if theme == THEMES[0] else OF_COLOURS)
            wrong |= {f"{page.name} at {width}": found} if found else {}
    assert not wrong, listed(wrong)


@pytest.mark.parametrize("width", (WIDTHS[0], WIDTHS[-1]))
def test_the_keyboard_reaches_all_and_shows_where_it_is(
    browser: Browser, made_site: Path, width: int
) -> None:
    wrong = {}
    browser.look(width)
    for page in pages(made_site):
        browser.open(page)
        missed, unmarked = browser.unreached()
        found = [f"Tab never comes to {element}" for element in missed]
        found += [f"no mark of the focus on {element}" for element in unmarked]
        wrong |= {page.name: found} if found else {}
    assert not wrong, listed(wrong)


def test_a_page_follows_the_theme_of_the_system(browser: Browser, made_site: Path) -> None:
    for page in pages(made_site):
        for theme, dark in (("light", False), ("dark", True)):
            browser.look(1280, theme)
            browser.open(page)
            ground, text = map(lightness, browser.run(COLOURS))
            assert (ground < text) == dark, page


def test_a_page_prints_dark_on_light_without_what_is_to_be_clicked(
    browser: Browser, made_site: Path, tmp_path: Path
) -> None:
    for page in pages(made_site):
        browser.look(1280, "dark")
        browser.open(page)
        assert browser.printed(tmp_path / "page.pdf").stat().st_size > 5_000
        browser.look(PAPER, "dark", media="print")
        ground, text = map(lightness, browser.run(COLOURS))
        assert ground > text, page
        assert not browser.shown(".filters select, .filters input, a.csv, input[type=range]"), page
        assert browser.overflow() < PAPER, page
