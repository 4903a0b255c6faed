"""What brings in a browser for tests: it says what is missing, and who can mend it."""

from __future__ import annotations

import pytest
from conftest import require

from fgresq import workspace
from fgresq.errors import UserError
from workflow import browser as setup


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    """Let this machine have none of it."""
    monkeypatch.setattr(setup.shutil, "which", lambda _: None)
    monkeypatch.setattr(workspace, "packages", lambda: tmp_path)


def test_what_is_missing_is_named_with_its_mend(
    bare: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert setup.main(["--missing"]) == 1
    told = capsys.readouterr().out
    for package in ("chromium", "chromium-driver", "texlive-latex-base"):
        assert package in told
    assert "run `make browser` as root on Debian" in told


def test_without_apt_or_root_nothing_is_installed(
    bare: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match="no apt-get here. Install by hand: chromium"):
        setup.install(["chromium"])
    monkeypatch.setattr(setup.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(setup.os, "geteuid", lambda: 1000)
    with pytest.raises(UserError, match="only root can install it. Run this as root"):
        setup.install(["chromium"])
    setup.install([])


def test_what_is_there_but_axe_is_told(monkeypatch: pytest.MonkeyPatch, bare: None) -> None:
    monkeypatch.setattr(setup.shutil, "which", lambda name: f"/usr/bin/{name}")
    assert "make browser" in setup.unmet() and "axe" in setup.unmet()


def test_a_test_without_a_browser_is_skipped_but_fails_in_ci(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CI", raising=False)
    require("")
    with pytest.raises(pytest.skip.Exception, match="no browser"):
        require("no browser")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no browser"):
        require("no browser")
