"""Figures of pairs: which are chosen, what is said of them, and that names are text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import report_inputs as inputs

from fgresq.images import write_png
from fgresq.report import page
from fgresq.report.parts.cells import Methods
from fgresq.report.parts.pair_choice import (
    Judged,
    against,
    judged_pairs,
    leader,
    misranked,
    spread,
    typical,
)
from fgresq.report.parts.pair_figures import (
    fine_figure,
    misranked_figure,
    qualitative_figure,
    verdicts_figure,
)
from fgresq.report.parts.thumbnails import closeup, most_different
from fgresq.report.results import Run
from fgresq.templating import templates

METHODS = Methods(inputs.METHODS, "methods.yaml")
IMAGES = ("0", "1", "2", "3")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A made-up run, in which A is liked better in every decided pair, against the scores."""
    root = tmp_path_factory.mktemp("run")
    inputs.write_run(root)
    return inputs.read(root)


def scored(run: Run, **values: tuple[float, float, float, float]) -> Run:
    """Give every task's four images these values, by method."""
    rows = [
        {"image": f"mini/{task}/{name}.png", "method": method, "split": "all", "value": value}
        for method, four in values.items()
        for task in run.pairs["task"].unique()
        for name, value in zip(IMAGES, four, strict=True)
    ]
    return replace(run, scores=pd.DataFrame(rows))


RISING, FALLING = (0.0, 1.0, 2.0, 3.0), (3.0, 2.0, 1.0, 0.0)


def test_counts_heed_direction_and_leave_out_what_is_no_metric(run: Run) -> None:
    """Of pairs 0-1, 0-2 and 1-2 the first image is liked; lower LPIPS is better."""
    made = scored(run, psnr=RISING, lpips=RISING, fgresq=(1, 0, 2, 0), ridge=RISING)
    judged = judged_pairs(made, METHODS)
    assert judged.metrics == ["psnr", "lpips", "fgresq"]
    one = judged.of_task("denoising").set_index("pair")
    assert one["wrong"].tolist() == [1, 2, 2] and one["right"].tolist() == [2, 1, 1]
    assert one["share"].round(3).tolist() == [0.333, 0.667, 0.667]
    tied = judged_pairs(scored(run, psnr=(1, 1, 2, 0)), METHODS).of_task("denoising")
    assert tied[["right", "wrong"]].values.tolist() == [[0, 0], [0, 1], [0, 1]]


def test_the_most_misranked_come_first_a_task_each_and_the_clearest_among_equals(run: Run) -> None:
    pairs = run.pairs.copy()
    clear = pairs["pair"].eq("mini#denoising02")
    pairs.loc[clear, "fraction_a"] = 1.0
    pairs.loc[pairs["pair"].eq("mini#denoising01"), "fraction_a"] = 0.0  # A against the votes
    judged = judged_pairs(scored(replace(run, pairs=pairs), psnr=RISING), METHODS)
    chosen = misranked(judged, 6)
    assert chosen[0] == "mini#denoising02"
    assert sorted(judged.pairs.loc[chosen, "task"]) == sorted(run.pairs["task"].unique())
    none = judged_pairs(scored(run, psnr=FALLING), METHODS)
    assert misranked(none, 6) == [] and misranked_figure(none) is None


def test_figure_1_says_how_many_are_misranked(run: Run) -> None:
    judged = judged_pairs(scored(run, psnr=RISING, fgresq=FALLING), METHODS)
    figure = misranked_figure(judged)
    assert figure and figure.finding == (
        "Of 18 decided pairs, 18 (100 %) are misranked by half of the 2 metrics or more, "
        "and 0 by all."
    )
    assert "1 of 2 metrics right; wrong: PSNR" in figure.cards[0].tally


def test_figure_6_shows_both_ways(run: Run) -> None:
    """FGResQ is alone right on 0-1 and alone wrong on 0-2."""
    odd = (1.0, 0.0, 2.0, 0.0)
    crowd = (0.5, 1.0, 0.0, 0.0)
    made = scored(run, psnr=crowd, cvvdp=crowd, fgresq=odd)
    judged = judged_pairs(made, METHODS)
    assert leader(judged) == "fgresq"
    assert set(against(judged, "fgresq", True)["pair"].str[-2:]) == {"01"}
    assert set(against(judged, "fgresq", False)["pair"].str[-2:]) == {"02", "12"}
    even = judged_pairs(scored(run, psnr=crowd, fgresq=odd), METHODS)
    assert against(even, "fgresq", True).empty  # half is not most
    figure = qualitative_figure(judged)
    assert figure and figure.finding == (
        "FGResQ is right where most metrics are wrong on 6 (33 %) of 18 decided pairs, "
        "and wrong where most are right on 12 (67 %)."
    )
    assert [c.pair["pair"][-2:] for c in figure.cards[:3]] == ["01"] * 3


def test_without_fgresq_the_best_metric_leads(run: Run) -> None:
    judged = judged_pairs(scored(run, psnr=RISING, cvvdp=FALLING), METHODS)
    assert leader(judged) == "cvvdp"
    assert leader(judged_pairs(replace(run, scores=run.scores[:0]), METHODS)) is None


def frame(**columns: list) -> pd.DataFrame:
    """Give pairs named a, b and so on."""
    made = pd.DataFrame(columns)
    return made.assign(pair=[chr(97 + i) for i in range(len(made))])


def test_fine_pairs_are_spread_over_the_order_of_gaps() -> None:
    pairs = frame(gap=[0.1 * i for i in range(8)])
    assert spread(pairs, 4) == ["b", "d", "f", "h"]
    assert spread(pairs[:2], 4) == ["a", "b"] and spread(pairs[:0], 4) == []


def test_the_typical_pair_is_nearest_to_the_mean_then_the_clearest() -> None:
    pairs = frame(share=[0.0, 0.5, 0.5, 1.0], clear=[0.5, 0.1, 0.3, 0.5])
    assert typical(pairs) == ["c"] and typical(pairs[:0]) == []


def test_figures_of_a_task_say_what_holds_for_all_its_pairs(run: Run) -> None:
    judged = judged_pairs(scored(run, psnr=RISING, fgresq=FALLING), METHODS)
    fine = fine_figure(judged, "dehazing")
    assert fine and fine.finding == (
        "3 decided pairs of dehazing differ in score by 0.333 to 0.667, half of them by less than "
        "0.333; a metric is right on 0 % (PSNR) to 100 % (FGResQ)."
    )
    full = verdicts_figure(judged, "dehazing")
    assert full and full.full and "a metric is wrong 50 % of the time" in full.finding
    assert fine_figure(judged, "no task") is None and verdicts_figure(judged, "no task") is None


def test_the_window_lies_where_the_images_differ_most(tmp_path: Path) -> None:
    image_a = np.zeros((50, 70, 3), np.uint8)
    image_b = image_a.copy()
    image_b[42:48, 60:69] = 9
    top, left = most_different(image_a, image_b, 20)
    assert image_b[top : top + 20, left : left + 20].sum() == image_b.sum()
    for name, image in (("a", image_a), ("b", image_b)):
        write_png(tmp_path / f"{name}.png", image)
    found = closeup(tmp_path / "a.png", tmp_path / "b.png", 20)
    assert (found.width, found.height) == (20, 20) and found.window.endswith(
        f"20×20 of 70×50 pixels, at ({left}, {top})"
    )
    assert found == closeup(tmp_path / "a.png", tmp_path / "b.png", 20)
    assert closeup(tmp_path / "a.png", tmp_path / "b.png", 99).window == ""
    assert "no such image" in closeup(tmp_path / "a.png", tmp_path / "gone.png", 20).absent


def rendered(judged: Judged) -> str:
    """Render Figure 13."""
    environment = templates(Path("reports/templates"))
    environment.filters |= {"with_code": page.with_code, "sentence": page.capital}
    macros = environment.get_template("figure_macros.html.j2").module
    return str(macros.pair_figure(verdicts_figure(judged, "deblurring")))


def test_names_are_text_and_pictures_have_words(run: Run) -> None:
    html = rendered(judged_pairs(scored(run, psnr=RISING, lpips=RISING), METHODS))
    assert "<script>" not in html and html.count("&lt;script&gt;") >= 3
    assert "✗ wrong" in html and "✓ right" in html and "A &lt; B" in html
    assert 'alt="Image A, ' in html and ": preferred" in html and ": not preferred" in html


def test_an_image_that_is_gone_is_named(run: Run) -> None:
    gone = replace(run, images=run.images.assign(path="nowhere.png"))
    html = rendered(judged_pairs(scored(gone, psnr=RISING), METHODS))
    assert "No picture: nowhere.png: there is no such image" in html and "<img" not in html
