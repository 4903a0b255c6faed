"""What stage 1 trains: the degradation encoder, aligned with texts of the tasks, or naming them.

The paper aligns images with the texts of their tasks. The release looks as if its encoder had been
trained by a classifier of the tasks, which here is a linear layer on the pooled features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from fgresq.networks.task_clip import TaskClip


class Alignment(nn.Module):
    """The trained parts of stage 1: upper blocks, and projection and temperature or a classifier.

    Args:
        clip: the tower with its texts.
        objective: contrastive or classifier.
    """

    def __init__(self, clip: TaskClip, objective: str = "contrastive") -> None:
        super().__init__()
        self.clip, self.classifier = clip, None
        if objective == "classifier":
            self.classifier = nn.Linear(clip.visual.tower.width, len(clip.text.vectors))
            nn.init.zeros_(self.classifier.weight)
            nn.init.zeros_(self.classifier.bias)
            return
        clip.visual.projection.requires_grad_(True)
        clip.logit_scale.requires_grad_(True)

    def logits(self, tokens: torch.Tensor) -> torch.Tensor:
        """Give logits (N, tasks) of what the tower's `lower` gave: cosines, or the classifier's."""
        if self.classifier is not None:
            return self.classifier(self.clip.visual.tower.upper(tokens))
        image = self.clip.encode_image(tokens, normalize=True)
        text = self.clip.encode_text(torch.arange(len(self.clip.text.vectors)), normalize=True)
        return self.clip.logit_scale.exp() * image @ text.to(image.device).T
