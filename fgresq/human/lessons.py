"""Ridges of the bench: fitted to what sets teach, and again to bootstraps of their images.

A lesson holds features and labels of training sets alone, so that nothing else can reach a model.
Scores are standardised inside each set: scales of unlike sets are never compared.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

FOLDS = 10  # of a set that a row is both trained and measured on, at most; families stay whole


@dataclass(frozen=True)
class Lesson:
    """What one set teaches.

    Args:
        name: of the set.
        features: (n, d).
        labels: (n,), higher better, on any scale.
        families: (n,).
        weight: of each image.
    """

    name: str
    features: np.ndarray
    labels: np.ndarray
    families: np.ndarray
    weight: float = 1.0

    def target(self) -> np.ndarray:
        """Give the labels with mean 0 and spread 1."""
        return (self.labels - self.labels.mean()) / self.labels.std()

    def less(self, families: Iterable[str]) -> Lesson:
        """Leave families out."""
        stay = ~np.isin(self.families, list(families))
        return Lesson(
            self.name, self.features[stay], self.labels[stay], self.families[stay], self.weight
        )

    def counts(self, seed: int, number: int) -> np.ndarray:
        """Say how often each image occurs in a bootstrap over families: (n,); 0 draws all once.

        The draw follows from the seed, the number, and the set's name and families.
        """
        if number == 0:
            return np.ones(len(self.labels))
        names, codes = np.unique(self.families, return_inverse=True)
        rng = np.random.default_rng([seed, number, zlib.crc32(self.name.encode())])
        return rng.multinomial(len(names), np.full(len(names), 1 / len(names)))[codes].astype(float)


def fitted(lessons: Iterable[Lesson], penalty: float, seed: int, number: int) -> Pipeline:
    """Fit a ridge to lessons.

    Args:
        lessons: one a set.
        penalty: of the coefficients of standardised features.
        seed: of the bootstraps.
        number: 0 for all images, else which bootstrap of them.
    """
    lessons = list(lessons)
    weights = np.concatenate([lesson.weight * lesson.counts(seed, number) for lesson in lessons])
    drawn = weights > 0
    features = np.concatenate([lesson.features for lesson in lessons])[drawn]
    target = np.concatenate([lesson.target() for lesson in lessons])[drawn]
    model = make_pipeline(StandardScaler(), Ridge(alpha=penalty, solver="cholesky"))
    weights = weights[drawn]
    return model.fit(
        features, target, standardscaler__sample_weight=weights, ridge__sample_weight=weights
    )


def folds(families: np.ndarray) -> np.ndarray:
    """Give every image (n,) the number of a fold that its whole family is in."""
    names, codes = np.unique(families, return_inverse=True)
    order = sorted(range(len(names)), key=lambda k: zlib.crc32(str(names[k]).encode()))
    place = np.empty(len(names), int)
    place[order] = np.arange(len(names)) % min(FOLDS, len(names))
    return place[codes]


def predicted(
    lessons: list[Lesson],
    asked: Mapping[str, tuple[np.ndarray, np.ndarray]],
    penalty: float,
    seed: int,
    refits: int,
) -> dict[str, np.ndarray]:
    """Say of every image of the sets asked for what ridges of all refits say of it.

    In a set that is learnt from, an image is asked of a model without the images of its fold.

    Args:
        lessons: one a set that is learnt from.
        asked: of each set that is measured on, features (n, d) and families (n,).
        penalty: of the ridges.
        seed: of the bootstraps.
        refits: bootstraps beside the fit to all images.

    Returns:
        (1 + refits, n) of each set asked for.
    """
    found = {name: np.full((1 + refits, len(f)), np.nan) for name, (f, _) in asked.items()}
    for number in range(1 + refits):
        for rows, part in sides(lessons, asked):
            model = fitted(part, penalty, seed, number)
            for name, where in rows.items():
                found[name][number, where] = model.predict(asked[name][0][where])
    return found


Rows = dict[str, np.ndarray]


def sides(
    lessons: list[Lesson], asked: Mapping[str, tuple[np.ndarray, np.ndarray]]
) -> Iterator[tuple[Rows, list[Lesson]]]:
    """Part what is asked by what may answer: rows of sets, bool (n,), and the lessons for them."""
    learnt = [lesson.name for lesson in lessons]
    apart = {n: np.ones(len(f), bool) for n, (f, _) in asked.items() if n not in learnt}
    if apart:
        yield apart, lessons
    for name, (_, families) in asked.items():
        if name not in learnt:
            continue
        own = folds(families)
        for fold in range(own.max() + 1):
            inside = own == fold
            left = set(families[inside])
            yield {name: inside}, [o.less(left) if o.name == name else o for o in lessons]
