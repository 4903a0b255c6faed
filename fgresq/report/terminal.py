"""Print, for each preset, what stands for people in it, its headline, and what is absent.

Each absence comes with the next step; the last line says where the report is.
"""

from __future__ import annotations

import argparse

from fgresq import workspace
from fgresq.errors import UserError
from fgresq.files import read_json

ABSENCES = "absences.json"  # beside a report: what is absent from it, and from FGResQ's folds


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    parser.add_argument("presets", nargs="+", help="presets that have a report")


def lines_of(preset: str) -> list[str]:
    """Say what a reader of the terminal needs to know of one preset's run."""
    page = workspace.reports("site", preset, "index.html")
    if not page.exists():
        raise UserError(
            page,
            "there is no report of this preset",
            f"Run snakemake --cores all --config preset={preset}",
        )
    metrics = read_json(workspace.reports("metrics", f"{preset}.json"))
    people = metrics.get("observers", {}).get("sentence")
    lines = [*([people] if people else []), metrics["headline"]]
    told = read_json(page.with_name(ABSENCES))
    lines += [
        f"absent: {absent['name']}, {absent['kind']} ({absent['reason']}). "
        f"Next step: {absent['next_step']}."
        for absent in told["absent"]
    ]
    lines += [told["folds"]] if told["folds"] else []
    return [f"[{preset}] {line}" for line in [*lines, f"report: {page.resolve()}"]]


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    for preset in args.presets:
        print("\n".join(lines_of(preset)))
