"""The kinds of judges: the embedded model, FGResQ of two origins, and methods of the catalogue."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from PIL import Image

from fgresq.absent import refuse
from fgresq.errors import UserError
from fgresq.metrics import fgresq_published
from fgresq.metrics.embedded import SMALLEST
from fgresq.model import opinion
from fgresq.model.heads import QualityHeads
from fgresq.ops.least import NoValue, need_pixels
from fgresq.scoring.evaluate import DIGITS
from fgresq.scoring.facts import (
    BY_SCORES,
    LEARNT,
    NONE,
    PEOPLE,
    THURSTONE,
    Facts,
    of_method,
    taught_by,
)
from fgresq.scoring.judges import Judge
from fgresq.scoring.listing import range_of
from fgresq.scoring.predict import Scorer
from fgresq.scoring.preferences import Encoded, Preference, of_both_orders, of_chances
from fgresq.scoring.registry import absence, method_of

UNIT = "0 to 1, higher better"
NOT_GENERATIVE = "below chance on generative super-resolution (docs/embedded.md): not for that"
RELEASED = "FGRestore's training side, by the authors of FGResQ"


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

    def __init__(self, name: str, folder: Path | None) -> None:
        self.network = opinion.embedded() if folder is None else opinion.load(folder)
        card = opinion.card() if folder is None else opinion.checkpoint_card(folder, opinion.KIND)
        self.spread = float(card["rater_sd"])
        sets = ", ".join(entry["title"] for entry in card["trained_on"].values())
        told = f"{sets} ({card['photographs']} photographs)"
        title = "embedded model" if folder is None else f"model of {name}"
        rest = told, PEOPLE, THURSTONE, NOT_GENERATIVE
        super().__init__(name, Facts(title, "NR", card["scale"], True, *rest))

    def look(self, image: np.ndarray, reference: np.ndarray | None) -> tuple[float, None]:
        """Give the score, 0 to 100."""
        check_judgeable(image)
        return opinion.opinion(self.network, image), None

    def ask(self, first: Encoded, second: Encoded) -> Preference:
        """Derive the chances from both scores, after Thurstone; equal is no answer there."""
        scores = first.score, second.score
        chances = (opinion.preference(*s, self.spread) for s in (scores, scores[::-1]))
        return of_chances(first, second, *chances)


class HeadJudge(Judge):
    """FGResQ: a score head, and a comparison head that reads the features of both images.

    Args:
        name: as given.
        facts: of it.
        heads: of the model.
        learnt: whether the comparison head was trained; else chances follow from the scores.
        precision: that the towers compute in.
    """

    def __init__(
        self, name: str, facts: Facts, heads: QualityHeads, learnt: bool, precision: str
    ) -> None:
        super().__init__(name, facts)
        self.heads, self.learnt = heads, learnt
        self.half = precision == "bfloat16"
        self.on = heads.score_head.weight.device

    def quality(self, image: np.ndarray) -> torch.Tensor:
        """Give F_q (1, D) of uint8 RGB."""
        raise NotImplementedError

    def score_of(self, quality: torch.Tensor) -> float:
        """Give the score of F_q (1, D), in (0, 1)."""
        return float(torch.sigmoid(self.heads.score_logits(quality)))

    @torch.inference_mode()
    def look(self, image: np.ndarray, reference: np.ndarray | None) -> tuple[float, np.ndarray]:
        """Give the score, in (0, 1), and F_q."""
        check_judgeable(image)
        with torch.autocast(self.on.type, torch.bfloat16, enabled=self.half):
            found = self.quality(image)
        quality = found.float()
        return self.score_of(quality), quality[0].cpu().numpy()

    def tensor(self, encoded: Encoded) -> torch.Tensor:
        """Give F_q (1, D) of an image that was looked at."""
        assert encoded.features is not None
        return torch.from_numpy(encoded.features)[None].to(self.on)

    def chances(self, first: torch.Tensor, second: torch.Tensor) -> list[float]:
        """Give the chances that the second is better, the first is, and, of three, neither is.

        One pair at a time: in a batch the last bits would follow from the other pairs.
        """
        return self.heads.compare_logits(first, second)[0].double().softmax(dim=0).tolist()

    @torch.inference_mode()
    def ask(self, first: Encoded, second: Encoded) -> Preference:
        """Ask the comparison head in both orders, or, where it never learnt, the score's logits."""
        a, b = self.tensor(first), self.tensor(second)
        if self.learnt:
            return of_both_orders(first, second, self.chances(a, b), self.chances(b, a))
        ahead = float(self.heads.score_logits(a)) - float(self.heads.score_logits(b))
        return of_chances(first, second, logistic(ahead), logistic(-ahead))


def logistic(value: float) -> float:
    """Give 1 / (1 + exp(-value))."""
    return 1.0 / (1.0 + math.exp(-value)) if value > -700 else 0.0


class Official(HeadJudge):
    """FGResQ with its authors' weights.

    Raises:
        UserError: they are not placed, or CUDA is asked for and there is none.
    """

    def __init__(self, name: str, device: str, precision: str) -> None:
        refuse("the official model", fgresq_published.absent())
        model = fgresq_published.model()
        self.model = model if device == "auto" else model.to(device_named(device))
        facts = Facts("official FGResQ", "NR", UNIT, True, RELEASED, PEOPLE, LEARNT)
        super().__init__(name, facts, model.heads, True, precision)

    def quality(self, image: np.ndarray) -> torch.Tensor:
        """Give F_q (1, D) of uint8 RGB."""
        return self.model.quality(fgresq_published.crop(image))

    def score_of(self, quality: torch.Tensor) -> float:
        """Give the score of F_q (1, D), in (0, 1), with the authors' slope."""
        return float(self.model.score(quality))


class Checkpoint(HeadJudge):
    """FGResQ as stage 2 or `fgresq train-human` left it in a folder.

    Raises:
        UserError: the folder is no whole checkpoint, or CUDA is asked for and there is none.
    """

    def __init__(self, folder: Path, device: str, precision: str) -> None:
        self.scorer = Scorer(folder, None if device == "auto" else device_named(device))
        card = self.scorer.card
        learnt = str(card.get("comparison", "learnt")) == "learnt"  # older cards do not say it
        rest = *taught_by(card, folder), LEARNT if learnt else BY_SCORES
        facts = Facts(f"FGResQ of {folder}", "NR", UNIT, True, *rest)
        super().__init__(str(folder), facts, self.scorer.model.heads, learnt, precision)

    def quality(self, image: np.ndarray) -> torch.Tensor:
        """Give F_q (1, D) of uint8 RGB: towers take a file, and this form loses nothing."""
        with tempfile.NamedTemporaryFile(suffix=".ppm") as file:
            Image.fromarray(image).save(file, format="PPM")
            file.flush()
            return self.scorer.quality(file.name)


def device_named(name: str) -> torch.device:
    """Give a device.

    Raises:
        UserError: there is no such one here.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise UserError("--device", "there is no CUDA device here", "Give cpu, or leave it out")
    return torch.device(name)


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
        self.entry = entry
        higher = entry["direction"] == "higher"
        scale = f"{range_of(entry)}, {entry['direction']} better"
        rest = *of_method(entry), NONE
        super().__init__(name, Facts(entry["title"], entry["kind"], scale, higher, *rest))

    def look(self, image: np.ndarray, reference: np.ndarray | None) -> tuple[float, None]:
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
