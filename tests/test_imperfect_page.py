"""The page of imperfect references: it says what intervals carry, and what is not there."""

from __future__ import annotations

import html
import re
from pathlib import Path

import made_afine
import pandas as pd
import pytest
import report_inputs as inputs
from test_report import Reader, build

from fgresq.cli import main
from fgresq.files import write_csv, write_json
from fgresq.report.parts import imperfect_beside


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a simulated run and the tables of `make afine`."""
    folder = tmp_path_factory.mktemp("imperfect")
    inputs.write_run(folder)
    made_afine.write_afine(folder)
    return folder


def page(root: Path, out: str) -> str:
    """Build the page alone and give its text."""
    site = build(root, out, "mini", "--pages", "imperfect")
    return html.unescape((site / "imperfect.html").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def text(root: Path) -> str:
    """The page of the made tables."""
    return page(root, "site")


def table(root: Path, name: str, site: str = "site") -> pd.DataFrame:
    """Read a table beside the page."""
    return pd.read_csv(root / site / f"tables/{name}.csv", keep_default_na=False)


def rows_of(text: str, name: str) -> list[list[str]]:
    """Give the texts of the cells of a table, row by row."""
    part = text.split(f'id="table-{name}"')[1].split("</figure>")[0]
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", part.partition("</thead>")[2], re.DOTALL)
    return [re.findall(r"<t[hd][^>]*><span>(.*?)</span>", row) for row in rows]


def test_the_headline_claims_what_the_intervals_carry(text: str) -> None:
    said = text.partition("What was measured</h2>")[2].partition("</section>")[0]
    assert "A-FINE (VGG16): beside F, D gains on Ref < Test (+6.0 points [4.0, 8.0]);" in said
    assert "it loses on Ref > Test (−5.0 points [−7.0, −3.0])" in said
    assert "is not told apart from F on perfect references (+1.0 points [−1.0, 3.0])" in said
    assert "Of 30 differences that were looked at, the intervals carry 11" in said
    assert (
        "chance alone would carry about 2." in said
        and "random weights" not in said.split("<figure")[0]
    )


def test_beside_d_stands_what_sees_no_image_and_what_people_taught(text: str) -> None:
    said = text.partition("What was measured</h2>")[2].partition("</section>")[0]
    assert (
        "On the average of all, A-FINE (VGG16): D is not told apart from it (−3.0 points "
        "[−7.0, 1.0]); A-FINE (DINOv2): D is not told apart"
    ) in said
    assert "Embedded model, which people's scores" in said and "has 0.660 [0.630, 0.690]" in said


def test_a_gain_that_is_not_carried_is_not_claimed(root: Path, tmp_path: Path) -> None:
    inputs.write_run(tmp_path)
    file = made_afine.write_afine(tmp_path, pictures=False) / "accuracy.csv"
    lines = pd.read_csv(file)
    rows = lines["against"].notna() & lines["scenario"].eq("ref_below_test")
    lines.loc[rows, "difference_low"] = -0.001
    lines.to_csv(file, index=False)
    said = page(tmp_path, "site")
    assert "gains" not in said.partition("What was measured</h2>")[2].partition("<figure")[0]
    assert "is not told apart from F on Ref < Test (+6.0 points [−0.1, 8.0])" in said


def test_a_page_alone_is_named_and_so_is_what_builds_the_others(root, tmp_path, capsys) -> None:
    build(root, str(tmp_path / "alone"), "mini", "--pages", "imperfect")
    told = f"{tmp_path / 'alone' / 'imperfect.html'} (`make report` builds the other pages)"
    assert told in capsys.readouterr().err


def test_simulated_stands_in_the_heading_and_in_captions(text: str) -> None:
    assert 'terms.html#observers">simulated observers' in text.partition("</h1>")[0]
    assert "2AFC accuracy by scenario, simulated observers (LPIPS)." in text


def test_every_row_stands_once_and_sharers_are_marked_and_never_best(text: str) -> None:
    rows = rows_of(text, "imperfect_accuracy_ours")
    assert [row[0] for row in rows].count("A-FINE (VGG16): D") == 1
    assert not any("taught by" in row[0] for row in rows)
    part = text.split('id="table-imperfect_accuracy_ours"')[1].split("</figure>")[0]
    best = re.findall(r"<tr[^>]*>(?:(?!</tr>).)*number best(?:(?!</tr>).)*</tr>", part, re.DOTALL)
    assert best and not any("LPIPS" in row.split("</th>")[0] for row in best)
    sharing = [
        row for row in re.findall(r"<tr.*?</tr>", part, re.DOTALL) if "shares the label" in row
    ]
    assert {re.sub("<.*?>", " ", row).split()[0] for row in sharing} == {"LPIPS-FT", "LPIPS"}


def test_a_number_leads_to_its_line(root: Path, text: str) -> None:
    lines = (root / "reports/afine/accuracy.csv").read_text(encoding="utf-8").splitlines()
    part = text.split('id="table-imperfect_accuracy_ours"')[1].split("</figure>")[0]
    assert 'data-file="reports/afine/accuracy.csv" data-command="make afine"' in part
    cells = re.findall(r'data-sort="([\d.]+)" data-row="(\d+)"', part)
    assert len(cells) > 50
    for value, line in cells:
        fields = dict(zip(lines[0].split(","), lines[int(line) - 1].split(","), strict=True))
        assert float(fields["accuracy"]) == float(value) and fields["labels"] == "lpips"


def test_both_labels_stand_side_by_side(text: str) -> None:
    row = next(r for r in rows_of(text, "imperfect_labels") if r[0] == "A-FINE (VGG16): D")
    assert row[1:3] == ["0.580", "0.585"]  # standard: LPIPS, JOD


def test_ablations_have_backbones_parts_and_triplets(text: str) -> None:
    rows = rows_of(text, "imperfect_ablation")
    assert {row[0] for row in rows} == {"VGG16", "DINOv2", "random weights"}
    assert {row[1] for row in rows} == set(made_afine.PARTS.values())
    assert {row[2] for row in rows} == {"–", "both", "perfect references"}


def test_shares_stand_beside_the_votes_of_diffiqa(root: Path, text: str) -> None:
    frame = table(root, "imperfect_shares").set_index("against its reference")
    printed = pd.to_numeric(frame["votes, DiffIQA"]).round(3)
    assert printed.tolist()[:3] == [0.409, 0.159, 0.432]
    assert frame["images, lpips"].astype(float).tolist() == [0.3, 0.25, 0.35, 0.1]
    assert "LPIPS and JOD give the same label to 76 % of the images." in text
    assert rows_of(text, "imperfect_turned")[0][:4] == ["A-FINE (VGG16)", "0", "5.00", "0.200"]


def test_what_the_authors_print_is_never_judged_on_simulated_data(root: Path, text: str) -> None:
    for name, measured in (("accuracy", 3), ("backbones", 1), ("training", 2), ("sriqa", 0)):
        frame = table(root, f"imperfect_their_{name}")
        assert set(frame["verdict"]) == {"not comparable"}
        own = frame[frame["ours"].ne("")]
        assert own["method"].nunique() == measured, name
        assert own["reason"].str.contains("simulated observers").all()
        assert set(own["coverage"]) <= {"stand-in"}
    frame = table(root, "imperfect_their_accuracy").set_index(["method", "at"])
    assert float(frame.loc[("PSNR", "DiffIQA Ref<Test"), "paper"]) == 0.182
    assert float(frame.loc[("PSNR", "DiffIQA Ref<Test"), "ours"]) == pytest.approx(0.54)
    steps = {("CKDN", "All Average"): "install pyiqa", ("FSIM", "All Average"): "make afine-full"}
    steps |= {("PCQI", "All Average"): "docs/add-a-method.md", ("PSNR", "PIPAL"): "by data set"}
    for key, step in steps.items():
        assert (
            frame.loc[key, "reason"].startswith("not measured; ")
            and step in frame.loc[key, "reason"]
        )
    bench = table(root, "imperfect_their_sriqa").set_index(["method", "at"])["reason"]
    assert "fgresq step afine-sriqa" in bench["PSNR", "All"]
    assert "no code" in bench["PCQI", "All"] and "retrained" in bench["LPIPS-FT", "All"]
    backbones = table(root, "imperfect_their_backbones")
    own = backbones[backbones["ours"].ne("")]
    assert own["reason"].str.contains("not known, and our tower stays frozen").all()
    assert set(own["method"]) == {"A-FINE, VGG16"}


def test_a_placed_bench_is_judged_and_the_free_wins_are_counted(tmp_path: Path) -> None:
    """With the Original the made A-FINE has what is printed, and without it less."""
    inputs.write_run(tmp_path)
    folder = made_afine.write_afine(tmp_path, pictures=False)
    line = {"title": "A-FINE", "set": "Reg", "low": 0.8, "high": 0.87, "pairs": 300, "reason": ""}
    lines = [
        line | {"with_original": "true", "accuracy": 0.833},
        line | {"with_original": "false", "accuracy": 0.56, "pairs": 100},
    ]
    write_csv(folder / "sriqa.csv", pd.DataFrame(lines))
    wins = {"with_original": 200, "original_preferred": 194}
    write_json(folder / "sriqa.json", {"placed": True, "sets": {"Reg": wins}})
    out = build(tmp_path, "site", "mini", "--pages", "imperfect", "audit")
    frame = table(tmp_path, "imperfect_their_sriqa")
    own = frame[frame["ours"].ne("")]
    assert own[["method", "at", "verdict"]].values.tolist() == [
        ["A-FINE", "Regression-based", "match"]
    ]
    row = rows_of((out / "imperfect.html").read_text(encoding="utf-8"), "imperfect_sriqa")[0]
    assert row[:3] == ["A-FINE", "0.833", "0.560"]
    assert "It wins 194 of 200 (Reg)." in (out / "audit.html").read_text(encoding="utf-8")


def test_people_s_choices_stand_apart_with_what_is_missing(text: str) -> None:
    rows = {row[0]: row for row in rows_of(text, "imperfect_people_srij")}
    assert rows["A-FINE (VGG16): D"][1] == "0.700" and len(rows) == 3
    gap = rows_of(text, "imperfect_people_gaps")
    assert [row[-2:] for row in gap] == [["−2.0", "▼ below"]]
    said = text.partition('id="people"')[2].partition("</section>")[0]
    assert "477 pairs of 9 photographs" in said
    assert f"srcolor: there is no {made_afine.LONG}." in said
    assert "vgg16 on SRIJ: D orders 90.0 % of the pairs as F does (SRCC of both 0.950)" in said


def test_examples_show_whom_d_follows(root: Path, text: str) -> None:
    """In the made values N is always wrong, F right, and D says what F says."""
    frame = table(root, "imperfect_agreement")
    assert frame[["F", "N", "triplets", "D right"]].values.tolist() == [[True, False, 4, 1.0]]
    part = text.partition('id="examples"')[2].partition("</section>")[0]
    assert part.count("<article") == 2 and part.count("data:image/webp;base64,") == 6
    assert part.count("F takes A") == 2 and part.count("N takes B") == 2
    assert '<td class="number">1.50</td>' in part  # lambda


def test_without_pictures_the_page_says_so(root: Path, tmp_path: Path) -> None:
    inputs.write_run(tmp_path)
    made_afine.write_afine(tmp_path, pictures=False)
    said = page(tmp_path, "site")
    assert "its images are not here" in said and "data:image/webp" not in said


def test_an_image_that_is_gone_is_told(tmp_path: Path) -> None:
    inputs.write_run(tmp_path)
    made_afine.write_afine(tmp_path)
    (tmp_path / "results/afine/mini/images/a.png").unlink()
    assert "No picture: " in page(tmp_path, "site")


def test_without_tables_the_next_step_is_told(tmp_path: Path) -> None:
    inputs.write_run(tmp_path)
    said = page(tmp_path, "site")
    assert "This page has nothing to show" in said and "make afine" in said


def test_a_table_without_a_column_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inputs.write_run(tmp_path)
    file = made_afine.write_afine(tmp_path, pictures=False) / "accuracy.csv"
    pd.read_csv(file).drop(columns="scenario").to_csv(file, index=False)
    methods = inputs.write_methods(tmp_path / "methods.yaml")
    words = ["step", "report", "--methods", str(methods), *inputs.arguments(tmp_path)]
    assert main([*words, "--out", str(tmp_path / "site")]) == 1
    told = capsys.readouterr().err
    assert "accuracy.csv: column 'scenario' is missing. Run make afine" in told


def test_the_whole_site_stands_with_it(root: Path) -> None:
    """Every link of the page leads somewhere, twice the same bytes, tables in both forms."""
    one, other = (build(root, name) for name in ("one", "two"))
    files = sorted(p.relative_to(one) for p in one.rglob("*") if p.is_file())
    assert all((one / f).read_bytes() == (other / f).read_bytes() for f in files)
    links = Reader((one / "imperfect.html").read_text(encoding="utf-8")).values("href")
    anchors: dict[str, set[str]] = {}
    for link in links:
        name, _, anchor = link.partition("#")
        if anchor and not link.startswith("data:"):
            file = name or "imperfect.html"
            found = anchors.setdefault(
                file, set(Reader((one / file).read_text(encoding="utf-8")).values("id"))
            )
            assert anchor in found, link
    names = {path.stem for path in (one / "tables").glob("imperfect_*.csv")}
    assert (
        names == {path.stem for path in (one / "tables").glob("imperfect_*.tex")} and len(names) > 9
    )
    assert "audit_afine_leads" in {path.stem for path in (one / "tables").glob("*.csv")}


def test_their_topiq_is_ours_with_a_reference() -> None:
    line = {"title": "TOPIQ-FR", "backbone": "", "scenario": "all", "accuracy": 0.7}
    line |= {"low": 0.6, "high": 0.8, "triplets": 9}
    theirs = pd.DataFrame({"method": ["PSNR", "TOPIQ"]})
    found = imperfect_beside.of_methods(pd.DataFrame([line]), theirs)
    assert found[["method", "at", "ours"]].values.tolist() == [["TOPIQ", "All Average", 0.7]]
