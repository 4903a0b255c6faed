"""Write the heads that come with the package, out of runs that were trained on all families.

    fgresq step afine-heads --models models/vgg16-full/all models/dinov2_vits14-full/all \\
        --out fgresq/data/afine

They are those of frozen towers, which come out of packages of their own; the card names the tower's
weights by their digest. Long tensors are kept as float16. The same runs give the same bytes.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch

from fgresq.catalogues import catalogue
from fgresq.errors import UserError
from fgresq.files import write_text
from fgresq.imperfect.train_afine import SIMULATED
from fgresq.imperfect.triplet_lessons import ALL
from fgresq.model.afine_heads import HEADS_KIND, read_heads, write_heads
from fgresq.weights.checkpoints import CARD, checkpoint_card

HALF = 1024  # numbers from which a tensor is shipped as float16
KEPT = (  # of a run's card
    *("title", "backbone", "seed", "variant", "observers", "trained_on", "train_images"),
    *("triplets_digest", "taught_by", "settings", "steps", "deviations", "k", "curves"),
)
SCALE = "D, lower better, without ends; of an image against itself it is not 0"
NOTICE = """Heads on the equations of A-FINE (Chen, Wu, Ma and Zhang, CVPR 2025), trained by this
project. They are not the authors' weights, and no observer was a person: triplets were judged by
simulated observers, on images that were made by a rule.

The images were made of photographs that data/LICENSES.md lists. Two of them are under CC BY 2.0:
china by danielbuechele and flower by vultilion, both on Flickr; they were cropped, damaged and
restored. The towers are not part of this folder; fgresq/data/weights.yaml says whose they are.
"""


def check_run(folder: Path) -> dict[str, Any]:
    """Read the card of a run whose heads may be shipped.

    Raises:
        UserError: it is no run of A-FINE, learnt from a part of the families or in a variant, from
            data whose terms forbid it, or its tower is its own.
    """
    card = checkpoint_card(folder, HEADS_KIND)
    run, variant = card.get("run"), card.get("variant")
    where, mend = folder / CARD, f"Give the run {ALL} of the variant full"
    if (run, variant) != (ALL, "full"):
        raise UserError(where, f"it is the run {run} of the variant {variant}", mend)
    sources = sorted(card["trained_on"])
    if sources != [SIMULATED]:
        problem = f"it was trained on {', '.join(sources)}"
        raise UserError(where, problem, f"Only what {SIMULATED} taught may be shipped")
    if card["tower"]["tuned"]:
        raise UserError(where, "its tower was tuned", "Train heads on a frozen tower")
    return card


def ship(folder: Path, out: Path) -> None:
    """Write the heads of one run below `out`, in a folder of its backbone's name.

    Raises:
        UserError: as `check_run` and `read_heads` say.
    """
    card = check_run(folder)
    backbone, packages = card["backbone"], catalogue("weights")
    if backbone not in packages:
        problem, mend = f"the tower {backbone} comes out of no package", "Give runs on another"
        raise UserError(folder / CARD, problem, mend)
    origin = {key: packages[backbone][key] for key in ("title", "licence", "origin")}
    told = {key: card[key] for key in KEPT}
    told |= {"tower_of": origin, "scale": SCALE}
    write_heads(out / backbone, read_heads(folder), told, half=HALF)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    parser.add_argument("--models", type=Path, nargs="+", required=True, help="folders of runs")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    torch.set_num_threads(args.threads)
    for folder in args.models:
        ship(folder, args.out)
    write_text(args.out / "NOTICE.txt", NOTICE)
