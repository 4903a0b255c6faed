"""Scripts that complete the command line in a shell."""

from __future__ import annotations

import argparse
from pathlib import Path

import shtab


def parsers(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """List a parser and all below it."""
    found = [parser]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                found += parsers(below)
    return found


def script(shell: str, parser: argparse.ArgumentParser) -> str:
    """Give the completion script of a parser and of all below it.

    Arguments that are paths (of type `Path`, or shown as FILE) are completed to files.

    Args:
        shell: bash, zsh or tcsh.
        parser: of the whole command line.
    """
    for each in parsers(parser):
        for action in each._actions:
            if action.type is Path or action.metavar == "FILE":
                # argparse declares no such attribute; shtab reads it
                action.complete = shtab.FILE  # type: ignore[attr-defined]
    return shtab.complete(parser, shell=shell)
