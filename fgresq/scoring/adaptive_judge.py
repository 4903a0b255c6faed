"""Models on A-FINE's equations as judges: four values of each image, chances as training had them.

A reference need not be perfect there, and D has a trap: of an image whose N_s is above 1 / k, D
falls as the image gets worse. Such an image is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.special import ndtr

from fgresq.scoring.facts import PEOPLE, SIMULATED, Facts
from fgresq.scoring.judge_kinds import Named
from fgresq.scoring.preferences import Encoded, Preference, of_chances
from fgresq.scoring.registry import method_module

METHODS = ("afine", "afine_vgg16", "afine_dinov2")
CASE_V = "derived from D as its training has them (Thurstone, case V); fitted to no pair"
TURNED = "so unnatural (N_s {:.3g}, above 1 / k = {:.3g}) that D falls as the image gets worse"
DATA = "DiffIQA, KADID-10k, PIPAL and TID2013, by its authors"
VALUES = {  # what is kept of an image, and how it is printed
    "fidelity": "F_s",
    "naturalness": "N_s",
    "reference_naturalness": "N_s of the reference",
    "weight": "lambda",
    "distance": "D",
}
LIMIT = len(VALUES)  # place of 1 / k behind them


class Adaptive(Named):
    """A method on A-FINE's equations.

    Args:
        name: of `METHODS`.
        entry: of the method in the catalogue.

    Raises:
        UserError: it is absent.
    """

    words = VALUES

    def __init__(self, name: str, entry: Mapping[str, Any]) -> None:
        super().__init__(name, entry)
        self.module = method_module(name)
        self.method = replace(self.method, score=self.value_of)
        self.seen: Any = None  # the values of the image that was judged last
        told = taught(self.module.card()) if hasattr(self.module, "card") else (DATA, PEOPLE)
        trained_on, judged_by = told
        self.facts: Facts = replace(
            self.facts, trained_on=trained_on, judged_by=judged_by, chances=CASE_V
        )

    def value_of(self, image: np.ndarray, reference: np.ndarray) -> float:
        """Give the method's value, and keep what it is made of."""
        self.seen = self.module.values(image, reference)
        return float(self.module.value_of(self.seen))

    def look(self, image: np.ndarray, reference: np.ndarray | None) -> tuple[float, np.ndarray]:
        """Give the value, and what it is made of: the numbers of `VALUES`, then 1 / k."""
        value, _ = super().look(image, reference)
        parts = [float(getattr(self.seen, name)) for name in VALUES]
        return value, np.array([*parts, 1 / float(self.module.model().k)])

    def odd(self, features: np.ndarray | None) -> str:
        """Say whether D falls as the image gets worse."""
        assert features is not None
        natural, limit = features[list(VALUES).index("naturalness")], features[LIMIT]
        return TURNED.format(natural, limit) if natural > limit else ""

    def parts(self, features: np.ndarray | None) -> dict[str, float]:
        """Name what the value of an image is made of."""
        assert features is not None
        return dict(zip(VALUES, features.tolist(), strict=False))

    def ask(self, first: Encoded, second: Encoded) -> Preference:
        """Derive the chances from D of both, the spread of each being 1."""
        a, b = (self.parts(seen.features)["distance"] for seen in (first, second))
        chances = (float(ndtr(ahead / np.sqrt(2))) for ahead in (b - a, a - b))
        return of_chances(first, second, *chances)


def taught(card: Mapping[str, Any]) -> tuple[str, str]:
    """Say of heads of ours what triplets taught them, and whose judgement those are."""
    sets = [
        f"{name} ({own['families']} photographs, {sum(own['triplets'].values())} triplets)"
        for name, own in card["trained_on"].items()
    ]
    whose = SIMULATED if card.get("observers") == "simulated" else PEOPLE
    return ", ".join(sets), whose


def judge_by_method(name: str, entry: Mapping[str, Any]) -> Named:
    """Give the judge of a method of the catalogue.

    Raises:
        UserError: it is trained here, or is absent.
    """
    return Adaptive(name, entry) if name in METHODS else Named(name, entry)
