"""What every training on triplets has in common: its arguments, its two sides, its job."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import nn

from fgresq.comparisons import read_comparisons, read_triplets
from fgresq.imperfect.declared_presets import AfinePreset, OneStage, add_preset
from fgresq.imperfect.triplet_lessons import ALL, tested
from fgresq.tables import FOLD_COLUMNS, read_table
from fgresq.training.loop import Job
from fgresq.training.sampler import SceneSampler

Loss = Callable[[np.ndarray], torch.Tensor]  # of the numbers of triplets


class TripletSides(NamedTuple):
    """Comparisons of both sides; triplets that are learnt from; rows of comparisons tested."""

    comparisons: pd.DataFrame
    learnt: pd.DataFrame
    rows: np.ndarray


def add_taught_run(parser: argparse.ArgumentParser) -> None:
    """Give a step `run` and what `read_sides` reads, and where it works and writes."""
    parser.add_argument("run", help=f"the fold that is tested; or {ALL}: nothing is")
    parser.add_argument("--triplets", required=True, help="table of triplets")
    parser.add_argument("--comparisons", required=True, help="images and their references")
    parser.add_argument("--folds", required=True, help="fold of each family")
    parser.add_argument("--work", type=Path, required=True, help="folder of checkpoints, to resume")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    add_preset(parser)


def read_sides(args: argparse.Namespace) -> TripletSides:
    """Read the tables of a run and divide them by its fold.

    Raises:
        UserError: a table is at fault, a family has no fold, or there is no such fold.
    """
    comparisons = read_comparisons(args.comparisons)
    triplets = read_triplets(args.triplets, comparisons)
    folds = read_table(args.folds, FOLD_COLUMNS)
    held_out = tested(triplets, folds, args.run, args.folds)
    rows = np.flatnonzero(tested(comparisons, folds, args.run, args.folds))
    return TripletSides(comparisons, triplets[~held_out].reset_index(drop=True), rows)


def triplet_job(
    preset: AfinePreset,
    settings: OneStage,
    table: pd.DataFrame,
    loss: Loss,
    *,
    name: str,
    model: nn.Module,
    groups: list[dict[str, Any]],
    checkpoint: Path,
    identity: str,
    seed: int,
) -> Job:
    """Set a training up: an epoch holds every triplet once, in an order of (seed, epoch) alone.

    Args:
        preset: how all stages are trained.
        settings: how long and fast this one.
        table: its triplets.
        loss: of triplets, by their numbers.
        name, model, groups, checkpoint, identity: as a `Job` has them.
        seed: of the order.
    """
    draws = SceneSampler(np.zeros(len(table)), settings.batch, seed)
    names = table[["image_a", "image_b", "reference"]].to_numpy()
    return Job(
        name=name,
        model=model,
        groups=groups,
        steps=min(settings.steps, preset.max_steps or settings.steps),
        step=lambda number: {"loss": loss(draws.step(number))},
        members=lambda number: names[draws.step(number)].ravel().tolist(),
        checkpoint=checkpoint,
        identity=identity,
        weight_decay=preset.weight_decay,
        decoupled=True,
        betas=(preset.betas[0], preset.betas[1]),
        cycles=preset.cycles,
        floor=preset.floor,
        lasting=True,
    )
