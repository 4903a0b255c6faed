"""CLIP-IQA, zero-shot (Wang, Chan and Loy, AAAI 2023): is this a good photo, or a bad one?

P("Good photo.") against "Bad photo." of CLIP ResNet-50 without positions, RGB at the image's own
size, in [0, 1], higher better. Its weights come by `fgresq data fetch clip_rn50`.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import nn

from fgresq.absent import Absent
from fgresq.baselines.antonyms import PROMPTS, antonym_logits, image_vectors
from fgresq.baselines.clip import clip_absence, load_clip, of_any_size, word_ids
from fgresq.metrics import need_pixels

KIND = "NR"
MODEL, PRETRAINED = "RN50-quickgelu", "openai"
SMALLEST = 32  # pixels: below it the deepest map has no pixel


def absent() -> Absent | None:
    """Say why it cannot be had here, or None where it can."""
    return clip_absence(MODEL, PRETRAINED)


@lru_cache(maxsize=1)
def model() -> tuple[nn.Module, torch.Tensor]:
    """Load CLIP and the embeddings (2, D) of both prompts."""
    clip = of_any_size(load_clip(MODEL, PRETRAINED))
    with torch.inference_mode():
        return clip, clip.encode_text(word_ids(list(PROMPTS)), normalize=True)


@torch.inference_mode()
def score(image: np.ndarray, reference: np.ndarray | None) -> float:
    """Give the probability of "good" of an uint8 RGB image; the reference is not looked at.

    Raises:
        NoValue: it has less than 32 pixels on a side.
    """
    need_pixels(image, SMALLEST)
    clip, texts = model()
    vectors = image_vectors(clip, torch.from_numpy(np.ascontiguousarray(image))[None])
    return float(torch.sigmoid(antonym_logits(vectors, texts, clip.logit_scale.exp())))
