"""A report of a run that is damaged, not whole, or full of hostile names: it says so and stands."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from made_run import PRESET, Size, build_report, write_made_run

from fgresq.cli import main
from fgresq.presets import preset_named

TINY = Size(images=144, pairs=150, methods=5, pictures=4, side=(40, 30))
HOSTILE = {
    "script": "<script>alert('x')</script>",
    "quotes": '"\'`&amp;" onclick="alert(1)" \'',
    "line": "one\ntwo\r\nthree",
    "letters": "图像质量 Ψηφίο कि",
    "long": "ab" * 150,
    "right to left": "\u202eכותרת\u202c \u200f",
    "template": "{{ 7 * 7 }}{% raw %}",
    "latex": r"\input{/etc/passwd} 50 % of $x_1^2$ & #~",
}
PHASES = ("data", "pairs", "scores", "analysis", "labels")


class Text(HTMLParser):
    """Collects the text of a page that a reader sees, and the tags with what they hold."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.code = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.code = tag in ("script", "style")
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.code = False

    def handle_data(self, data: str) -> None:
        self.words += [] if self.code else [data]


def text_of(page: Path) -> str:
    """Give what a reader sees of a page, spaces as one."""
    return " ".join(" ".join(Text(page.read_text(encoding="utf-8")).words).split())


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a workspace of a whole run."""
    return write_made_run(tmp_path_factory.mktemp("whole"), TINY)


@pytest.fixture
def run(whole: Path, tmp_path: Path) -> Path:
    """Give a copy of that workspace, to be damaged, with a copy of the paper's numbers."""
    shutil.copytree(whole, tmp_path / "run", symlinks=True)
    paper = tmp_path / "run/reports/paper"
    source = paper.resolve()
    paper.unlink()
    shutil.copytree(source, paper)
    return tmp_path / "run"


def refused(root: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Give the one line by which the step refuses a run."""
    with contextlib.chdir(root):
        options = json.dumps({"report": preset_named(PRESET).report.record()})
        assert main(["step", "report", "--preset", PRESET, "--options", options]) == 1
    told = capsys.readouterr().err.strip()
    assert told.startswith("fgresq step report: ") and "\n" not in told
    return told


def edit(path: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """Change a table of text."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    change(table).to_csv(path, index=False)


def results(root: Path, phase: str, name: str) -> Path:
    """Give a file of a run."""
    return root / "results" / phase / PRESET / name


@pytest.mark.parametrize("phase", PHASES)
def test_a_run_without_a_phase_names_what_is_missing(run: Path, phase: str) -> None:
    shutil.rmtree(run / "results" / phase / PRESET)
    site = build_report(run)
    first = text_of(site / "index.html")
    if phase != "labels":  # nothing of it is due where no labels are placed
        assert "This run is not whole" in first and f"results/{phase}/{PRESET}/" in first
        assert f"--config preset={PRESET}" in first
    for page in site.glob("*.html"):
        words = text_of(page)
        assert "0 of 0" not in words and not re.search(r"\b(nan|None|inf)\b", words), page


def test_a_method_without_its_table_is_named(run: Path) -> None:
    results(run, "scores", "psnr.csv").unlink()
    site = build_report(run)
    assert "results/scores/paper/psnr.csv" in text_of(site / "provenance.html")


def test_a_run_without_one_of_its_seeds_is_shown(run: Path) -> None:
    path = results(run, "analysis", "training.json")
    record = json.loads(path.read_text())
    record["runs"] = [r for r in record["runs"] if r["run"] != "1"]
    path.write_text(json.dumps(record))
    edit(results(run, "analysis", "curves.csv"), lambda t: t[t["run"] != "1"])
    assert "Full model" in text_of(
        build_report(run, PRESET, "--pages", "training") / "training.html"
    )


def test_a_source_that_is_absent_is_told_with_its_next_step(run: Path) -> None:
    path = results(run, "data", "sources.json")
    absent = {
        "code": "not_placed",
        "reason": "nothing is there",
        "next_step": "place it <b>now</b>",
    }
    more = {"source": "qads", "title": "QADS", "status": "absent", "absent": absent}
    path.write_text(json.dumps([*json.loads(path.read_text()), more | {"label_origin": "human"}]))
    site = build_report(run)
    assert "place it <b>now</b>" in text_of(site / "index.html")


def test_what_is_no_finite_number_is_no_value(run: Path) -> None:
    def change(table: pd.DataFrame) -> pd.DataFrame:
        for method, value in zip(("psnr", "ssim", "niqe"), ("nan", "inf", "-1e999"), strict=True):
            table.loc[table["method"].eq(method), ["value", "low", "high"]] = value
        return table

    edit(results(run, "analysis", "performance.csv"), change)
    edit(results(run, "analysis", "intervals.csv"), change)
    site = build_report(run)
    for page in site.glob("*.html"):
        assert not re.search(r"\b(nan|inf)\b|∞", text_of(page), re.IGNORECASE), page


@pytest.mark.parametrize("value", ["inf", "-inf", "1e999"])
def test_a_score_that_is_infinite_is_told_with_its_row(
    run: Path, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = results(run, "scores", "psnr.csv")

    def change(table: pd.DataFrame) -> pd.DataFrame:
        table.loc[3, "value"] = value
        return table

    edit(path, change)
    told = refused(run, capsys)
    assert "psnr.csv, row 5, column 'value'" in told and "is no finite number" in told


def test_a_method_of_the_paper_that_nobody_knows_is_not_measured(run: Path) -> None:
    path = run / "reports/paper/table3_fgrestore.csv"

    def change(table: pd.DataFrame) -> pd.DataFrame:
        own = table[table["method"].eq(table["method"].iloc[0])]
        return pd.concat([table, own.assign(method="Zorglub <i>")])

    edit(path, change)
    site = build_report(run, PRESET, "--pages", "comparison")
    shown = pd.read_csv(site / "tables/paper_table3.csv", keep_default_na=False)
    own = shown[shown["method"].eq("Zorglub <i>")]
    assert len(own) and set(own["verdict"]) == {"not comparable"}
    assert "Zorglub <i>" in text_of(site / "comparison.html")


@pytest.mark.parametrize("name", ["table3_fgrestore", "table4_ablation", "table5_17_mos_ranges"])
def test_a_cell_of_the_paper_that_is_no_number_is_told(
    run: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = run / f"reports/paper/{name}.csv"

    def change(table: pd.DataFrame) -> pd.DataFrame:
        table.loc[2, "value"] = "o.71"
        return table

    edit(path, change)
    site = build_report(run)
    told = capsys.readouterr().err
    assert f"{name}.csv, row 4" in told and "'o.71'" in told
    assert "o.71" in text_of(site / "audit.html")


def test_an_image_that_was_deleted_since_is_told(run: Path) -> None:
    gone = str(run / "pictures/gone.png")  # what the copy still reads lies in the whole run
    edit(
        results(run, "data", "images.csv"),
        lambda t: t.assign(path=t["path"].mask(t["path"].str.endswith("/1.png"), gone)),
    )
    site = build_report(run)
    assert "there is no such file any more" in (site / "pairs.html").read_text(encoding="utf-8")


def test_hostile_names_are_text(run: Path) -> None:
    """Every kind of name once in each place that takes a name of the user's."""
    names = pd.Series([*HOSTILE.values()])

    def change(table: pd.DataFrame) -> pd.DataFrame:
        at = names[table.index % len(names)].to_numpy()
        columns = [c for c in ("algorithm", "content", "group") if c in table]
        return table.assign(**dict.fromkeys(columns, at))

    edit(results(run, "data", "images.csv"), change)
    edit(results(run, "pairs", "pairs.csv"), change)
    path = results(run, "data", "sources.json")
    [record] = json.loads(path.read_text())
    absent = {"code": "not_placed", "reason": "it is not there", "next_step": "place it"}
    more = {"status": "absent", "absent": absent}
    titled = [{**record, **more, "source": f"s{k}", "title": t} for k, t in enumerate(names)]
    path.write_text(json.dumps([record | {"notes": [*names], "licence": names[0]}, *titled]))
    results(run, "analysis", "provenance.json").write_text(json.dumps({"notes": [*names]}))
    told = {"headline": " ".join(names), "observers": {"sentence": names[0]}}
    (run / f"reports/metrics/{PRESET}.json").write_text(json.dumps(told))
    site = build_report(run)
    for name in names:
        plain = " ".join(name.split())
        assert plain in text_of(site / "data.html") and plain in text_of(site / "provenance.html")
    for page in site.glob("*.html"):
        read = Text(page.read_text(encoding="utf-8"))
        scripts = [attrs.get("type") for tag, attrs in read.tags if tag == "script"]
        assert scripts in ([None], ["application/json", None]), page
        assert not [attrs for _, attrs in read.tags if any(a.startswith("on") for a in attrs)], page
    for file in (site / "tables").glob("*.tex"):
        assert r"\input" not in file.read_text(encoding="utf-8"), file


@pytest.mark.parametrize(
    "metrics",
    [{}, {"headline": "of old"}, {"preset": PRESET, "headline": "of old", "observers": {}}],
    ids=["empty", "headline", "no sentence"],
)
def test_a_metrics_file_of_an_older_version_is_read(run: Path, metrics: dict) -> None:
    (run / f"reports/metrics/{PRESET}.json").write_text(json.dumps(metrics))
    site = build_report(run, PRESET, "--pages", "index", "provenance")
    assert "Traceback" not in text_of(site / "index.html")


def test_a_metrics_file_that_is_no_record_is_told(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (run / f"reports/metrics/{PRESET}.json").write_text("[1, 2]")
    told = refused(run, capsys)
    assert f"metrics/{PRESET}.json" in told


def test_a_preset_of_which_there_is_nothing_is_told(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(run / "results")
    assert f"preset={PRESET}" in refused(run, capsys)
