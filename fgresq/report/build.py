"""Render the report of a preset: a page a question, and each table beside them as CSV and LaTeX.

What is read lies in the workspace, under results/PHASE/PRESET and reports/. Where the preset has no
result of its own, the results of a stand-in preset are shown, marked as such on every page. Numbers
of the paper come from reports/paper and nowhere else. A page that cannot be built from the run says
what is missing, and the others stand. Beside the pages, `absences.json` holds what the step
`headline` says in the terminal.
"""

from __future__ import annotations

import argparse
import logging
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from fgresq import workspace
from fgresq.catalogues import add_methods, add_sources, methods_file, read_methods, read_sources
from fgresq.errors import UserError
from fgresq.files import write_json
from fgresq.options import add_options, options_of
from fgresq.report import paper
from fgresq.report.absences import absences, fold_note, refuse_absent
from fgresq.report.imperfect_results import read_imperfect
from fgresq.report.page import TABLES, all_tables, render, write_page
from fgresq.report.pages import PAGES, PageModule
from fgresq.report.parts.cells import Methods
from fgresq.report.parts.costs import read_costs
from fgresq.report.parts.label_only import read_label_only
from fgresq.report.parts.machines import read_machines
from fgresq.report.parts.recommendations import ratings_table
from fgresq.report.parts.transfer_tables import read_shown
from fgresq.report.results import Run, read_run
from fgresq.report.site import Lacking, Site
from fgresq.report.terminal import ABSENCES
from fgresq.sections import Report, Section
from fgresq.settings import read_yaml

FIRST = "index"  # built last, since it says what the other pages have


class Options(Section):
    """What this step reads of a preset."""

    report: Report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    add_options(parser, Options)
    parser.add_argument("--stand-in", help="preset whose results stand in where there are none")
    parser.add_argument(
        "--require", nargs="*", default=[], help="sources and methods whose absence is an error"
    )
    parser.add_argument(
        "--pages", nargs="+", metavar="NAME", help="build these alone (default: every page)"
    )
    parser.add_argument("--results", type=Path, help="folder of results (default: the workspace's)")
    parser.add_argument(
        "--reports",
        type=Path,
        help="folder with metrics/, paper/, human/, afine/ (default: likewise)",
    )
    add_methods(parser)
    add_sources(parser)
    parser.add_argument("--out", type=Path, help="folder (default reports/site/PRESET)")


def read_site(args: argparse.Namespace, out: Path) -> Site:
    """Read all that the pages of a preset are made of.

    Raises:
        UserError: a file cannot be read, or the preset left nothing at all.
    """
    results = args.results or workspace.results()
    reports = args.reports or workspace.reports()
    asked = finished(args.preset, results, reports)
    known = read_yaml(args.methods) if args.methods else read_methods()
    catalogue = Methods(known, methods_file(args.methods))
    refuse_absent(args.require, asked, catalogue)
    return Site(
        asked=asked,
        stand_in=finished(args.stand_in, results, reports) if args.stand_in else None,
        labels=read_label_only(results / "labels" / args.preset),
        numbers=paper.read_paper(reports / "paper"),
        catalogue=catalogue,
        sources=read_yaml(args.sources) if args.sources else read_sources(),
        options=options_of(args, Options).report,
        out=str(out),
        machines=read_machines(reports / "machines.json"),
        transfer=read_shown(reports / "human"),
        ratings=ratings_table(reports / "human"),
        costs=read_costs(reports / "cost.csv"),
        imperfect=read_imperfect(reports, results),
    )


def finished(preset: str, results: Path, reports: Path) -> Run:
    """Read a run; parts of it may be missing.

    Raises:
        UserError: there is nothing of it.
    """
    if not any((results / phase / preset).is_dir() for phase in ("data", "pairs", "analysis")):
        problem = f"there is no result of the preset '{preset}'"
        raise UserError(results, problem, f"Run snakemake --cores all --config preset={preset}")
    return read_run(preset, results, reports / "metrics")


def shared(site: Site) -> dict[str, Any]:
    """Give what every page shows: its banners and its navigation."""
    run, asked = site.run, site.asked
    return {
        "site": site,
        "asked": asked,
        "run": run,
        "pages": [module.PAGE for module in PAGES],
        "commit": commit_of(run),
        "people": run.metrics.get("observers", {}).get("sentence", ""),
    }


def commit_of(run: Run) -> str:
    """Name the commit of a run, and whether the tree had changes; empty where it is not known."""
    commit = str(run.provenance.get("commit") or "")[:12]
    return f"{commit} with changes" if commit and run.provenance.get("dirty") else commit


def page_html(module: PageModule, site: Site) -> tuple[str, dict[str, Any]]:
    """Render a page; give it with the values that its template was given."""
    page, common = module.PAGE, shared(site)
    try:
        values = module.values(site)
    except Lacking as lacking:
        return render("lacking.html.j2", page=page, lacking=lacking, **common), {}
    return render(f"pages/{page.name}.html.j2", page=page, **common, **values), values


def write_site(site: Site, names: list[str] | None = None) -> None:
    """Write the pages of a site, all or those of some names, and their tables.

    Raises:
        UserError: there is no page of a name.
    """
    out = Path(site.out)
    known = {module.PAGE.name: module for module in PAGES}
    for name in names or []:
        if name not in known:
            raise UserError("--pages", f"there is no page '{name}'", f"Take of: {', '.join(known)}")
    wanted = [name for name in known if names is None or name in names]
    written: dict[str, tuple[str, dict[str, Any]]] = {}
    for name in sorted(wanted, key=lambda name: name == FIRST):
        whole = name == FIRST and names is None
        built = {other: identifiers(html) for other, (html, _) in written.items()}
        written[name] = page_html(known[name], replace(site, built=built) if whole else site)
    if names is None:
        forget_tables(out)
    for name, (html, values) in written.items():
        write_page(out / f"{name}.html", html, all_tables(values))


def identifiers(html: str) -> frozenset[str]:
    """Give the identifiers that a page has, to which others may lead."""
    return frozenset(re.findall(r'\sid="([^"]+)"', html))


def forget_tables(out: Path) -> None:
    """Remove the tables of an earlier run, of which the pages may have others now."""
    for path in (out / TABLES).glob("*.*"):
        if path.suffix in (".csv", ".tex"):
            path.unlink()


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    out = args.out or workspace.reports("site", args.preset)
    site = read_site(args, out)
    for fault in site.numbers.printed.faults:
        logging.warning("%s", fault)
    write_site(site, args.pages)
    told = {"absent": absences(site.asked, site.catalogue), "folds": fold_note(site.asked)}
    write_json(out / ABSENCES, told)
    first = out / f"{args.pages[0] if args.pages else FIRST}.html"
    alone = "" if (out / f"{FIRST}.html").exists() else " (`make report` builds the other pages)"
    logging.info("report of preset '%s': %s%s", args.preset, first, alone)
