"""Bring data sets and weights in: fetch them, list what is here, check it.

    fgresq data status [NAME ...]                 what is here, what is missing, the next step
    fgresq data fetch kadid10k --accept-terms     download, check, unpack, put in its place
    fgresq data check kadid10k                    compare every file with what was recorded

Names are the keys of the catalogues of data sets and of weights. What was downloaded is kept when a
fetch ends early; the same command goes on from there. Guide: docs/data-sets.md.
"""

from __future__ import annotations

import argparse
import importlib

# action: (module with main(args), one line of help, what it says at length)
ACTIONS = {
    "status": (
        "fgresq.fetch.status",
        "list every data set and all weights, with the next step for each that is absent",
        "Downloads nothing. example: fgresq data status --json | jq '.[] | .next_step'",
    ),
    "fetch": (
        "fgresq.fetch.run",
        "download data sets or weights and put them in their place",
        "Shows licence, size and free space before it starts.\n"
        "example: fgresq data fetch clip_vit_b16 fgresq_released",
    ),
    "check": (
        "fgresq.fetch.check",
        "compare files with their manifest; record those placed by hand",
        "Reads every byte. Names what is missing, changed and surplus; the first check of what\n"
        "was placed by hand records it. example: fgresq data check tid2013",
    ),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the three actions; each takes --debug and --log as well."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, (_, help_, more) in ACTIONS.items():
        action = actions.add_parser(
            name,
            help=help_,
            description=f"{help_[0].upper()}{help_[1:]}.\n\n{more}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        quiet = argparse.SUPPRESS  # lest it undo what stands before the action
        action.add_argument(
            "--debug", action="store_true", default=quiet, help="as of `fgresq data`"
        )
        action.add_argument("--log", metavar="FILE", default=quiet, help="as of `fgresq data`")
        if name != "fetch":
            action.add_argument("--json", action="store_true", help="print JSON")
        if name == "status":
            action.add_argument("name", nargs="*", help="what to show (default: everything)")
        if name == "check":
            action.add_argument("name", nargs="*", help="what to check (default: all that is here)")
        if name == "fetch":
            add_fetch_arguments(action)


def add_fetch_arguments(action: argparse.ArgumentParser) -> None:
    """Add what `fetch` takes."""
    action.add_argument("name", nargs="+", help="what to fetch; `fgresq data status` lists names")
    action.add_argument(
        "--accept-terms", action="store_true", help="accept the terms of what is named"
    )
    action.add_argument(
        "--timeout", type=float, default=30.0, metavar="S", help="seconds to wait for a server (30)"
    )
    action.add_argument(
        "--retries", type=int, default=4, help="attempts that may bring nothing new, in a row (4)"
    )


def main(args: argparse.Namespace) -> None:
    """Run the action."""
    importlib.import_module(ACTIONS[args.action][0]).main(args)
