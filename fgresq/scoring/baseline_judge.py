"""A baseline that was trained here, as a judge: its folder's weights on one image at a time."""

from __future__ import annotations

import importlib
import math
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from fgresq import workspace
from fgresq.absent import refuse
from fgresq.baseline_sections import RUNS, BaselineRun, Dbcnn
from fgresq.baselines import BASELINES
from fgresq.baselines.base import Inputs
from fgresq.baselines.second import SECONDS, second_maps, second_network
from fgresq.baselines.shared import on_tokens
from fgresq.catalogues import read_methods
from fgresq.errors import UserError
from fgresq.files import read_json
from fgresq.networks.task_clip import build_tower
from fgresq.networks.towers import StandInTower
from fgresq.networks.vit import resized
from fgresq.parsing import parse
from fgresq.scoring.facts import BY_LOSS, Facts, taught_by
from fgresq.scoring.judge_kinds import check_judgeable
from fgresq.scoring.judges import RETRAINED, Judge
from fgresq.scoring.preferences import Encoded, Preference, of_chances
from fgresq.sections import Tower
from fgresq.tables import TASKS
from fgresq.training.token_cache import centre, crops_of, tokens_of
from fgresq.weights.checkpoints import CARD, MEND, checkpoint_card, load_strictly, read_checkpoint

SCALE = "a logit without ends, higher better"
CPU = torch.device("cpu")


class Looks:
    """Gives what a baseline reads of an image, as its feed does (`fgresq.baselines.feeds`).

    What the cache of a run holds as float16 is rounded to it here as well.

    Args:
        tower: section of the run.
        settings: of it.
        weights: folder of the stand-in's weights.
    """

    def __init__(self, tower: Tower, settings: BaselineRun, weights: Path) -> None:
        self.tower, self.stand_in, self.second = tower, None, None
        if not on_tokens(settings):
            return
        stand_in = build_tower(tower, weights, list(TASKS))
        assert isinstance(stand_in, StandInTower), "a method on tokens has no tower of its own"
        self.stand_in = stand_in
        if isinstance(settings, Dbcnn) and settings.second in SECONDS:
            self.second = second_network(settings.second, weights, tower.seed)

    def __call__(self, path: str) -> Inputs:
        """Give the batch of one image file."""
        if self.stand_in is None:
            return {"crops": centre(torch.from_numpy(resized(path))[None])}
        tokens = tokens_of(self.stand_in, [path], self.tower.grid, CPU).float()
        found = {"tokens": self.stand_in.every_token(tokens).half().float()}
        if self.second is not None:
            maps = second_maps(self.second, crops_of([path], self.tower.grid, CPU))
            found["second"] = maps[None].half().float()
        return found


class Retrained(Judge):
    """A retrained baseline; chances follow from its scores as its loss has them.

    Args:
        folder: that `fgresq step train-baseline` wrote.

    Raises:
        UserError: it is no whole checkpoint, or what it was trained on cannot be had here.
    """

    portable = True

    def __init__(self, folder: Path) -> None:
        method, tower, settings, weights = read_run(folder)
        module = importlib.import_module(f"fgresq.baselines.{method}")
        refuse(f"the {method} of {folder}", module.absence(settings, weights))
        torch.manual_seed(settings.seed)  # what the checkpoint does not hold was drawn by it
        self.model = module.build(tower, settings, weights).eval()
        load_strictly(self.model, read_checkpoint(folder), folder)
        self.looks = Looks(tower, settings, weights)
        title = f"{read_methods()[method]['title']} of {folder}"
        taught = taught_by(checkpoint_card(folder, RETRAINED + method), folder)
        super().__init__(str(folder), Facts(title, "NR", SCALE, True, *taught, BY_LOSS))

    @torch.inference_mode()
    def look(self, image: np.ndarray, reference: np.ndarray | None) -> tuple[float, None]:
        """Give the logit of the score."""
        check_judgeable(image)
        with tempfile.NamedTemporaryFile(suffix=".ppm") as file:
            Image.fromarray(image).save(file, format="PPM")
            file.flush()
            return float(self.model(self.looks(file.name)).float()), None

    def ask(self, first: Encoded, second: Encoded) -> Preference:
        """Derive the chances from both logits, as the fidelity loss does; equal is no answer."""
        ahead = (first.score - second.score) / 2
        return of_chances(first, second, *((1 + math.erf(d)) / 2 for d in (ahead, -ahead)))


def read_run(folder: Path) -> tuple[str, Tower, BaselineRun, Path]:
    """Read method, tower, settings, and the folder of the stand-in's weights of a run.

    Raises:
        UserError: the card names no baseline, or settings of another form.
    """
    card = read_json(folder / CARD)
    method = str(card["kind"]).removeprefix(RETRAINED)
    if method not in BASELINES:
        problem = f"its kind is {card['kind']!r}, and there is no such baseline"
        raise UserError(folder / CARD, problem, MEND)
    tower = parse(Tower, card.get("tower"), folder / CARD, MEND, "tower/")
    settings = parse(RUNS[method], card.get("settings"), folder / CARD, MEND, "settings/")
    return method, tower, settings, workspace.weights_of(tower.tower)
