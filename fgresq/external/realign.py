"""Q-ReAlign's models, of the family of Qwen3.5, by the user's own transformers (5.2 or newer).

No code comes with their weights; what is asked, and how, is as their model card shows.
"""

from __future__ import annotations

import numpy as np

from fgresq.external.foreign import Foreign
from fgresq.external.levels import WORDS, expectation

QUESTION = "How would you rate the quality of this image?"
ANSWER = "The quality of the image is"
HUB = "q-future/Q-ReAlign-Lite-4B"
REALIGN = Foreign(
    name="qrealign",
    backend="realign",
    consent="accept_licence",
    refused="terms_not_accepted",
    licence="its weights are under the Apache License 2.0",
    steps=(
        f"download a model (`hf download {HUB}`, or -Mini-0.8B or -Pro-9B in place of -Lite-4B) "
        f"and write data/weights/qrealign/settings.yaml with `model: {HUB}`, `accept_licence: "
        "true` and `python:` of an environment with transformers 5.2 or newer; see "
        "docs/published-weights.md"
    ),
    settings={"model": ""},
    needs={},
)


def level(image: np.ndarray) -> float:
    """Give the expected level, in [1, 5], of a uint8 RGB image.

    Raises:
        UserError: the model cannot be had, or fails.
    """
    request = {"question": QUESTION, "answer": ANSWER, "words": list(WORDS)}
    return float(expectation(REALIGN.worker.ask(request, [image]))[0])
