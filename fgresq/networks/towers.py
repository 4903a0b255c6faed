"""Image towers cut in two: a lower part that stays frozen, and the blocks that are trained.

A tower turns pixels (N, 3, 224, 224), normalised, into tokens by `lower`, and the tokens of an
image's views, (N, views, ...), into pooled features (N, width) by `upper`, before any projection.
The paper's tower is CLIP ViT-B/16, whose feature is the class token after the last layer norm; the
stand-in is the first blocks of DINOv2 ViT-S/14, whose feature is the class token beside the mean
patch token, at several blocks. `level_width` is the width of one block's part of the feature.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

from fgresq.errors import UserError
from fgresq.networks.vit import MEAN, STD, dinov2, normalised, vit
from fgresq.sections import Tower as TowerSettings

if TYPE_CHECKING:
    from timm.models.vision_transformer import VisionTransformer

    from fgresq.networks.open_clip_types import Vision


class Tower(nn.Module):
    """What both towers share: the features of an image are the mean over its views.

    `mean` and `std` are the statistics of the pixels that the tower was trained on.
    """

    mean: tuple[float, ...] = MEAN
    std: tuple[float, ...] = STD
    width: int
    level_width: int

    def lower(self, pixels: torch.Tensor) -> torch.Tensor:
        """Give tokens of pixels (N, 3, 224, 224)."""
        raise NotImplementedError

    def pooled(self, tokens: torch.Tensor) -> torch.Tensor:
        """Give features (N, width) of single views."""
        raise NotImplementedError

    def tokens(self, crops: torch.Tensor) -> torch.Tensor:
        """Give what `lower` gives of uint8 crops (N, 224, 224, 3), without gradient."""
        with torch.no_grad():
            return self.lower(normalised(crops, self.mean, self.std))

    def upper(self, tokens: torch.Tensor) -> torch.Tensor:
        """Give features (N, width) of (N, views, ...), each view what `lower` gave."""
        return self.pooled(tokens.flatten(0, 1)).unflatten(0, tokens.shape[:2]).mean(dim=1)


class StandInTower(Tower):
    """The first blocks of a ViT-S/14, the last `trainable` of which are trained.

    Args:
        trunk: a timm ViT with a class token.
        levels: numbers, from 1 and ascending, of the blocks whose pooled tokens are the features;
            no block after the last of them is used.
        trainable: blocks above the cut.
        merge: patches averaged to one token at the cut, a side; 1 keeps all.
    """

    def __init__(
        self, trunk: VisionTransformer, levels: Sequence[int], trainable: int, merge: int
    ) -> None:
        super().__init__()
        cut = levels[-1] - trainable
        self.embed = trunk
        blocks = list(trunk.blocks)
        self.below = nn.Sequential(*blocks[:cut])
        self.above = nn.Sequential(*blocks[cut : levels[-1]])
        trunk.blocks = nn.Sequential()
        trunk.norm = nn.Identity()
        self.frozen_levels = [level for level in levels if level <= cut]
        self.trained_levels = [level - cut for level in levels if level > cut]
        self.merge = merge
        self.level_width = 2 * trunk.num_features
        self.width = len(levels) * self.level_width

    def lower(self, pixels: torch.Tensor) -> torch.Tensor:
        """Give tokens (N, T, 384) of pixels (N, 3, 224, 224).

        First the pooled tokens of the levels below the cut, two a level, which are features
        already; then the class token and the patches.
        """
        return self.lower_and_blocks(pixels)[0]

    def lower_and_blocks(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Give what `lower` gives, and the pooled features of every block that it ran.

        Args:
            pixels: (N, 3, 224, 224).

        Returns:
            Tokens (N, T, 384), and (N, cut, 768), class token beside mean patch token, the first
            block's first.
        """
        tokens = self.embed.norm_pre(self.embed._pos_embed(self.embed.patch_embed(pixels)))
        pooled = []
        for block in self.below:
            tokens = block(tokens)
            pooled.append(torch.cat([tokens[:, 0], tokens[:, 1:].mean(dim=1)], dim=1))
        kept = [pooled[level - 1].unflatten(1, (2, -1)) for level in self.frozen_levels]
        if self.merge > 1:
            side = math.isqrt(tokens.shape[1] - 1)
            grid = tokens[:, 1:].transpose(1, 2).unflatten(2, (side, side))
            merged = functional.avg_pool2d(grid, self.merge).flatten(2).transpose(1, 2)
            tokens = torch.cat([tokens[:, :1], merged], dim=1)
        blocks = (
            torch.stack(pooled, dim=1)
            if pooled
            else pixels.new_empty((len(pixels), 0, self.level_width))
        )
        return torch.cat([*kept, tokens], dim=1), blocks

    def pooled(self, tokens: torch.Tensor) -> torch.Tensor:
        """Give features (N, width) of single views, (N, T, 384)."""
        kept = 2 * len(self.frozen_levels)
        features, tokens = [tokens[:, :kept].flatten(1)], tokens[:, kept:]
        for number, block in enumerate(self.above, start=1):
            tokens = block(tokens)
            if number in self.trained_levels:
                features += [tokens[:, 0], tokens[:, 1:].mean(dim=1)]
        return torch.cat(features, dim=1)

    def every_token(self, tokens: torch.Tensor) -> torch.Tensor:
        """Give, of tokens (N, views, T, W) at the cut, every level pooled, then all that is left.

        Two tokens a level, in the order of the levels; the last are those of the last block.
        """
        flat, before = tokens.flatten(0, 1), 2 * len(self.frozen_levels)
        pooled, flat = [flat[:, :before]], flat[:, before:]
        for number, block in enumerate(self.above, start=1):
            flat = block(flat)
            if number in self.trained_levels:
                pooled += [flat[:, :1], flat[:, 1:].mean(dim=1, keepdim=True)]
        return torch.cat([*pooled, flat], dim=1).unflatten(0, tokens.shape[:2])


class ClipTower(Tower):
    """The visual side of an open_clip ViT; features are pooled before the projection.

    Args:
        visual: open_clip's VisionTransformer.
        trainable: blocks above the cut; all of them makes the embedding trainable too.
    """

    def __init__(self, visual: Vision, trainable: int) -> None:
        super().__init__()
        self.visual = visual
        blocks = visual.transformer.resblocks
        self.cut = max(len(blocks) - trainable, 0)
        self.width = self.level_width = visual.ln_post.normalized_shape[0]
        self.mean, self.std = tuple(visual.image_mean), tuple(visual.image_std)

    def lower(self, pixels: torch.Tensor) -> torch.Tensor:
        """Give tokens (N, 197, 768) of pixels; the pixels themselves when nothing is frozen."""
        if self.cut == 0:
            return pixels
        tokens = self.visual._embeds(pixels)
        for block in self.visual.transformer.resblocks[: self.cut]:
            tokens = block(tokens)
        return tokens

    def pooled(self, tokens: torch.Tensor) -> torch.Tensor:
        """Give features (N, 768) of single views, each what `lower` gave."""
        if self.cut == 0:
            tokens = self.visual._embeds(tokens)
        for block in self.visual.transformer.resblocks[self.cut :]:
            tokens = block(tokens)
        return self.visual.ln_post(tokens)[:, 0]


def stand_in_tower(settings: TowerSettings, weights: Path) -> StandInTower:
    """Build the tower of the stand-in.

    Raises:
        UserError: the levels are not ascending, or more blocks are to be trained than used.
    """
    levels, trainable = settings.levels, settings.trainable_blocks
    if list(levels) != sorted(levels) or trainable > levels[-1]:
        raise UserError(
            "config/config.yaml, key 'tower/levels'",
            f"{list(levels)} are not ascending, or are fewer than the trainable_blocks "
            f"({trainable})",
            "Give block numbers such as [4, 6, 8], the last no less than trainable_blocks",
        )
    trunk = dinov2(weights) if settings.tower == "dinov2_vits14" else vit(settings.seed)
    return StandInTower(trunk, levels, trainable, settings.merge)


def sibling(tower: StandInTower | ClipTower) -> StandInTower | ClipTower:
    """Give a second tower that shares the frozen weights of this one and has its own to train."""
    frozen = {id(p): p for p in tower.parameters() if not p.requires_grad}
    return copy.deepcopy(tower, frozen)


def trained_parts(tower: StandInTower | ClipTower) -> list[nn.Module]:
    """List the modules of a tower that training may change."""
    if isinstance(tower, StandInTower):
        return [tower.above]
    if tower.cut == 0:
        return [tower.visual]
    return [*tower.visual.transformer.resblocks[tower.cut :], tower.visual.ln_post]
