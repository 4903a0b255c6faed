"""A judge as Python code uses it: images in any form, one or many."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from fgresq.catalogues import methods_file, read_methods
from fgresq.errors import OneImage, UserError, unknown
from fgresq.ops.least import NoValue
from fgresq.scoring.adaptive_judge import judge_by_method
from fgresq.scoring.given_images import as_rgb, singly
from fgresq.scoring.judges import Judge, judge_of
from fgresq.scoring.preferences import Encoded, Preference
from fgresq.scoring.registry import method_of


class Judged(NamedTuple):
    """A value and an empty reason, or NaN and the reason for none."""

    value: float
    reason: str


class Scores:
    """A model or method that scores images and compares them.

    Images are paths, arrays (h, w, 3) of uint8 or of floats in [0, 1], pictures of Pillow, tensors
    (3, h, w) of floats in [0, 1] or of uint8; many are a list of these, of any sizes, an array
    (n, h, w, 3) or a tensor (n, 3, h, w). All are judged as 8-bit RGB.

    Args:
        judge: that answers.

    Attributes:
        name: as it was asked for.
        kind: FR where it takes references, else NR.
        higher_better: direction of its values.
        scale: the range and direction in words.
        trained_on: the data that taught it.
    """

    def __init__(self, judge: Judge) -> None:
        self.judge_of_one = judge
        self.name, self.kind, self.scale = judge.name, judge.kind, judge.scale
        self.higher_better, self.trained_on = judge.higher_better, judge.facts.trained_on

    def __repr__(self) -> str:
        """Name it, with its kind and its scale."""
        return f"<{self.name}: {self.kind}, {self.scale}>"

    def score(self, images: Any, references: Any = None) -> float | np.ndarray:
        """Give the score of an image, or float64 (n,) of many.

        Args:
            images: one or many.
            references: of each, or one of all; not looked at where `kind` is NR.

        Returns:
            Of one image a float. Of many, those without a value are NaN, and a warning counts them;
            `judge` has the reasons.

        Raises:
            NoValue: one image alone has no value; the message is the reason.
            UserError: one image alone is none that can be read, or references are missing or of
                another number.
        """
        listed, alone = singly(images)
        pairs = list(self._pairs(listed, references))
        if alone:
            return self._encoded(*pairs[0], "image").score
        found = [self._judged(*pair, f"images[{k}]") for k, pair in enumerate(pairs)]
        reasons = [each.reason for each in found if each.reason]
        if reasons:
            told = f"{self.name}: {len(reasons)} of {len(found)} images have no value: {reasons[0]}"
            warnings.warn(told, stacklevel=2)
        return np.array([each.value for each in found], dtype=np.float64)

    __call__ = score

    def judge(self, images: Any, references: Any = None) -> list[Judged]:
        """Give a value or the reason for none of every image; arguments are those of `score`."""
        pairs = self._pairs(singly(images)[0], references)
        return [self._judged(*pair, f"images[{k}]") for k, pair in enumerate(pairs)]

    def compare(self, a: Any, b: Any, references: Any = None) -> Preference | list[Preference]:
        """Say of two images which is better, or of many pairs.

        Swapped, they give the swapped answer exactly; two images of the same pixels are equal.

        Args:
            a, b: one image each, or as many of both.
            references: of each pair, or one of all; not looked at where `kind` is NR.

        Raises:
            NoValue, UserError: an image has no value or cannot be read, or the numbers differ.
        """
        (first, alone), (second, other) = singly(a), singly(b)
        if alone != other or len(first) != len(second):
            problem = f"{len(first)} images are to be compared with {len(second)}"
            raise UserError("compare", problem, "Give as many of both")
        found = []
        for k, pair in enumerate(zip(self._pairs(first, references), second, strict=True)):
            (one, reference), two = pair
            place = "" if alone else f"[{k}]"
            found.append(
                self.judge_of_one.prefer(
                    self._encoded(one, reference, f"a{place}"),
                    self._encoded(two, reference, f"b{place}"),
                )
            )
        return found[0] if alone else found

    def _pairs(self, images: list[Any], references: Any) -> Iterator[tuple[Any, Any]]:
        """Give each image with its reference; None where it takes none."""
        if self.kind != "FR":
            yield from ((image, None) for image in images)
            return
        if references is None:
            mend = "Give references, one of each image or one of all"
            raise UserError(f"method '{self.name}'", "it compares with a reference", mend)
        beside, alone = singly(references)
        if not alone and len(beside) != len(images):
            problem = f"there are {len(images)} images and {len(beside)} references"
            raise UserError(f"method '{self.name}'", problem, "Give one of each image")
        yield from zip(images, beside * len(images) if alone else beside, strict=True)

    def _encoded(self, image: Any, reference: Any, where: str) -> Encoded:
        beside = None if reference is None else as_rgb(reference, f"reference of {where}")
        return self.judge_of_one.encode(as_rgb(image, where), beside)

    def _judged(self, image: Any, reference: Any, where: str) -> Judged:
        try:
            return Judged(self._encoded(image, reference, where).score, "")
        except (NoValue, OneImage) as reason:
            return Judged(math.nan, str(reason))


def method_named(name: str, **options: int) -> Scores:
    """Give a method of the catalogue, with options of those that its entry names.

    Raises:
        UserError: there is none of that name, it cannot run here, or it has no such option.
    """
    entries = read_methods()
    if name not in entries:
        raise unknown(methods_file(None), "method", name, entries)
    judge = judge_by_method(name, entries[name])
    if options:
        judge.method = method_of(name, entries[name], **options)
    return Scores(judge)


def scores_of(name: str, **options: int) -> Scores:
    """Give a model, as `judge_of` names it, or a method of the catalogue with options."""
    return method_named(name, **options) if options else Scores(judge_of(name))
