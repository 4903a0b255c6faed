"""A tower as the visual side of a text-image model whose text side is one fixed vector a task."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn

from fgresq.errors import UserError
from fgresq.networks.torchvision_ops import make_importable
from fgresq.networks.towers import ClipTower, StandInTower, stand_in_tower, trained_parts
from fgresq.pretrained import STAND_INS
from fgresq.sections import Tower as TowerSettings

TASK_WIDTH = 64  # of the stand-in's fixed text vectors
WORDS = {  # of {word}: the paper's figure shows "Derain"; the other five are ours, after it
    "super-resolution": "Super-resolve",
    "deblurring": "Deblur",
    "denoising": "Denoise",
    "deraining": "Derain",
    "dehazing": "Dehaze",
    "mixture": "Mixture",
}


class VisualSide(nn.Module):
    """A tower and its projection to the text space, as the visual side of a CLIP model."""

    def __init__(self, tower: StandInTower | ClipTower, projection: nn.Module) -> None:
        super().__init__()
        self.tower, self.projection = tower, projection

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Give embeddings (N, text width) of what the tower's `lower` gave."""
        return self.projection(self.tower.upper(tokens))


class FrozenTexts(nn.Module):
    """One fixed vector a task: the text side, which is never trained.

    For CLIP they are the embeddings of the tasks' texts. For a stand-in they are orthogonal unit
    vectors, so that what is reported is task accuracy, and nothing is zero-shot.
    """

    vectors: torch.Tensor
    context_length = 1
    vocab_size = 0

    def __init__(self, vectors: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("vectors", vectors)

    def forward(self, tasks: torch.Tensor) -> torch.Tensor:
        """Give vectors (N, D) of task numbers (N,)."""
        return self.vectors[tasks]


if TYPE_CHECKING:

    class TaskClip(nn.Module):
        """What `build_clip` gives: open_clip's CustomTextCLIP with the sides made here."""

        visual: VisualSide
        text: FrozenTexts
        logit_scale: nn.Parameter

        def encode_image(self, image: torch.Tensor, normalize: bool = False) -> torch.Tensor: ...

        def encode_text(self, text: torch.Tensor, normalize: bool = False) -> torch.Tensor: ...


def stand_in_clip(settings: TowerSettings, weights: Path, tasks: list[str]) -> TaskClip:
    """Build the stand-in inside open_clip's text-image model: timm tower, fixed texts.

    Raises:
        UserError: as `stand_in_tower` says.
    """
    tower = stand_in_tower(settings, weights)
    make_importable()
    from open_clip.model import CLIPTextCfg, CLIPVisionCfg, CustomTextCLIP

    vision = CLIPVisionCfg(
        timm_model_name="vit_small_patch14_dinov2",
        timm_pool="token",
        timm_proj="linear",
        image_size=224,
    )
    clip = CustomTextCLIP(
        TASK_WIDTH, vision, CLIPTextCfg(width=64, heads=1, layers=1, vocab_size=8)
    )
    clip.visual = VisualSide(tower, nn.Linear(tower.width, TASK_WIDTH, bias=False))
    clip.text = FrozenTexts(torch.eye(TASK_WIDTH)[: len(tasks)])
    return clip


def paper_clip(settings: TowerSettings, tasks: list[str]) -> TaskClip:
    """Build CLIP by open_clip; its texts are embedded once and the text tower is dropped.

    Raises:
        UserError: there is no text of a task, or open_clip cannot give the tower.
    """
    make_importable()
    import open_clip

    name, pretrained = settings.tower, settings.pretrained
    if settings.text is None:
        raise UserError(
            "config/config.yaml, key 'tower/text'",
            f"it is empty, and {name} has a text side",
            "Give the text of a task, such as `a photo restored by {task}`",
        )
    try:
        clip = open_clip.create_model(name, pretrained=pretrained, force_custom_text=True)
    except (RuntimeError, OSError) as error:
        raise UserError(
            f"tower '{name}'",
            f"open_clip cannot give it with '{pretrained}' ({error})",
            "Connect to a network once, or choose another tower",
        ) from error
    texts = [settings.text.format(task=task, word=WORDS[task]) for task in tasks]
    with torch.inference_mode():
        vectors = clip.encode_text(open_clip.get_tokenizer(name)(texts), normalize=True)
    width, text_width = clip.visual.proj.shape
    projection = nn.Linear(width, text_width, bias=False)
    projection.weight.data = clip.visual.proj.data.T.clone()
    clip.visual = VisualSide(ClipTower(clip.visual, settings.trainable_blocks), projection)
    clip.text = FrozenTexts(vectors.clone())
    return clip


def build_clip(settings: TowerSettings, weights: Path, tasks: list[str]) -> TaskClip:
    """Build the text-image model of a tower, with everything frozen but what is trained.

    Args:
        settings: section `tower` of a preset.
        weights: folder of the stand-in's weights.
        tasks: in the order of their numbers.

    Returns:
        An open_clip CustomTextCLIP whose `visual` is a `VisualSide`.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        stand_in = settings.tower in STAND_INS
        clip = stand_in_clip(settings, weights, tasks) if stand_in else paper_clip(settings, tasks)
    clip.requires_grad_(False)
    for part in trained_parts(clip.visual.tower):
        part.requires_grad_(True)
    return clip.eval()


def build_tower(
    settings: TowerSettings, weights: Path, tasks: list[str]
) -> StandInTower | ClipTower:
    """Build the tower of `build_clip` alone; of a stand-in, no text-image model is made for it."""
    if settings.tower not in STAND_INS:
        return build_clip(settings, weights, tasks).visual.tower
    tower = stand_in_tower(settings, weights).requires_grad_(False)
    tower.above.requires_grad_(True)
    return tower.eval()
