"""Models of the family of mPLUG-Owl2, by the code that comes with their weights.

That code wants transformers 4.36 or so: its own environment, whose Python `settings.yaml` names.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fgresq.external.foreign import Foreign

# GiB of the GPU: fp16, 8bit and 4bit as IQA-PyTorch measured Q-Align (its Efficiency_benchmark.csv,
# peak GB on a V100); bf16 has the size of fp16, and fp32 twice that.
NEEDS = {"fp16": 15.4, "bf16": 15.4, "8bit": 8.2, "4bit": 5.0, "fp32": 30.9}
DEFAULTS = {"model": "", "precision": "fp16"}
# A method is asked for one image at a time: a batch is of the groups that an image makes.
WITHOUT = {"batch": "it does nothing: an image is one question, and images come one at a time"}


def owl(name: str, hub: str, licence: str, refused: str = "terms_not_accepted") -> Foreign:
    """Describe a method by a model of this family.

    Args:
        name: of its folder in data/weights.
        hub: name of its weights on Hugging Face.
        licence: of its code, as a clause.
        refused: code of its absence where its code may not run.
    """
    steps = (
        f"download the model once (`hf download {hub}`, 15 GB) and write data/weights/{name}/"
        f"settings.yaml with `model: {hub}`, `trust_remote_code: true` and `python:` of an "
        "environment with transformers 4.36.1; see docs/published-weights.md"
    )
    return Foreign(
        name,
        "owl",
        consent="trust_remote_code",
        refused=refused,
        licence=licence,
        steps=steps,
        settings=DEFAULTS,
        needs=NEEDS,
        without=WITHOUT,
    )


def logits(
    method: Foreign, prompt: str, words: Sequence[str], groups: Sequence[Sequence[np.ndarray]]
) -> np.ndarray:
    """Ask for the logits of `words` as the next one after `prompt`, for groups of images.

    Args:
        method: as `owl` describes it; its setting `batch`, 1 where it has none, is the number of
            groups at once.
        prompt: with one <|image|> for each image of a group.
        words: each begins with another token.
        groups: uint8 RGB images, as many in each group.

    Returns:
        float64 (groups, words).

    Raises:
        UserError: the model cannot be had, or fails.
    """
    batch = int(method.read().get("batch", 1))
    found: list[list[float]] = []
    for start in range(0, len(groups), batch):
        part = groups[start : start + batch]
        images = [image for group in part for image in group]
        request = {"prompt": prompt, "words": list(words), "size": len(part[0])}
        found += method.worker.ask(request, images)
    return np.array(found, dtype=float)
