"""Stage 2: train the quality model FGResQ on scores and pair preferences (paper, equations 5 to 9).

The general encoder's upper blocks, the prompt block and both heads are trained; the degradation
encoder of stage 1 is frozen, so its features are read where the crop is fixed, and computed of the
same crop where it is random. A batch holds pairs of one scene; each distinct image of it is encoded
once. An image without a partner, such as a photograph, stands among the pairs and teaches the score
alone. Where no pair is decided, the comparison learns nothing and pairs are ranked by their scores.
Writes weights and card, history.csv, scores.csv (test images) and ranking.csv (test pairs).
`--variant` names settings laid over section `stage2`.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from fgresq.errors import UserError
from fgresq.files import sha256
from fgresq.model.alignment import Alignment
from fgresq.model.fgresq import FGResQ
from fgresq.model.heads import preference_probability
from fgresq.networks.task_clip import build_clip, build_tower
from fgresq.networks.towers import ClipTower, StandInTower
from fgresq.runs import Stage2Options, stage_options_of
from fgresq.sections import Stage2
from fgresq.tables import TASKS
from fgresq.training.batches import PairBatches
from fgresq.training.compared import standard_scores
from fgresq.training.feed import FrozenFeed, ImageFeed
from fgresq.training.finish import finish
from fgresq.training.loop import Job, train
from fgresq.training.losses import SCENE_LOSSES, ranking_loss
from fgresq.training.setup import Setup, add_run_arguments, set_up
from fgresq.training.start import start_heads
from fgresq.weights.checkpoints import (
    WEIGHTS,
    checkpoint_card,
    load_strictly,
    read_checkpoint,
    trained_state,
)

CODE = "fgresq.training.stage2"
STAGE2_TABLES = {
    "history.csv": ["step", "lr_factor", "loss", "scene", "rank"],
    "scores.csv": ["image", "value"],
    "ranking.csv": ["pair", "probability_a"],
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    add_run_arguments(parser, "stage2")
    parser.add_argument("--degradation", required=True, help="folder of stage 1 for the same run")


class Degradation:
    """The frozen features of stage 1: read where the crop is fixed, else computed of the crop.

    Args:
        folder: what stage 1 wrote for the run.
        setup: of the run.
        fresh: whether training draws crops and reads the features, so that each crop needs its own.
        objective: of stage 1.

    Raises:
        UserError: the folder is of other images.
    """

    def __init__(
        self, folder: Path, setup: Setup[Stage2], fresh: bool, objective: str = "contrastive"
    ) -> None:
        with np.load(folder / "features.npz") as file:
            names, values = file["image"], file["features"]
        if names.tolist() != setup.images["image"].tolist():
            raise UserError(folder / "features.npz", "it is of other images", "Run stage 1 again")
        self.fixed = torch.from_numpy(values).to(setup.on)
        self.tower: StandInTower | ClipTower | None = None
        if fresh:
            clip = build_clip(setup.tower, setup.weights, list(TASKS))
            aligned = Alignment(clip, objective)
            load_strictly(aligned, read_checkpoint(folder), folder)
            self.tower = aligned.clip.visual.tower.requires_grad_(False).to(setup.on)

    def of(self, feed: ImageFeed, rows: np.ndarray, batch: torch.Tensor) -> torch.Tensor:
        """Give the features (n, D) of the images of a batch, without gradient."""
        if self.tower is None:
            return self.fixed[rows]
        with torch.no_grad():
            return feed.pooled(self.tower, batch).float()


def true_scores(setup: Setup[Stage2]) -> np.ndarray:
    """Give what the score's loss compares with, float32 (N,): scores in [0, 1] for `fidelity`.

    The other losses have scores of mean 0 and spread 1 over the training side of each data set.
    """
    if setup.settings.scene_loss == "fidelity":
        return setup.images["score"].to_numpy(dtype=np.float32)
    return standard_scores(setup.images, setup.train_rows).astype(np.float32)


def rated_heads(model: FGResQ, settings: Stage2) -> list[dict[str, Any]]:
    """Give the parameters of the heads, each group with its learning rate."""
    heads = model.heads
    rates = {"score": settings.lr_score, "compare": settings.lr_compare}
    own: dict[str, list[torch.nn.Parameter]] = {"score": [], "compare": [], "prompt": []}
    for name, parameter in heads.named_parameters():
        own[name.partition("_")[0]].append(parameter)
    return [
        {"params": held, "lr": settings.lr_heads if rates.get(name) is None else rates[name]}
        for name, held in own.items()
    ]


def job_of(
    name: str,
    setup: Setup[Stage2],
    feed: ImageFeed,
    model: FGResQ,
    batches: PairBatches,
    degradation: Degradation,
    identity: str,
    checkpoint: Path,
) -> Job:
    """Lay out the training run: L = lambda_scene * L_scene + lambda_rank * L_rank (equation 9)."""
    settings, max_steps = setup.settings, setup.tower.max_steps
    on, names = setup.on, setup.images["image"]
    scores = torch.from_numpy(true_scores(setup)).to(on)
    scene_loss = SCENE_LOSSES[settings.scene_loss]
    waits = settings.epochs - (settings.epochs_compare or settings.epochs)  # epochs
    first_ranked = max(waits, 0) * batches.sampler.per_epoch

    def step(number: int) -> dict[str, torch.Tensor]:
        chosen = batches.sampler.step(number)
        rows, places = batches.images_of(chosen)
        place = torch.from_numpy(places).to(on)
        with torch.autocast(on.type, torch.bfloat16, enabled=on.type == "cuda"):
            batch = feed.training(rows, number)
            general = feed.pooled(model.tower, batch).float()
            quality = model.heads.quality(general, degradation.of(feed, rows, batch))
        logits = model.heads.score_logits(quality)
        groups = None if batches.groups is None else batches.groups[rows].to(on)
        told = scene_loss(logits, scores[rows], groups)
        scene = batches.weights[batches.scenes[chosen[0]]] * told
        pairs = batches.paired[chosen]
        if not pairs.any() or number < first_ranked:
            return {"loss": settings.lambda_scene * scene, "scene": scene}
        chosen, place = chosen[pairs], place[:, torch.from_numpy(pairs).to(on)]
        ranked = model.heads.compare_logits(quality[place[0]], quality[place[1]])
        fraction = torch.from_numpy(batches.fraction[chosen]).float().to(on)
        rank = ranking_loss(ranked, fraction, torch.from_numpy(batches.equal[chosen]).to(on))
        loss = settings.lambda_scene * scene + settings.lambda_rank * rank
        return {"loss": loss, "scene": scene, "rank": rank}

    def members(number: int) -> list[str]:
        return names.iloc[batches.images_of(batches.sampler.step(number))[0]].tolist()

    blocks = [p for p in model.tower.parameters() if p.requires_grad]
    groups = [{"params": blocks, "lr": settings.lr_encoder}, *rated_heads(model, settings)]
    return Job(
        name=name,
        model=model,
        groups=[g for g in groups if g["params"]],
        steps=max_steps or settings.epochs * batches.sampler.per_epoch,
        warmup=settings.warmup,
        weight_decay=settings.weight_decay,
        step=step,
        members=members,
        checkpoint=checkpoint,
        identity=identity,
    )


def predictions(
    model: FGResQ, feed: ImageFeed, setup: Setup[Stage2], degradation: torch.Tensor, compared: bool
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give scores of test images (image, value) and of test pairs (pair, probability_a).

    Args:
        model: trained.
        feed: of the images.
        setup: of the run.
        degradation: (n, D) features of all images.
        compared: whether the comparison learnt; else pairs are ranked by their scores.
    """
    images, rows, pairs = setup.images, setup.test_rows, setup.test_pairs
    number = pd.Series(np.arange(len(images)), index=images["image"])
    first, second = (number[pairs[c]].to_numpy() for c in ("image_a", "image_b"))
    needed = np.union1d(rows, np.union1d(first, second)).astype(int)
    at = {row: k for k, row in enumerate(needed)}
    with torch.inference_mode():
        general = feed.features(model.tower, needed)
        quality = model.heads.quality(general, degradation[needed])
        values = torch.sigmoid(model.heads.score_logits(quality)).cpu().numpy()
        sides_of = [quality[[at[r] for r in side]] for side in (first, second)]
        if compared:
            ranked = preference_probability(model.heads.compare_logits(*sides_of))
        else:
            ahead = (model.heads.score_logits(side) for side in sides_of)
            ranked = torch.sigmoid(torch.sub(*ahead))
        chance = ranked.cpu().numpy()
    names = images["image"].to_numpy()
    scores = pd.DataFrame({"image": names[rows], "value": values[[at[r] for r in rows]]})
    return scores, pd.DataFrame({"pair": pairs["pair"].to_numpy(), "probability_a": chance})


@dataclass
class Fitted:
    """What a run of stage 2 made, before any of it is written.

    Args:
        model: trained.
        job: as it ran.
        history: step, lr_factor, loss, scene, rank; the last is empty where no pair was ranked.
        scores, ranking: of the test side, as `predictions` gives them.
        compared: whether the comparison learnt.
    """

    model: FGResQ
    job: Job
    history: pd.DataFrame
    scores: pd.DataFrame
    ranking: pd.DataFrame
    compared: bool


def settled(feed: ImageFeed, model: FGResQ, count: int) -> ImageFeed:
    """Give a feed of the tower's features where nothing of it is trained; else the feed itself."""
    if feed.random_crop or any(p.requires_grad for p in model.tower.parameters()):
        return feed
    return FrozenFeed(feed.features(model.tower, np.arange(count)).clone())  # may be learnt from


def fit(
    name: str,
    setup: Setup[Stage2],
    feed: ImageFeed,
    degradation: Degradation,
    identity: str,
    checkpoint: Path,
) -> Fitted:
    """Train a model of its settings, and predict the test side.

    Args:
        name: what messages call the run.
        setup: of the run.
        feed: of its images; a `FrozenFeed` where the encoder's features are at hand.
        degradation: features of stage 1.
        identity: what the numbers follow from.
        checkpoint: file to resume from.
    """
    images, tower, settings = setup.images, setup.tower, setup.settings
    general = build_tower(tower, setup.weights, list(TASKS))
    model = FGResQ.build(settings, general).to(setup.on)
    if not isinstance(feed, FrozenFeed):
        feed = settled(feed, model, len(images))
    batches = PairBatches(images, setup.train_pairs, settings, setup.train_rows)
    start_heads(model, feed, images, setup.train_rows, degradation.fixed, settings)
    job = job_of(name, setup, feed, model, batches, degradation, identity, checkpoint)
    history = train(job).reindex(columns=STAGE2_TABLES["history.csv"])
    compared = bool(batches.paired.any())
    tables = predictions(model, feed, setup, degradation.fixed, compared)
    return Fitted(model, job, history, *tables, compared)


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    options = stage_options_of(args, Stage2Options)
    setup = set_up(args, "stage2", options.tower, options.stage2, STAGE2_TABLES)
    if setup is None:
        return
    tower, settings = setup.tower, setup.settings
    first = Path(args.degradation)
    made_by = checkpoint_card(first, "degradation encoder")["options"]["stage1"]
    objective = made_by.get("objective", "contrastive")
    feed = setup.feed()
    fresh = tower.crop == "random" and settings.use_degradation
    degradation = Degradation(first, setup, fresh, objective)
    name = f"stage 2, {args.variant}, run {args.run}"
    identity = setup.identity((CODE,), args.run, sha256(first / WEIGHTS))
    made = fit(name, setup, feed, degradation, identity, Path(args.work) / "checkpoint.pt")
    tables = {"history.csv": made.history, "scores.csv": made.scores, "ranking.csv": made.ranking}
    card = {
        "kind": "FGResQ",
        "run": args.run,
        "variant": args.variant,
        "tower": tower.record(),
        "settings": settings.record(),
        "objective": objective,
        "comparison": "learnt" if made.compared else "by the scores: no pair was decided",
    }
    state = {f"quality.{n}": v for n, v in trained_state(made.model).items()}
    state |= {f"degradation.{n}": v for n, v in read_checkpoint(first).items()}
    finish(Path(args.out), setup, made.job, tables, state, card)
