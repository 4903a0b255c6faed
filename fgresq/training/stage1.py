"""Stage 1: align the degradation encoder with the texts of the tasks (paper, equation 4).

Trains the upper blocks of the tower by a two-way contrastive loss against fixed text vectors, for
one run: a fold (its families are kept for the test), `pairs` (the images of the training pairs), or
`all`. Writes weights and card, history.csv, tasks.csv (the task read off every test image) and
features.npz (degradation features of all images, which stage 2 uses frozen).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from fgresq.files import atomic, digest, write_csv
from fgresq.model.towers import build_clip
from fgresq.tables import TASKS, read_images, read_pairs, read_table
from fgresq.training.encode import device_of, name_of
from fgresq.training.inputs import ImageFeed, sides
from fgresq.training.loop import Job, train
from fgresq.training.losses import contrastive_loss
from fgresq.training.ready import absence, write_absent
from fgresq.training.sampler import SceneSampler
from fgresq.training.settings import add_stage_options, options_of_stage
from fgresq.training.weights import trained_state, write_weights

STAGE1_TABLES = {
    "history.csv": ["step", "lr_factor", "loss"],
    "tasks.csv": ["image", "task", "predicted"],
}
FOLD_COLUMNS: dict[str, type] = {"source": str, "family": str, "fold": int}


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that both stages share."""
    parser.add_argument("run", help="number of the fold to test on, `pairs`, or `all`")
    parser.add_argument("--images", required=True, help="image table")
    parser.add_argument("--pairs", required=True, help="pair table")
    parser.add_argument("--folds", required=True, help="fold of each family")
    parser.add_argument("--weights", required=True, help="folder of the stand-in's weights")
    parser.add_argument("--work", required=True, help="folder of checkpoints, to resume from")
    parser.add_argument("--out", required=True, help="folder to write")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb."""
    add_run_arguments(parser)
    add_stage_options(parser)


def read_run(args: argparse.Namespace) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Read the tables of a run: images, pairs, folds."""
    images, pairs = read_images(args.images), read_pairs(args.pairs)
    return images, pairs, read_table(args.folds, FOLD_COLUMNS)


def seed_all(seed: int) -> None:
    """Seed what draws initial weights."""
    torch.manual_seed(seed)


class Alignment(nn.Module):
    """The trained parts of stage 1: upper blocks, projection, temperature."""

    def __init__(self, clip: nn.Module) -> None:
        super().__init__()
        self.clip = clip
        clip.visual.projection.requires_grad_(True)
        clip.logit_scale.requires_grad_(True)

    def logits(self, tokens: torch.Tensor) -> torch.Tensor:
        """Give cosine logits (N, tasks) of what the tower's `lower` gave."""
        image = self.clip.encode_image(tokens, normalize=True)
        text = self.clip.encode_text(torch.arange(len(self.clip.text.vectors)), normalize=True)
        return self.clip.logit_scale.exp() * image @ text.to(image.device).T


def job_of(
    args: argparse.Namespace,
    options: dict[str, Any],
    feed: ImageFeed,
    model: Alignment,
    rows: np.ndarray,
    tasks: np.ndarray,
    identity: str,
) -> Job:
    """Lay out the training run: batches mix all tasks."""
    settings = options["stage1"]
    sampler = SceneSampler(np.zeros(len(rows)), settings["batch"], settings["seed"])
    tower = model.clip.visual.tower

    def step(number: int) -> dict[str, torch.Tensor]:
        chosen = np.sort(rows[sampler.step(number)])
        labels = torch.from_numpy(tasks[chosen])
        tokens = feed.training(tower, chosen, number)
        with torch.autocast(feed.on.type, torch.bfloat16, enabled=feed.on.type == "cuda"):
            image = model.clip.encode_image(tokens, normalize=True).float()
        text = model.clip.encode_text(labels, normalize=True).to(image.device)
        scale = model.clip.logit_scale.exp().clamp(max=100)
        return {"loss": contrastive_loss(image, text, scale, settings["targets"])}

    heads = [*model.clip.visual.projection.parameters(), model.clip.logit_scale]
    blocks = [p for p in tower.parameters() if p.requires_grad]
    groups = [
        {"params": blocks, "lr": settings["lr_encoder"]},
        {"params": heads, "lr": settings["lr_heads"]},
    ]
    steps = settings["epochs"] * sampler.per_epoch
    name = f"stage 1, run {args.run}"
    return Job(
        name,
        model,
        groups,
        options["tower"]["max_steps"] or steps,
        step,
        Path(args.work) / "checkpoint.pt",
        identity,
    )


def predicted_tasks(
    model: Alignment, feed: ImageFeed, images: pd.DataFrame, rows: np.ndarray
) -> pd.DataFrame:
    """Read the task off test images: image, task, predicted."""
    table = images.iloc[rows][["image", "task"]].reset_index(drop=True)
    found: list[str] = []
    with torch.inference_mode():
        for at in range(0, len(rows), 64):
            tokens = feed.evaluation(model.clip.visual.tower, rows[at : at + 64])
            found += [TASKS[k] for k in model.logits(tokens).argmax(dim=1).tolist()]
    return table.assign(predicted=found)


def main(args: argparse.Namespace) -> None:
    """Run the verb."""
    torch.set_num_threads(args.threads)
    options = options_of_stage(args, "stage1")
    settings, tower = options["stage1"], options["tower"]
    images, pairs, folds = read_run(args)
    absent = absence(images, tower)
    if absent:
        write_absent(Path(args.out), STAGE1_TABLES, absent)
        return
    train_rows, test_rows, _, _ = sides(images, pairs, folds, args.run)
    tasks = images["task"].map(TASKS.index).to_numpy()
    seed_all(settings["seed"])
    on = device_of(tower)
    feed = ImageFeed(images, tower, Path(args.weights), on)
    model = Alignment(build_clip(tower, Path(args.weights), list(TASKS))).to(on)
    identity = digest([options, args.run, images["sha256"].tolist(), train_rows.tolist()])
    job = job_of(args, options, feed, model, train_rows, tasks, identity)
    history = train(job)
    out = Path(args.out)
    write_csv(out / "history.csv", history)
    write_csv(out / "tasks.csv", predicted_tasks(model, feed, images, test_rows))
    features = feed.features(model.clip.visual.tower, np.arange(len(images))).cpu().numpy()
    with atomic(out / "features.npz") as scratch:
        np.savez(scratch, image=images["image"].to_numpy(dtype=str), features=features)
    card = {
        "kind": "degradation encoder",
        "run": args.run,
        "options": options,
        "train_images": len(train_rows),
        "test_images": len(test_rows),
        "steps": job.steps,
        "device": name_of(on),
    }
    write_weights(out, trained_state(model), card)
    job.checkpoint.unlink(missing_ok=True)
