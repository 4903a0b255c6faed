"""CLIP-IQA's question (Wang, Chan and Loy, AAAI 2023): is this a good photo, or a bad one?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from fgresq.networks.clip import pixels_of

if TYPE_CHECKING:
    from fgresq.networks.open_clip_types import ImageSide

PROMPTS = ("Good photo.", "Bad photo.")


def antonym_logits(image: torch.Tensor, texts: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """Give the logit of "good" against "bad": its sigmoid is the softmax over both cosines.

    Args:
        image: (n, D) unit vectors.
        texts: (2, D) unit vectors, good and bad.
        scale: CLIP's factor on cosines.

    Returns:
        (n,), higher better.
    """
    with torch.autocast(image.device.type, enabled=False):  # CLIP's factor makes errors 100 times
        cosines = image.float() @ texts.float().T
    return scale * (cosines[:, 0] - cosines[:, 1])


def image_vectors(clip: ImageSide, crops: torch.Tensor) -> torch.Tensor:
    """Give unit image embeddings (n, D) of uint8 images (n, h, w, 3)."""
    return functional.normalize(clip.encode_image(pixels_of(clip, crops)).float(), dim=-1)
