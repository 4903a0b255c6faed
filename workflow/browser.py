"""Bring in what the tests in a real browser need: `make browser`.

Debian's chromium with its driver, and LaTeX for exported tables, by apt-get, which wants root; and
axe-core, which finds faults that keep people from a page, out of a registry package that is checked
by its hash and not installed. What is there is left alone. Elsewhere than on Debian, or without
root, it says what to install; the tests are skipped with that reason, but not in CI.

    python -m workflow.browser           # bring in what is missing (root, Debian)
    python -m workflow.browser --missing # only say what is
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import zipfile
from typing import Any

from fgresq import workspace
from fgresq.errors import UserError
from fgresq.weights.pip_download import package_file

# Debian's package: what it brings that can be seen
BROWSER = {"chromium": "chromium", "chromium-driver": "chromedriver"}
LATEX = {"texlive-latex-base": "article.cls", "texlive-latex-recommended": "booktabs.sty"}
# axe-core 4 under MPL-2.0, used as it is and passed on to nobody; of this package only its file
AXE: dict[str, Any] = {
    "package": "axe-playwright-python",
    "version": "0.1.8",
    "file": "axe_playwright_python-0.1.8-py3-none-any.whl",
    "sha256": "fdd263c998388f1a8e67cad02677e612d946248bd44d163be5e8650ea31f95f8",
    "bytes": 160681,
}
AXE_MEMBER = "axe_playwright_python/axe.min.js"
MEND = "run `make browser` as root on Debian, or install {names} by hand"


def missing(latex: bool = False) -> list[str]:
    """List Debian's packages of which nothing is seen here: of the browser, or of LaTeX."""
    if not latex:
        return [name for name, program in BROWSER.items() if not shutil.which(program)]
    if not shutil.which("pdflatex") or not shutil.which("kpsewhich"):
        return list(LATEX)
    return [name for name, file in LATEX.items() if not latex_finds(file)]


def latex_finds(file: str) -> bool:
    """Tell whether LaTeX knows a file."""
    return subprocess.run(["kpsewhich", file], stdout=subprocess.DEVNULL).returncode == 0


def unmet(latex: bool = False) -> str:
    """Say why tests that need the browser, or LaTeX, cannot run here; empty where they can."""
    names = missing(latex)
    if names:
        return f"{', '.join(names)} is missing: {MEND.format(names=', '.join(names))}"
    if not latex and not (workspace.packages() / AXE["file"]).exists():
        return f"{workspace.packages() / AXE['file']} is missing: run `make browser` once"
    return ""


def axe() -> str:
    """Give the script of axe-core.

    Raises:
        UserError: its package is not here and cannot be had.
    """
    with zipfile.ZipFile(package_file(AXE)) as package:
        return package.read(AXE_MEMBER).decode("utf-8")


def install(names: list[str]) -> None:
    """Install Debian's packages.

    Raises:
        UserError: there is no apt-get, nobody is root, or apt-get fails.
    """
    if not names:
        return
    told = " ".join(names)
    by_hand = f"Install by hand: {told}, or what your system calls so"
    if not shutil.which("apt-get"):
        raise UserError(told, "there is no apt-get here", by_hand)
    if os.geteuid() != 0:
        raise UserError(told, "only root can install it", f"Run this as root. {by_hand}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    wanted = ["apt-get", "install", "--yes", "--no-install-recommends", "-qq", *names]
    for call in (["apt-get", "update", "-qq"], wanted):
        if subprocess.run(call, env=environment).returncode:
            raise UserError(" ".join(call), "it failed", "Mend what it says above and run it again")


def main(words: list[str] | None = None) -> int:
    """Bring in what is missing, or say what is; give the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--missing", action="store_true", help="install nothing")
    args = parser.parse_args(words)
    if args.missing:
        reasons = [reason for reason in (unmet(), unmet(latex=True)) if reason]
        print("\n".join(reasons) or "all is here that tests in a browser need")
        return int(bool(reasons))
    try:
        install(missing() + missing(latex=True))
        axe()
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
