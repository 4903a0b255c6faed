"""The training loop of every learned method: steps, history, checkpoints, resumption.

A run killed at any step and called again ends in the same bytes on the same device: what a step
draws follows from (seed, step) alone, and the checkpoint holds the rest.
"""

from __future__ import annotations

import io
import logging
import math
import pickle
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import nn
from tqdm import tqdm

from fgresq.errors import UserError
from fgresq.files import atomic

CHECKPOINT_EVERY = 50  # steps


@dataclass
class Job:
    """One training run.

    Args:
        name: what the progress bar and messages call it.
        model: holds the parameters to train and whatever else belongs in a checkpoint.
        groups: parameter groups for the optimiser, each with its learning rate.
        steps: how many.
        step: from its number to named losses, of which "loss" is minimised; draws nothing from
            global generators.
        members: from the number of a step to the names of its images, for messages.
        checkpoint: file in work/ to resume from.
        identity: digest of everything the run depends on; a checkpoint of another is not resumed.
        warmup: steps over which the learning rate rises.
        weight_decay: as an L2 penalty; where it is decoupled, apart from the gradient.
        decoupled: train by AdamW, not by Adam.
        betas: of the moments of gradient and of its square.
        cycles: how high each cycle of cosine annealing starts; none: one cycle, after the warm-up.
        floor: least learning rate, where annealing ends.
        lasting: keep a checkpoint of the last step as well, so that this is not trained again where
            what comes after it is killed.
    """

    name: str
    model: nn.Module
    groups: list[dict[str, Any]]
    steps: int
    step: Callable[[int], dict[str, torch.Tensor]]
    members: Callable[[int], list[str]]
    checkpoint: Path
    identity: str
    warmup: int = 0
    weight_decay: float = 0.0
    decoupled: bool = False
    betas: tuple[float, float] = (0.9, 0.999)
    cycles: tuple[float, ...] = ()
    floor: float = 0.0
    lasting: bool = False


def cosine(step: int, steps: int, warmup: int) -> float:
    """Give the factor of the learning rate: linear over the first steps, then cosine to zero."""
    if step < warmup:
        return (step + 1) / (warmup + 1)
    return 0.5 * (1.0 + math.cos(math.pi * (step - warmup) / max(steps - warmup, 1)))


def restarted(step: int, steps: int, cycles: tuple[float, ...]) -> float:
    """Give the factor of the learning rate: cosines to zero of equal length, one after the other.

    Args:
        step: from 0.
        steps: of all cycles together.
        cycles: where each starts; the first at 1 begins at the full rate.
    """
    number = min(step * len(cycles) // steps, len(cycles) - 1)
    done = step * len(cycles) / steps - number
    return cycles[number] * 0.5 * (1.0 + math.cos(math.pi * done))


def factor_of(job: Job, step: int) -> float:
    """Give the factor of the learning rate of a step."""
    if job.cycles:
        return restarted(step, job.steps, job.cycles)
    return cosine(step, job.steps, job.warmup)


def optimizer_of(job: Job, on_gpu: bool) -> torch.optim.Optimizer:
    """Build what changes the parameters."""
    kind = torch.optim.AdamW if job.decoupled else torch.optim.Adam
    return kind(job.groups, betas=job.betas, weight_decay=job.weight_decay, fused=on_gpu or None)


def save(job: Job, optimizer: torch.optim.Optimizer, history: list[dict[str, float]]) -> None:
    """Write the checkpoint, whole or not at all."""
    trainable = {n for n, p in job.model.named_parameters() if p.requires_grad}
    state = {
        "identity": job.identity,
        "model": {n: v for n, v in job.model.state_dict().items() if n in trainable},
        "optimizer": optimizer.state_dict(),
        "history": history,
    }
    packed = io.BytesIO()
    torch.save(state, packed)  # not to the file: torch tells a full disk as a RuntimeError
    with atomic(job.checkpoint) as scratch:
        scratch.write_bytes(packed.getbuffer())


def resume(job: Job, optimizer: torch.optim.Optimizer) -> list[dict[str, float]]:
    """Take up the checkpoint of this very run, if there is one; give the history so far."""
    if not job.checkpoint.exists():
        return []
    try:
        state = torch.load(job.checkpoint, weights_only=True)
        identity = state["identity"]
    except (OSError, RuntimeError, EOFError, KeyError, TypeError, pickle.UnpicklingError) as error:
        logging.warning("%s: %s; starting anew", job.checkpoint, f"no whole checkpoint ({error})")
        return []
    if identity != job.identity:
        logging.info("%s: the checkpoint is of other settings or data; starting anew", job.name)
        return []
    job.model.load_state_dict(state["model"], strict=False)
    optimizer.load_state_dict(state["optimizer"])
    logging.info("%s: resuming after step %d of %d", job.name, len(state["history"]), job.steps)
    return state["history"]


def listed(job: Job, step: int) -> str:
    """Name the images of a step's batch, the first eight of many."""
    names = job.members(step)
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return ", ".join(names[:8]) + more


def speed(job: Job, first: int, seconds: float) -> str:
    """Say how fast the steps from `first` on were; an image counts once a step."""
    images = sum(len(job.members(step)) for step in range(first, job.steps))
    steps = job.steps - first
    return f"{job.name}: {steps / seconds:.2f} steps/s, {images / seconds:.0f} images/s"


def check_finite(job: Job, losses: dict[str, torch.Tensor], step: int) -> dict[str, float]:
    """Give the losses as numbers.

    Raises:
        UserError: one is not finite; names the step, and the last checkpoint stays.
    """
    values = {name: float(value.detach()) for name, value in losses.items()}
    for name, value in values.items():
        if not math.isfinite(value):
            raise UserError(
                f"{job.name}, step {step}",
                f"{name} is {value}",
                f"Lower the learning rate, or look at that batch's images: {listed(job, step)}",
            )
    return values


def train(job: Job) -> pd.DataFrame:
    """Train to the end; give the history: step, lr_factor and the losses of each step."""
    # as use_deterministic_algorithms(True, warn_only=True), without its seconds of torch.compile
    torch.set_deterministic_debug_mode("warn")
    on_gpu = next(job.model.parameters()).is_cuda
    optimizer = optimizer_of(job, on_gpu)
    rates = [group["lr"] for group in optimizer.param_groups]
    history = resume(job, optimizer)
    first, started = len(history), time.perf_counter()
    bar = tqdm(
        range(len(history), job.steps),
        initial=len(history),
        total=job.steps,
        desc=job.name,
        disable=None,
    )
    for step in bar:
        factor = factor_of(job, step)
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = job.floor + (rate - job.floor) * factor
        losses = job.step(step)
        values = check_finite(job, losses, step)
        optimizer.zero_grad(set_to_none=True)
        losses["loss"].backward()
        optimizer.step()
        history.append({"step": step, "lr_factor": factor, **values})
        bar.set_postfix(loss=f"{values['loss']:.3f}")
        last = step + 1 == job.steps
        if (step + 1) % CHECKPOINT_EVERY == 0 and not last or last and job.lasting:
            save(job, optimizer, history)
    if job.steps > first:
        told = speed(job, first, time.perf_counter() - started)
        peak = torch.cuda.max_memory_allocated() / 2**30 if on_gpu else None
        logging.info("%s%s", told, f", peak GPU memory {peak:.1f} GiB" if peak else "")
    return pd.DataFrame(history, columns=None if history else ["step", "lr_factor", "loss"])
