"""How far chances can be trusted, and a temperature that mends them.

A model's chances of a pair have a logit: log(P(A better) / P(B better)). It is divided by a
temperature T, and a band b makes room for "equal" (the ordered logit):

    P(A better) = s(logit / T - b),  P(B better) = s(-logit / T - b),  P(equal) = the rest,

with s the logistic function. Both follow from pairs that were judged, by maximum likelihood (Guo et
al., On Calibration of Modern Neural Networks, 2017); where no pair was judged equal, b is 0. The
order of A and B plays no part, exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

BINS = 10  # of the chance that A is better
LOWEST, HIGHEST = 0.05, 50.0  # a temperature's ends: where all pairs are right there is no least
TINY = 1e-12


@dataclass(frozen=True)
class Calibration:
    """What makes chances of logits.

    Args:
        temperature: T; above 1 a model was too sure.
        band: b, at least 0; 0: "equal" is no answer.
    """

    temperature: float = 1.0
    band: float = 0.0

    def chances(self, logits: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give the chances (n,) that A is better, B is, and neither, of logits (n,)."""
        scaled = np.asarray(logits, np.float64) / self.temperature
        a, b = expit(scaled - self.band), expit(-scaled - self.band)
        return a, b, (1 - (a + b)).clip(0)

    def loss(self, logits: np.ndarray, answers: np.ndarray) -> float:
        """Give the mean negative log-likelihood of answers (n,): 1 A better, -1 B, 0 equal."""
        a, b, equal = self.chances(logits)
        told = np.select([answers > 0, answers < 0], [a, b], equal)
        return float(-np.log(told.clip(TINY)).mean())


def fitted(logits: np.ndarray, answers: np.ndarray) -> Calibration:
    """Fit temperature and band to answers.

    Args:
        logits: (n,).
        answers: (n,) 1 A better, -1 B better, 0 equal.
    """
    ties = bool((answers == 0).any())

    def of(numbers: np.ndarray) -> Calibration:
        return Calibration(float(np.exp(numbers[0])), float(np.exp(numbers[1])) if ties else 0.0)

    ends = [(np.log(LOWEST), np.log(HIGHEST)), (-8.0, 3.0)]
    start = np.array([0.0, -1.0])[: 1 + ties]
    found = minimize(
        lambda numbers: of(numbers).loss(logits, answers),
        start,
        method="Nelder-Mead",
        bounds=ends[: 1 + ties],
        options={"xatol": 1e-6, "fatol": 1e-10, "maxiter": 2000},
    )
    return of(found.x)


def reliability(
    calibration: Calibration, logits: np.ndarray, answers: np.ndarray
) -> list[dict[str, float]]:
    """Give, a bin of the chance that A is better, that chance and how often A was.

    Pairs judged equal are left out; each other pair counts in both orders, as neither is the first.

    Returns:
        predicted, observed and n, the number of pairs and orders, of bins that hold any.
    """
    decided = answers != 0
    a, b, _ = calibration.chances(logits[decided])
    share, right = a / (a + b), answers[decided] > 0
    share, right = np.concatenate([share, 1 - share]), np.concatenate([right, ~right])
    place = (share * BINS).astype(int).clip(0, BINS - 1)
    return [
        {
            "predicted": float(share[place == k].mean()),
            "observed": float(right[place == k].mean()),
            "n": int((place == k).sum()),
        }
        for k in np.unique(place)
    ]


def calibration_error(rows: list[dict[str, float]]) -> float:
    """Give the expected calibration error of `reliability`, in [0, 1]: the mean gap of its bins."""
    n = sum(row["n"] for row in rows)
    return sum(row["n"] * abs(row["predicted"] - row["observed"]) for row in rows) / max(n, 1)
