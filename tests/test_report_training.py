"""The report of the training: tables, verdicts of Table 4, coverage, figures, absences."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import report_inputs as inputs
from training_tables import write_training, write_untrained

from fgresq.errors import UserError
from fgresq.files import write_json
from fgresq.report import paper
from fgresq.report.absences import absences
from fgresq.report.coverage import Shown, coverage
from fgresq.report.parts import training_figures
from fgresq.report.parts import training_tables as training
from fgresq.report.parts.cells import Methods
from fgresq.report.results import Run
from fgresq.report.trained import VARIANTS, Trained, read_trained, variant_title
from fgresq.settings import read_yaml

METHODS = Methods(inputs.METHODS, "config/methods.yaml")
PAPER = paper.read_paper("reports/paper")
FIGURES = (
    training_figures.curves_figure,
    training_figures.confusion_figure,
    training_figures.forest_figure,
    training_figures.reliability_figure,
)
TABLES = (
    training.confusion_table,
    training.ablation_table,
    training.reliability_table,
    training.runs_table,
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("trained")
    write_training(folder)
    return read_trained(folder)


def read(root: Path) -> Run:
    return inputs.read(root, "paper")


@pytest.fixture(scope="module")
def on_paper(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run on FGRestore with CLIP, its ablation on the split by pairs."""
    root = tmp_path_factory.mktemp("paper")
    values = {("fgresq", "denoising", "srcc"): 0.76}
    inputs.write_run(root, "fgrestore", "FGRestore", "human", values, "paper")
    write_training(inputs.of(root, "analysis", "paper"), stand_in=False, split="pairs")
    return read(root)


def test_every_variant_of_the_settings_has_a_title() -> None:
    assert set(read_yaml("config/config.yaml")["defaults"]["variants"]) == set(VARIANTS)
    assert variant_title("of_mine") == "of_mine"


def test_ablation_table_shows_differences_with_intervals(trained: Trained) -> None:
    table = training.ablation_table(trained)
    assert [row.cells[0].text for row in table.rows][:3] == [
        "Full model",
        "w/o DFL",
        "w/o ranking loss",
    ]
    full, dfl = table.rows[0].cells[1], table.rows[1].cells[1]
    assert full.text == "0.750" and full.detail == ""
    assert (
        dfl.text == "0.690"
        and dfl.detail.split() == ["−0.060", "[−0.075,", "−0.030]"]
        and "outside" in dfl.mark
    )
    diagonal = next(row for row in table.rows if row.cells[0].text == "Diagonal targets")
    assert "outside" not in diagonal.cells[1].mark  # its interval holds zero
    assert "few" in table.rows[2].cells[2].mark and "few" not in table.rows[2].cells[1].mark
    assert "8 families" in table.caption and "split by family" in table.caption


def test_seeds_are_shown_with_their_spread(trained: Trained) -> None:
    rows = trained.ablation.assign(sd_seeds=0.01, runs=3)
    table = training.ablation_table(replace(trained, ablation=rows))
    assert table.rows[0].cells[1].detail == "± 0.010 over seeds"
    assert "runs a variant: 3" in table.caption


def test_sentences(trained: Trained) -> None:
    said = training.task_sentence(trained)
    assert said.startswith("Task accuracy: 0.910 [0.880, 0.940] on 396 images of 24 families")
    assert said.endswith("guessing has 0.167.")
    assert "over 650 decided pairs" in training.reliability_sentence(trained)
    none = Trained()
    assert training.task_sentence(none) == training.reliability_sentence(none) == ""
    single = training.task_sentence(Trained(record={"single_task": True}))
    assert single.startswith("All images are of one task")
    assert training.run_title("pairs-seed2") == "test pairs, seed 2"


def test_figures_say_their_numbers_and_are_the_same_twice(trained: Trained) -> None:
    for draw in FIGURES:
        made = draw(trained)
        assert made.svg == draw(trained).svg
        label = re.search(r'aria-label="([^"]*)"', made.svg).group(1)
        assert len(re.findall(r"\d\.\d\d", label)) >= 5, made.name


def test_nothing_trained_gives_no_table_and_no_figure(tmp_path: Path) -> None:
    write_untrained(tmp_path)
    for nothing in (Trained(), read_trained(tmp_path), read_trained(tmp_path / "none")):
        assert not nothing.there
        assert [draw(nothing) for draw in FIGURES] == [None] * 4
        assert [make(nothing) for make in TABLES[:3]] == [None] * 3


def test_table4_gets_verdicts_on_the_papers_data_only(on_paper: Run, tmp_path: Path) -> None:
    rows = paper.compare_table4(PAPER, on_paper).set_index(["method", "stat"])
    assert len(rows) == 6 and set(rows["reason"]) == {""}
    full = rows.loc[("FGResQ", "acc")]
    assert full["difference"] == pytest.approx(0.75 - full["paper"])
    assert rows.loc[("w/o DFL", "acc"), "ours"] == 0.69
    cases = {
        "split by family, the paper's by pairs": {"split": "family"},
        "averages other tasks": {"tasks": 2},
    }
    for reason, changed in cases.items():
        changed = replace(on_paper.trained, ablation=on_paper.trained.ablation.assign(**changed))
        rows = paper.compare_table4(PAPER, replace(on_paper, trained=changed))
        assert set(rows["reason"]) == {reason} and set(rows["verdict"]) == {"not comparable"}


def test_fgresq_in_table3_is_compared_unless_its_tower_stands_in(on_paper: Run) -> None:
    rows = paper.compare_table3(PAPER, on_paper, METHODS).set_index(["method", "at", "stat"])
    assert rows.loc[("FGResQ", "denoising", "srcc"), "verdict"] == "match"
    record = {**on_paper.trained.record, "truncated": True}
    stopped = replace(on_paper, trained=replace(on_paper.trained, record=record))
    rows = paper.compare_table3(PAPER, stopped, METHODS).set_index(["method", "at", "stat"])
    assert rows.loc[("FGResQ", "denoising", "srcc"), "reason"] == "truncated training"
    assert rows.loc[("PSNR", "denoising", "srcc"), "verdict"] != "not comparable"


def states(shown: Shown) -> pd.DataFrame:
    return coverage(PAPER, shown).set_index("item").loc[["Table 4", "Figure 5"]]


def test_coverage_of_training(on_paper: Run, trained: Trained) -> None:
    own = states(Shown(on_paper, "paper", frozenset(), on_paper))
    assert set(own["state"]) == {"reproduced"}
    stand_in = replace(on_paper, trained=trained)
    found = states(Shown(stand_in, "paper", frozenset(), stand_in))
    assert set(found["state"]) == {"stand-in"}
    assert found["why"].str.contains("a stand-in tower, not CLIP").all()
    absent = {"code": "no_network", "reason": "no weights", "next_step": "connect once"}
    found = states(Shown(on_paper, "paper", frozenset(), None, absent))
    assert set(found["state"]) == {"absent"} and set(found["why"]) == {"no weights"}
    assert set(found["next_step"]) == {"connect once"}
    assert set(states(Shown(on_paper, "own", frozenset()))["state"]) == {"absent"}


def test_absent_training_is_listed_once(on_paper: Run, tmp_path: Path) -> None:
    write_untrained(tmp_path)
    scores = on_paper.scores.assign(value=float("nan"), reason="not trained")
    run = replace(on_paper, trained=read_trained(tmp_path), scores=scores)
    listed = [row for row in absences(run, METHODS) if row["name"] == "FGResQ"]
    assert [(row["kind"], row["next_step"]) for row in listed] == [("training", "connect once")]


def test_bad_files_name_place_and_mend(tmp_path: Path) -> None:
    write_training(tmp_path)
    table = tmp_path / "ablation.csv"
    table.write_text(table.read_text().replace("difference", "diference", 1))
    with pytest.raises(UserError, match=r"ablation.csv: unknown column 'diference'. Did you mean"):
        read_trained(tmp_path)
    write_training(tmp_path)
    (tmp_path / "training.json").write_text("{")
    with pytest.raises(UserError, match=r"training.json: not JSON"):
        read_trained(tmp_path)
    write_json(tmp_path / "training.json", {})
    assert json.loads((tmp_path / "training.json").read_text()) == {}
    assert not read_trained(tmp_path).there
