"""What drawings say in words follows from their numbers, and changes with them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import report_inputs as inputs
from training_tables import write_training

from fgresq.report.parts.cells import Methods
from fgresq.report.parts.panels import interval_figures, preference_figure
from fgresq.report.parts.training_figures import curves_figure
from fgresq.report.parts.training_findings import (
    ablation_finding,
    confusion_finding,
    curves_finding,
    reliability_finding,
)
from fgresq.report.trained import Trained, read_trained


@pytest.fixture
def trained(tmp_path: Path) -> Trained:
    """A made-up training."""
    write_training(tmp_path)
    return read_trained(tmp_path)


def cells(counts: dict[tuple[float, float, int, bool], str]) -> pd.DataFrame:
    """Give cells of Figure 4: difference, share of votes, pairs, inconsistent; each of a task."""
    columns = ["difference", "fraction_a", "count", "inconsistent"]
    frame = pd.DataFrame([dict(zip(columns, cell, strict=True)) for cell in counts])
    return frame.assign(task=list(counts.values()), source="mini")


def test_figure_4_says_how_often_votes_are_against_the_scores() -> None:
    rows = cells(
        {
            (0.1, 0.8, 6, False): "deblurring",
            (0.1, 0.2, 2, True): "deblurring",
            (-0.1, 0.2, 9, False): "mixture",
            (-0.2, 0.9, 3, True): "mixture",
        }
    )
    made = preference_figure(rows, "mini", inputs.HOSTILE)
    said = "preferred in 5 of 20 pairs (25 %), most often in deblurring (25 %)"
    assert said in made.caption and "<script>" not in made.svg
    assert made.svg == preference_figure(rows, "mini", inputs.HOSTILE).svg
    shown = re.findall(r"<text[^>]*>([^<]*)</text>", made.svg)
    assert {"deblurring: 25 % against", "against the scores", "9 pairs", "1 pair"} <= set(shown)
    other = preference_figure(rows.assign(inconsistent=[False, False, False, True]), "mini", "")
    assert (
        "3 of 20 pairs (15 %), most often in mixture (25 %), least in deblurring" in other.caption
    )


def test_intervals_count_ranked_values_inside_the_band() -> None:
    rows = pd.DataFrame(
        [
            {
                **{"source": "mini", "method": method, "bin": "[0.0,0.2)", "stat": "srcc"},
                **{"value": value, "low": 0.0, "high": 1.0, "n": 30.0},
                **{"null": 0.3, "null_low": 0.2, "null_high": 0.4},
            }
            for method, value in (("psnr", 0.3), ("lpips", 0.9), ("cvvdp", 0.3), ("ridge", np.nan))
        ]
    )
    methods = {**inputs.METHODS, "cvvdp": {**inputs.METHODS["cvvdp"], "role": "label source"}}

    class Made:
        intervals = rows

    made = interval_figures(Made(), {}, Methods(methods, "methods.yaml"))[0]  # type: ignore[arg-type]
    assert "1 of 2 values inside intervals lie in the band" in made.caption


def test_curves_say_whether_the_loss_falls(trained: Trained) -> None:
    rows = trained.curves
    said = curves_finding(rows)
    assert said.startswith("The loss of stage 1 falls from") and "(mean of 3 runs)" in said
    back = rows.assign(loss=rows["loss"].max() - rows["loss"])
    assert "The loss of stage 1 does not fall: it goes from" in curves_finding(back)
    assert curves_finding(rows[:0]) == ""


def test_runs_differ_by_dash_and_seeds_by_marker_beside_the_colour(trained: Trained) -> None:
    first = trained.curves[trained.curves["run"].eq("0")]
    both = pd.concat([trained.curves, first.assign(run="0-seed1")], ignore_index=True)
    plain, marked = (curves_figure(replace(trained, curves=rows)) for rows in (first, both))
    assert plain and marked
    assert "stroke-dasharray" in marked.svg and "<use" in marked.svg
    dashes = set(re.findall(r"stroke-dasharray: ([^;]*);", marked.svg))
    assert len(dashes) >= 2  # three sides: one line is solid


def test_confusion_says_what_is_taken_for_what() -> None:
    counts = [("dehazing", 8, 2, 0), ("deraining", 3, 5, 2), ("mixture", 0, 6, 4)]
    rows = pd.DataFrame(
        [
            {"task": task, "predicted": other, "count": n}
            for task, *row in counts
            for other, n in zip(("dehazing", "deraining", "mixture"), row, strict=True)
        ]
    )
    assert confusion_finding(rows) == (
        "Stage 1 names the task of 57 % of 30 images; best known is dehazing (80 %), least mixture "
        "(40 %, most often taken for deraining)."
    )
    single = rows[rows["task"].eq("dehazing") & rows["predicted"].eq("dehazing")]
    assert confusion_finding(single) == "Stage 1 names the task of 100 % of 8 images."


def test_the_ablation_says_which_intervals_leave_out_zero(trained: Trained) -> None:
    said = ablation_finding(trained, "acc")
    assert said.startswith("In ACC, the interval of 4 of 5 variants leaves out zero; lowest is")
    wide = replace(trained, ablation=trained.ablation.assign(low=-1.0, high=1.0))
    assert "0 of 5 variants" in ablation_finding(wide, "acc")
    assert ablation_finding(Trained(), "acc") == "No variant has a value of ACC."


def test_reliability_says_how_far_off_and_to_which_side() -> None:
    rows = pd.DataFrame(
        {
            "predicted": [0.1, 0.9],
            "observed": [0.3, 0.7],
            "low": [0.2, 0.6],
            "high": [0.4, 0.95],
            "n": [10, 30],
        }
    )
    assert reliability_finding(rows) == (
        "On average the probability is 0.200 off the observed share, rather too sure; the interval "
        "holds it in 1 of 2 bins."
    )
    shy = rows.assign(predicted=rows["observed"], observed=rows["predicted"])
    assert "not sure enough" in reliability_finding(shy)
