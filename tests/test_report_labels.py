"""The report on data sets known by their scores alone."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import report_inputs as inputs

from fgresq.absent import Absent
from fgresq.analysis.intervals import OVERALL
from fgresq.audit.printed import same
from fgresq.catalogues import catalogue
from fgresq.report.coverage import Shown, coverage
from fgresq.report.paper import read_paper
from fgresq.report.parts import label_only
from fgresq.report.parts.dataset_tables import printed_table
from fgresq.report.parts.funnel_tables import funnel_table
from fgresq.report.parts.source_states import sources_table

PAPER = read_paper("reports/paper")
BINS = ["[0.0,0.2)", "[0.2,0.4)", "[0.4,0.6)", "[0.6,0.8)", "[0.8,1.0]"]
COUNTS = [5, 10, 20, 40, 25]


def record(source: str, title: str, there: bool = True) -> dict:
    """Give a record as `fgresq labels` writes it."""
    code = "label_only" if there else "not_placed"
    return {
        "source": source,
        "title": title,
        "score_kind": "MOS",
        "status": "labels only" if there else "absent",
        "absent": Absent(code, f"the reason of {title}", f"place {title}").record(),
        "images": 100 if there else 0,
        "families": 4 if there else 0,
        "score_min": 0.0 if there else None,
        "score_max": 9.0 if there else None,
    }


def null_row(name: str, printed: float) -> dict:
    """Give a row of nulls.csv; the band is 0 to 0.5."""
    row = {"source": "tid2013", "method": "PSNR", "bin": name, "stat": "srcc", "n": 20}
    return {**row, "printed": printed, "null": 0.25, "null_low": 0.0, "null_high": 0.5}


@pytest.fixture
def labels(tmp_path: Path) -> label_only.LabelOnly:
    """TID2013 by its scores, QADS with a metric, CSIQ not at hand."""
    counts = [
        {"source": source, "bin": name, "n": n}
        for source in ("tid2013", "qads")
        for name, n in [*zip(BINS, COUNTS, strict=True), (OVERALL, 100)]
    ]
    printed = [0.6, -0.1, 0.5, 0.0, float("nan")]
    nulls = [null_row(name, value) for name, value in zip(BINS, printed, strict=True)]
    true = {"source": "qads", "method": "SSIM", "stat": "srcc", "low": 0.4, "high": 0.6, "n": 980}
    rows = [{**true, "bin": name, "value": 0.529} for name in (*BINS, OVERALL)]
    inputs.write_labels(
        tmp_path / "labels",
        record("tid2013", "TID2013"),
        record("qads", "QADS"),
        record("csiq", "CSIQ", there=False),
        counts=counts,
        nulls=[*nulls, null_row(OVERALL, 0.7)],
        intervals=rows,
    )
    return label_only.read_label_only(tmp_path / "labels")


def test_counts_name_the_sources_whose_scores_are_at_hand(labels: label_only.LabelOnly) -> None:
    table = label_only.counts_table(labels)
    assert list(table.frame["source"]) == ["tid2013", "qads"]
    assert table.frame[BINS].to_numpy().tolist() == [COUNTS, COUNTS]
    cells = table.rows[0].cells
    assert [cell.text for cell in cells[4:]] == [*map(str, COUNTS), "100"]
    assert "few" in cells[4].mark and "few" not in cells[5].mark


def test_printed_values_outside_the_band_are_marked_and_counted(
    labels: label_only.LabelOnly,
) -> None:
    cells = label_only.nulls_table(labels).rows[0].cells
    marks = ["outside" in cell.mark for cell in cells[3:13:2]]
    assert marks == [True, True, False, False, False]
    assert label_only.nulls_sentence(labels).startswith("2 of 4 printed values")


def test_rows_of_borrowed_metrics_stand_beside_the_paper_uncounted(
    labels: label_only.LabelOnly,
) -> None:
    rows = label_only.compare_label_only(PAPER, labels)
    assert set(rows["item"]) == {"table15"} and set(rows["method"]) == {"SSIM"}
    overall = rows[rows["at"].eq(OVERALL)].iloc[0]
    assert (overall["paper"], overall["ours"]) == (0.445, 0.529)
    assert overall["difference"] == pytest.approx(0.084)
    assert set(rows["verdict"]) == {"not comparable"}


def test_coverage_and_table_1_say_labels_only(labels: label_only.LabelOnly, tmp_path: Path) -> None:
    inputs.write_empty_run(tmp_path / "run")
    run = inputs.read(tmp_path / "run", "paper")
    steps = {"csiq": "run `fgresq data fetch csiq`"}
    shown = Shown(run, "paper", frozenset(), labels=labels, steps=steps)
    states = coverage(PAPER, shown).set_index("item")
    assert states.loc["Table 6", "state"] == "labels only"  # TID2013
    assert "null of each printed row" in states.loc["Table 6", "why"]
    assert "metrics that came with its labels" in states.loc["Table 15", "why"]  # QADS
    assert states.loc["Table 15", "next_step"] == "place QADS"
    assert states.loc["Table 7", "state"] == "absent"  # CSIQ
    assert states.loc["Table 7", "next_step"] == steps["csiq"]
    frame = printed_table(PAPER, run, labels).frame.set_index("data set")
    assert frame.loc["QADS", "state"] == "labels only"
    assert frame.loc["QADS", "images measured"] == 100
    assert pd.isna(frame.loc["QADS", "pairs measured"])
    assert frame.loc["MDD13", "state"] == "absent"


def test_every_data_set_of_the_papers_tables_has_a_step() -> None:
    known = {same(entry["title"]) for entry in catalogue("sources").values()}
    assert {same(item["data"]) for item in PAPER.items if "data" in item} <= known


def test_without_any_labels_nothing_is_built(tmp_path: Path) -> None:
    inputs.write_labels(tmp_path / "labels", record("csiq", "CSIQ", there=False))
    labels = label_only.read_label_only(tmp_path / "labels")
    assert label_only.counts_table(labels) is None and label_only.nulls_table(labels) is None
    assert label_only.true_tables(labels) == [] and label_only.nulls_sentence(labels) == ""
    assert label_only.compare_label_only(PAPER, labels).empty


def test_the_funnel_stands_beside_the_papers_counts(tmp_path: Path) -> None:
    inputs.write_run(tmp_path)
    frame = funnel_table(inputs.read(tmp_path), PAPER).frame.set_index("step")
    assert frame.loc["all pairs", "pairs printed"] == 1275297
    assert frame.loc["JND filter", ["pairs printed", "images printed"]].tolist() == [30886, 18408]
    assert frame.loc["JND filter", "share printed"] == pytest.approx(30886 / 1275297)
    assert frame.loc["coarse filter"].filter(like="printed").isna().all()
    assert frame.loc["JND filter", ["pairs", "share"]].tolist() == [36, 0.4]


def test_every_data_set_is_listed_with_its_state_and_next_step(
    labels: label_only.LabelOnly, tmp_path: Path
) -> None:
    inputs.write_empty_run(tmp_path / "run")
    entries = catalogue("sources")
    frame = sources_table(entries, inputs.read(tmp_path / "run", "paper"), labels).frame
    rows = frame.set_index("source")
    assert set(rows.index) == set(entries) - {"mini", "own"}
    assert rows.loc["qads", ["state", "why"]].tolist() == ["labels only", "the reason of QADS"]
    assert rows.loc["fgrestore", "next_step"] == "put FGRestore into data/raw/fgrestore"
    assert rows.loc["csiq", "state"] == "absent"
    command = "run `fgresq data fetch csiq --accept-terms`; then run the preset public"
    assert rows.loc["csiq", "next_step"].startswith(command)
    assert rows.loc["realsrq", "next_step"].startswith(entries["realsrq"]["get"])
    assert "preset" not in rows.loc["kodak", "next_step"]
    assert "no run reads as a source" in rows.loc["kodak", "why"]
    assert rows["next_step"].ne("").all()
