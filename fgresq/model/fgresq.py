"""FGResQ as one module: the general encoder and the heads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from fgresq.model.heads import QualityHeads
from fgresq.model.towers import ClipTower, StandInTower, build_clip
from fgresq.tables import TASKS


class FGResQ(nn.Module):
    """The trained parts of stage 2; the degradation encoder gives features from outside.

    Args:
        tower: the general encoder.
        heads: prompt block, score head, comparison head.
    """

    def __init__(self, tower: StandInTower | ClipTower, heads: QualityHeads) -> None:
        super().__init__()
        self.tower, self.heads = tower, heads

    @classmethod
    def build(cls, settings: dict[str, Any], weights: Path) -> FGResQ:
        """Build from the settings of the tower and of stage 2, laid together."""
        clip = build_clip(settings, weights, list(TASKS))
        tower = clip.visual.tower
        if not settings["train_encoder"]:
            tower.requires_grad_(False)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings["seed"])
            heads = QualityHeads(
                tower.width,
                tower.level_width,
                settings["prompt_init"],
                settings["fuse"],
                settings["compare"],
                settings["use_degradation"],
            )
        return cls(tower, heads)
