"""Coverage says stand-in only of what a page has, and where it stands; the strip shows it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
import report_inputs as inputs

from fgresq.absent import COVERAGE
from fgresq.report import page
from fgresq.report.coverage import BUILD, NOT_DRAWN, Shown, coverage
from fgresq.report.paper import read_paper
from fgresq.report.parts.coverage_strip import MARKS, coverage_strip
from fgresq.report.results import Run
from fgresq.report.whereabouts import where
from fgresq.tables import TASKS
from fgresq.templating import templates

NUMBERS = read_paper("reports/paper")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A made-up run that can fill every figure."""
    root = tmp_path_factory.mktemp("run")
    inputs.write_run(root)
    return inputs.read(root)


def states(run: Run, built: dict[str, set[str]] | None) -> pd.DataFrame:
    """Give the coverage of a run by item."""
    shown = Shown(run, "mini", frozenset(TASKS), run)
    return coverage(NUMBERS, shown, built).set_index("item")


def test_what_no_page_has_is_absent_whatever_the_run_could_fill(run: Run) -> None:
    trusted = states(run, None)
    assert set(trusted.loc[["Figure 5", "Figure 7", "Table 3"], "state"]) == {"stand-in"}
    built = {"figures": {"figure-7"}, "comparison": {"table-paper_table3"}}
    found = states(run, built)
    assert set(found.loc[["Figure 7", "Table 3"], "state"]) == {"stand-in"}
    assert found.loc["Figure 7", "link"] == "figures.html#figure-7"
    assert found.loc["Table 3", "link"] == "comparison.html#table-paper_table3"
    rest = found.drop(["Figure 7", "Table 3"])
    assert set(rest["state"]) == {"absent"} and set(rest["link"]) == {""}
    assert found.loc["Figure 5", ["why", "next_step"]].tolist() == [NOT_DRAWN, BUILD]


def test_every_item_has_a_place_and_figures_one_each(run: Run) -> None:
    own = [item for item in NUMBERS.items if item["shows"] != "own intervals"]
    places = [where(item, run, Shown(run, "mini", frozenset()).labels) for item in own]
    assert all(places) and len({place.link for place in places if place}) == len(own)


def test_figures_7_to_18_are_in_the_order_of_the_appendix() -> None:
    by_item = {item["item"]: item for item in NUMBERS.items}
    order = ["deblurring", "denoising", "deraining", "super-resolution", "dehazing", "mixture"]
    assert [by_item[f"Figure {n}"]["task"] for n in range(7, 13)] == order
    later = [by_item[f"Figure {n}"] for n in range(13, 19)]
    assert [item["task"] for item in later] == order
    assert all(item["inferred"] == "task" for item in later)


def test_the_strip_tells_a_state_by_letter_symbol_and_word_and_leads_there(run: Run) -> None:
    rows = states(run, {"figures": {"figure-7"}}).reset_index()
    strip = coverage_strip(rows)
    assert [len(line) for line in strip.lines] == [17, 18]
    cells = {cell.item: cell for line in strip.lines for cell in line}
    drawn, absent = cells["Figure 7"], cells["Figure 8"]
    assert (drawn.short, drawn.symbol, drawn.letter) == ("F7", *MARKS["stand-in"])
    assert drawn.link == "figures.html#figure-7" and absent.link == "#table-coverage"
    assert absent.words == "Figure 8, Fine-grained pairs, denoising: absent"
    counted = Counter(rows["state"])
    assert [(state, n) for state, _, _, n in strip.legend] == [(s, counted[s]) for s in COVERAGE]
    assert len({*MARKS.values()}) == len({letter for _, letter in MARKS.values()}) == 4


def test_hostile_titles_are_text_in_the_strip() -> None:
    row = {"item": "Table 1", "title": inputs.HOSTILE, "state": "absent", "link": ""}
    environment = templates(Path("reports/templates"))
    environment.filters |= {"with_code": page.with_code, "sentence": page.capital}
    macros = environment.get_template("figure_macros.html.j2").module
    html = str(macros.coverage_strip(coverage_strip(pd.DataFrame([row]))))
    assert "<script>" not in html and "&lt;script&gt;" in html
    assert 'aria-label="Table 1, ' in html and ">○ A<" in html
