"""The page of figures, and what the first page says of it: only what is drawn is claimed."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import report_inputs as inputs

from fgresq.report.build import write_site
from fgresq.report.pages import all_figures
from fgresq.report.paper import read_paper
from fgresq.report.parts.cells import Methods
from fgresq.report.parts.label_only import read_label_only
from fgresq.report.results import Run
from fgresq.report.site import Site
from fgresq.sections import Report


def site_of(root: Path, run: Run) -> Site:
    """Give the site of a run, to be written beside it."""
    methods = Methods(inputs.METHODS, "methods.yaml")
    labels = read_label_only(inputs.of(root, "labels"))
    out = str(root / "site")
    return Site(run, labels, read_paper("reports/paper"), methods, {}, Report(pairs=2), out)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a made-up run."""
    root = tmp_path_factory.mktemp("site")
    inputs.write_run(root)
    return root


@pytest.fixture(scope="module")
def site(root: Path) -> Site:
    """Its site, written."""
    made = site_of(root, inputs.read(root))
    write_site(made)
    return made


def test_every_figure_has_its_anchor_once_in_the_papers_order(site: Site) -> None:
    html = (Path(site.out) / "figures.html").read_text()
    anchors = re.findall(r'<h2 id="(?:absent-)?(figure-\d+)"', html)
    assert anchors == [f"figure-{n}" for n in range(1, 19)]
    assert html.count("inferred from the order of Figures 7 to 12") == 6
    assert len(html) < 5_000_000 and "<script>alert" not in html


def test_the_strip_leads_to_places_that_are_there(site: Site) -> None:
    index = (Path(site.out) / "index.html").read_text()
    links = re.findall(r'<a class="cell [^"]*" href="([^"]+)"', index)
    assert len(links) == 35
    for link in links:
        page, _, anchor = link.partition("#")
        html = index if not page else (Path(site.out) / page).read_text()
        assert f'id="{anchor}"' in html, link


def test_the_page_is_the_same_twice(root: Path, site: Site) -> None:
    before = (Path(site.out) / "figures.html").read_bytes()
    again = replace(site, out=str(root / "again"))
    write_site(again, ["figures"])
    assert (root / "again/figures.html").read_bytes() == before


def test_a_figure_that_cannot_be_drawn_is_no_stand_in(root: Path, tmp_path: Path) -> None:
    """Training is there, but its record says nothing of what the model is made of."""
    run = inputs.read(root)
    record = {name: value for name, value in run.trained.record.items() if name != "architecture"}
    bare = replace(run, trained=replace(run.trained, record=record))
    site = replace(site_of(root, bare), out=str(tmp_path / "site"))
    write_site(site)
    table = pd.read_csv(tmp_path / "site/tables/coverage.csv").set_index("item")
    assert table.loc["Figure 5", "state"] == "absent"
    assert table.loc["Figure 4", "state"] == "stand-in"
    html = (tmp_path / "site/figures.html").read_text()
    own = html[html.index('id="absent-figure-5"') : html.index("Figure 6.")]
    assert "Not drawn: no page of this report has it" in own and "run make report" in own


def test_a_page_that_is_lacking_takes_its_tables_with_it(root: Path, tmp_path: Path) -> None:
    """Without any number the page of the comparison is not built, and Table 3 is absent."""
    run = inputs.read(root)
    none = replace(run, performance=run.performance[:0])
    site = replace(site_of(root, none), out=str(tmp_path / "site"))
    write_site(site)
    table = pd.read_csv(tmp_path / "site/tables/coverage.csv").set_index("item")
    assert table.loc["Table 3", "state"] == "absent"


def test_odd_scores_and_a_missing_method_leave_the_page_whole(root: Path) -> None:
    run = inputs.read(root)
    scores = run.scores.copy()
    scores.loc[scores["method"].eq("psnr"), "value"] = np.nan
    scores.loc[scores.index[-3:], "value"] = np.inf
    scores = scores[scores["method"].ne("fgresq")]
    odd = replace(run, scores=scores)
    values = all_figures.values(site_of(root, odd))
    drawn = {figure.item: figure.drawn for figure in values["figures"]}
    assert drawn["Figure 2"] and drawn["Figure 13"]
    assert "FGResQ" not in json.dumps(str(values["figures"][5].pairs))
    nothing = all_figures.values(site_of(root, replace(run, scores=run.scores[:0])))
    states = nothing["states"]
    assert {states[f"Figure {n}"]["state"] for n in (1, 6, *range(7, 19))} == {"absent"}
