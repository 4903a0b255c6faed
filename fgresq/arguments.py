"""Types of arguments that several steps share: a wrong one is told with the usage, ends in 2."""

from __future__ import annotations

import argparse
import json
from typing import Any


def at_least_one(text: str) -> int:
    """Read a whole number of at least 1.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is no whole number of at least 1")
    return number


def settings_json(text: str) -> Any:
    """Read settings as JSON.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    try:
        return json.loads(text)
    except ValueError as error:
        told = f"not JSON ({error}); --help shows the form, and --preset gives settings without it"
        raise argparse.ArgumentTypeError(told) from error
