"""What stage 1 trains: the degradation encoder, aligned with the texts of the tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from fgresq.networks.task_clip import TaskClip


class Alignment(nn.Module):
    """The trained parts of stage 1: upper blocks, projection, temperature."""

    def __init__(self, clip: TaskClip) -> None:
        super().__init__()
        self.clip = clip
        clip.visual.projection.requires_grad_(True)
        clip.logit_scale.requires_grad_(True)

    def logits(self, tokens: torch.Tensor) -> torch.Tensor:
        """Give cosine logits (N, tasks) of what the tower's `lower` gave."""
        image = self.clip.encode_image(tokens, normalize=True)
        text = self.clip.encode_text(torch.arange(len(self.clip.text.vectors)), normalize=True)
        return self.clip.logit_scale.exp() * image @ text.to(image.device).T
