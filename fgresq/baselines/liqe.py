"""LIQE (Zhang et al., CVPR 2023): one text tells scene, distortion and quality; CLIP weighs them.

All combinations of the three are texts. Their softmax over an image's cosines is a joint
probability: its sum over scenes and distortions gives five levels of quality, whose mean level is
the score; its sum over the others gives the distortion. Here the distortions are the six
restoration tasks, and the data name no scene, so that the scenes are summed over and not trained.
The image side is trained and the text side is not (published: both).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch

from fgresq.absent import Absent
from fgresq.baseline_sections import LiqeRun
from fgresq.baselines.base import Baseline, Inputs, Labels
from fgresq.networks.antonyms import image_vectors
from fgresq.networks.clip import clip_absence, load_clip, word_ids
from fgresq.sections import Tower
from fgresq.tables import TASKS
from fgresq.training.losses import EPSILON, fidelity_loss

if TYPE_CHECKING:
    from fgresq.networks.open_clip_types import Clip

SCENES = (
    *("animal", "cityscape", "human", "indoor scene", "landscape"),
    *("night scene", "plant", "still life", "other"),
)
LEVELS = ("bad", "poor", "fair", "good", "perfect")
TEXT = "a photo of a {scene} restored by {task}, which is of {level} quality"
BATCH = 54  # texts at once


class LIQE(Baseline):
    """CLIP's image side, judged by fixed texts.

    Args:
        clip: of open_clip.
        lambda_task: weight of the loss that names the task.
    """

    texts: torch.Tensor
    levels: torch.Tensor

    def __init__(self, clip: Clip, lambda_task: float) -> None:
        super().__init__()
        texts = [
            TEXT.format(scene=s, task=t, level=q) for s in SCENES for t in TASKS for q in LEVELS
        ]
        with torch.no_grad():
            parts = [
                clip.encode_text(part, normalize=True) for part in word_ids(texts).split(BATCH)
            ]
        self.register_buffer("texts", torch.cat(parts))
        self.register_buffer("levels", torch.arange(1.0, len(LEVELS) + 1))
        self.scale, self.lambda_task = clip.logit_scale.exp(), lambda_task
        self.visual = clip.visual.requires_grad_(True)

    def encode_image(self, pixels: torch.Tensor) -> torch.Tensor:
        """Give embeddings (N, D) of normalised pixels (N, 3, 224, 224)."""
        return self.visual(pixels)

    def joint(self, inputs: Inputs) -> torch.Tensor:
        """Give the probabilities (N, scenes, tasks, levels) of crops; each image's sum to 1."""
        cosines = image_vectors(self, inputs["crops"]) @ self.texts.T
        chances = torch.softmax(self.scale.to(cosines.device) * cosines, dim=1)
        return chances.unflatten(1, (len(SCENES), len(TASKS), len(LEVELS)))

    def forward(self, inputs: Inputs) -> torch.Tensor:
        """Give the mean levels (N,), in [1, 5], higher better."""
        return self.joint(inputs).sum(dim=(1, 2)) @ self.levels

    def losses(self, inputs: Inputs, labels: Labels) -> dict[str, torch.Tensor]:
        """Give the fidelity loss of the scores, and that of the task beside it."""
        joint = self.joint(inputs)
        scores = joint.sum(dim=(1, 2)) @ self.levels
        scene = labels.weight * fidelity_loss(scores, labels.scores, labels.groups)
        has_task = (labels.tasks >= 0).float()  # a photograph has none
        right = joint.sum(dim=(1, 3)).gather(1, labels.tasks.clamp(min=0)[:, None]).squeeze(1)
        lost = (1.0 - torch.sqrt(right + EPSILON)) * has_task
        task = lost.sum() / has_task.sum().clamp(min=1)
        return {"loss": scene + self.lambda_task * task, "scene": scene, "task": task}


def absence(settings: LiqeRun, weights: Path) -> Absent | None:
    """Say why it cannot be had here, or None where it can."""
    return clip_absence(settings.clip, settings.pretrained)


def build(tower: Tower, settings: LiqeRun, weights: Path) -> LIQE:
    """Build the network from its settings."""
    return LIQE(load_clip(settings.clip, settings.pretrained), settings.lambda_task)
