"""The bench of transfer on the page of the report: values, intervals, who was beaten, and whose."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fgresq.files import write_csv, write_json
from fgresq.human.transfer_table import COLUMNS
from fgresq.report.parts.transfer_tables import read_shown, row_title


def line(row: str, kind: str, measure: str, value: float, **more: object) -> dict[str, object]:
    """Give a line of the committed table on SRIJ."""
    given = {"row": row, "kind": kind, "set": "srij", "role": "select", "settings": 62}
    given |= {"measure": measure, "votes": "ratings" if measure == "acc" else "", "value": value}
    return {**given, "low": value - 0.1, "high": value + 0.1, "n": 40, "families": 9, **more}


def test_the_page_shows_the_committed_bench_and_whose_it_is(tmp_path: Path) -> None:
    gap = {"against": "sharpness", "difference": -0.07}
    gap |= {"difference_low": -0.15, "difference_high": 0.01}
    lines = [
        line("sharpness", "control", "acc", 0.84),
        line("clive", "ridge", "acc", 0.77, trained_on="clive", **gap),
        line("sharpness", "control", "srcc_groups", 0.5),
        {"row": "biq2021", "set": "srij", "role": "select", "reason": "not at hand"},
    ]
    table = pd.DataFrame(lines).reindex(columns=list(COLUMNS))
    write_csv(tmp_path / "transfer.csv", table)
    write_json(tmp_path / "transfer.json", {"command": "make x", "commit": "a" * 40, "dirty": True})
    page = read_shown(tmp_path)
    assert page is not None
    assert "`make x` at commit aaaaaaaaaaaa with changes" in page.sentence
    (shown,) = page.tables
    assert "selected on; 62 settings looked at it" in shown.caption
    assert [cell.text for cell in shown.columns] == [
        "Row",
        "Trained on",
        "ACC, ratings",
        "SRCC in groups",
    ]
    rows = {row.cells[0].text: row.cells for row in shown.rows}
    assert set(rows) == {"sharpness", "ridge on clive"} and rows["sharpness"][0].tag == "control"
    value = rows["ridge on clive"][2]
    assert value.text == "0.770" and value.sort == 0.77
    for part in ("[0.670, 0.870] n 40", "\u22120.070 [\u22120.150, 0.010] over sharpness"):
        assert part in value.detail
    assert rows["ridge on clive"][3].text == "–" and np.isclose(rows["sharpness"][3].sort, 0.5)


def test_without_a_bench_there_is_nothing_to_show(tmp_path: Path) -> None:
    assert read_shown(tmp_path) is None and read_shown(None) is None


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (("dists", "method", "", ""), "dists"),
        (("constant_order", "control", "", ""), "constant order"),
        (("embedded", "method", "clive", ""), "embedded"),
        (("clive", "ridge", "clive", "dinov2, block 6"), "ridge on clive"),
        (("clive_lite0", "ridge", "clive", "lite0"), "ridge on clive (lite0)"),
        (("random_x", "control", "clive", "random, block 6"), "untrained tower, ridge on clive"),
        (("f_c", "fgresq", "clive + biq2021", "score head"), "FGResQ on clive + biq2021"),
        (("f_c", "fgresq", "clive", "comparison head"), "FGResQ on clive, comparison head"),
    ],
)
def test_a_row_is_named_in_words(line: tuple[str, ...], told: str) -> None:
    assert row_title(dict(zip(("row", "kind", "trained_on", "tower"), line, strict=True))) == told
