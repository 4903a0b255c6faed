"""Is a finished site whole? What its pages hold, how large they are, and whether they come again.

Asked are: every page, each under 5 MB, with no reference that leaves the site and none that leads
nowhere; a state for each of the paper's 17 tables and 18 figures, with the next step where it is
not reproduced; at least 40 pairs a task, where the run decided as many; images of at most 40 MB;
CSV and LaTeX of every table; and that a second build, beside it, gives the same bytes.

    python -m workflow.check_report                  # of the preset mini
    python -m workflow.check_report --preset own --once
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pandas as pd

from fgresq import workspace
from fgresq.absent import COVERAGE
from fgresq.errors import UserError
from fgresq.presets import preset_named
from fgresq.tables import TASKS, read_pairs

PAGE_BYTES, IMAGE_BYTES = 5_000_000, 40_000_000
ITEMS = [f"Table {n}" for n in range(1, 18)] + [f"Figure {n}" for n in range(1, 19)]
PAIRS = 40  # a task
# attributes by which a page has something fetched; a link that a reader follows is no such thing,
# but a site that is sent to somebody without network shall not need it either
REFERENCES = {"src", "href", "srcset", "poster", "data", "action", "formaction", "xlink:href"}
REMOTE = re.compile(r"@import|url\(\s*['\"]?(?!#|data:)[^)]*", re.IGNORECASE)
PAIR = "pair="  # what an address of a pair begins with, after its #
POLICY = "default-src 'none'"
MEND = "Run the report again: snakemake --cores all --config preset={preset}"


class References(HTMLParser):
    """Collects what a page refers to, the names in it, its styles and its policy."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.references: list[str] = []
        self.names: set[str] = set()
        self.styles: list[str] = []
        self.policy = ""
        self.inside = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take what an element refers to, or is named."""
        found = {name: value or "" for name, value in attrs}
        self.inside = tag
        self.names |= {found[name] for name in ("id", "name") if name in found}
        self.styles.append(found.get("style", ""))
        self.references += [found[name] for name in REFERENCES & found.keys()]
        if found.get("http-equiv", "").lower() == "content-security-policy":
            self.policy = found.get("content", "")

    def handle_data(self, data: str) -> None:
        """Take a style sheet."""
        if self.inside == "style":
            self.styles.append(data)

    def handle_endtag(self, tag: str) -> None:
        """Leave an element."""
        self.inside = ""


def faults(site: Path, names: list[str], decided: dict[str, int]) -> Iterator[str]:
    """Yield what is wrong with a site; one text each.

    Args:
        site: its folder.
        names: of the pages that it must have.
        decided: how many pairs of each task the run has in which one image was preferred.
    """
    pages = {path.name: References(path.read_text(encoding="utf-8")) for path in htmls(site)}
    for name in names:
        if f"{name}.html" not in pages:
            yield f"the page {name}.html is missing"
    for name, page in pages.items():
        size = (site / name).stat().st_size
        if size >= PAGE_BYTES:
            yield f"{name} has {size:,} bytes, {PAGE_BYTES:,} are too many"
        yield from (f"{name}: {fault}" for fault in faults_of_page(page, name, site, pages))
    size = sum(path.stat().st_size for path in (site / "images").rglob("*") if path.is_file())
    if size > IMAGE_BYTES:
        yield f"its images have {size:,} bytes, more than {IMAGE_BYTES:,}"
    yield from faults_of_coverage(site / "tables/coverage.csv")
    yield from faults_of_pairs(site / "tables/pairs_shown.csv", decided)
    for table in sorted((site / "tables").glob("*.csv")):
        if not table.with_suffix(".tex").exists():
            yield f"tables/{table.stem}.tex is missing beside its CSV"


def htmls(site: Path) -> list[Path]:
    """List the pages of a site."""
    return sorted(site.glob("*.html"))


def faults_of_page(
    page: References, name: str, site: Path, pages: dict[str, References]
) -> Iterator[str]:
    """Yield what a page refers to that is remote, or not there."""
    shown = pairs_shown(site)
    if POLICY not in page.policy:
        yield f"its policy does not say {POLICY}"
    for style in page.styles:
        yield from (f"its style refers to {found[:80]}" for found in REMOTE.findall(style))
    for reference in page.references:
        parts = urlsplit(reference)
        if parts.scheme == "data":
            continue
        if parts.scheme or parts.netloc:
            yield f"it refers to {reference[:80]}, which is not of the site"
            continue
        target = site / unquote(parts.path) if parts.path else site / name
        if not target.exists():
            yield f"it refers to {reference[:80]}, which is not there"
        elif parts.fragment.startswith(PAIR) and target.name == "pairs.html":
            if unquote(parts.fragment.removeprefix(PAIR)) not in shown:
                yield f"it refers to {reference[:80]}, and no such pair is shown"
        elif parts.fragment and target.name in pages and target.parent == site:
            known = pages[target.name].names
            if unquote(parts.fragment) not in known:
                yield f"it refers to {reference[:80]}, and there is no such name"


def faults_of_coverage(path: Path) -> Iterator[str]:
    """Yield which of the paper's tables and figures have no state, or no next step."""
    if not path.exists():
        yield f"tables/{path.name} is missing, which says what is reproduced"
        return
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    found = list(table["item"])
    for item in ITEMS:
        if found.count(item) != 1:
            yield f"{item} stands {found.count(item)} times in tables/{path.name}"
    for line in table.to_dict("records"):
        if line["state"] not in COVERAGE:
            yield f"{line['item']} has the state '{line['state']}', none of {', '.join(COVERAGE)}"
        elif line["state"] != COVERAGE[0] and not line["next_step"]:
            yield f"{line['item']} is {line['state']}, and no next step is told"


def pairs_shown(site: Path) -> frozenset[str]:
    """Name the pairs that the site shows."""
    path = site / "tables/pairs_shown.csv"
    return frozenset(pd.read_csv(path, dtype=str)["pair"]) if path.exists() else frozenset()


def faults_of_pairs(path: Path, decided: dict[str, int]) -> Iterator[str]:
    """Yield the tasks of which too few pairs are shown."""
    shown = pd.read_csv(path)[["pair", "task"]].drop_duplicates() if path.exists() else None
    for task, there in decided.items():
        wanted = min(PAIRS, there)
        found = 0 if shown is None else int(shown["task"].eq(task).sum())
        if found < wanted:
            yield f"{found} pairs of {task} are shown, {wanted} are wanted"


def decided_pairs(preset: str) -> dict[str, int]:
    """Count the pairs of a run in which one image was preferred, by task; none: no such run."""
    path = workspace.results("pairs", preset, "pairs.csv")
    if not path.exists():
        return {}
    pairs = read_pairs(path)
    counts = pairs.loc[pairs["preference"] != "equal", "task"].value_counts()
    return {task: int(counts.get(task, 0)) for task in TASKS}


def faults_of_again(site: Path, preset: str) -> Iterator[str]:
    """Build a site a second time, beside it, and yield which of its files are not the same."""
    with tempfile.TemporaryDirectory(prefix="fgresq-report-") as scratch:
        again = Path(scratch) / "site" / preset
        call = [*call_of(preset), "--out", str(again)]
        done = subprocess.run(call, capture_output=True, text=True)
        if done.returncode:
            yield f"it cannot be built a second time ({done.stderr.strip().splitlines()[-1]})"
            return
        yield from differences(site, again)


def call_of(preset: str) -> list[str]:
    """Give the call that builds the site of a preset, as the workflow would."""
    settings = preset_named(preset)
    options = {"report": settings.report.record()}
    call = [sys.executable, "-m", "fgresq", "step", "report", "--preset", preset]
    call += ["--options", json.dumps(options, sort_keys=True)]
    return call + (["--stand-in", settings.stand_in] if settings.stand_in else [])


def differences(site: Path, again: Path) -> Iterator[str]:
    """Yield the files that two folders do not both have, or not with the same bytes."""
    names = [
        {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
        for folder in (site, again)
    ]
    for name in sorted(names[0] ^ names[1]):
        yield f"{name} is there only {'now' if name in names[0] else 'in a second build'}"
    for name in sorted(names[0] & names[1]):
        if (site / name).read_bytes() != (again / name).read_bytes():
            yield f"{name} has other bytes in a second build"


def page_names() -> list[str]:
    """Name the pages that a site has."""
    from fgresq.report.pages import PAGES

    return [module.PAGE.name for module in PAGES]


def main(words: list[str] | None = None) -> int:
    """Check; give the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--preset", default="mini", help="whose site it is (default mini)")
    parser.add_argument("--site", type=Path, help="its folder (default reports/site/PRESET)")
    parser.add_argument("--once", action="store_true", help="build no second one")
    args = parser.parse_args(words)
    try:
        site = args.site or workspace.reports("site", args.preset)
        if not htmls(site):
            raise UserError(site, "there is no report", MEND.format(preset=args.preset))
        found = list(faults(site, page_names(), decided_pairs(args.preset)))
        found += [] if args.once else faults_of_again(site, args.preset)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    for fault in found:
        print(f"{site}: {fault}. {MEND.format(preset=args.preset)}.", file=sys.stderr)
    if not found:
        print(
            f"{site}: {len(htmls(site))} pages, {len(ITEMS)} states, all references, sizes, pairs"
        )
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
