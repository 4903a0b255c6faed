"""N taught by people: a ridge on the moments of rated photographs, in place of simulated labels.

The paper's N is a head of two layers that learns from pairs. This one is linear: means and
variances of a frozen tower, brought to one scale as before N's head, and a ridge on the scores of
photographs. Its penalty is that of the bench of transfer, fixed before any set was looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import spearmanr
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold

from fgresq.model.moments import Moments
from fgresq.model.standardised import Standardised

PENALTY = 1000.0  # of `fgresq/data/human.yaml`, on standardised features; never chosen here
FOLDS = 5


@dataclass(frozen=True)
class HumanNaturalness:
    """A fitted ridge.

    Args:
        scale: of the moments.
        ridge: on them.
        photographs: that taught it.
        held_out: Spearman correlation with the scores, photographs left out in turn.
    """

    scale: Standardised
    ridge: Ridge
    photographs: int
    held_out: float

    def __call__(self, moments: np.ndarray) -> np.ndarray:
        """Give naturalness (n,), higher better, of moments (n, 2, C)."""
        found: np.ndarray = self.ridge.predict(features(self.scale, moments))
        return found


def features(scale: Standardised, moments: np.ndarray) -> np.ndarray:
    """Give what the ridge reads, (n, 2 C), of moments (n, 2, C)."""
    means, variances = torch.from_numpy(moments).float().unbind(1)
    return torch.cat(list(scale(Moments(means, variances))), dim=1).double().numpy()


def fit(moments: np.ndarray, scores: np.ndarray, sizes: tuple[int, ...]) -> HumanNaturalness:
    """Fit to rated photographs.

    Args:
        moments: (n, 2, C).
        scores: (n,), higher better.
        sizes: channels of each level, which sum to C.
    """
    scale = Standardised(moments.shape[2])
    means, variances = torch.from_numpy(moments).float().unbind(1)
    scale.fit(Moments(means, variances), sizes)
    seen, guessed = features(scale, moments), np.empty(len(scores))
    for train, test in KFold(FOLDS, shuffle=True, random_state=0).split(seen):
        own = Ridge(alpha=PENALTY).fit(seen[train], scores[train])
        guessed[test] = own.predict(seen[test])
    held_out = float(spearmanr(guessed, scores).statistic)
    ridge = Ridge(alpha=PENALTY).fit(seen, scores)
    return HumanNaturalness(scale, ridge, len(scores), held_out)
