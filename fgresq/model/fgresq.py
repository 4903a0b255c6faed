"""FGResQ as one module: the general encoder and the heads."""

from __future__ import annotations

import torch
from torch import nn

from fgresq.model.heads import QualityHeads
from fgresq.networks.towers import ClipTower, StandInTower
from fgresq.sections import Stage2


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
    def build(cls, settings: Stage2, tower: StandInTower | ClipTower) -> FGResQ:
        """Build the heads on a general encoder.

        Args:
            settings: of stage 2.
            tower: trained further, unless the settings say otherwise.
        """
        if not settings.train_encoder:
            tower.requires_grad_(False)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            heads = QualityHeads(
                tower.width,
                tower.level_width,
                settings.prompt_init,
                settings.fuse,
                settings.compare,
                settings.use_degradation,
                settings.score_hidden,
                settings.compare_hidden,
            )
        return cls(tower, heads)
