"""Parts of the report: verdicts, judged pairs, messages for bad input."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
import report_inputs as inputs

from fgresq.audit.printed import same
from fgresq.errors import UserError
from fgresq.report import paper
from fgresq.report.page import with_code
from fgresq.report.parts import beside, verdicts
from fgresq.report.parts import funnel_tables as funnel
from fgresq.report.parts.cells import Methods, decimal
from fgresq.report.results import Run, read_columns

METHODS = Methods(inputs.METHODS, "config/methods.yaml")


def read(root: Path) -> Run:
    """Read a made-up run."""
    return inputs.read(root)


def test_commands_are_marked_up_and_all_else_is_escaped() -> None:
    made = with_code("run `fgresq data <b>` & then `x`; a lone ` stays")
    assert made == (
        "run <code>fgresq data &lt;b&gt;</code> &amp; then <code>x</code>; a lone ` stays"
    )


def test_paper_numbers_come_from_the_folder(tmp_path: Path) -> None:
    """Each number beside ours is in `reports/paper`, and follows it when it changes."""
    for source in Path("reports/paper").iterdir():
        (tmp_path / source.name).write_text(source.read_text())
    table3 = tmp_path / "table3_fgrestore.csv"
    cell = "table3,Deblurring,PSNR,FR,,SRCC,0."
    table3.write_text(table3.read_text().replace(f"{cell}187", f"{cell}987"))
    rows = paper.reported(paper.read_paper(tmp_path), "table3", "dataset_or_task")
    known = paper.reported(paper.read_paper("reports/paper"), "table3", "dataset_or_task")
    assert len(known) == 13 * 21 - 24  # 13 methods; FR rows lack two tasks
    assert set((rows["paper"] - known["paper"]).round(6)) == {0.0, 0.8}
    code = "".join(path.read_text() for path in Path("fgresq/report").rglob("*.py"))
    code += "".join(path.read_text() for path in Path("reports/templates").rglob("*.*"))
    numbers = {f"{value:.3f}" for value in known["paper"]}
    assert not numbers & set(re.findall(r"(?<![\d.])\d\.\d{3}(?!\d)", code))


def test_verdicts_on_the_papers_data(tmp_path: Path) -> None:
    """With human labels on FGRestore, numbers get a verdict; averages over other tasks do not."""
    values = {
        ("psnr", "deblurring", "srcc"): 0.19,
        ("psnr", "denoising", "srcc"): 0.6,
        ("psnr", "mixture", "srcc"): -0.9,
    }
    inputs.write_run(tmp_path / "run", "fgrestore", "FGRestore", "human", values)
    run = read(tmp_path / "run")
    rows = paper.compare_table3(paper.read_paper("reports/paper"), run, METHODS)
    table = rows.set_index(["method", "at", "stat"])
    assert table.loc[("PSNR", "deblurring", "srcc"), "verdict"] == "match"
    assert table.loc[("PSNR", "denoising", "srcc"), "verdict"] == "better"
    assert table.loc[("PSNR", "mixture", "srcc"), "verdict"] == "worse"
    average = table.loc[("PSNR", "average", "srcc")]
    assert (
        average["verdict"] == "not comparable"
        and average["reason"] == "averages 6 tasks, the paper 4"
    )
    fine = table.loc[("PSNR", "deblurring", "acc")]
    assert fine["difference"] == pytest.approx(fine["ours"] - fine["paper"])
    matched, comparable = paper.tally(rows)
    assert matched == (rows["verdict"] == "match").sum()
    assert comparable == 2 * 4 * 3  # PSNR and LPIPS, four tasks, three statistics


def test_ours_stands_with_its_interval_and_n(tmp_path: Path) -> None:
    """Tables 2, 3 and 4; where there is no value of ours there is nothing beside it."""
    inputs.write_run(tmp_path)
    run, numbers = read(tmp_path), paper.read_paper("reports/paper")
    for rows, details in (
        (paper.compare_table3(numbers, run, METHODS), {("[0.400, 0.700]", "40")}),
        (
            paper.compare_intervals(numbers, run, METHODS),
            {("[0.100, 0.500]", n) for n in ("4", "30")},
        ),
        (paper.compare_table4(numbers, run), {("–", "120")}),
    ):
        made = beside.paper_table("t", "T", rows, "Task", "").rows
        by_head = [(row.cells[5].text, row.cells[6].text) for row in made]
        measured = [row.cells[4].text != "–" for row in made]
        found = {told for told, there in zip(by_head, measured, strict=True) if there}
        assert found == details
        rest = {told for told, there in zip(by_head, measured, strict=True) if not there}
        assert rest <= {("–", "–")}


def test_the_spread_over_seeds_is_a_column_where_there_are_some(tmp_path: Path) -> None:
    """Table 4 of a run with several seeds; folds are no seeds, and a run of one has no column."""
    inputs.write_run(tmp_path)
    run, numbers = read(tmp_path), paper.read_paper("reports/paper")
    single = beside.paper_table("t", "T", paper.compare_table4(numbers, run), "Task", "")
    assert all(cell.text != "SD over seeds" for cell in single.columns)
    ablation = run.trained.ablation.assign(sd_seeds=0.0125)
    several = replace(run, trained=replace(run.trained, ablation=ablation))
    table = beside.paper_table("t", "T", paper.compare_table4(numbers, several), "Task", "")
    place = [cell.text for cell in table.columns].index("SD over seeds")
    shown = {row.cells[place].text for row in table.rows if row.cells[4].text != "–"}
    assert shown == {decimal(0.0125)}


def test_verdict_edges() -> None:
    assert paper.verdict(paper.TOLERANCE) == paper.verdict(-paper.TOLERANCE) == "match"
    assert (paper.verdict(0.021), paper.verdict(-0.021)) == ("better", "worse")


def test_verdicts_heed_direction(tmp_path: Path) -> None:
    """PSNR follows the scores and is wrong; LPIPS, with the same values, is lower-better: right."""
    inputs.write_run(tmp_path)
    judged = verdicts.judge_pairs(read(tmp_path), METHODS)
    said = judged.groupby("method")["verdict"].unique()
    assert list(said["psnr"]) == ["wrong"] and list(said["lpips"]) == ["right"]


def test_a_decision_against_the_majority_is_told() -> None:
    pair = {"fraction_a": 0.35, "preference": "B", "label_origin": "simulated"}
    assert verdicts.votes_text(pair) == "35 % of votes for A"
    told = verdicts.votes_text(pair | {"preference": "A"})
    assert told == "35 % of votes for A; the groups disagreed, the experts decided"
    told = verdicts.votes_text(pair | {"preference": "A", "label_origin": "human"})
    assert told.endswith("not by majority")
    assert "experts decided" in verdicts.votes_text(pair | {"fraction_a": 0.5})


def test_bad_inputs_name_place_and_mend(tmp_path: Path) -> None:
    table = tmp_path / "performance.csv"
    table.write_text("method,value\npsnr,0.5\nssim,much\n")
    with pytest.raises(UserError, match=r"performance.csv, row 3.*'much'.*Run the analysis again"):
        read_columns(table, {"method": str, "value": float})
    with pytest.raises(UserError, match=r"column 'stat' is missing"):
        read_columns(table, {"method": str, "stat": str})
    with pytest.raises(UserError, match=r"no such file"):
        read_columns(tmp_path / "none.csv", {})
    with pytest.raises(UserError, match=r"unknown method 'psnrr'. Did you mean 'psnr'"):
        METHODS.title("psnrr")
    with pytest.raises(UserError, match=r"no reported numbers"):
        paper.read_paper(tmp_path / "nothing")


def test_names_are_matched_loosely() -> None:
    assert same("KADID-10k") == same("KADID-10K") and same("VCL@FER") == same("vclfer")


def test_the_funnel_shows_each_data_set_with_its_tau_and_no_source_without_pairs(
    tmp_path: Path,
) -> None:
    inputs.write_run(tmp_path)
    run = read(tmp_path)
    nothing = [{**step, "pairs": 0, "images": 0} for step in run.funnels[0]["steps"]]
    gone = {**run.funnels[0], "source": "gone", "tau": {}, "steps": nothing, "by_dataset": {}}
    counts = {step["step"]: step["pairs"] for step in nothing}
    joined = run.funnels[0] | {"tau": {"QADS": 0.1, "SRIJ": 0.3}}
    joined |= {"source": "joined", "by_dataset": {"QADS": counts, "SRIJ": counts}}
    run = replace(run, funnels=[*run.funnels, gone, joined])
    known = {run.funnels[0]["source"], "joined"}
    numbers = paper.read_paper("reports/paper")
    for table in (funnel.funnel_table(run, numbers), funnel.task_funnel_table(run)):
        assert set(table.frame["source"]) == known
    own = funnel.dataset_funnel_table(run).frame
    assert own[["source", "data set", "tau"]].values.tolist() == [
        ["joined", "QADS", 0.1],
        ["joined", "SRIJ", 0.3],
    ]
    notes = " ".join(funnel.funnel_notes(run))
    assert "0.10 (QADS), 0.30 (SRIJ)." in notes and "gone" not in notes
