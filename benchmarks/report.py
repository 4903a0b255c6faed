"""How long a report takes to build, to appear, and to answer a reader; nothing is asserted.

    python -m benchmarks.report              # of the finished run of preset mini, then of made ones
    python -m benchmarks.report --made       # of made ones alone: no run is needed

Prints seconds and peak memory of the step `report`, whether a second build has the same bytes, how
long each page takes in Debian's chromium until its first paint (median of openings from the file
system), and how long sorting and filtering take until the next frame is drawn. A made run has
FGRestore's size and random values: 18,408 images, 30,886 pairs, 29 methods.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from fgresq.presets import preset_named
from tests.chromium import Browser
from tests.made_run import FGRESTORE, PRESET, write_made_run
from workflow.browser import unmet
from workflow.check_report import differences

SHOWN = 200  # pairs of a task in the made run: 1,200 in all
PAINT = "return performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"
# what a reader does, until the frame after it is drawn: milliseconds
TIMED = """
const [act, ...given] = arguments, done = given.pop();
const begin = performance.now();
new Function('given', act)(given);
requestAnimationFrame(() => setTimeout(() => done(performance.now() - begin)));
"""
LARGEST = """
const count = (figure) => figure.querySelectorAll('tbody tr').length;
const all = [...document.querySelectorAll('figure.table')];
const seen = all.filter((figure) => !figure.closest('.fold:not([open])'));
const most = seen.sort((a, b) => count(b) - count(a))[0];
return most ? [most.id, count(most)] : null;
"""
SORT = "document.querySelector(`#${given[0]} thead button`).click()"
FIND = """
const input = document.querySelector(`#${given[0]} input[type=search]`);
input.value = given[1];
input.dispatchEvent(new Event('input', {bubbles: true}));
"""
CHOOSE = """
const select = document.querySelector(given[0]);
select.value = given[1];
select.dispatchEvent(new Event('change', {bubbles: true}));
"""
PAIRS = "return JSON.parse(document.getElementById('pairs-data').textContent).pairs.length"
REPEATS = 5


def build(root: Path, preset: str, out: Path, pairs: int | None) -> str:
    """Build a site in a process of its own, and say what that cost."""
    options = {"report": preset_named(preset).report.record()}
    if pairs and "pairs" in options["report"]:
        options["report"]["pairs"] = pairs
    call = [sys.executable, "-m", "fgresq", "step", "report", "--preset", preset]
    call += ["--options", json.dumps(options), "--out", str(out)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    begin = time.perf_counter()
    process = subprocess.Popen(call, cwd=root, env=environment, stderr=subprocess.PIPE, text=True)
    told = process.stderr.read() if process.stderr else ""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(told)
    wall, processor = time.perf_counter() - begin, used.ru_utime + used.ru_stime
    return f"{wall:.1f} s wall, {processor:.1f} CPU s, {used.ru_maxrss / 1024:.0f} MiB at most"


def painted(browser: Browser, page: Path) -> float:
    """Give the milliseconds from the start of loading a page to its first paint."""
    found = []
    for _ in range(REPEATS):
        browser.open(page)
        found.append(browser.until(lambda: browser.run(PAINT)))
    return statistics.median(found)


def timed(browser: Browser, act: str, *given: str) -> float:
    """Give the milliseconds that an act of a reader takes."""
    return float(browser.driver.execute_async_script(TIMED, act, *given))


def acts(browser: Browser, page: Path) -> Iterator[str]:
    """Say how long it takes to sort and filter what is largest on a page."""
    browser.open(page)
    if browser.all("#pairs-data"):
        told = f"  {browser.run(PAIRS)} pairs: "
        filtered = [
            timed(browser, CHOOSE, "[data-key=task]", task)
            for task in ("denoising", "", "mixture", "", "dehazing", "")
        ]
        order = [timed(browser, CHOOSE, "[data-order]", v) for v in ("hardest", "", "hardest", "")]
        yield f"{told}filter {max(filtered):.0f} ms, order {max(order):.0f} ms at most"
    largest = browser.run(LARGEST)
    if largest:
        name, rows = largest
        times = [timed(browser, SORT, name) for _ in range(REPEATS)]
        told = f"  {name}, {rows} rows: sort {max(times):.0f} ms at most"
        if browser.all(f"#{name} input[type=search]"):
            times = [timed(browser, FIND, name, word) for word in ("a", "psnr", "none", "")]
            told += f", find {max(times):.0f} ms at most"
        yield told


def report(root: Path, preset: str, browser: Browser, pairs: int | None = None) -> None:
    """Print all of one run."""
    with tempfile.TemporaryDirectory(prefix="fgresq-report-") as scratch:
        sites = [Path(scratch) / name / preset for name in ("one", "two")]
        for site in sites:
            print(f"  build: {build(root, preset, site, pairs)}", flush=True)
        moved = list(differences(*sites))
        print(f"  two builds: {'; '.join(moved) or 'the same bytes'}")
        size = sum(path.stat().st_size for path in (sites[0] / "images").rglob("*.*"))
        print(f"  images: {size / 1e6:.1f} MB")
        browser.look(1280)
        for page in sorted(sites[0].glob("*.html")):
            size = page.stat().st_size / 1e6
            print(f"  {page.name}: {size:.2f} MB, first paint {painted(browser, page):.0f} ms")
            for line in acts(browser, page):
                print(line)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--made", action="store_true", help="leave out the finished run")
    parser.add_argument("--preset", default="mini", help="of the finished run (default mini)")
    args = parser.parse_args()
    if unmet():
        sys.exit(unmet())
    with tempfile.TemporaryDirectory(prefix="fgresq-made-") as scratch:
        browser = Browser(Path(scratch) / "downloads")
        try:
            if not args.made:
                print(f"preset {args.preset}")
                report(Path.cwd(), args.preset, browser)
            print(f"made: {FGRESTORE.images:,} images, {FGRESTORE.pairs:,} pairs", flush=True)
            root = write_made_run(Path(scratch) / "made", FGRESTORE)
            report(root, PRESET, browser, SHOWN)
        finally:
            browser.close()


if __name__ == "__main__":
    main()
