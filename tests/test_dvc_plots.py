"""What shows a change by DVC: Vega inlined, checked by hash, and drawn without network."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

import pytest
from chromium import Browser
from conftest import require

from fgresq import workspace
from fgresq.errors import UserError
from fgresq.files import sha256
from tests.conftest import ROOT
from workflow import dvc_plots
from workflow.dvc_plots import SCRIPTS, Script, archive, inlined, write_template
from workflow.render_dvc import PLOT


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    """Give a script whose archive is in place, in packages of its own."""
    monkeypatch.setattr(workspace, "packages", lambda: tmp_path)
    text = b"let a = '</script>'; // {refresh}"
    with tarfile.open(tmp_path / "drawn-1.0.tgz", "w:gz") as packed:
        entry = tarfile.TarInfo("package/build/drawn.min.js")
        entry.size = len(text)
        packed.addfile(entry, io.BytesIO(text))
    return Script("drawn", "1.0", sha256(tmp_path / "drawn-1.0.tgz"))


def test_a_script_stands_whole_in_its_element(script: Script) -> None:
    made = inlined(script)
    assert made == "<script>let a = '<\\/script>'; // {refresh}</script>"


def test_another_archive_is_refused(script: Script) -> None:
    with pytest.raises(UserError, match="SHA-256 is another one"):
        archive(Script(script.name, script.version, "0" * 64))


def test_without_npm_it_is_told_what_to_place(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dvc_plots.shutil, "which", lambda _: None)
    with pytest.raises(UserError, match="no npm to fetch it. Install npm, or put gone-2.tgz"):
        archive(Script("gone", "2", "1" * 64))


def test_what_dvc_draws_needs_no_network(browser: Browser, tmp_path: Path) -> None:
    missing = ""
    try:
        for needed in SCRIPTS:
            archive(needed)
    except UserError as error:
        missing = str(error)
    require(missing)
    template = write_template(tmp_path / "template.html")
    place = tmp_path / "run"
    (place / "reports/plots").mkdir(parents=True)
    plot = "\n".join(f"      {key}: {value}" for key, value in PLOT.items())
    (place / "dvc.yaml").write_text(f"plots:\n  - reports/plots:\n{plot}\n")
    table = place / "reports/plots/mini.csv"
    table.write_text((ROOT / "reports/plots/mini.csv").read_text())

    def call(*words: str) -> None:
        done = subprocess.run(words, cwd=place, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    call("git", "init", "-q")
    call("dvc", "init", "-q")
    call("git", "add", "-A")
    who = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    call("git", *who, "commit", "-qm", "one")
    table.write_text(table.read_text().replace("psnr,0.", "psnr,0.3"))
    call("dvc", "plots", "diff", "--html-template", str(template), "--out", "out")
    browser.look(1280)
    browser.open(place / "out/index.html")
    browser.until(lambda: browser.all("canvas, svg.marks"))
    assert browser.all("canvas, svg.marks")[0].size["height"] > 200
    assert not [line for line in browser.logged() if "request" in line or "SEVERE" in line]
    assert "http-equiv" in template.read_text() and "cdn" not in (
        place / "out/index.html"
    ).read_text().replace(template.read_text(), "")
