"""Status, check, terms, locks and places: what is said of the disk, and that nothing is lost."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from fgresq.catalogues import catalogue
from fgresq.code_digest import closure, members
from fgresq.fetch.items import CATALOGUES, file_names, read_items
from tests.conftest import ROOT
from tests.fetch_site import (
    Site,
    data,
    entry_of,
    files_below,
    make_world,
    manifest,
    part_of,
    serve,
    zipped,
)
from workflow.phases import PHASES
from workflow.steps import modules_of

FILES = {"images/a.png": b"a", "images/b.png": b"bb", "mos.txt": b"1 a.png\n"}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Give a site with one archive, in a folder of three sources.

    `tiny` comes from the site, and wants its terms accepted; `far` has to be asked for.
    """
    monkeypatch.chdir(tmp_path)
    with serve() as running:
        running.files["/tiny.zip"] = zipped(FILES)
        part = part_of(f"{running.url}/tiny.zip", bytes=len(running.files["/tiny.zip"]))
        made = {"title": "Made", "adapter": "made", "licence": "own", "get": "make it"}
        entries = {
            "tiny": entry_of(
                "tiny", part, terms="for research only", expected={"images": 2, "contents": 1}
            ),
            "far": entry_of("far", expected={"images": 3, "contents": None}),
            "made": {**made, "score_kind": "JOD", "label_origin": "simulated"},
        }
        make_world(Path(), entries)
        yield running


def record(capsys: pytest.CaptureFixture, name: str) -> dict:
    """Give the state of a name as `status --json` says it."""
    capsys.readouterr()
    assert data("status", "--json") == 0
    return next(row for row in json.loads(capsys.readouterr().out) if row["name"] == name)


def place(name: str, files: dict[str, bytes] = FILES) -> Path:
    """Place files by hand."""
    for file, content in files.items():
        path = Path("data/raw", name, file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return Path("data/raw", name)


def test_terms_are_shown_and_have_to_be_accepted(site: Site, capsys: pytest.CaptureFixture) -> None:
    assert data("fetch", "tiny") == 1
    told = capsys.readouterr().err
    assert "source 'tiny'" in told and "for research only" in told
    assert "fgresq data fetch tiny --accept-terms" in told
    assert site.asked == [] and not Path("data/raw/tiny").exists()
    assert data("fetch", "tiny", "--accept-terms") == 0
    assert manifest("tiny")["terms"] == "for research only"


def test_a_source_behind_a_form_tells_its_steps(site: Site, capsys: pytest.CaptureFixture) -> None:
    assert data("fetch", "far") == 1
    told = capsys.readouterr().err
    assert "source 'far': no command can fetch it" in told
    assert "By hand: write to the authors of far." in told


def test_a_misspelt_name_gets_the_nearest(site: Site, capsys: pytest.CaptureFixture) -> None:
    assert data("fetch", "tinny") == 1
    assert "unknown name 'tinny'. Did you mean 'tiny'?" in capsys.readouterr().err


def test_terms_that_no_one_states_read_well(site: Site, capsys: pytest.CaptureFixture) -> None:
    part = part_of(f"{site.url}/tiny.zip")
    make_world(Path(), {"tiny": entry_of("tiny", part, terms="none stated; cite the paper")})
    assert data("fetch", "tiny") == 1
    told = "no terms are stated, and what is left to you is to cite the paper. If you will, run"
    assert told in capsys.readouterr().err and site.asked == []


def test_status_takes_names(site: Site, capsys: pytest.CaptureFixture) -> None:
    assert data("status", "far") == 0
    told = capsys.readouterr().out
    assert "far: write to the authors of far" in told and "tiny" not in told
    assert "Weights" not in told
    assert data("status", "farr") == 1
    assert capsys.readouterr().err.endswith("unknown name 'farr'. Did you mean 'far'?\n")


def test_check_says_where_nothing_is_placed(
    site: Site, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_world(Path(), {"far": entry_of("far")})
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_, **__: None)
    assert data("check") == 0 and "nothing is in place yet" in capsys.readouterr().out


def test_two_fetches_at_once_are_kept_apart(site: Site, capsys: pytest.CaptureFixture) -> None:
    Path("data/raw/.fetch").mkdir(parents=True)
    with FileLock("data/raw/.fetch/tiny.lock"):
        assert data("fetch", "tiny", "--accept-terms") == 1
    told = capsys.readouterr().err
    assert "source 'tiny'" in told and "another process is fetching it" in told
    assert data("fetch", "tiny", "--accept-terms") == 0


def test_missing_files_are_added_to_those_that_are_there(site: Site) -> None:
    own = {"images.csv": b"mine", "images/a.png": FILES["images/a.png"]}
    folder = place("tiny", own)
    assert data("fetch", "tiny", "--accept-terms") == 0
    assert files_below(folder) == {**FILES, **own}


def test_missing_files_are_added_also_where_those_there_were_recorded(
    site: Site, capsys: pytest.CaptureFixture
) -> None:
    folder = place("tiny", {"images/a.png": FILES["images/a.png"]})
    assert data("check", "tiny") == 0 and manifest("tiny")["origin"] == "placed by hand"
    row = record(capsys, "tiny")
    assert row["state"] == "partial" and row["next_step"].startswith("run `fgresq data fetch tiny")
    assert data("fetch", "tiny", "--accept-terms") == 0
    assert files_below(folder) == FILES and manifest("tiny")["origin"] == "fetched"
    asked = len(site.asked)
    assert data("fetch", "tiny", "--accept-terms") == 0 and len(site.asked) == asked


def test_a_file_that_differs_is_never_replaced(site: Site, capsys: pytest.CaptureFixture) -> None:
    folder = place("tiny", {"images/a.png": b"mine"})
    assert data("fetch", "tiny", "--accept-terms") == 1
    told = capsys.readouterr().err
    assert "images/a.png" in told and "none was replaced" in told and "Move them away" in told
    assert files_below(folder) == {"images/a.png": b"mine"}
    asked = site.ranges("/tiny.zip")
    (folder / "images/a.png").unlink()
    assert data("fetch", "tiny", "--accept-terms") == 0
    assert site.ranges("/tiny.zip") == asked and files_below(folder) == FILES


def test_a_folder_that_is_a_link_to_another_disk_stays_one(site: Site) -> None:
    Path("large").mkdir()
    Path("data/raw").mkdir(parents=True)
    Path("data/raw/tiny").symlink_to(Path("large/tiny").resolve())
    assert data("fetch", "tiny", "--accept-terms") == 0
    assert Path("data/raw/tiny").is_symlink() and files_below(Path("large/tiny")) == FILES


def test_status_goes_from_absent_over_partial_to_present(
    site: Site, capsys: pytest.CaptureFixture
) -> None:
    row = record(capsys, "tiny")
    assert row["state"] == "absent" and row["published_images"] == 2
    assert row["next_step"] == "run `fgresq data fetch tiny --accept-terms`"
    assert row["download_bytes"] == len(site.files["/tiny.zip"])
    place("tiny", {"images/a.png": b"a"})
    row = record(capsys, "tiny")
    assert row["state"] == "partial" and row["note"].startswith("1 image files are here, 2 images")
    place("tiny")
    row = record(capsys, "tiny")
    assert row["state"] == "present" and row["next_step"] == "" and not row["recorded"]
    assert (row["files"], row["bytes"], row["image_files"]) == (3, 11, 2)
    assert data("check", "tiny") == 0 and record(capsys, "tiny")["recorded"]
    Path("data/raw/tiny/mos.txt").unlink()
    row = record(capsys, "tiny")
    assert row["state"] == "partial" and "such as mos.txt" in row["note"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("csiq", "there is no label file csiq_label.txt"),
        ("tid2013", "there is no label file mos_with_names.txt"),
        ("exbedde", "there is no label file"),
        ("mdd13", "there is no table images.csv"),
    ],
)
def test_images_without_labels_are_no_whole_data_set(
    site: Site, name: str, told: str, capsys: pytest.CaptureFixture
) -> None:
    entry = {**catalogue("sources")[name]}
    make_world(Path(), {name: entry | {"expected": {"images": 1, "contents": 1}}})
    place(name, {"a.png": b"a", "ref.png": b"r", "CITY_fog_scores.mat": b"", "meta.csv": b""})
    row = record(capsys, name)
    assert row["state"] == "partial" and row["note"] == told
    fetched = name in ("csiq", "tid2013")
    assert f"fgresq data fetch {name}" in row["next_step"] if fetched else row["next_step"]
    labels = {"csiq": "CSIQ.txt", "tid2013": "MOS_with_names.txt", "exbedde": "a_1_scores.mat"}
    place(name, {labels.get(name, "images.csv"): b"1"})
    assert record(capsys, name)["state"] == "present"


def test_references_count_where_each_content_has_one(
    site: Site, capsys: pytest.CaptureFixture
) -> None:
    expected = {"images": 2, "contents": 1}
    entry = entry_of("tiny", expected=expected, comparability="reference")
    make_world(Path(), {"tiny": entry})
    place("tiny")
    row = record(capsys, "tiny")
    assert row["note"] == "2 image files are here, 2 images and 1 references were published"
    place("tiny", {"reference/a.png": b"r"})
    assert record(capsys, "tiny")["state"] == "present"


def test_a_table_that_a_person_writes_is_not_fetched_again(
    site: Site, capsys: pytest.CaptureFixture
) -> None:
    entry = entry_of("tiny", part_of(f"{site.url}/tiny.zip"), table="images.csv")
    make_world(Path(), {"tiny": entry})
    place("tiny")
    row = record(capsys, "tiny")
    assert row["next_step"].startswith("write images.csv of the columns in docs/your-own-data.md")
    assert data("fetch", "tiny") == 0 and site.asked == []


def test_what_follows_a_fetch_is_told_before_and_after_it(
    site: Site, capsys: pytest.CaptureFixture
) -> None:
    part = part_of(f"{site.url}/tiny.zip")
    make_world(Path(), {"tiny": entry_of("tiny", part, table="meta.csv", then="map its names")})
    assert record(capsys, "tiny")["next_step"] == "run `fgresq data fetch tiny`; then map its names"
    for _ in range(2):
        assert data("fetch", "tiny") == 0
        assert "there is no table meta.csv. Next step: map its names." in capsys.readouterr().err
    row = record(capsys, "tiny")
    assert (row["state"], row["next_step"]) == ("partial", "map its names")
    assert len(site.ranges("/tiny.zip")) == 1


def test_status_tells_scores_without_images_from_nothing(
    site: Site, capsys: pytest.CaptureFixture
) -> None:
    table = {"folder": "data/labels/tiny", "file": "tiny_*.csv"}
    labels = table | {"columns": {"image": "image", "score": "mos"}}
    make_world(Path(), {"tiny": entry_of("tiny", labels=labels), "far": entry_of("far")})
    assert record(capsys, "tiny")["state"] == "absent"
    path = Path("data/labels/tiny/tiny_2013.csv")
    path.parent.mkdir(parents=True)
    path.write_text("image,mos\na.png,1\n")
    row = record(capsys, "tiny")
    assert row["state"] == "labels only" and str(path) in row["note"]
    assert row["next_step"] == "write to the authors of tiny"
    assert record(capsys, "far")["state"] == "absent"
    place("tiny")
    assert record(capsys, "tiny")["state"] == "present"


def test_status_shows_what_an_unfinished_fetch_has(
    site: Site, capsys: pytest.CaptureFixture
) -> None:
    part = Path("data/raw/.fetch/tiny/downloads/tiny.zip.part")
    part.parent.mkdir(parents=True)
    part.write_bytes(bytes(2048))
    row = record(capsys, "tiny")
    assert row["state"] == "partial" and row["note"] == "2.0 KiB are fetched so far"


def test_status_reads_the_disk_and_no_network(
    site: Site, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network(*_: object) -> None:
        pytest.fail("status opened a connection")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    before = files_below(Path("data")) if Path("data").exists() else {}
    assert data("status") == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in read_items())
    assert "far: write to the authors of far" in shown and re.search(r"\nmade +made", shown)
    assert (files_below(Path("data")) if Path("data").exists() else {}) == before


def test_check_records_what_was_placed_and_names_what_changed(
    site: Site, capsys: pytest.CaptureFixture
) -> None:
    folder = place("far")
    assert data("check", "far") == 0
    told = capsys.readouterr().out
    assert "far: recorded now, 3 files (2 image files are here, 3 images were published)" in told
    assert manifest("far")["origin"] == "placed by hand"
    (folder / "new.png").write_bytes(b"n")
    assert data("check", "far") == 0 and "surplus: new.png" in capsys.readouterr().out
    (folder / "mos.txt").unlink()
    (folder / "images/a.png").write_bytes(b"A")  # of the same size
    assert data("check", "far", "--json") == 1
    told = capsys.readouterr()
    found = json.loads(told.out)[0]
    assert (found["missing"], found["changed"]) == (["mos.txt"], ["images/a.png"])
    assert found["surplus"] == ["new.png"] and found["state"] == "differs"
    assert "source 'far', mos.txt" in told.err and "write to the authors of far" in told.err


def test_an_archive_that_has_to_be_unpacked_by_hand_is_told_until_it_is(
    site: Site, capsys: pytest.CaptureFixture
) -> None:
    site.files["/tiny.rar"] = b"Rar!\x1a\x07\x01\x00" + bytes(500)
    part = part_of(f"{site.url}/tiny.rar", to="tiny.rar", unpack=False)
    make_world(Path(), {"tiny": entry_of("tiny", part, expected={"images": 2, "contents": 1})})
    for words in (("fetch", "tiny"), ("fetch", "tiny"), ("check", "tiny")):
        assert data(*words) == 1
        told = capsys.readouterr().err
        assert "source 'tiny', data/raw/tiny/tiny.rar" in told and "`unrar x`" in told
        assert "unpack tiny.rar by hand in data/raw/tiny" in told
    assert len(site.ranges("/tiny.rar")) == 1
    row = record(capsys, "tiny")
    assert row["state"] == "partial" and row["note"] == "tiny.rar is not unpacked"
    place("tiny")
    assert data("check", "tiny") == 0 and record(capsys, "tiny")["state"] == "present"
    assert manifest("tiny")["downloads"][0]["url"] == f"{site.url}/tiny.rar"
    Path("data/raw/tiny/mos.txt").unlink()
    assert data("check", "tiny") == 1


def test_check_of_what_is_absent_tells_the_next_step(
    site: Site, capsys: pytest.CaptureFixture
) -> None:
    assert data("check", "far") == 1
    assert "there is nothing in data/raw/far. write to the authors" in capsys.readouterr().err
    assert not Path("data/manifests").exists()


def test_check_without_names_takes_all_that_is_here(
    site: Site, capsys: pytest.CaptureFixture
) -> None:
    place("far")
    assert data("check", "--json") == 0
    assert [row["name"] for row in json.loads(capsys.readouterr().out)] == ["far"]


def test_a_damaged_manifest_is_named(site: Site, capsys: pytest.CaptureFixture) -> None:
    place("far")
    Path("data/manifests").mkdir()
    Path("data/manifests/far.json").write_text('{"files": [{}]}')
    assert data("status") == 1
    told = capsys.readouterr().err
    assert "data/manifests/far.json" in told and "Remove it and run `fgresq data check far`" in told


def test_files_of_downloads_have_plain_distinct_names() -> None:
    urls = ["http://h/a/x.zip?k=1", "http://h/b/x.zip", "http://h/..%2f..%2fetc", "http://h/"]
    names = file_names([{"url": url} for url in urls])
    assert names == ["x.zip", "2-x.zip", "etc", "download"]


def test_names_of_data_sets_and_weights_differ() -> None:
    tables = [catalogue(name) for name in CATALOGUES.values()]
    assert not set(tables[0]) & set(tables[1])


def test_no_phase_of_the_pipeline_reaches_the_fetch_package() -> None:
    for name, phase in PHASES.items():
        modules = [own for module in modules_of(phase.steps) for own in members(module)]
        reached = set().union(*map(closure, modules))
        assert not [module for module in reached if module.startswith("fgresq.fetch")], name
    assert "fgresq.fetch.get" in closure("fgresq.fetch.run")  # the graph does see such imports
    rules = [path.read_text() for path in (ROOT / "rules").glob("*.smk")]
    assert rules and not [text for text in rules if "fgresq data" in text]


def test_help_needs_no_heavy_library() -> None:
    code = (
        "import sys, contextlib\n"
        "from fgresq.cli import main\n"
        "with contextlib.suppress(SystemExit):\n"
        "    main(['data', 'fetch', '--help'])\n"
        "print([m for m in ('pandas', 'numpy', 'torch', 'requests', 'yaml') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip().endswith("[]") and "example: fgresq data fetch" in done.stdout
