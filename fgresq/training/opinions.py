"""Train the embedded model on people's scores of photographs, and on damage of a known order.

    fgresq step embedded --images clive.csv --out fgresq/data/embedded

Every photograph is looked at through four views, and good ones are degraded at known order
(fgresq/mini/known_order.py); the frozen stages give the features of both, once. What is fitted is a
line, to two losses and a penalty: the squared distance to the mean opinion of the views together,
and that each rung of a ladder scores a margin below the ones before it. The sum is convex, so it
has one end and no luck of a start. Features are kept in work/, so that a killed call goes on
where it was. Nothing but the images of the table is read: no set that tests the model reaches it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import torch
from scipy.optimize import minimize
from scipy.special import expit
from tqdm import tqdm

from fgresq import workspace
from fgresq.catalogues import catalogue
from fgresq.code_digest import code_identity
from fgresq.errors import UserError
from fgresq.files import atomic, digest
from fgresq.images import read_rgb
from fgresq.mini.known_order import LADDERS, RUNGS, ladder
from fgresq.model.domain import WITHIN, domain_of, write_domain
from fgresq.model.opinion import KIND, OpinionNet, look
from fgresq.networks.lite0 import efficientnet
from fgresq.networks.vit import CROP, views
from fgresq.tables import PHOTOGRAPH, read_images
from fgresq.weights.checkpoints import write_weights

TOWER = "efficientnet_lite0"
AT_ONCE = 100  # photographs whose features are kept together
HALF = 1024  # numbers from which a tensor is shipped as float16


@dataclass(frozen=True)
class Recipe:
    """How the embedded model is trained; its card keeps it.

    Args:
        seed: of the ladders.
        grid: views a side of a photograph, 224 pixels each.
        ladders: how many, of the kinds in turn.
        good: mean opinion from which a photograph is degraded; worse ones have damage of their own.
        known_order: weight of the second loss.
        kinds: weights of ladders in it, of kinds that do not weigh 1. Noise is what people's scores
            teach least of. Over-sharpening has few steps that are in doubt, and taught as strongly
            it passes for what generative restorers add.
        margin: by which a rung should score below the one before it, in SDs of the scores.
        softness: of that margin, likewise.
        penalty: of the squared weights, in SDs of scores over SDs of features.
    """

    seed: int = 0
    grid: int = 2
    ladders: int = 2500
    good: float = 55.0
    known_order: float = 4.0
    kinds: Mapping[str, float] = field(
        default_factory=lambda: {"noise": 3.0, "denoised": 3.0, "sharp": 0.5, "halo": 0.5}
    )
    margin: float = 0.035
    softness: float = 0.15
    penalty: float = 2.4

    def weights(self) -> np.ndarray:
        """Give the weight of every ladder, by its kind: (ladders,)."""
        kinds = list(LADDERS)
        return np.array([self.kinds.get(kinds[k % len(kinds)], 1.0) for k in range(self.ladders)])

    def of_features(self) -> dict[str, float]:
        """Give what features follow from; the rest is of the line through them."""
        return {"seed": self.seed, "grid": self.grid, "ladders": self.ladders, "good": self.good}


def photographs(path: str | Path) -> pd.DataFrame:
    """Read what may train a model that is shipped: photographs with scores, free to be used so.

    Raises:
        UserError: there are none, their scores do not differ, one is of a set that selects or tests
            models, or a source does not allow it.
    """
    images = read_images(path)
    rows = images[images["task"].eq(PHOTOGRAPH)].reset_index(drop=True)
    for row, role in zip(rows["image"], rows["role"], strict=True):
        if role != "train":
            problem = f"the role of '{row}' is '{role}', and only 'train' may be trained on"
            raise UserError(path, problem, "Leave it out")
    if rows["raw_score"].nunique() < 2:
        problem = f"it holds {len(rows)} photographs, and their scores do not differ"
        raise UserError(path, problem, "Place a set of rated photographs: docs/data-sets.md")
    entries = catalogue("sources")
    for source in sorted(rows["source"].unique()):
        if not entries.get(source, {}).get("ships", False):
            problem = f"what is trained on '{source}' may not be shipped, by its licence"
            mend = "Train on sets that say `ships: true`, or for research: fgresq train-human"
            raise UserError(path, problem, mend)
    return rows


def crop(path: str, rng: np.random.Generator) -> np.ndarray:
    """Draw a square of a photograph, as the first of its views is cut: uint8 RGB (224, 224, 3)."""
    pixels = read_rgb(path)
    if min(pixels.shape[:2]) < CROP:
        return views(path, 1)[0]
    y, x = (rng.integers(0, side - CROP + 1) for side in pixels.shape[:2])
    return pixels[y : y + CROP, x : x + CROP]


def pretrained() -> OpinionNet:
    """Give the network with ImageNet's stages and a line of zeros.

    Raises:
        UserError: its weights are not there (`fgresq weights efficientnet_lite0`).
    """
    network = OpinionNet(efficientnet(workspace.weights_of(TOWER)))
    for value in network.state_dict().values():
        if value.numel() > HALF:  # as they are shipped, so that the line is fitted to what runs
            value.copy_(value.half())
    return network


def kept(
    folder: Path, name: str, count: int, make: Callable[[int], np.ndarray], title: str
) -> np.ndarray:
    """Compute rows of features by parts that are kept, so that a killed call goes on.

    Args:
        folder: of the parts.
        name: of their files.
        count: of the rows.
        make: gives a row's features.
        title: of the progress bar.
    """
    parts = []
    bar = tqdm(total=count, desc=title, disable=None)
    for first in range(0, count, AT_ONCE):
        path, last = folder / f"{name}-{first}.npy", min(first + AT_ONCE, count)
        if not path.exists():
            rows = np.stack([make(row) for row in range(first, last)])
            with atomic(path) as scratch, open(scratch, "wb") as file:
                np.save(file, rows)
        parts.append(np.load(path, allow_pickle=False))
        bar.update(last - first)
    bar.close()
    return np.concatenate(parts)


def features(
    network: OpinionNet, images: pd.DataFrame, recipe: Recipe, folder: Path
) -> tuple[np.ndarray, np.ndarray]:
    """Give the features of photographs (n, WIDTH), of their views the mean, and of ladders.

    Returns:
        Those of the photographs, and of the ladders (ladders, RUNGS, WIDTH).

    Raises:
        UserError: no photograph is good enough to be degraded.
    """
    paths, kinds = images["path"].tolist(), list(LADDERS)
    good = np.flatnonzero(images["raw_score"] >= recipe.good)
    if not len(good):
        problem = f"no photograph has a mean opinion of {recipe.good:g} or more"
        raise UserError("image table", problem, "Give photographs of good quality as well")

    def of_photograph(row: int) -> np.ndarray:
        return of(views(paths[row], recipe.grid)).mean(axis=0)

    def of_ladder(number: int) -> np.ndarray:
        rng = np.random.default_rng([recipe.seed, number])
        chosen = crop(paths[rng.choice(good)], rng)
        return of(ladder(chosen, kinds[number % len(kinds)], rng))

    def of(pixels: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return network.features(torch.tensor(pixels)).numpy()

    return (
        kept(folder, "photographs", len(paths), of_photograph, "photographs"),
        kept(folder, "ladders", recipe.ladders, of_ladder, "damage of a known order"),
    )


def looked_at(network: OpinionNet, images: pd.DataFrame, folder: Path) -> np.ndarray:
    """Give the features of photographs (n, WIDTH) as the model sees them when it scores, whole."""
    paths = images["path"].tolist()

    def of_whole(row: int) -> np.ndarray:
        return look(network, read_rgb(paths[row]))[1]

    return kept(folder, "whole", len(paths), of_whole, "whole photographs")


def order_loss(
    scores: np.ndarray, weights: np.ndarray, margin: float, softness: float
) -> tuple[float, np.ndarray]:
    """Give what rungs lack of lying a margin below each other, and its gradient.

    Of rungs i before j the better one is to score (j - i) margins more.

    Args:
        scores: (n, RUNGS), best first.
        weights: (n,) of the ladders.
        margin, softness: of the loss.

    Returns:
        The mean over ladders, weighted, and pairs of rungs, and its gradient (n, RUNGS).
    """
    better, worse = np.triu_indices(RUNGS, 1)
    lack = ((worse - better) * margin - (scores[:, better] - scores[:, worse])) / softness
    pull = expit(lack) * weights[:, None] / lack.size
    gradient = np.zeros_like(scores)
    for pair, (i, j) in enumerate(zip(better, worse, strict=True)):
        gradient[:, i] -= pull[:, pair]
        gradient[:, j] += pull[:, pair]
    return float(softness * (np.logaddexp(0, lack) * weights[:, None]).mean()), gradient


def fitted(
    rows: np.ndarray, scores: np.ndarray, rungs: np.ndarray, recipe: Recipe
) -> tuple[np.ndarray, float]:
    """Fit the line.

    Args:
        rows: (n, d) standardised features of photographs.
        scores: (n,) standardised opinions.
        rungs: (m, RUNGS, d) standardised features of ladders.
        recipe: of the training.

    Returns:
        Weights (d,) and intercept.
    """

    def loss(line: np.ndarray) -> tuple[float, np.ndarray]:
        weights, intercept = line[:-1], line[-1]
        gap = rows @ weights + intercept - scores
        order, pull = order_loss(rungs @ weights, shares, recipe.margin, recipe.softness)
        value = np.square(gap).mean() + recipe.known_order * order
        value += recipe.penalty * np.square(weights).sum()
        slope = 2 * rows.T @ gap / len(gap) + 2 * recipe.penalty * weights
        slope += recipe.known_order * np.tensordot(pull, rungs, axes=2)
        return float(value), np.append(slope, 2 * gap.mean())

    shares = recipe.weights()
    start = np.zeros(rows.shape[1] + 1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 2000})
    return found.x[:-1], float(found.x[-1])


def set_line(
    network: OpinionNet, rows: np.ndarray, rungs: np.ndarray, scores: np.ndarray, recipe: Recipe
) -> None:
    """Fit the line and put it into the network, on the scale of the scores."""
    centre, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-3
    mean, sd = scores.mean(), scores.std()
    scaled = ((values - centre) / spread for values in (rows, rungs))
    plain, degraded = (values.astype(np.float64) for values in scaled)
    weights, intercept = fitted(plain, (scores - mean) / sd, degraded, recipe)
    with torch.no_grad():
        network.centre.copy_(torch.from_numpy(centre))
        network.spread.copy_(torch.from_numpy(spread))
        network.line.weight[0] = torch.from_numpy(sd * weights)
        network.line.bias[0] = float(mean + sd * intercept)


def stored(network: OpinionNet) -> dict[str, torch.Tensor]:
    """Give the weights as they are shipped: long tensors as float16, the others as float32."""
    return {
        name: value.half() if value.numel() > HALF else value
        for name, value in network.state_dict().items()
    }


def card_of(images: pd.DataFrame, recipe: Recipe) -> dict[str, Any]:
    """Say what the model is, what it was trained on, and under which licences."""
    entries, sources = catalogue("sources"), sorted(images["source"].unique())
    return {
        "kind": KIND,
        "trained_on": {
            name: {key: entries[name][key] for key in ("title", "licence", "citation")}
            for name in sources
        },
        "photographs": len(images),
        "manifest": digest(images[["image", "sha256", "raw_score"]].values.tolist()),
        "tower": {"name": TOWER, "licence": catalogue("weights")[TOWER]["licence"]},
        "recipe": asdict(recipe),
        "scale": "0 to 100, higher better: the mean opinion of the photographs' raters",
        "rater_sd": round(float(np.sqrt(np.mean(np.square(images["raw_sd"].dropna())))), 4),
    }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    parser.add_argument("--images", type=Path, required=True, help="image table of photographs")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--ladders", type=int, default=Recipe.ladders, help="degraded photographs")


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(1)
    recipe, images = Recipe(ladders=args.ladders), photographs(args.images)
    network = pretrained()
    what = [recipe.of_features(), images[["sha256", "raw_score"]].values.tolist()]
    folder = workspace.models() / "embedded" / digest([*what, code_identity(__name__)])
    rows, rungs = features(network, images, recipe, folder)
    scores = images["raw_score"].to_numpy(dtype=np.float64)
    set_line(network, rows.astype(np.float64), rungs.astype(np.float64), scores, recipe)
    domain = domain_of(looked_at(network, images, folder), recipe.seed)
    write_domain(args.out, domain)
    told = {"limit": round(float(domain.limit[0]), 4), "inside": WITHIN}
    write_weights(args.out, stored(network), {**card_of(images, recipe), "domain": told})
