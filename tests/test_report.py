"""The report: self-contained, the same bytes twice, honest about what it does not show."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import report_inputs as inputs
from PIL import Image

from fgresq.absent import COVERAGE
from fgresq.cli import main
from fgresq.images import read_rgb
from fgresq.report.cells import Methods
from fgresq.tables import TASKS

METHODS = Methods(inputs.METHODS, "config/methods.yaml")


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


def build(
    root: Path, run: Path, out: str, stand_in: Path | None = None, preset: str = "mini"
) -> Path:
    """Build a report with the command line and give its page."""
    page = root / out / "index.html"
    extra = ["--stand-in-preset", "mini", *inputs.arguments(stand_in, True)] if stand_in else []
    methods = inputs.write_methods(root / "methods.yaml")
    code = main(
        [
            "step",
            "report",
            "--preset",
            preset,
            "--options",
            '{"report": {"gallery": 6}}',
            "--methods",
            str(methods),
            *inputs.arguments(run),
            *extra,
            "--out",
            str(page),
        ]
    )
    assert code == 0
    return page


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a simulated run and an empty one."""
    root = tmp_path_factory.mktemp("report")
    inputs.write_run(root / "run")
    inputs.write_empty_run(root / "empty")
    return root


@pytest.fixture(scope="module")
def page(folder: Path) -> Path:
    """The report of the simulated run."""
    return build(folder, folder / "run", "site/mini")


@pytest.fixture(scope="module")
def stand_in_page(folder: Path) -> Path:
    """The report of the empty run, with the simulated one standing in."""
    return build(folder, folder / "empty", "site/paper", folder / "run", "paper")


def test_self_contained(page: Path) -> None:
    """No remote reference, no script file: data addresses, anchors and the CSV files beside."""
    html = page.read_text()
    reader = Reader(html)
    assert not re.search(r"https?://|@import|url\((?!#)", html)
    assert all(src.startswith("data:image/webp;base64,") for src in reader.values("src"))
    assert not reader.values("srcset")
    for href in reader.values("href"):
        assert href.startswith("#") or (page.parent / href).is_file(), href
    anchors = {href[1:] for href in reader.values("href") if href.startswith("#")}
    assert anchors <= set(reader.values("id"))


def test_size_and_unique_ids(page: Path) -> None:
    assert page.stat().st_size < 5_000_000
    identifiers = [
        value
        for tag, attrs in Reader(page.read_text()).tags
        for value in [attrs.get("id")]
        if value and tag != "path"
    ]
    assert len(identifiers) == len(set(identifiers))


def test_same_bytes_twice(folder: Path, page: Path) -> None:
    again = build(folder, folder / "run", "site2/mini")
    files = sorted(
        path.relative_to(page.parent) for path in page.parent.rglob("*") if path.is_file()
    )
    assert len(files) > 10
    for file in files:
        assert (page.parent / file).read_bytes() == (again.parent / file).read_bytes(), file


def test_hostile_names_are_text(page: Path) -> None:
    """Script in titles, groups, algorithms, headline and provenance arrives as text."""
    html = page.read_text()
    assert "<script>alert" not in html
    assert html.count("&lt;script&gt;alert(") > 5
    assert sum(tag == "script" for tag, _ in Reader(html).tags) == 1


def test_simulated_is_never_compared(page: Path) -> None:
    for name in ("paper_table3", "paper_table2", "paper_table4"):
        table = pd.read_csv(page.parent / "tables" / f"{name}.csv")
        assert len(table) and set(table["verdict"]) == {"not comparable"}
        assert table.loc[table["ours"].notna(), "reason"].str.contains("simulated observers").all()
    html = page.read_text()
    assert "<b>0 of 0</b>" in html and "0 comparable numbers" in html
    assert "<b>Simulated observers.</b>" in html


def test_coverage(page: Path, stand_in_page: Path) -> None:
    """Every table and figure is there once, with a state of the vocabulary and a next step."""
    wanted = [f"Table {i}" for i in range(1, 18)] + [f"Figure {i}" for i in range(1, 19)]
    for site in (page, stand_in_page):
        table = pd.read_csv(site.parent / "tables/coverage.csv", keep_default_na=False)
        assert list(table["item"]) == wanted
        assert set(table["state"]) <= set(COVERAGE)
        assert "reproduced" not in set(table["state"])
        assert (table["next_step"] != "").all() and (table["why"] != "").all()
        states = table.set_index("item")
        assert set(states.loc[["Table 3", "Table 4", "Figure 5"], "state"]) == {"stand-in"}
    assert states.loc["Table 4", "next_step"] == "connect once"


def test_stand_in_page(stand_in_page: Path) -> None:
    """An empty preset still gives a whole page: what is absent on top, all results marked."""
    html = stand_in_page.read_text()
    top = html[: html.index('id="meaning"')]
    assert "put FGRestore into data/raw/fgrestore" in top and "Next step" in top
    assert "Stand-in results." in top and "<b>0 of 0</b>" in top
    assert '<dt>FGResQ <span class="tag">training</span></dt><dd>No CLIP weights.' in top
    assert "FGResQ was not trained in preset paper: no CLIP weights. Next step: connect" in html
    for section in (
        "comparison",
        "training",
        "intervals",
        "paper",
        "datasets",
        "funnel",
        "preference",
        "pairs",
    ):
        heading = html[html.index(f'<section id="{section}"') :].split("</h2>")[0]
        assert "stand-in: mini" in heading, section


def test_empty_without_stand_in(folder: Path) -> None:
    """Without any result, and without the files of training, the page is whole."""
    inputs.write_empty_run(folder / "bare")
    for name in ("ablation.csv", "confusion.csv", "reliability.csv", "curves.csv", "training.json"):
        (folder / "bare/analysis" / name).unlink()
    html = build(folder, folder / "bare", "site/alone", preset="paper").read_text()
    assert "No comparison in this run" in html and "Stand-in results" not in html
    assert "No training in this run" in html and "TRUNCATED" not in html
    assert "Coverage of the paper" in html and "0 comparable numbers" in html


def test_markup_for_readers(page: Path) -> None:
    """Sorting, gallery, figures and folding have what keyboards and screen readers need."""
    reader = Reader(page.read_text())
    found = [tag for tag, attrs in reader.tags if attrs.get("aria-sort") == "none"]
    assert len(found) > 50 and set(found) == {"th"}
    sliders = [a for t, a in reader.tags if t == "input" and a.get("type") == "range"]
    assert len(sliders) == 6 and all(slider["aria-label"] for slider in sliders)
    pairs = [a for t, a in reader.tags if a.get("class") == "pair"]
    assert [pair["data-task"] for pair in pairs] == list(TASKS)
    assert all("psnr" in pair["data-wrong"].split() for pair in pairs)
    for tag, attrs in reader.tags:
        if tag == "svg":
            assert attrs["role"] == "img" and len(attrs["aria-label"]) > 20


def test_the_label_source_is_not_ranked_where_it_made_the_labels(
    page: Path, stand_in_page: Path
) -> None:
    """It has the highest made-up value and is neither best nor sorted in."""
    assert "ColorVideoVDP *" in stand_in_page.read_text()
    html = page.read_text()
    rows = re.findall(r'<tr class="label-source"[^>]*>.*?</tr>', html, flags=re.DOTALL)
    assert rows and not any("number best" in row for row in rows)
    best = re.findall(r'<tr class="sanity"[^>]*>.*?</tr>', html, flags=re.DOTALL)
    assert any("number best" in row for row in best)
    assert "80.0 % of its test images" in html
    assert "by family, n 40" in html


def test_what_stands_for_people_is_said_first(page: Path) -> None:
    """Before the headline, with the pairs decided at both ends of the slope."""
    html = page.read_text().partition("</nav>")[2]
    assert 0 < html.index("X stands for people here.") < html.index("<h1>")
    section = html.partition('id="observers"')[2].partition("</section>")[0]
    tables = {t: pd.read_csv(page.parent / f"tables/{t}.csv") for t in ("measures", "observers")}
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


def test_elsewhere_the_label_source_is_a_method(folder: Path) -> None:
    """On human ratings it is ranked, best by its made-up value."""
    inputs.write_run(folder / "rated", "own", "Own", "human")
    html = build(folder, folder / "rated", "site/own", preset="own").read_text()
    assert "label-source" not in html.partition("</style>")[2]
    assert "label source" not in html and "ColorVideoVDP *" not in html
    rows = re.findall(r'<tr class="method"[^>]*>.*?</tr>', html, flags=re.DOTALL)
    assert any("ColorVideoVDP" in row and "number best" in row for row in rows)
    assert not any("PSNR" in row and "number best" in row for row in rows)


def test_gallery_images_survive(folder: Path, page: Path) -> None:
    """An embedded image decodes to the pixels of the file."""
    reader = Reader(page.read_text())
    image = next(a for t, a in reader.tags if t == "img")
    bytes_ = base64.b64decode(image["src"].partition(",")[2])
    embedded = np.asarray(Image.open(io.BytesIO(bytes_)).convert("RGB"))
    assert np.array_equal(embedded, read_rgb(folder / "run/images/super-resolution/0.png"))


def test_index_orders_by_completeness(folder: Path, page: Path, stand_in_page: Path) -> None:
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


def test_the_page_says_what_moves_between_processors(page: Path, stand_in_page: Path) -> None:
    for made in (page, stand_in_page):
        provenance = made.read_text().split('<section id="provenance">')[1]
        assert "Between processors." in provenance and "was not measured" in provenance
