"""The page that says which metric to trust: whose labels, what is recommended, in which unit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import report_inputs as inputs

from fgresq.analysis.trivial import CONSTANT, ENTRIES, NETWORK, SHARPNESS, TRIVIAL
from fgresq.analysis.trust_tables import (
    ALL_TASKS,
    AT,
    AVERAGE,
    CANNOT,
    NEEDS,
    NEVER,
    OPEN,
    TABLES,
)
from fgresq.cli import main
from fgresq.files import write_csv, write_json
from fgresq.human.transfer_table import COLUMNS as TRANSFER
from fgresq.measures import MEASURES
from fgresq.report.parts import (
    gap_tables,
    margin_tables,
    recommendations,
    restorer_tables,
    significance_tables,
)
from fgresq.report.parts.cells import Methods, Table
from fgresq.report.parts.costs import COLUMNS as COSTS
from fgresq.report.parts.costs import read_costs
from fgresq.report.parts.transfer_tables import read_shown
from fgresq.report.results import Run
from fgresq.tables import TASKS, empty

KNOWN = {
    **inputs.METHODS,
    NETWORK: ENTRIES[SHARPNESS],
    "psnr": {**inputs.METHODS["psnr"], "unit": "dB"},
}


def tables(origin: str = "simulated", low: float = 0.1) -> dict[str, pd.DataFrame]:
    """Give small tables of the step: PSNR is ahead of both trivial rows by `low` or more."""
    keys = {"n": 40, "families": 8}
    significance = [
        {
            **{"task": task, "method": method, "against": against, "origin": origin, **keys},
            **{"value": 0.8, "other": 0.5, "difference": low + 0.1, "low": low, "high": low + 0.2},
            **{"unlike": 8, "p": 0.01, "least_p": 2**-7, "p_holm": 0.06, "least_holm": 0.016},
            **{"tests": 2, "verdict": CANNOT if task == TASKS[0] else OPEN},
        }
        for task in (AVERAGE, TASKS[0])
        for against in TRIVIAL
        for method in ("psnr", SHARPNESS)
        if method != against
    ]
    gaps = [
        {**keys, "task": task, "gap": gap, "method": m, "value": v, "low": 0.4, "high": 0.9}
        for task in (AVERAGE, TASKS[0])
        for gap in ("all", "0 to 5 %", "5 to 10 %")
        for m, v in (("psnr", 0.7), ("cvvdp", 0.9), (SHARPNESS, 0.6), (CONSTANT, 0.65))
    ]  # fmt: skip
    blocks = [
        {
            **{"task": ALL_TASKS, "method": m, "difference": d, "least": d, "most": d, **keys},
            **{"value": 0.5 + d / 8, "low": 0.4, "high": 0.9, "fitted": 0.5 + d / 8},
            **{"fitted_low": 0.4, "fitted_high": 0.9},
        }
        for m in ("psnr", "lpips", SHARPNESS)
        for d in (1.0, 2.0, 3.0)
    ]
    step = {"task": ALL_TASKS, "note": "", **keys}
    steps = [
        {**step, "method": "psnr", "asked": AT, "difference": 0.3, "chance": 0.52,
         "chance_low": 0.46, "chance_high": 0.56},
        {**step, "method": "psnr", "asked": NEEDS, "difference": 4.63, "chance": 0.75,
         "difference_low": 2.9},
        {**step, "method": "lpips", "asked": AT, "difference": 0.05, "chance": 0.67},
        {**step, "method": "lpips", "asked": NEEDS, "chance": 0.75, "note": NEVER},
    ]  # fmt: skip
    restorers = [
        {
            **{"task": TASKS[0], "restorer": name, "method": "psnr", "prefers": 0.8, **keys},
            **{"observers": 0.3, "difference": 0.5, "low": low_, "high": 0.7, "n": n},
        }
        for name, low_, n in (("flattered", 0.2, 40), ("unclear", -0.1, 40), ("rare", 0.2, 5))
    ]
    made = {"significance": significance, "gaps": gaps, "margins": blocks, "margin_steps": steps}
    made |= {"restorers": restorers}
    found = {name: empty(columns) for name, columns in TABLES.items()}
    for name, rows in made.items():
        found[name] = pd.DataFrame(rows).reindex(columns=list(TABLES[name]))
    return found


def run_of(root: Path, origin: str = "simulated", low: float = 0.1) -> tuple[Run, Methods]:
    """Give a written run with the tables of the step `trust`, and its methods."""
    inputs.write_run(root, origin=origin)
    run = replace(inputs.read(root), trust=tables(origin, low))
    return run, Methods(KNOWN, "methods.yaml").in_run(run.records)


def texts(table: Table | None) -> list[list[str]]:
    """Give the words of the cells of a table."""
    assert table is not None
    return [[cell.text for cell in row.cells] for row in table.rows]


def test_simulated_labels_are_headed_by_their_source_and_recommend_nothing(tmp_path: Path) -> None:
    run, methods = run_of(tmp_path)
    said = recommendations.heading(run)
    title = MEASURES["jod"].title
    assert said == f"Agreement with {title} (the label source), not a recommendation"
    rows = texts(recommendations.lead_table(run, methods, {}))
    assert rows and all("no recommendation" in row[-1] for row in rows)


@pytest.mark.parametrize(("low", "word"), [(0.1, "✓ recommended"), (-0.1, "∅ not shown")])
def test_people_recommend_only_what_is_ahead_by_an_interval(
    tmp_path: Path, low: float, word: str
) -> None:
    run, methods = run_of(tmp_path, "human", low)
    assert recommendations.heading(run) == "Agreement with people"
    table = recommendations.lead_table(run, methods, {"psnr": 1.24})
    assert table is not None
    assert [row[0] for row in texts(table)] == ["PSNR", "PSNR"]  # trivial rows are none
    assert all(row[-1].startswith(word) for row in texts(table))
    assert texts(table)[0][2] == "1.2"


def test_a_difference_has_the_sign_that_makes_an_image_better_and_its_unit(tmp_path: Path) -> None:
    run, methods = run_of(tmp_path)
    rows = {row[0]: row for row in texts(margin_tables.margin_table(run, methods))}
    assert rows["PSNR"][2:] == ["+0.3 dB: 52 %", "–", "–", "+4.6 dB", "40", "8"]
    assert rows["LPIPS"][2] == "−0.05: 67 %" and rows["LPIPS"][5] == NEVER
    said = margin_tables.sentence_of(run, methods, "psnr")
    assert said == "PSNR +0.3 dB: 52 %; 75 % needs +4.6 dB (40 pairs, 8 families)."
    assert "75 % is never reached" in margin_tables.sentence_of(run, methods, "lpips")


def test_an_open_end_of_an_interval_is_open(tmp_path: Path) -> None:
    run, methods = run_of(tmp_path)
    table = margin_tables.margin_table(run, methods)
    assert table is not None
    assert table.rows[0].cells[5].detail == "[2.9, …]"


def test_every_table_of_agreement_carries_trivial_rows_and_ranks_no_label_source(
    tmp_path: Path,
) -> None:
    run, methods = run_of(tmp_path)  # cvvdp made the labels
    table = gap_tables.gap_table(run, methods, {})
    assert table is not None
    titles = {row.cells[0].text for row in table.rows}
    assert {"Sharpness alone", "Constant order of restorers"} <= titles
    best = {row.cells[0].text for row in table.rows if "best" in row.cells[3].mark}
    assert best == {"PSNR"}
    assert {row.cells[0].text for row in table.rows if row.fixed} == {"ColorVideoVDP"}


def test_a_comparison_prints_the_least_p_it_could_reach(tmp_path: Path) -> None:
    run, methods = run_of(tmp_path)
    rows = texts(significance_tables.comparisons_table(run, methods))
    first = next(row for row in rows if row[1] == TASKS[0])
    assert first[5:9] == ["0.010", "0.008", "0.060", "0.016"]
    assert first[-1] == "∅ cannot decide"
    assert "5 could not be" in significance_tables.undecided_sentence(run)


def test_over_rated_restorers_need_pairs_and_an_interval(tmp_path: Path) -> None:
    run, methods = run_of(tmp_path)
    assert [row[1] for row in texts(restorer_tables.restorer_table(run, methods))] == ["flattered"]


def test_pooled_cells_are_marked_where_the_catalogue_says_that_they_mislead(
    tmp_path: Path,
) -> None:
    run, methods = run_of(tmp_path)
    row = {"source": "mini", "task": TASKS[0], "method": "psnr", "pooled": 0.2, "within": 0.7}
    own = pd.DataFrame([row]).reindex(columns=list(TABLES["within"]))
    run = replace(run, trust={**run.trust, "within": own})
    for entry, tag in (({}, ""), ({"pooled_misleads": "ranks within a reference"}, "misleads")):
        table = significance_tables.within_table(run, methods, {"mini": entry})
        assert table is not None
        assert table.rows[0].cells[3].tag == tag
        assert ("ranks within a reference" in table.note) == bool(tag)


def transfer_of(folder: Path, low: float) -> Table | None:
    """Build the table of rated sets of one row that is ahead of sharpness by `low` at least."""
    line = {"set": "srij", "role": "select", "settings": 3, "measure": "acc", "votes": "ratings"}
    line |= {"n": 40, "families": 9}
    ahead = {"against": "sharpness", "difference": low + 0.1, "difference_low": low}
    ahead |= {"difference_high": low + 0.2, "over_sharpness_low": low, "trained_on": "clive + srij"}
    lines = [
        {**line, "row": "sharpness", "kind": "control", "value": 0.7},
        {**line, "row": "clive", "kind": "ridge", "value": 0.9, **ahead},
    ]
    frame = pd.DataFrame(lines).reindex(columns=list(TRANSFER))
    write_csv(folder / "transfer.csv", frame)
    write_json(folder / "transfer.json", {"command": "make x", "commit": "a" * 40, "dirty": False})
    return recommendations.people_table(read_shown(folder))


@pytest.mark.parametrize(
    ("low", "named"),
    [(0.05, "ridge on clive + srij (taught by other families of it)"), (-0.05, "none")],
)
def test_ratings_of_people_recommend_what_beats_the_trivial_rows(
    tmp_path: Path, low: float, named: str
) -> None:
    (row,) = texts(transfer_of(tmp_path, low))
    assert row[2] == named and row[3] == "sharpness" and row[5] == "ridge on clive + srij"


def test_costs_are_read_and_their_device_is_named(tmp_path: Path) -> None:
    rows = [["psnr", 1.5, 1.4, 1.6, 1.05, 3, 1, "some CPU"]]
    write_csv(tmp_path / "cost.csv", pd.DataFrame(rows, columns=list(COSTS)))
    costs = read_costs(tmp_path / "cost.csv")
    assert costs.by_method == {"psnr": 1.5} and "some CPU" in costs.sentence
    assert read_costs(tmp_path / "none.csv").by_method == {}


def page_of(root: Path) -> str:
    """Build the page alone with the command line and give its text."""
    methods = inputs.write_methods(root / "methods.yaml")
    words = ["step", "report", "--options", '{"report": {"pairs": 6}}', "--pages", "which-metric"]
    words += ["--methods", str(methods), *inputs.arguments(root)]
    assert main([*words, "--out", str(root / "site")]) == 0
    return (root / "site/which-metric.html").read_text(encoding="utf-8")


def test_a_run_of_before_the_step_says_what_is_missing(tmp_path: Path) -> None:
    inputs.write_run(tmp_path)
    html = page_of(tmp_path)
    assert "which metric to trust was not worked out for this run" in html


def test_the_page_shows_the_tables_of_the_step_the_same_twice(tmp_path: Path) -> None:
    inputs.write_run(tmp_path)
    for name, table in tables().items():
        write_csv(inputs.of(tmp_path, "analysis") / f"{name}.csv", table)
    html = page_of(tmp_path)
    for part in ("(the label source), not a recommendation", "Sharpness alone", "flattered"):
        assert part in html
    for name in ("fig-gaps", "fig-margins", "table-margin_steps", "table-leads"):
        assert f'id="{name}"' in html
    assert "which a model made: of people it says nothing" in html
    assert page_of(tmp_path) == html


def ranked(run: Run) -> Run:
    """Give a run with mean ranks of three methods, of which Nemenyi's test parts the first."""
    names = ["psnr", SHARPNESS, CONSTANT]
    shared = {"families": 9, "methods": 3, "friedman_p": 0.0001, "critical_difference": 1.1}
    ranks = [
        {"task": AVERAGE, "method": name, "mean_rank": place + 1.0, **shared}
        for place, name in enumerate(names)
    ]
    pairs = [
        {"task": AVERAGE, "method": one, "other": other, "p": 0.01 if one == "psnr" else 0.5}
        for place, one in enumerate(names)
        for other in names[place + 1 :]
    ]
    made = {"mean_ranks": pd.DataFrame(ranks), "nemenyi": pd.DataFrame(pairs)}
    return replace(run, trust={**run.trust, **made})


def bars(svg: str) -> int:
    """Count the bars of a critical-difference diagram."""
    return svg.count("stroke-width: 2.4")


def test_a_diagram_joins_what_the_test_does_not_part_and_escapes_names(tmp_path: Path) -> None:
    run, methods = run_of(tmp_path)
    title = f"{inputs.HOSTILE} $x$ {{0}}"
    hostile = Methods({**methods.entries, "psnr": {**KNOWN["psnr"], "title": title}}, "methods")
    (first,) = significance_tables.critical_figures(ranked(run), hostile)
    (again,) = significance_tables.critical_figures(ranked(run), hostile)
    assert first.svg == again.svg and "<script>" not in first.svg
    assert "1.1 apart" in first.caption and "p < 0.001" in first.caption
    assert bars(first.svg) == 1  # from the second rank to the third; none from the first
    joined = ranked(run)
    joined.trust["nemenyi"].loc[0, "p"] = 0.5  # the first and the second are no longer parted
    (more,) = significance_tables.critical_figures(joined, hostile)
    assert bars(more.svg) == 2


def test_the_ranking_under_each_choice_stands_side_by_side(tmp_path: Path) -> None:
    run, methods = run_of(tmp_path)
    rows = [
        {"choice": "tie of a method", "setting": s, "method": m, "value": v, "rank": r}
        for s, ranks in (("half", (1, 2)), ("zero", (2, 1)))
        for m, v, r in (("psnr", 0.7, ranks[0]), ("lpips", 0.6, ranks[1]), ("cvvdp", 0.9, None))
    ]
    own = pd.DataFrame(rows).assign(ties=3, tasks=1, n=9)
    (table,) = significance_tables.choice_tables(
        replace(run, trust={**run.trust, "choices": own}), methods
    )
    assert texts(table) == [["PSNR", "1", "2"], ["LPIPS", "2", "1"], ["ColorVideoVDP", "–", "–"]]
    assert table.rows[-1].cells[1].detail == "0.900, label source"
    assert "2 of 3 methods change their rank. 9 pairs" in table.note
