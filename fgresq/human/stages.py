"""Both stages in this process, on tables that were joined: what the search and train-human run."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from fgresq.files import digest, read_json, write_csv, write_json
from fgresq.tables import write_images, write_pairs
from fgresq.training import stage1, stage2

KEY = "key.json"  # beside a stage 1: what it follows from


def write_tables(
    folder: Path, images: pd.DataFrame, pairs: pd.DataFrame, folds: pd.DataFrame
) -> None:
    """Write the tables that the stages read."""
    write_images(folder / "images.csv", images)
    write_pairs(folder / "pairs.csv", pairs)
    write_csv(folder / "folds.csv", folds)


def stage_arguments(
    tables: Path, run: str, weights: Path, work: Path, out: Path, threads: int
) -> argparse.Namespace:
    """Give a stage the arguments that both have, as its step would."""
    named = {name: str(tables / f"{name}.csv") for name in ("images", "pairs", "folds")}
    return argparse.Namespace(
        run=run, weights=str(weights), work=str(work), out=str(out), threads=threads, **named
    )


def run_stage1(
    args: argparse.Namespace, tower: Mapping[str, Any], settings: Mapping[str, Any], of: str
) -> Path:
    """Train the degradation encoder, unless the folder has it of the same data and settings.

    Args:
        args: of `stage_arguments`.
        tower, settings: sections, as JSON values.
        of: what names data and code.

    Returns:
        Its folder.
    """
    out, key = Path(args.out), digest([of, args.run, tower, settings])
    known = read_json(out / KEY) if (out / KEY).exists() else None
    if known != key or not (out / "card.json").exists():
        args.options = {"tower": dict(tower), "stage1": dict(settings)}
        stage1.main(args)
        write_json(out / KEY, key)
    return out


def run_stage2(
    args: argparse.Namespace,
    tower: Mapping[str, Any],
    settings: Mapping[str, Any],
    degradation: Path,
    variant: str,
) -> Path:
    """Train the quality model; give its folder."""
    args.options = {"tower": dict(tower), "stage2": dict(settings)}
    args.degradation, args.variant = str(degradation), variant
    stage2.main(args)
    return Path(args.out)
