"""What the repository says of itself: the packages that are installed, the commands it names."""

from __future__ import annotations

import re

from setuptools.config.pyprojecttoml import read_configuration

from fgresq.catalogues import catalogue
from tests.conftest import ROOT

COMMAND = re.compile(r"(?:[`']|with |^    )make ([a-z.-]*[a-z])( FOLDER)?", re.MULTILINE)
TEXTS = (".py", ".smk", ".md", ".yaml", ".json", ".csv")
THIRD = re.compile(r"(?<![a-z])verbs?(?![a-z])", re.IGNORECASE)
TARGET = re.compile(r"^([a-z.-]+):", re.MULTILINE)


def test_every_package_is_installed() -> None:
    """Each folder that holds a module."""
    found = {str(path.parent.relative_to(ROOT)) for path in (ROOT / "fgresq").rglob("*.py")}
    settings = read_configuration(ROOT / "pyproject.toml")["tool"]["setuptools"]
    assert sorted(settings["packages"]) == sorted(name.replace("/", ".") for name in found)


def test_commands_that_are_named_exist() -> None:
    targets = set(TARGET.findall((ROOT / "Makefile").read_text()))
    files = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "config").glob("*.yaml")]
    named = [
        (str(file.relative_to(ROOT)), target, folder)
        for file in [*files, *(ROOT / "fgresq").rglob("*.py")]
        for target, folder in COMMAND.findall(file.read_text())
    ]
    assert len(named) > 5
    for file, target, folder in named:
        assert target in targets and (target == "own" or not folder), (file, target)


def test_files_that_the_settings_name_exist() -> None:
    for file in (ROOT / "config").glob("*.yaml"):
        for path in re.findall(r"docs/[a-z./-]+\.md", file.read_text()):
            assert (ROOT / path).exists(), (file, path)
        assert "in the README" not in file.read_text(), file


def test_what_is_called_is_a_command_or_a_step() -> None:
    """One word for one thing: docs/house.md gives these two, and a third comes back easily."""
    folders = ("fgresq", "workflow", "rules", "docs")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    texts = {path: path.read_text() for path in files if path.suffix in TEXTS}
    assert len(texts) > 200
    found = [str(path.relative_to(ROOT)) for path in texts if THIRD.search(texts[path])]
    assert not found


def test_the_changes_name_every_method() -> None:
    text = (ROOT / "CHANGELOG.md").read_text().lower()
    for name in catalogue("methods"):
        assert name.split("_")[0] in text, name
