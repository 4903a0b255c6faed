"""Q-Align with its published weights: no reference, values in [1, 5], higher better.

Wu et al., ICML 2024. The image is squared with its processor's mean colour. Placed by the user, in
data/weights/qalign; its code is non-commercial and is run, where the user says so, by their Python.
"""

from __future__ import annotations

import numpy as np

from fgresq.external.levels import PROMPT, WORDS, expectation
from fgresq.external.owl import logits, owl

KIND = "NR"
METHOD = owl(
    "qalign",
    "q-future/one-align",
    "its code is under the S-Lab License 1.0, which forbids commercial use",
    refused="non_commercial",
)
absent, version = METHOD.absent, METHOD.version


def score(image: np.ndarray, reference: np.ndarray | None = None) -> float:
    """Give the expected level of a uint8 RGB image."""
    return float(expectation(logits(METHOD, PROMPT, WORDS, [[image]]))[0])
