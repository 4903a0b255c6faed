"""Score image files with a trained FGResQ."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import torch
from tqdm import tqdm

from fgresq import workspace
from fgresq.code_digest import code_identity
from fgresq.errors import UserError
from fgresq.files import digest, sha256
from fgresq.model.alignment import Alignment
from fgresq.model.fgresq import FGResQ
from fgresq.networks.task_clip import build_clip
from fgresq.networks.towers import sibling
from fgresq.networks.vit import resized
from fgresq.parsing import fields_of, parse
from fgresq.scoring.cache import ScoreCache, image_hash
from fgresq.scoring.evaluate import Judgement
from fgresq.sections import Section, Stage2, Tower
from fgresq.tables import TASKS
from fgresq.training.token_cache import centre, device_of, name_of, tokens_of
from fgresq.weights.checkpoints import (
    CARD,
    MEND,
    WEIGHTS,
    checkpoint_card,
    load_strictly,
    read_checkpoint,
)
from fgresq.weights.hub_cache import state_of_clip


class Trained(Section):
    """What the card of a checkpoint says of its architecture."""

    tower: Tower
    settings: Stage2
    objective: Literal["contrastive", "classifier"] = "contrastive"  # older cards do not say it


# what a card written before these settings were there means by its silence
UNSAID = {
    **dict.fromkeys(("epochs_compare", "lr_score", "lr_compare")),
    **{"scene_loss": "fidelity", "unpaired": False, "score_hidden": 0, "compare_hidden": 0},
}


class Scorer:
    """A trained FGResQ with its degradation encoder.

    Args:
        folder: what stage 2 wrote.
        on: device; None: the one that its card names, as far as it is here.

    Raises:
        UserError: the folder is no whole checkpoint, or of another architecture.
    """

    def __init__(self, folder: Path, on: torch.device | None = None) -> None:
        self.card = card = checkpoint_card(folder, "FGResQ")
        told = {name: card[name] for name in fields_of(Trained) if name in card}
        if isinstance(told.get("settings"), dict):
            told["settings"] = {**UNSAID, **told["settings"]}
        made = parse(Trained, told, folder / CARD, MEND)
        state = read_checkpoint(folder)
        self.tower = made.tower
        self.on = on or device_of(self.tower)
        # of a stand-in; a checkpoint holds only what was trained
        weights = workspace.weights_of(self.tower.tower)
        clip = build_clip(self.tower, weights, list(TASKS))
        self.model = FGResQ.build(made.settings, sibling(clip.visual.tower))
        self.degradation = Alignment(clip, made.objective)
        for part, prefix in ((self.model, "quality."), (self.degradation, "degradation.")):
            own = {n.removeprefix(prefix): v for n, v in state.items() if n.startswith(prefix)}
            load_strictly(part, own, folder)
            part.to(self.on).eval()

    def tokens(self, path: str | Path) -> torch.Tensor:
        """Give what the towers' `upper` takes of an image file, as at the evaluation."""
        if self.tower.crop == "native":
            # float16 between, as the cache that it was trained on holds them
            tokens = tokens_of(self.model.tower, [str(path)], self.tower.grid, self.on)
            return tokens.float()
        pixels = torch.from_numpy(resized(path))[None].to(self.on)
        return self.model.tower.tokens(centre(pixels))[:, None]

    def quality(self, path: str | Path) -> torch.Tensor:
        """Give F_q (1, D) of an image file, which both heads read."""
        tokens = self.tokens(path)
        general = self.model.tower.upper(tokens)
        degradation = self.degradation.clip.visual.tower.upper(tokens)
        return self.model.heads.quality(general, degradation)

    def __call__(self, path: str | Path) -> float:
        """Give the score of an image file, in (0, 1), higher better."""
        with torch.inference_mode():
            return float(torch.sigmoid(self.model.heads.score_logits(self.quality(path))))


def frozen_of(tower: Tower) -> list[str]:
    """Name by content the weights that a checkpoint does not hold, as they were not trained."""
    card = workspace.weights_of(tower.tower) / "card.json"
    state = state_of_clip(tower.tower, tower.pretrained)
    return [sha256(card) if card.exists() else "", state]


def version_of(checkpoint: Path, on: torch.device, frozen: Sequence[str] = ()) -> str:
    """Digest all that the scores of a checkpoint follow from, beside the images.

    Args:
        checkpoint: its folder.
        on: device.
        frozen: of `frozen_of` its tower.
    """
    files = [sha256(checkpoint / file) for file in (CARD, WEIGHTS)]
    return digest([files, code_identity(__name__), name_of(on), *frozen])


def judge(scorer: Scorer, cache: ScoreCache, path: str) -> Judgement:
    """Score an image that the cache does not know; one that cannot be read has the reason."""
    try:
        key = image_hash(path)
        known = cache.get(key, "")
        if known is None:
            known = scorer(path), ""
            cache.put(key, "", known)
        return known
    except UserError as error:
        logging.warning("%s", error)
        return math.nan, str(error)


def score_paths(
    checkpoint: Path, paths: Sequence[str], folder: Path | None = None
) -> tuple[list[Judgement], str]:
    """Score image files; one that cannot be read has no value, and the reason.

    What was scored before is taken from the cache in `folder`.

    Returns:
        A judgement an image, in their order, and the version of the model.

    Raises:
        UserError: the folder is no whole checkpoint.
    """
    scorer = Scorer(checkpoint)
    version = version_of(checkpoint, scorer.on, frozen_of(scorer.tower))
    cache = ScoreCache("fgresq", version, folder)
    bar = tqdm(paths, desc="FGResQ", disable=None)
    return [judge(scorer, cache, path) for path in bar], version
