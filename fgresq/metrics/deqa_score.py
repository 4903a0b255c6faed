"""DeQA-Score with its published weights: no reference, values in [1, 5], higher better.

You et al., CVPR 2025: Q-Align's model and question, taught with soft labels. Placed by the user, in
data/weights/deqa_score, and run by their Python.
"""

from __future__ import annotations

import numpy as np

from fgresq.external.levels import PROMPT, WORDS, expectation
from fgresq.external.owl import logits, owl

KIND = "NR"
METHOD = owl("deqa_score", "zhiyuanyou/DeQA-Score-Mix3", "its code is under the MIT licence")
absent, version = METHOD.absent, METHOD.version


def score(image: np.ndarray, reference: np.ndarray | None = None) -> float:
    """Give the expected level of a uint8 RGB image."""
    return float(expectation(logits(METHOD, PROMPT, WORDS, [[image]]))[0])
