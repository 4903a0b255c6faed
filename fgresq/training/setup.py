"""What both stages begin with: arguments, tables, the sides of a run, and why there may be none."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import pandas as pd
import torch

from fgresq.code_digest import code_identity
from fgresq.files import digest, sha256
from fgresq.runs import add_stage_options, seeded
from fgresq.sections import Tower, Training
from fgresq.tables import FOLD_COLUMNS, rated, read_images, read_pairs, read_table
from fgresq.training.feed import ImageFeed
from fgresq.training.ready import absence, write_absent
from fgresq.training.sides import sides
from fgresq.training.token_cache import device_of
from fgresq.weights.hub_cache import state_of_clip

S = TypeVar("S", bound=Training)


def add_run_arguments(parser: argparse.ArgumentParser, stage: str) -> None:
    """Add the arguments that both stages and the baselines share.

    Args:
        parser: of the step.
        stage: name of its section in `--options`.
    """
    parser.add_argument(
        "run",
        help="what is tested: a fold's number, `pairs`, or `all` (nothing); "
        "with -without-ALGORITHM or -seedN behind it",
    )
    parser.add_argument("--images", required=True, help="image table")
    parser.add_argument("--pairs", required=True, help="pair table")
    parser.add_argument("--folds", required=True, help="fold of each family")
    parser.add_argument("--weights", required=True, help="folder of the stand-in's weights")
    parser.add_argument("--work", required=True, help="folder of checkpoints, to resume from")
    parser.add_argument("--out", required=True, help="folder to write")
    add_stage_options(parser, stage)


@dataclass
class Setup(Generic[S]):
    """A run ready to train.

    Args:
        stage: stage1, stage2 or baseline.
        tower: section of the preset.
        settings: of the stage, the run's seed added to its own.
        images: image table, of restored images and photographs only.
        train_rows: row numbers of the training images.
        test_rows: row numbers of the test images.
        train_pairs: training pairs.
        test_pairs: test pairs.
        weights: folder of the stand-in's weights.
        on: device.
    """

    stage: str
    tower: Tower
    settings: S
    images: pd.DataFrame
    train_rows: np.ndarray
    test_rows: np.ndarray
    train_pairs: pd.DataFrame
    test_pairs: pd.DataFrame
    weights: Path
    on: torch.device

    def feed(self) -> ImageFeed:
        """Encode the images as far as the frozen blocks go, or read what was encoded."""
        return ImageFeed(self.images, self.tower, self.weights, self.on, self.settings.seed)

    @property
    def options(self) -> dict[str, Any]:
        """What the numbers of the run follow from in the settings, as JSON values."""
        return {"tower": self.tower.record(), self.stage: self.settings.record()}

    def identity(self, code: tuple[str, ...], *further: object) -> str:
        """Digest everything that the numbers of the run follow from: code and libraries included.

        A checkpoint of another identity is not resumed.

        Args:
            code: modules that train, by name; what they import counts as well.
            further: what else the run follows from.
        """
        columns = ["image", "sha256", "task", "source", "dataset", "group", "family", "score"]
        pairs = self.train_pairs[["pair", "image_a", "image_b", "preference"]]
        rows = [frame.to_dict("list") for frame in (self.images[columns], pairs)]
        card = self.weights / "card.json"
        state = state_of_clip(self.tower.tower, self.tower.pretrained)
        weights = [sha256(card) if card.exists() else "", state]
        what = [self.options, rows, self.train_rows.tolist(), weights]
        return digest([*what, code_identity(*code), *further])


def set_up(
    args: argparse.Namespace, stage: str, tower: Tower, settings: S, tables: dict[str, list[str]]
) -> Setup[S] | None:
    """Read the tables and divide them; None where training is absent, which is then written.

    Args:
        args: of the step.
        stage: stage1, stage2 or baseline.
        tower, settings: sections of the preset; the run's seed is added to that of the settings.
        tables: columns of the tables that stand empty where training is absent.

    Raises:
        UserError: a table or setting is at fault, one side is empty, or the device is missing.
    """
    torch.set_num_threads(args.threads)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # else sums on a GPU vary
    settings = seeded(settings, args.run)
    images, pairs = rated(read_images(args.images)), read_pairs(args.pairs)
    absent = absence(images, tower)
    if absent:
        write_absent(Path(args.out), tables, absent)
        return None
    divided = sides(images, pairs, read_table(args.folds, FOLD_COLUMNS), args.run)
    torch.manual_seed(settings.seed)
    return Setup(stage, tower, settings, images, *divided, Path(args.weights), device_of(tower))
