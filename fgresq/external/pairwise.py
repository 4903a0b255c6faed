"""A score out of comparisons with anchors (Compare2Score: Zhu et al., NeurIPS 2024).

A multimodal model says how the second of two images compares with the first, in five words. An
image is compared with five anchors, and its quality is the maximum a posteriori of qualities that
explain these preferences and those among the anchors: standard normal prior; Thurstone's model with
the logistic in place of the normal distribution, as the authors' code has it (their paper: normal).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, log_expit

from fgresq.external.levels import chances

PROMPT = (
    "USER: <|image|> <|image|> Compared with the first image, what is your quality rating for "
    "second image? \nASSISTANT: The quality of the second image is"
)
WORDS = ("inferior", "worse", "similar", "better", "superior")
WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0)
TEMPERATURE = 100.0  # of the softmax over the words, by the authors' code
# Preference of the row's anchor over the column's, worst anchor first: the numbers that the
# authors' code (MIT) states for its five anchor images.
ANCHORS = np.array(
    [
        [0.5, 2.5912809e-01, 3.3130276e-04, 1.6087297e-06, 1.1803027e-09],
        [7.4087191e-01, 0.5, 2.4985345e-01, 9.9954158e-02, 1.8675303e-08],
        [9.9966872e-01, 7.5014657e-01, 0.5, 4.9968880e-01, 2.4852838e-01],
        [9.9999839e-01, 9.0004587e-01, 5.0031120e-01, 0.5, 2.5400183e-01],
        [1.0, 1.0, 7.5147164e-01, 7.4599814e-01, 0.5],
    ]
)


def preference(logits: np.ndarray | Sequence[Sequence[float]]) -> np.ndarray:
    """Give the preferences (n,) in [0, 1] for the second images, of the logits (n, 5) of `WORDS`.

    Logits in the opposite order of words give one minus the preference.
    """
    return chances(np.asarray(logits, dtype=float) / TEMPERATURE) @ np.array(WEIGHTS)


def both_orders(forth: np.ndarray, back: np.ndarray) -> np.ndarray:
    """Average the preferences for B after A with those for A after B, inverted.

    So the preference for B over A is exactly one minus that for A over B, whatever the model
    thinks of being first.
    """
    return (np.asarray(forth) + 1 - np.asarray(back)) / 2


def enlarged(preferences: np.ndarray) -> np.ndarray:
    """Give the anchors' matrix with a last row: preferences (5,) for the image over each anchor."""
    size = len(ANCHORS)
    matrix = np.full((size + 1, size + 1), 0.5)
    matrix[:size, :size] = ANCHORS
    matrix[size, :size] = preferences
    matrix[:size, size] = 1 - preferences
    return matrix


def qualities(matrix: np.ndarray) -> np.ndarray:
    """Give the maximum a posteriori qualities (n,) of a matrix of preferences (n, n).

    Entry (i, j) is the preference for i over j. The objective is concave, so there is one maximum.
    """

    def loss(scores: np.ndarray) -> tuple[float, np.ndarray]:
        gaps = scores[:, None] - scores[None, :]
        pull = matrix * expit(-gaps)
        value = (scores**2).sum() / 2 - (matrix * log_expit(gaps)).sum()
        return value, scores - pull.sum(axis=1) + pull.sum(axis=0)

    return minimize(loss, np.zeros(len(matrix)), jac=True, method="BFGS").x


def score(preferences: np.ndarray) -> float:
    """Give the score of an image from preferences (5,) for it over each anchor; higher better.

    The worst anchor is at 0 and the best at 100. The authors' code ends its scale at the extremes
    of all six, so that an image beyond the anchors has exactly 0 or 100; here it goes on.
    """
    found = qualities(enlarged(np.asarray(preferences, dtype=float)))
    anchors = found[:-1]
    return float(100 * (found[-1] - anchors.min()) / (anchors.max() - anchors.min()))
