"""Figures 2 and 3 and the plot of the first page: counts of the tables, findings of the data."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import report_inputs as inputs

from fgresq.report.limits import limits
from fgresq.report.paper import read_paper
from fgresq.report.parts.cells import Methods
from fgresq.report.parts.funnel_pictures import funnel_part, funnel_parts
from fgresq.report.parts.headline_plot import headline_figure
from fgresq.report.parts.label_only import LabelOnly
from fgresq.report.parts.overview import overview_figure
from fgresq.report.parts.svg import Picture
from fgresq.report.results import Run
from fgresq.report.site import Site
from fgresq.sections import Report
from fgresq.tables import TASKS

NUMBERS = read_paper("reports/paper")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A made-up run: of each task four images and six pairs."""
    root = tmp_path_factory.mktemp("run")
    inputs.write_run(root)
    return inputs.read(root)


def site_of(run: Run, methods: dict[str, Any] = inputs.METHODS) -> Site:
    """Give a site of a run."""
    known = Methods(methods, "methods.yaml")
    return Site(run, LabelOnly(), NUMBERS, known, {}, Report(pairs=2), "site")


def alternative(picture: Picture | None) -> str:
    """Give what readers of the text alone get."""
    assert picture is not None
    found = re.search(r'aria-label="([^"]*)"', picture.svg)
    assert found
    return found[1]


def test_figure_2_has_the_counts_of_the_tables_beside_those_printed(run: Run) -> None:
    made = overview_figure(run, NUMBERS)
    said = alternative(made)
    assert made and made.svg == overview_figure(run, NUMBERS).svg
    for task in TASKS:
        pairs = len(run.pairs[run.pairs["task"] == task])
        assert f"{task}: 4 images, {pairs} pairs; printed" in said
    printed = NUMBERS.table("fig2")
    total = printed.loc[printed["stat"] == "n_pairs", "value"].astype(int).sum()
    assert f"{len(run.pairs)} pairs where the paper prints {total:,}".replace(",", "\u202f") in said
    fewer = run.pairs[run.pairs["task"].ne("mixture") | run.pairs.index.isin([0])]
    assert "mixture: 4 images, 0 pairs" in alternative(
        overview_figure(replace(run, pairs=fewer), NUMBERS)
    )
    assert overview_figure(replace(run, images=run.images[:0]), NUMBERS) is None


def test_figure_2_names_the_task_with_most_pairs(run: Run) -> None:
    kept = run.pairs[run.pairs["task"].eq("deraining") | run.pairs["pair"].str.endswith("01")]
    said = alternative(overview_figure(replace(run, pairs=kept), NUMBERS))
    assert "Most pairs are of deraining (55 %) here" in said


def test_the_funnel_says_what_is_left_and_which_filter_drops_what(run: Run) -> None:
    part = funnel_parts(run)[0]
    assert part.finding == (
        "Of 90 pairs 36 are kept (40 %): the coarse filter drops 30 and the JND filter drops 24."
    )
    assert [round(bar.percent) for bar in part.bars] == [100, 67, 40]
    assert part.bars[1].told == "60 pairs (67 %), 24 images"


def test_a_pair_of_every_fate_is_shown_by_its_scores(run: Run) -> None:
    """Four images of scores 0, 1/3, 2/3 and 1 at a tau of .5, of which one pair is kept."""
    task = run.pairs["task"].eq("deblurring")
    last = run.pairs[task & run.pairs["pair"].str.endswith("23")]
    funnel = {**run.funnels[0], "tau": {"mini": 0.5}}
    images = run.images[run.images["task"].eq("deblurring")].assign(dataset="mini")
    one = replace(run, pairs=last, images=images, funnels=[funnel])
    part = funnel_part(one, funnel, "mini")
    assert [example.fate for example in part.examples] == ["coarse filter", "JND filter", "kept"]
    coarse, alike, kept = part.examples
    assert "scores differ by 0.667, tau is 0.500" in coarse.words
    assert "SSIM between them is not below 0.900" in alike.words
    assert (kept.algorithm_a, kept.algorithm_b) == ("method 2", "method 3")
    assert all(e.closeup.image_a.startswith("data:image/webp") for e in part.examples)
    supplied = funnel_part(one, {**funnel, "supplied_pairs": 3}, "mini")
    assert supplied.examples == []  # such pairs bypass the filters


def test_an_image_that_is_gone_leaves_the_funnel_whole(run: Run) -> None:
    gone = run.images.assign(path="nowhere.png", dataset="mini")
    part = funnel_parts(replace(run, images=gone))[0]
    assert part.examples and all("no such image" in e.closeup.absent for e in part.examples)


def performance(**values: float) -> pd.DataFrame:
    """Give averages of ACC, each with an interval of a twentieth to both sides."""
    rows = [
        {
            **{"split": "family", "task": "average", "method": name, "stat": "acc"},
            **{"value": v, "low": v - 0.05, "high": v + 0.05, "n": 40.0, "families": 4.0},
        }
        for name, v in values.items()
    ]
    return pd.DataFrame(rows)


def test_the_headline_plot_says_who_leads_and_by_whose_preferences(run: Run) -> None:
    rows = performance(psnr=0.6, lpips=0.64, fgresq=0.72, ridge=0.66, cvvdp=0.9)
    site = site_of(replace(run, performance=rows))
    made = headline_figure(site)
    said = alternative(made)
    assert made and made.svg == headline_figure(site).svg
    assert said.startswith("FGResQ leads with 0.720 [0.670, 0.770] of 40 pairs, by simulated")
    assert "the intervals of 1 of 2 others overlap its own" in said
    assert "Ridge, a trivial row, has 0.660" in said and "ColorVideoVDP 0.900" in said
    order = re.findall(r">(FGResQ|PSNR|LPIPS|Ridge|ColorVideoVDP)</text>", made.svg)
    assert order == ["FGResQ", "LPIPS", "PSNR", "Ridge", "ColorVideoVDP"]
    assert ">chance</text>" in made.svg and "made the labels, not ranked" in made.svg
    changed = performance(psnr=0.8, lpips=0.64)
    other = alternative(headline_figure(site_of(replace(run, performance=changed))))
    assert other.startswith("PSNR leads with 0.800")


def test_what_a_line_of_code_gets_stands_beside_the_leader(run: Run) -> None:
    gaps = pd.DataFrame(
        {
            **{"task": "average", "gap": ["all", "all", "0 to 5"], "families": 4.0, "note": ""},
            **{"method": ["constant_order", "psnr", "sharpness"], "value": [0.7, 0.1, 0.2]},
            **{"low": 0.65, "high": 0.75, "n": 40.0},
        }
    )
    lead = {"task": "average", "method": "psnr", "origin": "human", "difference": 0.1}
    lead |= {"low": -0.05, "high": 0.2, "against": "constant_order"}
    trust = {**run.trust, "gaps": gaps, "significance": pd.DataFrame([lead])}
    site = site_of(replace(run, performance=performance(psnr=0.8), trust=trust))
    said = alternative(headline_figure(site))
    assert "Constant order of restorers, a trivial row, has 0.700" in said
    assert "Sharpness" not in said and said.count("PSNR") == 2  # leads, and its value
    told = "PSNR is not shown to be better than a trivial row, Constant order of restorers"
    assert any(words.startswith(f"{told}: the difference is +0.100") for words in limits(site))
    trust["significance"] = pd.DataFrame([lead | {"low": 0.01}])
    ahead = site_of(replace(run, performance=performance(psnr=0.8), trust=trust))
    assert not any("not shown to be better" in words for words in limits(ahead))


def test_people_are_named_where_they_judged(run: Run) -> None:
    human = replace(run, pairs=run.pairs.assign(label_origin="human"))
    made = headline_figure(site_of(replace(human, performance=performance(psnr=0.6))))
    assert "by people's preferences" in alternative(made).replace("&#39;", "'")


def test_without_a_value_a_method_is_not_drawn(run: Run) -> None:
    rows = performance(psnr=0.6, lpips=np.nan, unheard_of=0.9)
    made = headline_figure(site_of(replace(run, performance=rows)))
    assert alternative(made).startswith("PSNR leads") and "LPIPS" not in str(made)
    none = replace(run, performance=performance(lpips=np.nan))
    assert headline_figure(site_of(none)) is None


def test_hostile_titles_are_text_and_short(run: Run) -> None:
    titles = {
        "psnr": {**inputs.METHODS["psnr"], "title": "<script>$x$ & $y$\nline"},
        "lpips": {**inputs.METHODS["lpips"], "title": "W" * 300},
    }
    rows = performance(psnr=0.6, lpips=0.5)
    made = headline_figure(site_of(replace(run, performance=rows), titles))
    assert made and "&lt;script&gt;$x$ &amp; $y$ line</text>" in made.svg
    assert "<script>" not in made.svg and ">" + "W" * 35 + "…<" in made.svg
