"""The action `fetch`: one item after the other; one that fails does not keep the next away."""

from __future__ import annotations

import argparse
import logging

from fgresq.errors import UserError
from fgresq.fetch.get import fetch
from fgresq.fetch.items import both_tables, chosen, read_items
from fgresq.fetch.server import Patience


def main(args: argparse.Namespace) -> None:
    """Fetch what was named.

    Raises:
        UserError: of the one that failed; where several were named, which of them.
    """
    items = chosen(read_items(), args.name)
    patience = Patience(timeout=args.timeout, retries=args.retries)
    failed = []
    for item in items:
        try:
            fetch(item, args.accept_terms, patience)
        except UserError as error:
            if len(items) == 1:
                raise
            logging.error("%s", error)
            failed.append(item.name)
    if failed:
        raise UserError(
            both_tables(),
            f"{len(failed)} of {len(items)} were not fetched: {', '.join(failed)}",
            "Each one's reason and mend stand above",
        )
