"""Render the page that leads to the reports, the most complete first.

Full paper settings come before public data sets, your own data, the embedded data and the test
preset.
"""

from __future__ import annotations

import argparse
import logging
import os
from pathlib import Path

from fgresq.files import read_json
from fgresq.report.page import render, write_page

ORDER = ("paper", "public", "own", "mini", "tiny")
ABOUT = {
    "paper": "the paper's settings on its own data set",
    "public": "the public data sets that are placed, with people's scores",
    "own": "a folder of your own images",
    "mini": "embedded photographs, simulated observers, no network and no GPU needed",
    "tiny": "the whole pipeline in seconds, for tests: its numbers mean nothing",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    parser.add_argument(
        "--pages", nargs="+", required=True, help="reports, reports/site/PRESET/index.html"
    )
    parser.add_argument(
        "--metrics", nargs="+", required=True, help="reports/metrics/PRESET.json of each"
    )
    parser.add_argument("--out", required=True, help="page to write")


def rank(preset: str) -> tuple[float, str]:
    """Order presets: the known ones, others before the test preset."""
    return (ORDER.index(preset) if preset in ORDER else len(ORDER) - 1.5, preset)


def entries(pages: list[str], metrics: list[str], out: Path) -> list[dict[str, str]]:
    """Give preset, headline, description and relative link of each report."""
    by_preset = {Path(path).stem: path for path in metrics}
    found = []
    for page in sorted(map(Path, pages), key=lambda path: rank(path.parent.name)):
        preset = page.parent.name
        # a page whose metrics were removed is still a page
        metrics_of = read_json(by_preset[preset]) if preset in by_preset else {}
        found.append(
            {
                "preset": preset,
                "headline": metrics_of.get("headline", ""),
                "about": ABOUT.get(preset, ""),
                "link": Path(os.path.relpath(page, out.parent)).as_posix(),
            }
        )
    return found


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    out = Path(args.out)
    write_page(out, render("reports.html.j2", entries=entries(args.pages, args.metrics, out)))
    logging.info("reports: %s", out)
