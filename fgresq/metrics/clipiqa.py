"""CLIP-IQA, zero-shot (Wang, Chan and Loy, AAAI 2023): is this a good photo, or a bad one?

P("Good photo.") against "Bad photo." of CLIP ResNet-50 without positions, RGB at the image's own
size, in [0, 1], higher better. Its weights come by `fgresq data fetch clip_rn50`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from fgresq.ops.least import need_pixels

if TYPE_CHECKING:  # `absent` is asked at every call of Snakemake: torch comes with the model
    import torch

    from fgresq.networks.open_clip_types import Clip

KIND = "NR"
MODEL, PRETRAINED = "RN50-quickgelu", "openai"
SMALLEST = 32  # pixels: below it the deepest map has no pixel


@lru_cache(maxsize=1)
def model() -> tuple[Clip, torch.Tensor]:
    """Load CLIP and the embeddings (2, D) of both prompts."""
    import torch

    from fgresq.networks import clip as clips
    from fgresq.networks.antonyms import PROMPTS

    clip = clips.of_any_size(clips.load_clip(MODEL, PRETRAINED))
    with torch.inference_mode():
        return clip, clip.encode_text(clips.word_ids(list(PROMPTS)), normalize=True)


def score(image: np.ndarray, reference: np.ndarray | None = None) -> float:
    """Give the probability of "good" of an uint8 RGB image; the reference is not looked at.

    Raises:
        NoValue: it has less than 32 pixels on a side.
    """
    import torch

    from fgresq.networks.antonyms import antonym_logits, image_vectors

    need_pixels(image, SMALLEST)
    clip, texts = model()
    with torch.inference_mode():
        vectors = image_vectors(clip, torch.from_numpy(np.ascontiguousarray(image))[None])
        return float(torch.sigmoid(antonym_logits(vectors, texts, clip.logit_scale.exp())))
