"""What the retrained baselines share: batches, the loss, and a plan of steps.

A batch is a mapping of what networks read: `tokens` (N, views, T, width) and, for a second stream,
`second` (N, views, C, h, w), both cached; or `crops`, uint8 (N, 224, 224, 3).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pandas as pd
import torch
from torch import nn

from fgresq.baseline_sections import BaselineRun
from fgresq.tables import TASKS
from fgresq.training.batches import PairBatches
from fgresq.training.losses import fidelity_loss
from fgresq.training.setup import Setup

R = TypeVar("R", bound=BaselineRun)
FIT_BATCH = 32  # images at once where features are computed, and nothing is trained
Inputs = dict[str, torch.Tensor]


@dataclass
class Labels:
    """What a step's images are compared by.

    Args:
        scores: (N,) true, higher better.
        tasks: (N,) numbers in the order of `TASKS`; -1 of a photograph.
        groups: (N,) numbers; only images of one group are compared. None: all of them.
        weight: of the scene (equation 7 of the paper).
    """

    scores: torch.Tensor
    tasks: torch.Tensor
    groups: torch.Tensor | None
    weight: float


class Baseline(nn.Module):
    """A no-reference method: logits of scores, higher better, from a batch."""

    def start(self, feed: Feed, rows: np.ndarray) -> None:
        """Fit what is fitted before training to the training images; by default nothing."""

    def settled(self, inputs: Inputs) -> Inputs | None:
        """Give what the network reads in place of a batch, if training changes nothing before it.

        It is then computed once an image. None: there is nothing of the kind.
        """
        return None

    def losses(self, inputs: Inputs, labels: Labels) -> dict[str, torch.Tensor]:
        """Give named losses, of which `loss` is minimised: the scene-weighted fidelity loss."""
        logits = self.logits(inputs)
        return {"loss": labels.weight * fidelity_loss(logits, labels.scores, labels.groups)}

    def logits(self, inputs: Inputs) -> torch.Tensor:
        """Give the logits (N,) as float32, computed in bfloat16 on a GPU."""
        kind = next(iter(inputs.values())).device.type
        with torch.autocast(kind, torch.bfloat16, enabled=kind == "cuda"):
            return self(inputs).float()


class Feed:
    """Gives batches of image rows; what a step draws follows from its number alone."""

    def training(self, rows: np.ndarray, step: int) -> Inputs:
        """Give the batch of a step."""
        raise NotImplementedError

    def evaluation(self, rows: np.ndarray) -> Inputs:
        """Give a batch without chance."""
        raise NotImplementedError


class SettledFeed(Feed):
    """What does not change in training, computed once for all images and held in memory.

    Args:
        model: its `settled` is asked, and gives something.
        feed: gives the batches.
        count: of images.
    """

    def __init__(self, model: Baseline, feed: Feed, count: int) -> None:
        parts = []
        with torch.no_grad():
            for at in range(0, count, FIT_BATCH):
                rows = np.arange(at, min(at + FIT_BATCH, count))
                settled = model.settled(feed.evaluation(rows))
                assert settled is not None, "training changes all that the network reads"
                parts.append(settled)
        self.values = {name: torch.cat([part[name] for part in parts]) for name in parts[0]}

    def evaluation(self, rows: np.ndarray) -> Inputs:
        """Give the rows of every array."""
        return {name: values[torch.from_numpy(rows)] for name, values in self.values.items()}

    def training(self, rows: np.ndarray, step: int) -> Inputs:
        """Give the rows of every array."""
        return self.evaluation(rows)


@dataclass
class Plan:
    """A training run laid out: how many steps, what each does, which images it reads."""

    steps: int
    step: Callable[[int], dict[str, torch.Tensor]]
    members: Callable[[int], list[str]]


class Labelled:
    """The labels of the images of a run, on its device.

    Args:
        setup: of the run.
        batches: the training pairs; their groups and scene weights are used.
    """

    def __init__(self, setup: Setup[R], batches: PairBatches) -> None:
        self.batches, self.names = batches, setup.images["image"]
        self.on = setup.on
        scores = setup.images["score"].to_numpy(dtype=np.float32)
        tasks = pd.Index(TASKS).get_indexer(setup.images["task"])
        self.scores = torch.from_numpy(scores).to(self.on)
        self.tasks = torch.from_numpy(tasks.astype(np.int64)).to(self.on)

    def of(self, rows: np.ndarray, scene: str) -> Labels:
        """Give the labels of image rows that were drawn of one scene."""
        groups = self.batches.groups
        return Labels(
            self.scores[rows],
            self.tasks[rows],
            None if groups is None else groups[rows].to(self.on),
            self.batches.weights[scene],
        )


def fine_tuning(setup: Setup[R], feed: Feed, model: Baseline) -> Plan:
    """Lay out training as stage 2 does it: scene-aware batches of pairs, each image once."""
    settings = setup.settings
    batches = PairBatches(setup.images, setup.train_pairs, settings, setup.train_rows)
    labelled = Labelled(setup, batches)

    def step(number: int) -> dict[str, torch.Tensor]:
        chosen = batches.sampler.step(number)
        rows, _ = batches.images_of(chosen)
        return model.losses(
            feed.training(rows, number), labelled.of(rows, batches.scenes[chosen[0]])
        )

    def members(number: int) -> list[str]:
        return labelled.names.iloc[batches.images_of(batches.sampler.step(number))[0]].tolist()

    return Plan(settings.epochs * batches.sampler.per_epoch, step, members)
