"""Which of two images is better: chances by name, from a head, from two scores, or a bare order.

A head that sees both images is not antisymmetric: what it says of (A, B) and of (B, A) differs a
little. Both orders are asked and averaged, so that swapping A and B swaps the answer to the last
bit, and how far they disagree is told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from fgresq.scoring.pictures import Sketch

A, B, EQUAL = "A", "B", "equal"
PROBABILITIES = ("a_better", "b_better", "equal")
# least chance: word. Three quarters are one just noticeable difference.
SURENESS = {
    0.975: "almost sure",
    0.9: "very likely",
    0.75: "likely",
    0.6: "leaning",
    0.0: "a toss-up",
}


@dataclass(frozen=True)
class Preference:
    """How a comparison of A and B comes out.

    Args:
        score_a, score_b: of the images, on the scale of who compares.
        better: A, B or equal.
        a_better, b_better: chances in [0, 1]; None where who compares has only scores without a
            spread, and says no more than which is better.
        equal: chance in [0, 1] that neither is; None where that was never an answer.
        disagreement: by how much the chance that A is better differs between the orders (A, B) and
            (B, A), in [0, 1]; None where the order plays no part.
        parts_a, parts_b: what the scores are made of, by name, where who compares tells it.
    """

    score_a: float
    score_b: float
    better: str
    a_better: float | None = None
    b_better: float | None = None
    equal: float | None = None
    disagreement: float | None = None
    parts_a: Mapping[str, float] = field(default_factory=dict)
    parts_b: Mapping[str, float] = field(default_factory=dict)

    def swapped(self) -> Preference:
        """Give the same of (B, A)."""
        return replace(
            self,
            score_a=self.score_b,
            score_b=self.score_a,
            better={A: B, B: A, EQUAL: EQUAL}[self.better],
            a_better=self.b_better,
            b_better=self.a_better,
            parts_a=self.parts_b,
            parts_b=self.parts_a,
        )

    @property
    def chance(self) -> float | None:
        """Give the chance of what is answered, in [0, 1]; None where there are no chances."""
        of = {A: self.a_better, B: self.b_better, EQUAL: self.equal}[self.better]
        return self.a_better if of is None else of

    @property
    def share_a(self) -> float:
        """Give the share of a vote that goes to A, in [0, 1]: half of what is equal is A's.

        Without chances it is 1, 0 or a half.
        """
        if self.a_better is None or self.b_better is None:
            return {A: 1.0, B: 0.0, EQUAL: 0.5}[self.better]
        whole = self.a_better + self.b_better + (self.equal or 0.0)
        return (self.a_better + (self.equal or 0.0) / 2) / whole


@dataclass(frozen=True)
class Encoded:
    """What is known of an image after it was looked at once.

    Args:
        pixels: name of its pixels by content.
        score: of it.
        sketch: of it.
        features: float32 (D,) that a comparison head reads; None where scores are all there is.
        warning: what is odd about it for who looked, as a clause; empty: nothing.
    """

    pixels: str
    score: float
    sketch: Sketch
    features: np.ndarray | None = None
    warning: str = ""


def name_of_pixels(image: np.ndarray) -> str:
    """Name an image (h, w, 3) by its size and its pixels."""
    shape = "x".join(map(str, image.shape))
    return f"{shape} {hashlib.sha256(image.tobytes()).hexdigest()}"


def sureness(chance: float) -> str:
    """Say in words how sure a chance in [0, 1] is."""
    return next(word for least, word in SURENESS.items() if chance >= least)


def of_identical(first: Encoded, second: Encoded) -> Preference:
    """Give the answer for two images of the same pixels."""
    return Preference(first.score, second.score, EQUAL, 0.0, 0.0, 1.0, 0.0)


def of_scores(first: float, second: float, higher_better: bool) -> Preference:
    """Say no more than which score is better."""
    ahead = (first > second) - (first < second)
    answer = {0: EQUAL, 1: A, -1: B}[ahead if higher_better else -ahead]
    return Preference(first, second, answer)


def of_chances(
    first: Encoded,
    second: Encoded,
    a_better: float,
    b_better: float,
    equal: float | None = None,
    disagreement: float | None = None,
) -> Preference:
    """Give a preference by the greatest of its chances."""
    answer = answer_of(a_better, b_better, equal)
    chances = a_better, b_better, equal, disagreement
    return Preference(first.score, second.score, answer, *chances)


def answer_of(a_better: float, b_better: float, equal: float | None) -> str:
    """Give the answer with the greatest chance; equal where A and B have the same."""
    if equal is not None and equal >= max(a_better, b_better):
        return EQUAL
    return EQUAL if a_better == b_better else A if a_better > b_better else B


def of_both_orders(
    first: Encoded, second: Encoded, forward: Sequence[float], backward: Sequence[float]
) -> Preference:
    """Average what a head says of (A, B) and of (B, A).

    Every sum below is the same with A and B swapped, to the last bit.

    Args:
        first, second: A and B.
        forward, backward: chances that the second is better, the first is, and, of three, that
            neither is; of (A, B) and of (B, A).
    """
    a_better = (forward[1] + backward[0]) / 2
    b_better = (forward[0] + backward[1]) / 2
    equal = (forward[2] + backward[2]) / 2 if len(forward) == 3 else None
    ahead = [own[1] + (own[2] / 2 if len(own) == 3 else 0.0) for own in (forward, backward)]
    return of_chances(first, second, a_better, b_better, equal, abs((ahead[0] + ahead[1]) - 1.0))
