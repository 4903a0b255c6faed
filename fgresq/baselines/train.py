"""Train a learned no-reference method anew: on FGResQ's pairs, by its sampler and fidelity loss.

    fgresq step train-baseline dbcnn 0 --images ... --pairs ... --folds ... --out results/...

The runs are named as those of FGResQ. Writes weights and card, history.csv and scores.csv (test
images; logits, higher better). Its rankings of pairs follow from the scores. What cannot be had
here leaves empty tables and a card that says why and what to do.
"""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import torch

from fgresq import workspace
from fgresq.baseline_sections import RUNS, BaselineRun
from fgresq.baselines import BASELINES
from fgresq.baselines.base import Baseline, Feed, Plan, SettledFeed, fine_tuning
from fgresq.baselines.feeds import feed_of
from fgresq.baselines.shared import baseline_options, packaged_weights, placed
from fgresq.files import sha256
from fgresq.options import COMPLETE, parse_options
from fgresq.parsing import parse
from fgresq.presets import preset_named
from fgresq.sections import Section, Tower
from fgresq.training.finish import finish
from fgresq.training.loop import Job, train
from fgresq.training.ready import write_absent
from fgresq.training.setup import Setup, add_run_arguments, set_up
from fgresq.weights.checkpoints import trained_state

TABLES = {"history.csv": ["step", "lr_factor", "loss"], "scores.csv": ["image", "value"]}
EVALUATION_BATCH = 64


class Options(Section):
    """What `--options` hold; keys and types of `baseline` are those of the method."""

    tower: Tower
    baseline: dict[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    parser.add_argument("method", choices=BASELINES, help="which method")
    add_run_arguments(parser, "baseline")


def options_of_call(args: argparse.Namespace) -> tuple[Tower, BaselineRun]:
    """Give tower and settings of a call: from --options, or from the preset.

    Raises:
        UserError: `--options` are of another form, or there is no such preset.
    """
    if args.options is None:
        return baseline_options(preset_named(args.preset), args.method)
    options = parse_options(args.options, Options)
    own = RUNS[args.method]
    return options.tower, parse(own, options.baseline, "--options", COMPLETE, "baseline/")


def identity_of(setup: Setup[BaselineRun], method: str, run: str) -> str:
    """Digest what the run's numbers follow from: a checkpoint of another is not resumed."""
    code = "fgresq.baselines.train", f"fgresq.baselines.{method}"
    cards = [workspace.weights_of(name) / "card.json" for name in packaged_weights(setup.settings)]
    read = [sha256(card) if card.exists() else "" for card in cards]
    return setup.identity(code, method, run, read, placed(setup.settings))


def rates(model: Baseline, settings: BaselineRun) -> list[dict[str, Any]]:
    """Give Adam's groups: parameters of the encoder and of the rest, each with its rate."""
    encoder = {"backbone.network", "second", "visual"}
    parts: dict[str, list[torch.nn.Parameter]] = {"lr_encoder": [], "lr_heads": []}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            within = any(name.startswith(f"{prefix}.") for prefix in encoder)
            parts["lr_encoder" if within else "lr_heads"].append(parameter)
    return [{"params": own, "lr": getattr(settings, rate)} for rate, own in parts.items() if own]


def predictions(model: Baseline, feed: Feed, setup: Setup[BaselineRun]) -> pd.DataFrame:
    """Give the scores of the test images: image, value (a logit, higher better)."""
    rows = setup.test_rows
    with torch.inference_mode():
        parts = [
            model(feed.evaluation(rows[at : at + EVALUATION_BATCH])).float().cpu().numpy()
            for at in range(0, len(rows), EVALUATION_BATCH)
        ]
    values = np.concatenate(parts) if parts else np.empty(0, np.float32)
    return pd.DataFrame({"image": setup.images["image"].to_numpy()[rows], "value": values})


def built(module: ModuleType, setup: Setup[BaselineRun]) -> Baseline:
    """Build the network with its random parts drawn from the seed; nothing in it is by chance."""
    torch.manual_seed(setup.settings.seed)
    return module.build(setup.tower, setup.settings, setup.weights).eval().to(setup.on)


def settled_of(model: Baseline, feed: Feed, setup: Setup[BaselineRun]) -> Feed:
    """Give a feed of what training leaves as it is, where there is such; else the feed itself."""
    with torch.no_grad():
        found = model.settled(feed.evaluation(setup.train_rows[:1]))
    return feed if found is None else SettledFeed(model, feed, len(setup.images))


def job_of(
    args: argparse.Namespace, setup: Setup[BaselineRun], model: Baseline, plan: Plan, key: str
) -> Job:
    """Lay out the training run."""
    settings, max_steps = setup.settings, setup.tower.max_steps
    return Job(
        name=f"{args.method}, run {args.run}",
        model=model,
        groups=rates(model, settings),
        steps=max_steps or plan.steps,
        warmup=settings.warmup,
        weight_decay=settings.weight_decay,
        step=plan.step,
        members=plan.members,
        checkpoint=Path(args.work) / "checkpoint.pt",
        identity=key,
    )


def card_of(args: argparse.Namespace, setup: Setup[BaselineRun], model: Baseline) -> dict[str, Any]:
    """Say of a run what a reader wants to know."""
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    return {
        "kind": f"baseline {args.method}",
        "method": args.method,
        "run": args.run,
        "tower": setup.tower.record(),
        "settings": setup.settings.record(),
        "parameters": trained,
    }


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    module = importlib.import_module(f"fgresq.baselines.{args.method}")
    (tower, settings), out = options_of_call(args), Path(args.out)
    absent = module.absence(settings, Path(args.weights))
    if absent:
        write_absent(out, TABLES, absent)
        return
    setup = set_up(args, "baseline", tower, settings, TABLES)
    if setup is None:
        return
    feed, model = feed_of(setup), built(module, setup)
    model.start(feed, setup.train_rows)
    feed = settled_of(model, feed, setup)
    plan = getattr(module, "plan", fine_tuning)(setup, feed, model)
    job = job_of(args, setup, model, plan, identity_of(setup, args.method, args.run))
    history = train(job)
    tables = {"history.csv": history, "scores.csv": predictions(model, feed, setup)}
    finish(out, setup, job, tables, trained_state(model), card_of(args, setup, model))
