"""Judges by scores: models of the embedded kind, and methods of the catalogue."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from fgresq.absent import refuse
from fgresq.errors import UserError
from fgresq.metrics.embedded import SMALLEST
from fgresq.model import opinion
from fgresq.model.domain import read_domain
from fgresq.ops.least import NoValue, need_pixels
from fgresq.scoring.evaluate import DIGITS
from fgresq.scoring.facts import (
    NONE,
    PEOPLE,
    THURSTONE,
    Facts,
    of_method,
)
from fgresq.scoring.judges import Judge
from fgresq.scoring.listing import range_of
from fgresq.scoring.preferences import Encoded, Preference, of_chances
from fgresq.scoring.registry import absence, method_of

WHERE_IT_FAILS = "docs/embedded.md says where it fails, such as on generative super-resolution"
OUTSIDE = "unlike the photographs that taught the model ({:.2f} of the limit): trust it less"


def check_judgeable(image: np.ndarray) -> None:
    """Refuse what shows a model nothing.

    Raises:
        NoValue: it has less than 32 pixels on a side, or is flat.
    """
    need_pixels(image, SMALLEST)
    if (image == image[0, 0]).all():
        raise NoValue("it is flat: there is nothing in it to judge")


class Opinion(Judge):
    """A model of the embedded kind: scores on the raters' scale, chances derived from them.

    Args:
        name: as given.
        folder: of its weights; None: the package's own.
    """

    portable = True
    protocol = "native"

    def __init__(self, name: str, folder: Path | None) -> None:
        self.network = opinion.embedded() if folder is None else opinion.load(folder)
        card = opinion.card() if folder is None else opinion.checkpoint_card(folder, opinion.KIND)
        self.spread = float(card["rater_sd"])
        self.domain = read_domain(opinion.folder() if folder is None else folder)
        sets = ", ".join(entry["title"] for entry in card["trained_on"].values())
        told = f"{sets} ({card['photographs']} photographs)"
        title = "embedded model" if folder is None else f"model of {name}"
        rest = told, PEOPLE, THURSTONE, WHERE_IT_FAILS
        super().__init__(name, Facts(title, "NR", card["scale"], True, *rest))

    def look(
        self, image: np.ndarray, reference: np.ndarray | None
    ) -> tuple[float, np.ndarray | None]:
        """Give the score, 0 to 100, and the features that it follows from."""
        check_judgeable(image)
        return opinion.look(self.network, image)

    def odd(self, features: np.ndarray | None) -> str:
        """Say whether an image is unlike the photographs that taught the model."""
        if self.domain is None or features is None:
            return ""
        ratio = self.domain.ratio(features)
        return OUTSIDE.format(ratio) if ratio > 1 else ""

    def ask(self, first: Encoded, second: Encoded) -> Preference:
        """Derive the chances from both scores, after Thurstone; equal is no answer there."""
        scores = first.score, second.score
        chances = (opinion.preference(*s, self.spread) for s in (scores, scores[::-1]))
        return of_chances(first, second, *chances)


class Named(Judge):
    """A method of the catalogue that is not trained here: a score, and so which score is better.

    Raises:
        UserError: it is trained here, and so has no weights of one name; or it is absent.
    """

    def __init__(self, name: str, entry: Mapping[str, Any]) -> None:
        if entry["trained"]:
            problem = "it is trained here, once for every run"
            raise UserError(f"method '{name}'", problem, "Give the folder of a run's weights")
        refuse(f"method '{name}'", absence(name, entry))
        cv2.ipp.setUseIPP(False)  # its sums depend on where memory happens to lie
        self.method = method_of(name, entry)
        self.portable = not {"pyiqa", "gpu_memory"} & set(entry)  # these run a process of their own
        higher = entry["direction"] == "higher"
        scale = f"{range_of(entry)}, {entry['direction']} better"
        rest = *of_method(entry), NONE
        super().__init__(name, Facts(entry["title"], entry["kind"], scale, higher, *rest))

    def look(
        self, image: np.ndarray, reference: np.ndarray | None
    ) -> tuple[float, np.ndarray | None]:
        """Give the value, with the digits that `fgresq score` keeps.

        Raises:
            NoValue: the sizes differ, or the method has nothing to say.
        """
        if reference is not None and image.shape != reference.shape:
            (height, width), (rows, columns) = image.shape[:2], reference.shape[:2]
            raise NoValue(f"it is {width}x{height}, its reference is {columns}x{rows}")
        value = float(f"{self.method.score(image, reference):.{DIGITS}g}")
        if not math.isfinite(value):
            raise NoValue("not a finite value")
        return value, None
