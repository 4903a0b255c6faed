"""The report: self-contained, the same bytes twice, honest about what it does not show."""

from __future__ import annotations

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pandas as pd
import pytest
import report_inputs as inputs

from fgresq.absent import COVERAGE
from fgresq.cli import main
from fgresq.files import write_json
from fgresq.report.pages import PAGES
from fgresq.tables import TASKS


class Reader(HTMLParser):
    """Collects what the assertions ask of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def values(self, name: str) -> list[str]:
        return [attrs[name] or "" for _, attrs in self.tags if name in attrs]


def build(root: Path, out: str, preset: str = "mini", *more: str, stand_in: str = "") -> Path:
    """Build a report with the command line and give its folder."""
    methods = inputs.write_methods(root / "methods.yaml")
    words = ["step", "report", "--options", '{"report": {"pairs": 6}}', *more]
    words += ["--methods", str(methods), *inputs.arguments(root, preset, stand_in)]
    assert main([*words, "--out", str(root / out)]) == 0
    return root / out


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a simulated run and an empty one."""
    root = tmp_path_factory.mktemp("report")
    inputs.write_run(root)
    inputs.write_empty_run(root)
    return root


@pytest.fixture(scope="module")
def site(folder: Path) -> Path:
    """The report of the simulated run."""
    return build(folder, "site/mini")


@pytest.fixture(scope="module")
def stand_in_site(folder: Path) -> Path:
    """The report of the empty run, with the simulated one standing in."""
    return build(folder, "site/paper", "paper", stand_in="mini")


def pages_of(site: Path) -> dict[str, str]:
    """Give the text of every page."""
    return {path.stem: path.read_text() for path in sorted(site.glob("*.html"))}


def test_every_page_is_there_and_leads_to_every_other(site: Path) -> None:
    pages = pages_of(site)
    assert set(pages) == {module.PAGE.name for module in PAGES}
    for name, html in pages.items():
        links = Reader(html).values("href")
        assert {f"{other}.html" for other in pages} <= set(links), name


def test_self_contained(site: Path) -> None:
    """No remote reference, no script file; every link leads to what is there."""
    pages = pages_of(site)
    anchors = {name: set(Reader(html).values("id")) for name, html in pages.items()}
    shown = set(pd.read_csv(site / "tables/pairs_shown.csv")["pair"])
    for name, html in pages.items():
        reader = Reader(html)
        assert not re.search(r"https?://|@import|url\((?!#)", html)
        assert not reader.values("srcset")
        for src in reader.values("src"):
            assert src.startswith("data:image/webp;base64,") or (site / src).is_file()
        for href in reader.values("href"):
            if href.startswith("data:application/x-tex;"):
                continue
            file, _, anchor = href.partition("#")
            assert not file or (site / file).is_file(), (name, href)
            other = Path(file).stem if file else name
            if anchor.startswith("pair="):
                assert unquote(anchor[5:]) in shown and other == "pairs", (name, href)
            else:
                assert not anchor or anchor in anchors[other], (name, href)


def test_size_and_unique_ids(site: Path) -> None:
    for page in site.glob("*.html"):
        assert page.stat().st_size < 5_000_000
        tags = Reader(page.read_text()).tags
        found = [attrs["id"] for tag, attrs in tags if attrs.get("id") and tag != "path"]
        assert len(found) == len(set(found)), page


def test_same_bytes_twice(folder: Path, site: Path) -> None:
    again = build(folder, "site2/mini")
    files = sorted(path.relative_to(site) for path in site.rglob("*") if path.is_file())
    assert len(files) > 10
    for file in files:
        assert (site / file).read_bytes() == (again / file).read_bytes(), file


def test_a_page_is_built_alone(folder: Path, site: Path) -> None:
    alone = build(folder, "site/alone", "mini", "--pages", "training")
    assert [path.name for path in alone.glob("*.html")] == ["training.html"]
    assert (alone / "training.html").read_bytes() == (site / "training.html").read_bytes()


def test_a_page_that_is_none_is_told(folder: Path, capsys: pytest.CaptureFixture) -> None:
    words = ["step", "report", *inputs.arguments(folder), "--pages", "trainning"]
    assert main([*words, "--out", str(folder / "site/none")]) == 1
    assert "there is no page 'trainning'" in capsys.readouterr().err


def test_a_page_without_its_inputs_says_so_and_the_others_stand(site: Path) -> None:
    """The workspace has no bench of transfer, and no tables of the step `trust`."""
    html = (site / "which-metric.html").read_text()
    assert "This page has nothing to show" in html and "or make human" in html
    assert "nothing to show" not in (site / "comparison.html").read_text()


def test_a_run_that_is_not_whole_is_shown_and_its_files_named(tmp_path: Path) -> None:
    """A whole phase, and a method's table, are not there."""
    inputs.write_run(tmp_path)
    shutil.rmtree(inputs.of(tmp_path, "analysis"))
    (inputs.of(tmp_path, "scores") / "psnr.csv").unlink()
    pages = pages_of(build(tmp_path, "site"))
    for html in pages.values():
        assert "This run is not whole." in html
    assert "analysis/mini/performance.csv" in pages["provenance"]
    assert "no method was compared" in pages["comparison"]
    assert "Construction funnel" in pages["data"]


def test_a_preset_that_left_nothing_is_told(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    inputs.write_run(tmp_path)
    assert main(["step", "report", *inputs.arguments(tmp_path, "own")]) == 1
    told = capsys.readouterr().err
    assert "no result of the preset 'own'. Run snakemake" in told


def test_scores_of_methods_that_the_preset_no_longer_names_are_not_read(tmp_path: Path) -> None:
    inputs.write_run(tmp_path)
    folder = inputs.of(tmp_path, "scores")
    counted = {name: {"images": 24 if name != "psnr" else 0} for name in inputs.METHODS}
    assert "psnr" in set(inputs.read(tmp_path).scores["method"])
    write_json(folder / "methods.json", counted)
    assert set(inputs.read(tmp_path).scores["method"]) == set(inputs.METHODS) - {"psnr"}


def test_hostile_names_are_text(site: Path) -> None:
    """Script in titles, groups, algorithms, headline and provenance arrives as text."""
    pages = pages_of(site)
    assert not any("<script>alert" in html for html in pages.values())
    assert sum(html.count("&lt;script&gt;alert(") for html in pages.values()) > 5
    for name, html in pages.items():
        scripts = [attrs.get("type") for tag, attrs in Reader(html).tags if tag == "script"]
        assert scripts == ["application/json"] * (name == "pairs") + [None], name


def test_simulated_is_never_compared(site: Path) -> None:
    for name in ("paper_table3", "paper_table2", "paper_table4"):
        table = pd.read_csv(site / "tables" / f"{name}.csv")
        assert len(table) and set(table["verdict"]) == {"not comparable"}
        measured = table["ours"].notna()
        assert table.loc[measured, "reason"].str.contains("simulated observers").all()
        assert set(table.loc[measured, "coverage"]) == {"stand-in"}
        assert set(table.loc[~measured, "coverage"]) <= {"absent"}
    pages = pages_of(site)
    assert "neither confirms nor contradicts them" in pages["comparison"]
    assert not any("0 of 0" in html for html in pages.values())
    assert "<h1>Judged by a model (ColorVideoVDP), not by people: " in pages["index"]
    assert "No person has seen these pairs" in pages["index"]


def test_who_leads_is_said_with_n_and_interval(site: Path) -> None:
    """A trivial row is higher, and does not lead: it is told beside what does."""
    table = pd.read_csv(site / "tables/leaders.csv")
    assert list(table["task"]) == ["all tasks", *TASKS]
    first = table.iloc[0]
    assert (first["method"], first["second"]) == ("LPIPS", "PSNR")
    assert first["behind"] == pytest.approx(0.01) and first["n"] == 40
    html = (site / "index.html").read_text()
    assert "LPIPS leads, with a pair accuracy of 0.520 [0.400, 0.700] on 40" in html
    assert "Ridge, a trivial row, has 0.530" in html


def test_people_are_said_to_have_judged_where_they_did(tmp_path: Path) -> None:
    inputs.write_run(tmp_path, "own", "Own", "human")
    html = (build(tmp_path, "site") / "index.html").read_text()
    assert "<h1>Judged by people: ColorVideoVDP leads" in html
    assert "simulated" not in html.partition("</style>")[2].partition("Tables and figures")[0]


def test_coverage(site: Path, stand_in_site: Path) -> None:
    """Every table and figure is there once, with a state of the vocabulary and a next step."""
    wanted = [f"Table {i}" for i in range(1, 18)] + [f"Figure {i}" for i in range(1, 19)]
    for folder in (site, stand_in_site):
        table = pd.read_csv(folder / "tables/coverage.csv", keep_default_na=False)
        assert list(table["item"]) == wanted
        assert set(table["state"]) <= set(COVERAGE)
        assert "reproduced" not in set(table["state"])
        assert (table["next_step"] != "").all() and (table["why"] != "").all()
        states = table.set_index("item")
        assert set(states.loc[["Table 3", "Table 4", "Figure 5"], "state"]) == {"stand-in"}
    assert states.loc["Table 4", "next_step"] == "connect once"


def test_stand_in_site(stand_in_site: Path) -> None:
    """An empty preset still gives a whole site: what is absent is told, all results marked."""
    pages = pages_of(stand_in_site)
    index = pages["index"]
    assert "put FGRestore into data/raw/fgrestore" in index and "Next step" in index
    assert "everything is that of preset mini" in index
    assert '<dt>FGResQ <span class="tag">training</span></dt><dd>No CLIP weights.' in index
    training = pages["training"]
    assert "FGResQ was not trained in preset paper: no CLIP weights. Next step: connect" in training
    for name, html in pages.items():  # the audit is of the paper's numbers, whatever the run
        assert ("stand-in: mini" in html.partition("</h1>")[0]) == (name != "audit"), name


def test_empty_without_stand_in(tmp_path: Path) -> None:
    """Without any result, and without the files of training, the pages are whole."""
    inputs.write_empty_run(tmp_path)
    for name in ("ablation.csv", "confusion.csv", "reliability.csv", "curves.csv", "training.json"):
        (inputs.of(tmp_path, "analysis", "paper") / name).unlink()
    pages = pages_of(build(tmp_path, "site/alone", "paper"))
    assert "no method was compared" in pages["comparison"]
    assert not any("stand-in: " in html for html in pages.values())
    assert "FGResQ was not trained in this run" in pages["training"]
    assert not any("TRUNCATED" in html for html in pages.values())
    assert "Nothing measured" in pages["index"] and "Tables and figures" in pages["index"]


def test_markup_for_readers(site: Path) -> None:
    """Sorting, gallery, figures and folding have what keyboards and screen readers need."""
    pages = pages_of(site)
    tags = [tag for html in pages.values() for tag in Reader(html).tags]
    found = [tag for tag, attrs in tags if attrs.get("aria-sort") == "none"]
    assert len(found) > 50 and set(found) == {"th"}
    for tag, attrs in tags:
        if tag == "svg":
            assert attrs["role"] == "img" and len(attrs["aria-label"] or "") > 20


def test_a_number_leads_to_the_line_of_its_file(folder: Path, site: Path) -> None:
    """The line that a cell names holds its value."""
    lines = (inputs.of(folder, "analysis") / "performance.csv").read_text().splitlines()
    html = (site / "comparison.html").read_text()
    figure = html.partition('id="table-acc_family"')[2].partition("</figure>")[0]
    assert 'data-file="results/analysis/mini/performance.csv"' in figure
    assert 'data-command="snakemake --cores all results/analysis/mini/performance.csv"' in figure
    cells = re.findall(r'data-sort="([\d.]+)" data-row="(\d+)"', figure)
    assert len(cells) > 20
    for value, line in cells:
        fields = lines[int(line) - 1].split(",")
        assert fields[3] == "acc" and float(fields[4]) == float(value)


def test_tables_stand_as_csv_and_as_latex(site: Path) -> None:
    names = {path.stem for path in (site / "tables").glob("*.csv")}
    assert names == {path.stem for path in (site / "tables").glob("*.tex")} and len(names) > 20
    text = (site / "tables/acc_family.tex").read_text()
    assert "\\toprule" in text and "\\bottomrule" in text
    assert "\\textbf{0.530}" in text and "\\underline{0.520}" in text  # ridge, LPIPS


def test_tables_of_an_earlier_run_are_forgotten(tmp_path: Path) -> None:
    inputs.write_run(tmp_path)
    out = build(tmp_path, "site")
    (out / "tables/old.csv").write_text("a\n")
    assert not (build(tmp_path, "site") / "tables/old.csv").exists()


def test_the_label_source_is_not_ranked_where_it_made_the_labels(
    site: Path, stand_in_site: Path
) -> None:
    """It has the highest made-up value and is neither best nor sorted in."""
    assert "ColorVideoVDP *" in (stand_in_site / "comparison.html").read_text()
    html = (site / "comparison.html").read_text()
    rows = re.findall(r'<tr class="label-source"[^>]*>.*?</tr>', html, flags=re.DOTALL)
    assert rows and not any("number best" in row for row in rows)
    best = re.findall(r'<tr class="sanity"[^>]*>.*?</tr>', html, flags=re.DOTALL)
    assert any("number best" in row for row in best)
    assert "80.0 % of its test images" in html
    assert "<small>n 40</small>" in html


def test_what_stands_for_people_is_said_first(site: Path) -> None:
    """On the first page, with the pairs decided at both ends of the slope on another."""
    index = (site / "index.html").read_text()
    assert 0 < index.index("<h1>") < index.index("X stands for people here.") < index.index("<h2")
    html = (site / "comparison.html").read_text()
    section = html.partition('id="observers"')[2].partition("</section>")[0]
    tables = {t: pd.read_csv(site / f"tables/{t}.csv") for t in ("measures", "observers")}
    own = tables["measures"].set_index("measure").loc["lpips"]
    assert (own["low"], own["fitted"], own["high"]) == (10, 18, 27) and own["agreement"] == 0.72
    assert "by definition" in section and "477 decided pairs of SRIJ" in section
    rows = re.findall(
        r"<tr[^>]*>.*?</tr>", section.partition("table-observers")[2], flags=re.DOTALL
    )
    named = [re.sub(r"<[^>]+>", " ", row).split() for row in rows]
    first, last = named[1], next(row for row in named if row[0] == "ColorVideoVDP")
    assert first[0] == "FGResQ" and last[last.index("–") + 1 :][:2] == ["label", "source"]
    assert set(tables["observers"]["measure"]) == {"lpips", "jod"}


def test_elsewhere_the_label_source_is_a_method(tmp_path: Path) -> None:
    """On human ratings it is ranked, best by its made-up value."""
    inputs.write_run(tmp_path, "own", "Own", "human")
    html = (build(tmp_path, "site") / "comparison.html").read_text()
    assert "label-source" not in html.partition("</style>")[2]
    assert "label source" not in html and "ColorVideoVDP *" not in html
    rows = re.findall(r'<tr class="method"[^>]*>.*?</tr>', html, flags=re.DOTALL)
    assert any("ColorVideoVDP" in row and "number best" in row for row in rows)
    assert not any("PSNR" in row and "number best" in row for row in rows)


def test_index_orders_by_completeness(folder: Path) -> None:
    site = folder / "site"
    for preset in ("mini", "paper", "tiny"):
        (folder / "metrics").mkdir(exist_ok=True)
        (folder / f"metrics/{preset}.json").write_text(f'{{"headline": "<b>{preset}</b>"}}')
    pages = [str(site / preset / "index.html") for preset in ("tiny", "mini", "paper")]
    metrics = [str(folder / f"metrics/{preset}.json") for preset in ("mini", "paper", "tiny")]
    assert (
        main(
            [
                "step",
                "site-index",
                "--pages",
                *pages,
                "--metrics",
                *metrics,
                "--out",
                str(site / "index.html"),
            ]
        )
        == 0
    )
    html = (site / "index.html").read_text()
    links = [href for href in Reader(html).values("href")]
    assert links == ["paper/index.html", "mini/index.html", "tiny/index.html"]
    assert "&lt;b&gt;mini&lt;/b&gt;" in html
    assert (
        main(
            [
                "step",
                "site-index",
                "--pages",
                *pages,
                "--metrics",
                metrics[0],
                "--out",
                str(site / "x.html"),
            ]
        )
        == 0
    )
    bare = (site / "x.html").read_text()  # metrics that were removed: pages without headline
    assert "&lt;b&gt;mini&lt;/b&gt;" in bare and "&lt;b&gt;paper&lt;/b&gt;" not in bare
    assert [href for href in Reader(bare).values("href")] == links


def test_the_page_says_what_moves_between_processors(site: Path, stand_in_site: Path) -> None:
    for made in (site, stand_in_site):
        html = (made / "provenance.html").read_text().partition('id="machines"')[2]
        assert "Between processors" in html and "was not measured" in html
