"""CLIP-IQA+ (Wang, Chan and Loy, AAAI 2023): the antonym prompts, learnt.

CLIP stays as it is; before "good photo." and "bad photo." stand vectors in place of words, and they
alone are trained.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn

from fgresq.absent import Absent
from fgresq.baseline_sections import ClipIqaPlusRun
from fgresq.baselines.base import Baseline, Inputs
from fgresq.networks.antonyms import PROMPTS, antonym_logits, image_vectors
from fgresq.networks.clip import clip_absence, encode_words, load_clip, of_any_size, word_ids
from fgresq.sections import Tower

if TYPE_CHECKING:
    from fgresq.networks.open_clip_types import Clip

SPREAD = 0.02  # of the vectors at first


class LearntPrompts(Baseline):
    """CLIP with learnt vectors before both prompts.

    Args:
        clip: of open_clip, frozen.
        context: vectors before each prompt.
    """

    ids: torch.Tensor

    def __init__(self, clip: Clip, context: int) -> None:
        super().__init__()
        self.clip = of_any_size(clip)
        self.register_buffer("ids", word_ids([" ".join(["X"] * context + [p]) for p in PROMPTS]))
        width = clip.token_embedding.embedding_dim
        self.context = nn.Parameter(SPREAD * torch.randn(len(PROMPTS), context, width))

    def texts(self) -> torch.Tensor:
        """Give the unit embeddings (2, D) of both prompts."""
        words = self.clip.token_embedding(self.ids)
        after = words[:, 1 + self.context.shape[1] :]
        return encode_words(self.clip, torch.cat([words[:, :1], self.context, after], 1), self.ids)

    def forward(self, inputs: Inputs) -> torch.Tensor:
        """Give the logits (N,) of crops, higher better."""
        with torch.no_grad():
            image = image_vectors(self.clip, inputs["crops"])
        return antonym_logits(image, self.texts(), self.clip.logit_scale.exp())


def absence(settings: ClipIqaPlusRun, weights: Path) -> Absent | None:
    """Say why it cannot be had here, or None where it can."""
    return clip_absence(settings.clip, settings.pretrained)


def build(tower: Tower, settings: ClipIqaPlusRun, weights: Path) -> LearntPrompts:
    """Build the network from its settings."""
    return LearntPrompts(load_clip(settings.clip, settings.pretrained), settings.context)
