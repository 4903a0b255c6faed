"""A score out of five words: the expectation over quality levels (Q-Align; DeQA-Score).

A multimodal model is asked for the quality of an image; the chances it gives to five words as the
next one, and to no others, weigh five numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

PROMPT = (
    "USER: How would you rate the quality of this image?\n<|image|>\n"
    "ASSISTANT: The quality of the image is"
)
WORDS = ("excellent", "good", "fair", "poor", "bad")
NUMBERS = (5.0, 4.0, 3.0, 2.0, 1.0)


def chances(logits: np.ndarray | Sequence[Sequence[float]]) -> np.ndarray:
    """Give the softmax over the last axis of logits (..., k), in float64."""
    values = np.asarray(logits, dtype=float)
    shifted = np.exp(values - values.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def expectation(logits: np.ndarray | Sequence[Sequence[float]]) -> np.ndarray:
    """Give scores (n,) in [1, 5], higher better, of the logits (n, 5) of `WORDS`."""
    return chances(logits) @ np.array(NUMBERS)
