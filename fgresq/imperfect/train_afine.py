"""Train A-FINE on a backbone by triplets, in three stages, and judge the families held out.

    fgresq step afine-train vgg16 full 0 --triplets triplets.csv --comparisons comparisons.csv \\
        --folds folds.csv --work work/afine --out models/vgg16-full/0

A run is the number of the fold whose families it is tested on, or `all`, which is tested on
nothing. A variant says which triplets teach which stage (fgresq/data/afine.yaml). With a frozen
tower no stage touches a pixel: what `afine-encode` kept is all that they need.
"""

from __future__ import annotations

import argparse
import os
from typing import Any

import numpy as np
import pandas as pd
import torch

from fgresq.code_digest import code_identity
from fgresq.errors import unknown
from fgresq.files import digest, write_csv
from fgresq.imperfect.declared_presets import (
    AfinePreset,
    preset_of,
    settings_file,
)
from fgresq.imperfect.encoding import device_for
from fgresq.imperfect.seen_comparisons import Statistics
from fgresq.imperfect.taught_afine import Trained, learn
from fgresq.imperfect.taught_run import add_taught_run, read_sides
from fgresq.imperfect.three_stages import Course, raw_fidelity, raw_naturalness
from fgresq.imperfect.triplet_lessons import rows_of
from fgresq.imperfect.tuned_tower import check_device
from fgresq.model.adaptive import Afine, afine_on, title
from fgresq.model.afine_heads import tower_digest, write_heads
from fgresq.networks.token_levels import BACKBONES
from fgresq.training.token_cache import name_of

SIMULATED = "diffiqa_mini"  # the source whose observers are simulated
DIGITS = 9  # significant ones of values.csv
VALUES = (
    *("image", "reference", "fold"),
    *("fidelity_untrained", "fidelity", "naturalness", "scaled_fidelity", "scaled_naturalness"),
    *("reference_naturalness", "weight", "distance"),
)


@torch.no_grad()
def values_of(
    model: Afine, comparisons: pd.DataFrame, seen: Statistics, rows: np.ndarray, run: str
) -> pd.DataFrame:
    """Judge comparisons: the table of VALUES.

    Args:
        model: trained.
        comparisons: of both sides.
        seen: their statistics.
        rows: numbers of those that are tested.
        run: the fold they are of.
    """
    if not len(rows):
        return pd.DataFrame(columns=list(VALUES))
    fidelity, equal = (found[torch.from_numpy(rows)] for found in raw_fidelity(model, seen))
    raw, table = raw_naturalness(model, seen), comparisons.iloc[rows]
    own, others = (
        raw[[seen.images[content] for content in table[column]]]
        for column in ("sha256", "reference_sha256")
    )
    found = model.of_raw(fidelity, own, others)
    columns = [equal, fidelity, own, *found]
    told = {
        name: [f"{value:.{DIGITS}g}" for value in column.tolist()]
        for name, column in zip(VALUES[3:], columns, strict=True)
    }
    names = {name: table[name].to_numpy() for name in VALUES[:2]}
    return pd.DataFrame({**names, "fold": int(run), **told})[list(VALUES)]


def taught_on(own: pd.DataFrame) -> dict[str, Any]:
    """Say what triplets a run learnt from, by source."""
    return {
        str(source): {
            "families": int(rows["family"].nunique()),
            "triplets": {str(k): int(n) for k, n in rows["type"].value_counts(sort=False).items()},
        }
        for source, rows in own.groupby("source")
    }


def deviations(preset: AfinePreset) -> list[str]:
    """List where a training leaves the authors' recipe."""
    found = []
    if preset.starts == "several":
        found.append(
            "the last stage begins at several starts of N's curve, of which that counts whose loss "
            "on the training triplets ends lowest; the authors begin at their fit to PIPAL alone"
        )
    if preset.tower == "frozen":
        found.append("the tower is frozen: no image is flipped or transposed")
    if preset.standardise:
        found.append("moments are standardised before N's head, far values by their logarithm")
    if preset.max_steps:
        found.append(f"TRUNCATED: no stage is longer than {preset.max_steps} steps")
    return found


def card_of(
    args: argparse.Namespace, preset: AfinePreset, model: Afine, own: pd.DataFrame, made: Trained
) -> dict[str, Any]:
    """Say what a run is, what it was trained on and how."""
    curves = {"fidelity": model.fidelity_scale, "naturalness": model.naturalness_scale}
    keys = ("tower", "standardise", "weight_decay", "betas", "cycles", "floor", "stages")
    return {
        "title": title(args.backbone),
        "backbone": args.backbone,
        "seed": preset.seed,
        "variant": args.variant,
        "run": args.run,
        "observers": "simulated" if SIMULATED in set(own["source"]) else "people",
        "trained_on": taught_on(own),
        "train_images": made.images,
        "triplets_digest": digest(own.values.tolist()),
        "taught_by": preset.variants[args.variant].record(),
        "settings": {key: preset.record()[key] for key in keys},
        "steps": made.steps,
        "deviations": deviations(preset),
        "calibration_ends": made.ends,
        "calibration_start": made.start,
        "k": round(float(model.k), 6),
        "curves": {
            name: [round(float(x), 6) for x in (curve.centre, curve.width)]
            for name, curve in curves.items()
        },
        "device": name_of(model.raw_k.device),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
    }


def identity_of(
    args: argparse.Namespace,
    preset: AfinePreset,
    model: Afine,
    comparisons: pd.DataFrame,
    own: pd.DataFrame,
) -> str:
    """Digest what a run's weights follow from; nothing of the families that it is tested on."""
    used = np.unique(rows_of(own, comparisons))
    files = comparisons.iloc[used][["image", "reference", "sha256", "reference_sha256"]]
    what = [args.backbone, args.variant, preset.record(), tower_digest(model.tower)]
    return digest([*what, own.values.tolist(), files.values.tolist(), code_identity(__name__)])


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    parser.add_argument("backbone", help=", ".join(BACKBONES))
    parser.add_argument("variant", help="which triplets teach: full, or another of the settings")
    add_taught_run(parser)


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    torch.set_num_threads(args.threads)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # else sums on a GPU vary
    preset = preset_of(args)
    check_device(preset, args.settings or settings_file())
    if args.variant not in preset.variants:
        raise unknown(args.settings or settings_file(), "variant", args.variant, preset.variants)
    comparisons, own, rows = read_sides(args)
    model = afine_on(args.backbone, preset.seed).to(device_for(preset))
    name = f"{title(args.backbone)}, {args.variant} {args.run}"
    work = args.work / f"{args.backbone}-{args.variant}" / args.run
    course = Course(preset, name, work, identity_of(args, preset, model, comparisons, own))
    made = learn(course, model, comparisons, own, preset.variants[args.variant])
    write_csv(args.out / "history.csv", made.history[["stage", "step", "lr_factor", "loss"]])
    write_csv(args.out / "values.csv", values_of(model, comparisons, made.seen, rows, args.run))
    card = card_of(args, preset, model, own, made)
    write_heads(args.out, model, card, tuned=preset.tower == "trained")
    for checkpoint in work.glob("*.pt"):
        checkpoint.unlink()
