"""Retrain the linear weights of LPIPS or DISTS on triplets: the fair neighbours of A-FINE.

    fgresq step afine-refit lpips_ft 0 --triplets triplets.csv --comparisons comparisons.csv \\
        --folds folds.csv --work work/afine --out models/lpips_ft/0

Nothing but the weights of channels learns, on the triplets of all kinds that teach A-FINE and by
its loss; they start at the published ones, and softplus keeps them above 0. DISTS's sum to 1. A
run is the number of the fold whose families it is tested on, or `all`, which is tested on nothing.
The column `untrained` of values.csv has the method's own scores, from the same terms.
"""

from __future__ import annotations

import argparse
import os

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn import functional

from fgresq.code_digest import code_identity
from fgresq.errors import UserError, unknown
from fgresq.files import digest, write_csv
from fgresq.imperfect.declared_presets import preset_of
from fgresq.imperfect.encoding import ENCODERS
from fgresq.imperfect.perceptual_terms import PERCEIVED, Perceived
from fgresq.imperfect.seen_comparisons import Statistics, encoded
from fgresq.imperfect.taught_run import Loss, add_taught_run, read_sides, triplet_job
from fgresq.imperfect.train_afine import DIGITS, SIMULATED, taught_on
from fgresq.imperfect.triplet_lessons import LABELS, rows_of
from fgresq.training.loop import train
from fgresq.training.losses import thurstone_loss
from fgresq.weights.checkpoints import write_weights

METHODS = {f"{name}_ft": name for name in PERCEIVED}
LEAST = 1e-4  # a weight at the start: one of 0 could not learn
FOLLOWED = {
    "refit",
    "max_steps",
    "seed",
    "weight_decay",
    "betas",
    "cycles",
    "floor",
}  # settings that count


class Weighed(nn.Module):
    """Weights of channels, above 0, that begin at the published ones.

    Args:
        own: whose they are.
    """

    def __init__(self, own: Perceived) -> None:
        super().__init__()
        self.own = own
        start = own.weights().double()
        if own.similar:  # they are shared out: a factor of all of them plays no part
            start = start / start.mean()
        start = start.clamp(min=LEAST)
        self.raw = nn.Parameter((start + torch.log(-torch.expm1(-start))).float())

    def weights(self) -> torch.Tensor:
        """Give the weights (C,)."""
        found = functional.softplus(self.raw)
        return found / found.sum() if self.own.similar else found

    def forward(self, terms: torch.Tensor) -> torch.Tensor:
        """Give distances (n,) of terms (n, C), lower better."""
        return self.own.distance(terms, self.weights())


def loss_of(model: Weighed, seen: Statistics, pairs: np.ndarray, triplets: pd.DataFrame) -> Loss:
    """Give the loss of triplets.

    Args:
        model: to train.
        seen: terms of the comparisons.
        pairs: (n, 2) rows of the terms of image a and of image b of each triplet.
        triplets: of the training side.
    """
    label = torch.tensor(triplets[LABELS[0]].to_numpy(dtype=np.float32))

    def loss(chosen: np.ndarray) -> torch.Tensor:
        terms = torch.from_numpy(np.ascontiguousarray(seen.terms[pairs[chosen].ravel()]))
        a, b = model(terms).view(-1, 2).T
        return thurstone_loss(a, b, label[chosen]).mean()

    return loss


def values_of(
    model: Weighed, seen: Statistics, comparisons: pd.DataFrame, rows: np.ndarray, fold: str
) -> pd.DataFrame:
    """Judge comparisons by the retrained weights, and by the published ones."""
    terms = torch.from_numpy(np.ascontiguousarray(seen.terms[rows]))
    with torch.no_grad():
        own = {
            "untrained": model.own.distance(terms, model.own.weights()),
            "distance": model(terms),
        }
    table = comparisons.iloc[rows][["image", "reference"]].assign(fold=fold)
    for column, found in own.items():
        table[column] = [float(f"{value:.{DIGITS}g}") for value in found.tolist()]
    return table.sort_values(["reference", "image"])


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    parser.add_argument("method", help=" or ".join(METHODS))
    add_taught_run(parser)


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    torch.set_num_threads(args.threads)
    if args.method not in METHODS:
        raise unknown("afine-refit", "method", args.method, METHODS)
    preset, base = preset_of(args), METHODS[args.method]
    comparisons, learnt, rows = read_sides(args)
    if learnt.empty:
        raise UserError(args.triplets, "no triplet is of the training side", "Give more data")
    pairs = rows_of(learnt, comparisons)
    encoder = ENCODERS[base](base, preset.seed, "cpu")
    seen = encoded(comparisons, encoder, f"encoding by {base}")
    told = comparisons[["sha256", "reference_sha256"]].to_numpy()[pairs].tolist()
    settings = preset.model_dump(mode="json", include=FOLLOWED)
    what = [encoder.state, settings, learnt.values.tolist(), told, code_identity(__name__)]
    model, name = Weighed(PERCEIVED[base]), f"{args.method} {args.run}"
    checkpoint = args.work / args.method / f"{args.run}.pt"
    job = triplet_job(
        preset,
        preset.refit,
        learnt,
        loss_of(model, seen, pairs, learnt),
        name=name,
        model=model,
        groups=[{"params": [model.raw], "lr": preset.refit.lr}],
        checkpoint=checkpoint,
        identity=digest(what),
        seed=preset.seed,
    )
    history = train(job)
    card = {
        "kind": f"{PERCEIVED[base].title}-FT",
        "run": args.run,
        "observers": "simulated" if SIMULATED in set(learnt["source"]) else "people",
        "trained_on": taught_on(learnt),
        "settings": preset.refit.model_dump(mode="json"),
        "steps": len(history),
        "state": encoder.state,
    }
    os.makedirs(args.out, exist_ok=True)
    write_csv(args.out / "history.csv", history)
    write_csv(args.out / "values.csv", values_of(model, seen, comparisons, rows, args.run))
    write_weights(args.out, PERCEIVED[base].named(model.weights().detach()), card)
    checkpoint.unlink(missing_ok=True)
