"""Licence and terms of what is fetched: shown, and accepted by a flag."""

from __future__ import annotations

import logging

from fgresq.errors import UserError
from fgresq.fetch.items import Item

UNSTATED = ("none stated", "none known")  # how terms begin where there are none


def accept(item: Item, accepted: bool) -> None:
    """Show licence and terms; refuse to go on where they are not accepted.

    Raises:
        UserError: with the terms and the command that accepts them.
    """
    logging.info("%s: %s. Licence: %s", item.label, item.entry["title"], item.entry["licence"])
    if not item.terms:
        return
    stated, _, asked = item.terms.partition("; ")
    if not accepted and stated in UNSTATED:
        raise UserError(
            item.label,
            f"nothing was downloaded: no terms are {stated.removeprefix('none ')}, and what is "
            f"left to you is to {asked or 'cite its authors'}",
            f"If you will, run `{item.command}`",
        )
    if not accepted:
        raise UserError(
            item.label,
            f"its terms are not accepted, and nothing was downloaded. They are: {item.terms}",
            f"If you accept them, run `{item.command}`",
        )
    logging.info("%s: its terms, accepted with --accept-terms: %s", item.label, item.terms)
