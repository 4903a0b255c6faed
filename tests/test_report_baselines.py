"""The runs of the baselines: collected from disk, and told on the page."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from training_outputs import ABSENT, TOWER, history

from fgresq.analysis.baseline_runs import CURVE_COLUMNS, END, RUN_COLUMNS
from fgresq.cli import main
from fgresq.files import write_csv, write_json
from fgresq.report.parts.cells import Methods
from fgresq.report.parts.retrained import baselines_figure, baselines_table
from fgresq.report.trained import read_trained
from fgresq.tables import read_table

METHODS = Methods({"dbcnn": {"title": "DB-CNN, retrained"}, "liqe": {"title": "LIQE"}}, "here")


def write_run(folder: Path, seed: int = 0, steps: int = 50) -> Path:
    """Write a run of a baseline that has two losses."""
    write_csv(folder / "history.csv", history(steps, 2))
    card = {"kind": "baseline dbcnn", "parameters": 1234, "steps": steps, "device": "cpu"}
    card |= {"train_images": 40, "train_pairs": 90, "test_images": 20, "sha256": "ab" * 32}
    settings = {"seed": seed, "backbone": "stand_in", "second": "efficientnet_lite0"}
    write_json(folder / "card.json", {**card, "settings": settings, "tower": TOWER})
    return folder


def write_absent(folder: Path) -> Path:
    """Write what a run leaves where its method is absent."""
    write_csv(folder / "history.csv", pd.DataFrame(columns=["step", "lr_factor", "loss"]))
    write_json(folder / "card.json", {"kind": "absent", "absent": ABSENT})
    return folder


@pytest.fixture
def analysis(tmp_path: Path) -> Path:
    """Give the folder that the step wrote for three runs, one of them absent."""
    runs = [write_run(tmp_path / "dbcnn/0"), write_run(tmp_path / "dbcnn/pairs-seed1", seed=1)]
    runs.append(write_absent(tmp_path / "liqe/0"))
    out = tmp_path / "analysis"
    call = ["step", "baseline-runs", *map(str, runs), f"--out={out}/baselines.csv"]
    assert main([*call, f"--curves={out}/baseline_curves.csv"]) == 0
    return out


def test_the_facts_are_those_of_the_cards(analysis: Path) -> None:
    rows = read_table(analysis / "baselines.csv", RUN_COLUMNS).set_index(["method", "run"])
    run = rows.loc[("dbcnn", "pairs-seed1")]
    assert (run["seed"], run["parameters"], run["steps"]) == (1, 1234, 50)
    losses, part = history(50, 2)["loss"], round(END * 50)
    assert run["loss_start"] == pytest.approx(losses.head(part).mean(), abs=1e-8)
    assert run["loss_end"] == pytest.approx(losses.tail(part).mean(), abs=1e-8)
    assert run["backbone"] == "stand_in + efficientnet_lite0" and not run["absent"]
    absent = rows.loc[("liqe", "0")]
    assert ABSENT["next_step"] in absent["absent"] and pd.isna(absent["loss_end"])
    curves = read_table(analysis / "baseline_curves.csv", CURVE_COLUMNS)
    assert set(curves["method"]) == {"dbcnn"} and len(curves) == 100


def test_the_page_tells_every_run_and_why_one_is_absent(analysis: Path) -> None:
    trained = read_trained(analysis)
    table = baselines_table(trained, METHODS)
    assert [row.cells[0].text for row in table.rows] == ["DB-CNN, retrained"] * 2 + ["LIQE"]
    assert {len(row.cells) for row in table.rows} == {len(table.columns)}
    assert table.rows[1].cells[1].text == "test pairs, seed 1"
    assert ABSENT["reason"] in table.rows[2].cells[1].text
    figure = baselines_figure(trained, METHODS)
    assert "DB-CNN, retrained" in str(figure) and baselines_figure(trained, METHODS) == figure


def test_without_baselines_there_is_nothing(tmp_path: Path) -> None:
    call = ["step", "baseline-runs", f"--out={tmp_path}/baselines.csv"]
    assert main([*call, f"--curves={tmp_path}/baseline_curves.csv"]) == 0
    trained = read_trained(tmp_path)
    assert baselines_table(trained, METHODS) is None and baselines_figure(trained, METHODS) is None


def test_another_kind_of_run_is_told(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    write_json(tmp_path / "full/0/card.json", {"kind": "FGResQ"})
    call = [
        "step",
        "baseline-runs",
        f"{tmp_path}/full/0",
        f"--out={tmp_path}/a",
        f"--curves={tmp_path}/b",
    ]
    assert main(call) == 1
    assert "this is no baseline (its kind is 'FGResQ')" in capsys.readouterr().err
