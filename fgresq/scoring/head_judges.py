"""FGResQ as a judge, of two origins: its authors' weights, and a folder that was trained here."""

from __future__ import annotations

import logging
import math
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from fgresq.absent import refuse
from fgresq.errors import UserError
from fgresq.metrics import fgresq_published
from fgresq.model.heads import QualityHeads
from fgresq.scoring.facts import BY_SCORES, LEARNT, PEOPLE, Facts, taught_by
from fgresq.scoring.judge_kinds import check_judgeable
from fgresq.scoring.judges import Judge
from fgresq.scoring.predict import Scorer
from fgresq.scoring.preferences import Encoded, Preference, of_both_orders, of_chances

UNIT = "0 to 1, higher better"
RELEASED = "FGRestore's training side, by the authors of FGResQ"


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
        self.precision = precision
        self.on = heads.score_head.weight.device
        self.portable = self.on.type == "cpu"

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
        half = self.precision == "bfloat16"
        with torch.autocast(self.on.type, torch.bfloat16, enabled=half):
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

    protocol = "paper"

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
        self.protocol = "native" if self.scorer.tower.crop == "native" else "paper"

    def keep_to(self, protocol: str) -> None:
        """Look at images by a protocol; warn where the model was trained by the other one."""
        if protocol != self.protocol:
            told = "%s was trained by the protocol '%s': by '%s' its values mean less"
            logging.warning(told, self.name, self.protocol, protocol)
            crop = "native" if protocol == "native" else "random"
            self.scorer.tower = self.scorer.tower.model_copy(update={"crop": crop})
            self.protocol = protocol

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
