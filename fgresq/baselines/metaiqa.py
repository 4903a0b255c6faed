"""MetaIQA (Zhu et al., CVPR 2020): a start from which a few steps learn a new kind of spoiling.

First, meta-learning: of several tasks at a time (the restoration tasks, data sets, or families) one
batch adapts a copy of the weights by a gradient step, a second batch of the same task judges the
copy, and the mean of these judgements over the tasks is minimised through that step (bi-level,
second order). Then fine-tuning like every other baseline. The published method does this to a whole
ResNet-18, and so does the backbone resnet18 here; on the frozen stand-in only the head learns.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.func import functional_call

from fgresq.absent import Absent
from fgresq.baseline_sections import MetaIqaRun
from fgresq.baselines.backbones import (
    Backbone,
    OnBackbone,
    TokenBackbone,
    absence_of,
    backbone_of,
)
from fgresq.baselines.base import Feed, Inputs, Labelled, Plan, fine_tuning
from fgresq.errors import UserError
from fgresq.sections import Tower
from fgresq.training.batches import PairBatches
from fgresq.training.losses import fidelity_loss
from fgresq.training.sampler import SceneSampler
from fgresq.training.setup import Setup

Batch = tuple[Inputs, torch.Tensor, torch.Tensor | None]  # and scores, and groups


class MetaIQA(OnBackbone):
    """A head of two layers on the levels of a backbone, side by side.

    Args:
        backbone: gives the streams.
        standardise: fit the backbone's scales first.
        hidden: units between both layers.
    """

    def __init__(self, backbone: Backbone, standardise: bool, hidden: int) -> None:
        super().__init__(backbone, standardise)
        width = sum(backbone.widths)
        self.head = nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, 1))

    def levels(self, inputs: Inputs) -> torch.Tensor:
        """Give the levels of images side by side, (N, views, width)."""
        streams = self.backbone(inputs)
        return torch.cat(streams.levels, dim=1).unflatten(0, (-1, streams.views))

    def settled(self, inputs: Inputs) -> Inputs | None:
        """Give the levels, which stay where the backbone is frozen."""
        frozen = isinstance(self.backbone, TokenBackbone)
        return {"levels": self.levels(inputs)} if frozen else None

    def forward(self, inputs: Inputs) -> torch.Tensor:
        """Give the logits (N,) of images, higher better; of `levels` where given."""
        levels = inputs["levels"] if "levels" in inputs else self.levels(inputs)
        return self.head(levels).squeeze(-1).mean(dim=1)


def adapted(
    model: nn.Module, inputs: Inputs, scores: torch.Tensor, groups: torch.Tensor | None, rate: float
) -> dict[str, torch.Tensor]:
    """Give a model's trained weights after one gradient step on a batch, differentiable by them."""
    weights: Inputs = {n: p for n, p in model.named_parameters() if p.requires_grad}
    loss = fidelity_loss(functional_call(model, weights, (inputs,)), scores, groups)
    slopes = torch.autograd.grad(loss, list(weights.values()), create_graph=True, allow_unused=True)
    return {
        name: value if slope is None else value - rate * slope
        for (name, value), slope in zip(weights.items(), slopes, strict=True)
    }


def meta_loss(
    model: nn.Module,
    tasks: list[tuple[Batch, Batch]],
    rate: float,
) -> torch.Tensor:
    """Give the mean loss over tasks after one step inside each.

    Args:
        model: gives logits of a batch.
        tasks: of each, what adapts and what judges: batch, scores, groups.
        rate: of the inner step.
    """
    found = []
    for support, (inputs, scores, groups) in tasks:
        weights = adapted(model, *support, rate)
        found.append(fidelity_loss(functional_call(model, weights, (inputs,)), scores, groups))
    return torch.stack(found).mean()


class MetaBatches:
    """Two batches of pairs a task, a function of the step alone.

    Args:
        setup: of the run; `meta_by` names the column of the image table that makes tasks.
        batches: its training pairs.

    Raises:
        UserError: there is one task only.
    """

    def __init__(self, setup: Setup[MetaIqaRun], batches: PairBatches) -> None:
        settings = setup.settings
        kind = setup.images[settings.meta_by]
        if settings.meta_by == "family":  # two sources may use one name
            kind = setup.images["source"] + "/" + kind
        of_pair = kind.to_numpy(dtype=str)[batches.first]
        self.names = sorted(set(of_pair.tolist()))
        if len(self.names) < 2:
            raise UserError(
                "config/config.yaml, key 'baselines/metaiqa/meta_by'",
                f"all training pairs are of one {settings.meta_by}: there is nothing to learn "
                "to adapt to",
                "Set it to family, or to another column that divides the data",
            )
        self.count = min(settings.meta_tasks, len(self.names))
        self.seed, self.pairs = settings.seed, {}
        self.samplers = {}
        for number, name in enumerate(self.names):
            self.pairs[name] = np.flatnonzero(of_pair == name)
            scenes = np.zeros(len(self.pairs[name]), dtype=int)
            seed = self.seed + number
            self.samplers[name] = SceneSampler(scenes, settings.batch // 2, seed)

    def step(self, number: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """Give the pairs that adapt and those that judge, of each task of a step."""
        rng = np.random.default_rng([self.seed, number])
        chosen = rng.choice(len(self.names), self.count, replace=False)
        found = []
        for name in (self.names[k] for k in sorted(chosen)):
            sampler, own = self.samplers[name], self.pairs[name]
            found.append((own[sampler.step(2 * number)], own[sampler.step(2 * number + 1)]))
        return found


def plan(setup: Setup[MetaIqaRun], feed: Feed, model: MetaIQA) -> Plan:
    """Lay out both parts of the training: meta-learning, then fine-tuning."""
    settings, tuning = setup.settings, fine_tuning(setup, feed, model)
    batches = PairBatches(setup.images, setup.train_pairs, settings, setup.train_rows)
    labelled, meta = Labelled(setup, batches), MetaBatches(setup, batches)
    first = settings.meta_steps

    def part(pairs: np.ndarray, number: int) -> Batch:
        rows, _ = batches.images_of(pairs)
        labels = labelled.of(rows, batches.scenes[pairs[0]])
        return feed.training(rows, number), labels.scores, labels.groups

    def step(number: int) -> dict[str, torch.Tensor]:
        if number >= first:
            return tuning.step(number - first)
        tasks = [(part(a, number), part(b, number)) for a, b in meta.step(number)]
        return {"loss": meta_loss(model, tasks, settings.inner_lr)}

    def members(number: int) -> list[str]:
        if number >= first:
            return tuning.members(number - first)
        pairs = np.concatenate([np.concatenate(both) for both in meta.step(number)])
        return labelled.names.iloc[batches.images_of(pairs)[0]].tolist()

    return Plan(first + tuning.steps, step, members)


def absence(settings: MetaIqaRun, weights: Path) -> Absent | None:
    """Say why it cannot be had here, or None where it can."""
    return absence_of(settings.backbone)


def build(tower: Tower, settings: MetaIqaRun, weights: Path) -> MetaIQA:
    """Build the network from its settings."""
    return MetaIQA(backbone_of(tower, settings.backbone), settings.standardise, settings.hidden)
