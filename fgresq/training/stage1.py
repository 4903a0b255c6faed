"""Stage 1: align the degradation encoder with the texts of the tasks (paper, equation 4).

Trains the upper blocks of the tower by a two-way contrastive loss against fixed text vectors, or as
a classifier of the tasks (`objective`), for one run: a fold (its families are kept for the test),
`pairs` (the images of the training pairs), or `all`. Writes weights and card, history.csv,
tasks.csv (the task read off every test image) and features.npz (degradation features of all images,
which stage 2 uses frozen). Photographs have no task: they have features, and teach nothing here.
With the images of one task only there is nothing to tell apart: the encoder stays as it is, and
tasks.csv is empty.
"""

from __future__ import annotations

import argparse
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch.nn import functional

from fgresq.files import atomic
from fgresq.model.alignment import Alignment
from fgresq.networks.task_clip import build_clip
from fgresq.runs import Stage1Options, stage_options_of
from fgresq.sections import Stage1
from fgresq.tables import TASKS
from fgresq.training.feed import ImageFeed
from fgresq.training.finish import finish
from fgresq.training.loop import Job, train
from fgresq.training.losses import contrastive_loss
from fgresq.training.sampler import SceneSampler
from fgresq.training.setup import Setup, add_run_arguments, set_up
from fgresq.weights.checkpoints import trained_state

CODE = "fgresq.training.stage1"
STAGE1_TABLES = {
    "history.csv": ["step", "lr_factor", "loss"],
    "tasks.csv": ["image", "task", "predicted"],
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    add_run_arguments(parser, "stage1")


def job_of(
    args: argparse.Namespace,
    setup: Setup[Stage1],
    feed: ImageFeed,
    model: Alignment,
    identity: str,
) -> Job:
    """Lay out the training run: batches mix all tasks. With a single task there is no step."""
    settings, rows, names = setup.settings, setup.train_rows, setup.images["image"]
    tasks = numbered_tasks(setup.images)
    sampler = SceneSampler(np.zeros(len(rows)), settings.batch, settings.seed)
    tower = model.clip.visual.tower

    def step(number: int) -> dict[str, torch.Tensor]:
        chosen = np.sort(rows[sampler.step(number)])
        labels = torch.from_numpy(tasks[chosen])
        with torch.autocast(feed.on.type, torch.bfloat16, enabled=feed.on.type == "cuda"):
            tokens = feed.tokens(tower, feed.training(chosen, number))
            if model.classifier is not None:
                named = model.logits(tokens).float()
                return {"loss": functional.cross_entropy(named, labels.to(named.device))}
            image = model.clip.encode_image(tokens, normalize=True).float()
        text = model.clip.encode_text(labels, normalize=True).to(image.device)
        scale = model.clip.logit_scale.exp().clamp(max=100)
        return {"loss": contrastive_loss(image, text, scale, settings.targets)}

    blocks = [p for p in tower.parameters() if p.requires_grad]
    within = {id(p) for p in blocks}
    heads = [p for p in model.parameters() if p.requires_grad and id(p) not in within]
    steps = setup.tower.max_steps or settings.epochs * sampler.per_epoch
    return Job(
        name=f"stage 1, run {args.run}",
        model=model,
        groups=[
            {"params": blocks, "lr": settings.lr_encoder},
            {"params": heads, "lr": settings.lr_heads},
        ],
        steps=steps if len(set(tasks[rows])) > 1 else 0,
        warmup=settings.warmup,
        weight_decay=settings.weight_decay,
        step=step,
        members=lambda number: names.iloc[np.sort(rows[sampler.step(number)])].tolist(),
        checkpoint=Path(args.work) / "checkpoint.pt",
        identity=identity,
    )


def numbered_tasks(images: pd.DataFrame) -> np.ndarray:
    """Number the task of each image in the order of `TASKS`; -1: it has none."""
    return pd.Index(TASKS).get_indexer(images["task"]).astype(np.int64)


def restorations(setup: Setup[Stage1]) -> Setup[Stage1]:
    """Keep the images of both sides that have a task."""
    has_task = numbered_tasks(setup.images) >= 0
    rows = (setup.train_rows, setup.test_rows)
    train_rows, test_rows = (side[has_task[side]] for side in rows)
    return replace(setup, train_rows=train_rows, test_rows=test_rows)


def predicted_tasks(
    model: Alignment, feed: ImageFeed, setup: Setup[Stage1], known: list[int]
) -> pd.DataFrame:
    """Read the task off test images, of those trained on: image, task, predicted."""
    rows = setup.test_rows
    table = setup.images.iloc[rows][["image", "task"]].reset_index(drop=True)
    found: list[str] = []
    with torch.inference_mode():
        for at in range(0, len(rows), 64):
            tower = model.clip.visual.tower
            tokens = feed.tokens(tower, feed.evaluation(rows[at : at + 64]))
            best = model.logits(tokens)[:, known].argmax(dim=1).tolist()
            found += [TASKS[known[k]] for k in best]
    return table.assign(predicted=found)


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    options = stage_options_of(args, Stage1Options)
    setup = set_up(args, "stage1", options.tower, options.stage1, STAGE1_TABLES)
    if setup is None:
        return
    setup = restorations(setup)
    images, tower = setup.images, setup.tower
    known = sorted(set(numbered_tasks(images)[setup.train_rows].tolist()))
    if len(known) < 2:
        logging.info(
            "stage 1 has the images of %s, so there is nothing to tell apart: "
            "the degradation encoder stays as it is",
            f"one task only ({TASKS[known[0]]})" if known else "no task",
        )
    feed = setup.feed()
    clip = build_clip(tower, setup.weights, list(TASKS))
    model = Alignment(clip, setup.settings.objective).to(setup.on)
    job = job_of(args, setup, feed, model, setup.identity((CODE,), args.run))
    history = train(job)
    out = Path(args.out)
    tasks = predicted_tasks(model, feed, setup, known) if len(known) > 1 else None
    features = feed.features(model.clip.visual.tower, np.arange(len(images))).cpu().numpy()
    with atomic(out / "features.npz") as scratch:
        np.savez(scratch, image=images["image"].to_numpy(dtype=str), features=features)
    untold = pd.DataFrame(columns=STAGE1_TABLES["tasks.csv"])
    tables = {"history.csv": history, "tasks.csv": untold if tasks is None else tasks}
    card = {
        "kind": "degradation encoder",
        "run": args.run,
        "options": setup.options,
        "tasks": [TASKS[k] for k in known],
    }
    finish(out, setup, job, tables, trained_state(model), card)
