"""Stage 2: train the quality model FGResQ on scores and pair preferences (paper, equations 5 to 9).

The general encoder's upper blocks, the prompt block and both heads are trained; the degradation
encoder of stage 1 is frozen, so its features are read where the crop is fixed, and computed of the
same crop where it is random. A batch holds pairs of one scene; each distinct image of it is encoded
once. Writes weights and card, history.csv, scores.csv
(test images) and ranking.csv (test pairs). `--variant` names settings laid over section `stage2`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

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
from fgresq.training.feed import ImageFeed
from fgresq.training.finish import finish
from fgresq.training.loop import Job, train
from fgresq.training.losses import fidelity_loss, ranking_loss
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

    Raises:
        UserError: the folder is of other images.
    """

    def __init__(self, folder: Path, setup: Setup[Stage2], fresh: bool) -> None:
        with np.load(folder / "features.npz") as file:
            names, values = file["image"], file["features"]
        if names.tolist() != setup.images["image"].tolist():
            raise UserError(folder / "features.npz", "it is of other images", "Run stage 1 again")
        self.fixed = torch.from_numpy(values).to(setup.on)
        self.tower: StandInTower | ClipTower | None = None
        if fresh:
            aligned = Alignment(build_clip(setup.tower, setup.weights, list(TASKS)))
            load_strictly(aligned, read_checkpoint(folder), folder)
            self.tower = aligned.clip.visual.tower.requires_grad_(False).to(setup.on)

    def of(self, feed: ImageFeed, rows: np.ndarray, batch: torch.Tensor) -> torch.Tensor:
        """Give the features (n, D) of the images of a batch, without gradient."""
        if self.tower is None:
            return self.fixed[rows]
        with torch.no_grad():
            return self.tower.upper(feed.tokens(self.tower, batch)).float()


def job_of(
    args: argparse.Namespace,
    setup: Setup[Stage2],
    feed: ImageFeed,
    model: FGResQ,
    batches: PairBatches,
    degradation: Degradation,
    identity: str,
) -> Job:
    """Lay out the training run: L = lambda_scene * L_scene + lambda_rank * L_rank (equation 9)."""
    settings, max_steps = setup.settings, setup.tower.max_steps
    on, names = setup.on, setup.images["image"]
    scores = torch.from_numpy(setup.images["score"].to_numpy(dtype=np.float32)).to(on)

    def step(number: int) -> dict[str, torch.Tensor]:
        chosen = batches.sampler.step(number)
        rows, places = batches.images_of(chosen)
        place = torch.from_numpy(places).to(on)
        with torch.autocast(on.type, torch.bfloat16, enabled=on.type == "cuda"):
            batch = feed.training(rows, number)
            general = model.tower.upper(feed.tokens(model.tower, batch)).float()
            quality = model.heads.quality(general, degradation.of(feed, rows, batch))
        logits = model.heads.score_logits(quality)
        groups = None if batches.groups is None else batches.groups[rows].to(on)
        fidelity = fidelity_loss(logits, scores[rows], groups)
        scene = batches.weights[batches.scenes[chosen[0]]] * fidelity
        ranked = model.heads.compare_logits(quality[place[0]], quality[place[1]])
        fraction = torch.from_numpy(batches.fraction[chosen]).float().to(on)
        rank = ranking_loss(ranked, fraction, torch.from_numpy(batches.equal[chosen]).to(on))
        loss = settings.lambda_scene * scene + settings.lambda_rank * rank
        return {"loss": loss, "scene": scene, "rank": rank}

    def members(number: int) -> list[str]:
        return names.iloc[batches.images_of(batches.sampler.step(number))[0]].tolist()

    blocks = [p for p in model.tower.parameters() if p.requires_grad]
    groups = [
        {"params": blocks, "lr": settings.lr_encoder},
        {"params": list(model.heads.parameters()), "lr": settings.lr_heads},
    ]
    return Job(
        name=f"stage 2, {args.variant}, run {args.run}",
        model=model,
        groups=[g for g in groups if g["params"]],
        steps=max_steps or settings.epochs * batches.sampler.per_epoch,
        warmup=settings.warmup,
        weight_decay=settings.weight_decay,
        step=step,
        members=members,
        checkpoint=Path(args.work) / "checkpoint.pt",
        identity=identity,
    )


def predictions(
    model: FGResQ, feed: ImageFeed, setup: Setup[Stage2], degradation: torch.Tensor
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give scores of test images (image, value) and of test pairs (pair, probability_a)."""
    images, rows, pairs = setup.images, setup.test_rows, setup.test_pairs
    number = pd.Series(np.arange(len(images)), index=images["image"])
    first, second = (number[pairs[c]].to_numpy() for c in ("image_a", "image_b"))
    needed = np.union1d(rows, np.union1d(first, second)).astype(int)
    at = {row: k for k, row in enumerate(needed)}
    with torch.inference_mode():
        general = feed.features(model.tower, needed)
        quality = model.heads.quality(general, degradation[needed])
        values = torch.sigmoid(model.heads.score_logits(quality)).cpu().numpy()
        sides_of = (quality[[at[r] for r in side]] for side in (first, second))
        chance = preference_probability(model.heads.compare_logits(*sides_of)).cpu().numpy()
    names = images["image"].to_numpy()
    scores = pd.DataFrame({"image": names[rows], "value": values[[at[r] for r in rows]]})
    return scores, pd.DataFrame({"pair": pairs["pair"].to_numpy(), "probability_a": chance})


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    options = stage_options_of(args, Stage2Options)
    setup = set_up(args, "stage2", options.tower, options.stage2, STAGE2_TABLES)
    if setup is None:
        return
    images, tower, settings = setup.images, setup.tower, setup.settings
    if setup.train_pairs["preference"].eq("equal").all():
        raise UserError(
            args.pairs,
            "every training pair is judged equal (or there is none)",
            "Raise filter/tau or lower labels/indifference in config/config.yaml",
        )
    first = Path(args.degradation)
    checkpoint_card(first, "degradation encoder")
    feed = setup.feed()
    fresh = tower.crop == "random" and settings.use_degradation
    degradation = Degradation(first, setup, fresh)
    general = build_tower(tower, setup.weights, list(TASKS))
    model = FGResQ.build(settings, general).to(setup.on)
    start_heads(model, feed, images, setup.train_rows, degradation.fixed, settings)
    identity = setup.identity((CODE,), args.run, sha256(first / WEIGHTS))
    batches = PairBatches(images, setup.train_pairs, settings)
    job = job_of(args, setup, feed, model, batches, degradation, identity)
    history = train(job)
    scores, ranking = predictions(model, feed, setup, degradation.fixed)
    tables = {"history.csv": history, "scores.csv": scores, "ranking.csv": ranking}
    card = {
        "kind": "FGResQ",
        "run": args.run,
        "variant": args.variant,
        "tower": tower.record(),
        "settings": settings.record(),
    }
    state = {f"quality.{n}": v for n, v in trained_state(model).items()}
    state |= {f"degradation.{n}": v for n, v in read_checkpoint(first).items()}
    finish(Path(args.out), setup, job, tables, state, card)
