"""Whoever judges images, behind one door: a score of one, a comparison of two.

    judge = judge_of("embedded")            # or "official", a folder of weights, a method's name
    judge.score("a.png")
    judge.compare("a.png", "b.png")

"embedded" comes with the package. "official" is FGResQ with its authors' weights, where they are
placed. A folder is a checkpoint that was trained here: FGResQ, also on people's scores, a
retrained baseline, a ridge, or another model of the embedded kind. Any method of the catalogue
that is not trained here goes by its name. Images are files or uint8 RGB arrays (h, w, 3).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np

from fgresq.analysis.calibration import Calibration
from fgresq.catalogues import read_methods
from fgresq.errors import UserError, nearest
from fgresq.files import read_json
from fgresq.metrics import fgresq_published
from fgresq.scoring.calibrated import calibrate_facts, calibration_of, recalibrated
from fgresq.scoring.facts import Facts
from fgresq.scoring.pictures import opened, sketch
from fgresq.scoring.preferences import (
    Encoded,
    Preference,
    name_of_pixels,
    of_identical,
    of_scores,
)

CARD = "card.json"
MEND = "Give a folder of weights that was trained here: weights.safetensors with its card.json"
EMBEDDED, OFFICIAL = "embedded", "official"
PUBLISHED = "fgresq_published"  # the official model's name in the catalogue
RETRAINED = "baseline "  # what the kinds of retrained baselines begin with
RIDGE = "ridge"  # the kind that `fgresq step ridge --keep` writes
DEVICES, PRECISIONS = ("auto", "cpu", "cuda"), ("float32", "bfloat16")
PROTOCOLS = ("paper", "native")  # a 256 x 256 squash and its centre; views at the image's own size
Picture = np.ndarray | str | Path


class Judge:
    """Gives scores of images and preferences of pairs.

    Args:
        name: as a person gave it.
        facts: of it.

    Attributes:
        kind: NR, or FR where it compares with a reference.
        scale: its values in words, with range and direction.
        higher_better: direction of its scores.
        precision: that it computes in.
        protocol: of `PROTOCOLS`, how it brings an image to its network; empty: as its method says.
        portable: whether another process that is given its name judges alike, on the CPU.
        calibration: of its chances; None: they are as the model gives them.
        words: what its scores are made of, by name, in words; empty: that is not told.
    """

    precision = PRECISIONS[0]
    protocol = ""
    portable = False
    calibration: Calibration | None = None
    words: Mapping[str, str] = MappingProxyType({})

    def __init__(self, name: str, facts: Facts) -> None:
        self.name, self.facts = name, facts
        self.kind, self.scale, self.higher_better = facts.kind, facts.scale, facts.higher_better

    def keep_to(self, protocol: str) -> None:
        """Look at images by a protocol of `PROTOCOLS`.

        Raises:
            UserError: this judge has another one, or none of the two.
        """
        if protocol != self.protocol:
            own = f"by '{self.protocol}' alone" if self.protocol else "as its method says"
            raise UserError("--protocol", f"'{self.name}' looks at images {own}", "Leave it out")

    def look(
        self, image: np.ndarray, reference: np.ndarray | None
    ) -> tuple[float, np.ndarray | None]:
        """Give the score of uint8 RGB, and the features that its comparison reads, if any."""
        raise NotImplementedError

    def odd(self, features: np.ndarray | None) -> str:
        """Say what is odd about an image of such features; by default nothing is known."""
        return ""

    def parts(self, features: np.ndarray | None) -> dict[str, float]:
        """Name what the value of an image of such features is made of; by default nothing."""
        return {}

    def ask(self, first: Encoded, second: Encoded) -> Preference:
        """Compare two images of unlike pixels; by default by their scores alone."""
        return of_scores(first.score, second.score, self.higher_better)

    def encode(self, image: Picture, reference: Picture | None = None) -> Encoded:
        """Look at an image once, for its score and for all comparisons that it is part of.

        Args:
            image: a file or uint8 RGB (h, w, 3).
            reference: the same, of its size; read only where `kind` is FR.

        Raises:
            Unreadable: a file is none that can be read.
            NoValue: there is nothing to judge, and why.
            UserError: it takes a reference and there is none.
        """
        pixels = decoded(image)
        beside = None
        if self.kind == "FR":
            if reference is None:
                problem = "it compares with a reference, and none is given"
                raise UserError(
                    f"method '{self.name}'", problem, "Give --reference, or another --model"
                )
            beside = decoded(reference)
        score, features = self.look(pixels, beside)
        warning = self.odd(features)
        return Encoded(name_of_pixels(pixels), score, sketch(pixels), features, warning)

    def prefer(self, first: Encoded, second: Encoded) -> Preference:
        """Compare two images that were looked at; swapped, they give the swapped answer exactly."""
        parts = self.parts(first.features), self.parts(second.features)
        if first.pixels == second.pixels:
            return replace(of_identical(first, second), parts_a=parts[0], parts_b=parts[1])
        found = replace(self.ask(first, second), parts_a=parts[0], parts_b=parts[1])
        if self.calibration is None or found.a_better is None:
            return found
        return recalibrated(found, self.calibration)

    def score(self, image: Picture, reference: Picture | None = None) -> float:
        """Give the score of an image; arguments and errors are those of `encode`."""
        return self.encode(image, reference).score

    def compare(
        self, first: Picture, second: Picture, reference: Picture | None = None
    ) -> Preference:
        """Say which of two images is better; arguments and errors are those of `encode`."""
        return self.prefer(self.encode(first, reference), self.encode(second, reference))


def decoded(image: Picture) -> np.ndarray:
    """Give uint8 RGB (h, w, 3) of a file, or an array as it is.

    Raises:
        Unreadable: the file is no image.
        UserError: the array is of another form.
    """
    if isinstance(image, (str, Path)):
        return opened(image)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        problem = f"{image.dtype} {image.shape} is no uint8 RGB of (height, width, 3)"
        raise UserError("image", problem, "Convert it first")
    return image


def default_model() -> str:
    """Name the model that answers where none is named: the official one where it is placed."""
    return OFFICIAL if fgresq_published.absent() is None else EMBEDDED


def judge_of(
    name: str | Path | None = None,
    device: str = "auto",
    precision: str = "float32",
    calibrated: bool = True,
    protocol: str | None = None,
) -> Judge:
    """Give a judge, with its calibration where `fgresq calibrate` left one.

    Args:
        name: embedded, official, a method of the catalogue, or a folder of weights (./NAME where a
            method has its name); None: the default model.
        device: of `DEVICES`; what computes on the CPU alone takes no cuda.
        precision: of `PRECISIONS`: what towers compute in. bfloat16 is for FGResQ alone.
        calibrated: False: its chances are as the model gives them.
        protocol: of `PROTOCOLS`; None: that of the model's card. FGResQ's folders take either, and
            another than the card's is warned of.

    Raises:
        UserError: there is none of that name, or it cannot run here; says what brings it in.
    """
    judge = bare(name, device, precision)
    if protocol is not None:
        judge.keep_to(protocol)
    return calibrate_judge(judge) if calibrated else judge


def bare(name: str | Path | None, device: str, precision: str) -> Judge:
    """Give a judge as its weights make it; arguments and errors are those of `judge_of`."""
    text = str(default_model() if name is None else name)
    if text in (OFFICIAL, PUBLISHED):
        from fgresq.scoring.head_judges import Official  # torch takes a second: not for --help

        return Official(text, device, precision)
    entries = read_methods()
    if text not in entries and (isinstance(name, Path) or "/" in text or os.path.isdir(text)):
        return of_folder(Path(text), device, precision)
    plain(text, device, precision)
    if text not in entries:
        mend = nearest(text, [*entries, OFFICIAL])
        raise UserError("--model", f"there is no model or method '{text}'", mend)
    if text == EMBEDDED:
        from fgresq.scoring.judge_kinds import Opinion

        return Opinion(text, None)
    from fgresq.scoring.adaptive_judge import judge_by_method

    return judge_by_method(text, entries[text])


def weights_name(name: str) -> str:
    """Name by content the weights of a judge that is no method, by the name that it has."""
    if name in (OFFICIAL, PUBLISHED):
        return fgresq_published.version()
    if name == EMBEDDED:
        from fgresq.metrics import embedded  # torch takes a second: not for --help

        return embedded.version()
    return str(read_json(Path(name) / CARD)["sha256"])


def calibrate_judge(judge: Judge) -> Judge:
    """Give a judge its calibration, where it has one, and let its facts say so.

    Raises:
        UserError: the file is of another form, or was fitted to other weights.
    """
    found = calibration_of(judge.name, weights_name)
    if found is not None:
        judge.calibration = Calibration(found["temperature"], found["band"])
        judge.facts = calibrate_facts(judge.facts, found, judge.name)
    return judge


def of_folder(folder: Path, device: str, precision: str) -> Judge:
    """Give the judge of a folder of weights; arguments and errors are those of `judge_of`."""
    kind = kind_of(folder)
    if kind == "FGResQ":
        from fgresq.scoring.head_judges import Checkpoint

        return Checkpoint(folder, device, precision)
    plain(str(folder), device, precision)
    if kind == EMBEDDED:
        from fgresq.scoring.judge_kinds import Opinion

        return Opinion(str(folder), folder)
    if kind.startswith(RETRAINED):
        from fgresq.scoring.baseline_judge import Retrained

        return Retrained(folder)
    if kind == RIDGE:
        from fgresq.scoring.ridge_judge import RidgeJudge

        return RidgeJudge(folder)
    raise UserError(folder / CARD, f"no judge reads weights of the kind {kind!r}", MEND)


def kind_of(folder: Path) -> str:
    """Read which kind of weights a folder holds.

    Raises:
        UserError: it is no folder of weights.
    """
    if not os.path.isdir(folder):
        raise UserError(folder, "there is no such folder of weights", MEND)
    if not (folder / CARD).exists():
        raise UserError(folder, f"it holds no weights: there is no {CARD} in it", MEND)
    card = read_json(folder / CARD)
    return str(card.get("kind")) if isinstance(card, dict) else ""


def plain(name: str, device: str, precision: str) -> None:
    """Refuse what would change nothing.

    Raises:
        UserError: a device or precision is asked for that this judge does not have.
    """
    if device == "cuda":
        raise UserError("--device", f"'{name}' has no use for it", "Leave it out")
    if precision != PRECISIONS[0]:
        raise UserError("--precision", f"'{name}' computes in one precision", "Leave it out")
