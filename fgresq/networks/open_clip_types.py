"""What is used of open_clip's networks, declared for the type checker: open_clip has no types.

Nothing here exists at run time; the networks are open_clip's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import torch
from torch import nn

if TYPE_CHECKING:

    class Blocks(nn.Module):
        """The blocks of a transformer."""

        resblocks: nn.ModuleList

    class Vision(nn.Module):
        """An image side; `transformer`, `ln_post` and `proj` are a ViT's."""

        image_mean: tuple[float, ...]
        image_std: tuple[float, ...]
        transformer: Blocks
        ln_post: nn.LayerNorm
        proj: nn.Parameter

        def _embeds(self, x: torch.Tensor) -> torch.Tensor: ...

    class Clip(nn.Module):
        """A CLIP with both sides; the text side's parts lie in the model itself."""

        visual: Vision
        token_embedding: nn.Embedding
        positional_embedding: nn.Parameter
        transformer: nn.Module
        attn_mask: torch.Tensor
        ln_final: nn.LayerNorm
        text_projection: nn.Parameter
        logit_scale: nn.Parameter

        def encode_image(self, image: torch.Tensor, normalize: bool = False) -> torch.Tensor: ...

        def encode_text(self, text: torch.Tensor, normalize: bool = False) -> torch.Tensor: ...


class ImageSide(Protocol):
    """What embeds images: a CLIP, or a network that holds its image side."""

    @property
    def visual(self) -> Vision:
        """The image side, which knows its pixels' statistics."""

    def encode_image(self, image: torch.Tensor, /) -> torch.Tensor:
        """Give embeddings (N, D) of normalised pixels (N, 3, h, w)."""
