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
from typing import Any

import numpy as np
import pandas as pd
import torch

from fgresq.errors import UserError
from fgresq.files import sha256, write_csv
from fgresq.model.fgresq import FGResQ
from fgresq.model.heads import preference_probability
from fgresq.model.towers import build_clip
from fgresq.tables import TASKS
from fgresq.training.encode import name_of
from fgresq.training.inputs import ImageFeed
from fgresq.training.loop import Job, train
from fgresq.training.losses import fidelity_loss, ranking_loss, scene_weights
from fgresq.training.sampler import SceneSampler
from fgresq.training.setup import Setup, add_run_arguments, set_up
from fgresq.training.stage1 import Alignment
from fgresq.training.start import start_heads
from fgresq.training.weights import (
    WEIGHTS,
    load_strictly,
    read_card,
    read_weights,
    trained_state,
    write_weights,
)

STAGE2_TABLES = {
    "history.csv": ["step", "lr_factor", "loss", "scene", "rank"],
    "scores.csv": ["image", "value"],
    "ranking.csv": ["pair", "probability_a"],
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb."""
    add_run_arguments(parser)
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

    def __init__(self, folder: Path, setup: Setup, fresh: bool) -> None:
        with np.load(folder / "features.npz") as file:
            names, values = file["image"], file["features"]
        if names.tolist() != setup.images["image"].tolist():
            raise UserError(folder / "features.npz", "it is of other images", "Run stage 1 again")
        self.fixed = torch.from_numpy(values).to(setup.on)
        self.tower = None
        if fresh:
            aligned = Alignment(build_clip(setup.options["tower"], setup.weights, list(TASKS)))
            load_strictly(aligned, read_weights(folder), folder)
            self.tower = aligned.clip.visual.tower.requires_grad_(False).to(setup.on)

    def of(self, feed: ImageFeed, rows: np.ndarray, batch: torch.Tensor) -> torch.Tensor:
        """Give the features (n, D) of the images of a batch, without gradient."""
        if self.tower is None:
            return self.fixed[rows]
        with torch.no_grad():
            return self.tower.upper(feed.tokens(self.tower, batch)).float()


class PairBatches:
    """The pairs of the training side as arrays, and the batches drawn from them.

    Args:
        images: image table; its row numbers are what batches speak of.
        pairs: training pairs.
        settings: of stage 2; `scene` is dataset or task; `batch_by` is pair, or group, which
            draws the pairs of whole groups together, so that images are shared within a batch.
    """

    def __init__(self, images: pd.DataFrame, pairs: pd.DataFrame, settings: dict[str, Any]) -> None:
        number = pd.Series(np.arange(len(images)), index=images["image"])
        self.first, self.second = (number[pairs[c]].to_numpy() for c in ("image_a", "image_b"))
        self.equal = pairs["preference"].eq("equal").to_numpy()
        self.fraction = pairs["preference"].map({"A": 1.0, "B": 0.0, "equal": 0.5}).to_numpy()
        self.scenes = images[settings["scene"]].to_numpy(dtype=str)[self.first]
        groups = (pairs["source"] + "/" + pairs["task"] + "/" + pairs["group"]).to_numpy(dtype=str)
        together = groups if settings["batch_by"] == "group" else None
        self.sampler = SceneSampler(self.scenes, settings["batch"], settings["seed"], together)
        of_image = images["source"] + "/" + images["task"] + "/" + images["group"]
        inside = settings["compare_in"] == "group"
        self.groups = torch.from_numpy(pd.factorize(of_image)[0]) if inside else None
        rows = np.union1d(self.first, self.second)
        of_images = images.iloc[rows][settings["scene"]].value_counts()
        self.weights = scene_weights({str(k): int(v) for k, v in of_images.items()})

    def images_of(self, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give the distinct images of chosen pairs (rows), and where A and B are in them (2, n)."""
        both = np.stack([self.first[chosen], self.second[chosen]])
        rows, place = np.unique(both, return_inverse=True)
        return rows, place.reshape(2, -1)


def job_of(
    args: argparse.Namespace,
    setup: Setup,
    feed: ImageFeed,
    model: FGResQ,
    batches: PairBatches,
    degradation: Degradation,
    identity: str,
) -> Job:
    """Lay out the training run: L = lambda_scene * L_scene + lambda_rank * L_rank (equation 9)."""
    settings, max_steps = setup.options["stage2"], setup.options["tower"]["max_steps"]
    on, names = setup.on, setup.images["image"]
    scores = torch.from_numpy(setup.images["score"].to_numpy(dtype=np.float32)).to(on)

    def step(number: int) -> dict[str, torch.Tensor]:
        chosen = batches.sampler.step(number)
        rows, place = batches.images_of(chosen)
        place = torch.from_numpy(place).to(on)
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
        loss = settings["lambda_scene"] * scene + settings["lambda_rank"] * rank
        return {"loss": loss, "scene": scene, "rank": rank}

    def members(number: int) -> list[str]:
        return names.iloc[batches.images_of(batches.sampler.step(number))[0]].tolist()

    blocks = [p for p in model.tower.parameters() if p.requires_grad]
    groups = [
        {"params": blocks, "lr": settings["lr_encoder"]},
        {"params": list(model.heads.parameters()), "lr": settings["lr_heads"]},
    ]
    return Job(
        name=f"stage 2, {args.variant}, run {args.run}",
        model=model,
        groups=[g for g in groups if g["params"]],
        steps=max_steps or settings["epochs"] * batches.sampler.per_epoch,
        warmup=settings["warmup"],
        weight_decay=settings["weight_decay"],
        step=step,
        members=members,
        checkpoint=Path(args.work) / "checkpoint.pt",
        identity=identity,
    )


def predictions(
    model: FGResQ, feed: ImageFeed, setup: Setup, degradation: torch.Tensor
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
    """Run the verb."""
    setup = set_up(args, "stage2", STAGE2_TABLES)
    if setup is None:
        return
    images, tower, settings = setup.images, setup.options["tower"], setup.options["stage2"]
    if setup.train_pairs["preference"].eq("equal").all():
        raise UserError(
            args.pairs,
            "every training pair is judged equal (or there is none)",
            "Raise filter/tau or lower labels/indifference in config/config.yaml",
        )
    first = Path(args.degradation)
    read_card(first, "degradation encoder")
    feed = setup.feed()
    fresh = tower["crop"] == "random" and settings["use_degradation"]
    degradation = Degradation(first, setup, fresh)
    model = FGResQ.build({**tower, **settings}, setup.weights).to(setup.on)
    start_heads(model, feed, images, setup.train_rows, degradation.fixed, settings)
    identity = setup.identity(args.run, sha256(first / WEIGHTS))
    batches = PairBatches(images, setup.train_pairs, settings)
    job = job_of(args, setup, feed, model, batches, degradation, identity)
    history = train(job)
    out = Path(args.out)
    scores, ranking = predictions(model, feed, setup, degradation.fixed)
    write_csv(out / "history.csv", history)
    write_csv(out / "scores.csv", scores)
    write_csv(out / "ranking.csv", ranking)
    card = {
        "kind": "FGResQ",
        "run": args.run,
        "variant": args.variant,
        "tower": tower,
        "settings": settings,
        "train_pairs": len(setup.train_pairs),
        "steps": job.steps,
        "device": name_of(setup.on),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "train_images": len(setup.train_rows),
        "test_images": len(setup.test_rows),
    }
    state = {f"quality.{n}": v for n, v in trained_state(model).items()}
    state |= {f"degradation.{n}": v for n, v in read_weights(first).items()}
    write_weights(out, state, card)
    job.checkpoint.unlink(missing_ok=True)
