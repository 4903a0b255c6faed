"""Judges for tests: FGResQ's heads on stripes, and one that says what it is told."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from fgresq.model.heads import QualityHeads
from fgresq.scoring.facts import LEARNT, PEOPLE, Facts
from fgresq.scoring.head_judges import HeadJudge, logistic
from fgresq.scoring.judges import Judge
from fgresq.scoring.preferences import Encoded, Preference, of_chances

WIDTH = 12
FACTS = Facts("toy", "NR", "0 to 1, higher better", True, "toys", PEOPLE, LEARNT)


class Heads(HeadJudge):
    """FGResQ's heads with random weights; features are means of stripes of the image."""

    def __init__(self, compare: str = "released", learnt: bool = True) -> None:
        torch.manual_seed(3)
        heads = QualityHeads(WIDTH, WIDTH, "xavier", "paper", compare, False)
        torch.nn.init.normal_(heads.compare_head.weight, std=0.1)
        torch.nn.init.normal_(heads.compare_head.bias)
        super().__init__("heads", FACTS, heads.eval(), learnt, "float32")
        self.portable = False
        self.looked = 0

    def quality(self, image: np.ndarray) -> torch.Tensor:
        """Give the mean of each colour in four stripes, (1, 12)."""
        self.looked += 1
        stripes = np.array_split(image.astype(np.float32) / 64, 4)
        return torch.from_numpy(np.concatenate([s.mean(axis=(0, 1)) for s in stripes]))[None]


class Told(Judge):
    """Scores by the level of the first pixel's red; chances as told by a pair of such levels.

    Args:
        chances: that the first is better, by both levels; others follow from the levels' logistic.
    """

    def __init__(self, chances: Mapping[tuple[int, int], float] | None = None) -> None:
        super().__init__("told", FACTS)
        both = chances or {}
        self.chances = {**both, **{(b, a): 1 - p for (a, b), p in both.items()}}
        self.asked: list[tuple[float, float]] = []

    def look(self, image: np.ndarray, reference: np.ndarray | None) -> tuple[float, None]:
        """Give the level."""
        return float(image[0, 0, 0]), None

    def ask(self, first: Encoded, second: Encoded) -> Preference:
        """Give what was told of the pair."""
        levels = int(first.score), int(second.score)
        self.asked.append(levels)
        ahead = (levels[0] - levels[1]) / 10
        own = self.chances.get(levels, logistic(ahead))
        other = self.chances.get(levels[::-1], logistic(-ahead))
        return of_chances(first, second, own, other)


def level(number: int, size: int = 40) -> np.ndarray:
    """Give an image whose first pixel says its level; the rest is the same noise."""
    image = np.random.default_rng(5).integers(0, 255, (size, size, 3), dtype=np.uint8)
    image[0, 0] = number
    return image


def save(path: Path, image: np.ndarray) -> str:
    """Write an image file, with its folders, and give its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path)
    return str(path)
