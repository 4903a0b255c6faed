"""Where the files of the phase lie, and how columns of another step's table are read."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from fgresq import workspace
from fgresq.imperfect.declared_presets import add_preset
from fgresq.tables import read_table


def add_phase(parser: argparse.ArgumentParser) -> None:
    """Give a step `--preset`, `--settings` and `--folder`."""
    add_preset(parser)
    told = "of the phase (default results/afine/PRESET)"
    parser.add_argument("--folder", type=Path, metavar="FOLDER", help=told)


def phase_folder(args: argparse.Namespace) -> Path:
    """Give the folder of the phase that a step was asked for."""
    return args.folder or workspace.placed("results/afine") / args.preset


def read_some(path: Path, columns: Mapping[str, type]) -> pd.DataFrame:
    """Read some columns of a table that may have more.

    Raises:
        UserError: it cannot be read, or a column is missing.
    """
    try:
        header = list(pd.read_csv(path, nrows=0).columns)
    except (OSError, ValueError):  # told by what reads it
        header = []
    more: dict[str, type] = {name: str for name in header if name not in columns}
    return read_table(path, {**columns, **more})[list(columns)]
