"""What `make afine` made is kept in reports/afine: the small files alone, and what changed."""

from __future__ import annotations

from pathlib import Path

from workflow.keep_afine import NAMES, keep


def test_small_files_are_kept_and_changes_told(tmp_path: Path) -> None:
    made = tmp_path / "results/afine/mini"
    (made / "images").mkdir(parents=True)
    for name in ("accuracy.csv", "record.json", "versions.csv", "images/a.png"):
        (made / name).write_text(name)
    apart = tmp_path / "results/afine/sriqa"
    apart.mkdir()
    (apart / "sriqa.csv").write_text("other place")
    assert keep(tmp_path) == ["accuracy.csv", "record.json", "sriqa.csv"]
    kept = tmp_path / "reports/afine"
    assert {file.name for file in kept.iterdir()} == {"accuracy.csv", "record.json", "sriqa.csv"}
    assert (kept / "accuracy.csv").read_text() == "accuracy.csv"
    assert keep(tmp_path) == []
    (made / "accuracy.csv").write_text("anew")
    (made / "people.csv").write_text("people")
    assert keep(tmp_path) == ["accuracy.csv", "people.csv"]
    assert (kept / "accuracy.csv").read_text() == "anew"


def test_what_a_run_lacks_stays(tmp_path: Path) -> None:
    """People's sets are not placed everywhere: their numbers outlive a run without them."""
    kept = tmp_path / "reports/afine"
    kept.mkdir(parents=True)
    for name in NAMES:
        (kept / name).write_text("as committed")
    assert keep(tmp_path) == [] and len(list(kept.iterdir())) == len(NAMES)
