"""Train and cross-validate a ridge regression of the score on frozen tower features.

`fgresq step ridge METHOD --features TOWER.npz --images images.csv --pairs pairs.csv --folds
folds.csv --out METHOD.csv` gives a score table with two kinds of rows: split `family`, values of
every image out of fold, each fold predicted by a model of the other folds; and split `pairs`,
values of the images of test pairs by a model of the images of train pairs (the paper's leaky
split). Features are standardised. The penalty is chosen on the training side, families left out,
by the error inside groups (features and scores less their group's mean): chosen by the plain error
it grows until only the contents are told apart, and images of one content no longer.

With `--keep FOLDER` one more ridge, of all images, is written as weights with a card, which
`fgresq compare --model FOLDER` and every other command that takes a model read.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from fgresq.errors import UserError
from fgresq.tables import (
    FOLD_COLUMNS,
    SCORE_COLUMNS,
    empty,
    read_images,
    read_pairs,
    read_table,
    write_scores,
)
from fgresq.training.compared import compared_in
from fgresq.weights.checkpoints import write_weights

ALPHAS = np.logspace(1, 4, 7)
INNER_FOLDS = 5
RIDGE = "ridge"  # the kind of its weights, as its card says
Kept = tuple[dict[str, torch.Tensor], dict[str, Any]]


def fitted(
    features: np.ndarray, scores: np.ndarray, families: np.ndarray, groups: np.ndarray, where: str
) -> Pipeline:
    """Fit the ridge.

    Args:
        features: (n, d).
        scores: (n,), in [0, 1].
        families: (n,), what the choice of the penalty must not split.
        groups: (n,), inside which images are compared.
        where: the training side, for messages.

    Raises:
        UserError: there is nothing to train on, or all scores are alike.
    """
    if len(scores) == 0:
        raise UserError(
            where, "no image is left to train on", "Give more photographs or scenes, or fewer folds"
        )
    if np.ptp(scores) == 0:
        raise UserError(
            where,
            f"all {len(scores)} training scores are alike",
            "Check the scores of the source, or leave the ridge methods out",
        )
    scaler = StandardScaler().fit(features)
    alpha = penalty(scaler.transform(features), scores, families, groups)
    return make_pipeline(StandardScaler(), Ridge(alpha=alpha)).fit(features, scores)


def penalty(
    features: np.ndarray, scores: np.ndarray, families: np.ndarray, groups: np.ndarray
) -> float:
    """Choose the penalty by the error inside groups, on families left out."""
    count = len(np.unique(families))
    if count < 2:
        return float(np.median(ALPHAS))
    table = pd.DataFrame(features).assign(score=scores)
    inside = (table - table.groupby(groups).transform("mean")).to_numpy()
    features, scores = inside[:, :-1], np.repeat(inside[:, -1:], len(ALPHAS), axis=1)
    error = np.zeros(len(ALPHAS))
    for train, test in GroupKFold(min(INNER_FOLDS, count)).split(features, groups=families):
        # one target a penalty: the product of the features is computed once for all of them
        model = Ridge(alpha=ALPHAS, fit_intercept=False).fit(features[train], scores[train])
        error += ((model.predict(features[test]) - scores[test]) ** 2).sum(axis=0)
    return float(ALPHAS[error.argmin()])


def families_of(images: pd.DataFrame) -> np.ndarray:
    """Name the family of every image, families of one name in two sources apart."""
    families: np.ndarray = (images["source"] + "/" + images["family"]).to_numpy()
    return families


def predicted(
    images: pd.DataFrame, features: np.ndarray, train: np.ndarray, test: np.ndarray, where: str
) -> pd.DataFrame:
    """Train on the rows `train` and predict the rows `test` (both boolean); image and value."""
    families = families_of(images)
    groups = compared_in(images).to_numpy()
    scores = images["score"].to_numpy(dtype=float)
    model = fitted(features[train], scores[train], families[train], groups[train], where)
    return pd.DataFrame({"image": images["image"][test], "value": model.predict(features[test])})


def by_family(images: pd.DataFrame, features: np.ndarray, folds: pd.DataFrame) -> pd.DataFrame:
    """Predict every image by a model of the other folds."""
    fold = images[["source", "family"]].merge(folds, how="left")["fold"].to_numpy()
    if np.isnan(fold.astype(float)).any():
        lost = images[np.isnan(fold.astype(float))].iloc[0]
        raise UserError(
            "folds.csv",
            f"family '{lost['family']}' of {lost['source']} has no fold",
            "Make the folds again: run 'fgresq step split-pairs'",
        )
    parts = [
        predicted(images, features, fold != k, fold == k, f"ridge, fold {k} of split 'family'")
        for k in sorted(set(fold))
    ]
    return pd.concat(parts).assign(split="family")


def by_pairs(images: pd.DataFrame, features: np.ndarray, pairs: pd.DataFrame) -> pd.DataFrame:
    """Predict the images of test pairs by a model of the images of train pairs."""
    side = {
        name: images["image"].isin(set(rows["image_a"]) | set(rows["image_b"])).to_numpy()
        for name, rows in pairs.groupby("split_pairs")
    }
    none = np.zeros(len(images), dtype=bool)
    test = side.get("test", none)
    if not test.any():
        return pd.DataFrame({"image": [], "value": [], "split": []})
    found = predicted(images, features, side.get("train", none), test, "ridge, split 'pairs'")
    return found.assign(split="pairs")


def read_features(path: Path, images: pd.DataFrame) -> np.ndarray:
    """Read features in the order of the image table.

    Raises:
        UserError: there is no such file, or an image has no features.
    """
    if not path.exists():
        raise UserError(path, "there is no such file", "Run 'fgresq step features'")
    with np.load(path, allow_pickle=False) as data:
        place = {name: k for k, name in enumerate(data["image"].tolist())}
        values = data["features"]
    missing = [name for name in images["image"] if name not in place]
    if missing:
        raise UserError(
            path,
            f"image '{missing[0]}' has no features",
            "Run 'fgresq step features' on the same image table",
        )
    return values[[place[name] for name in images["image"]]].astype(np.float64)


def kept(images: pd.DataFrame, features: np.ndarray, made: Mapping[str, Any]) -> Kept:
    """Fit a ridge to all images.

    Args:
        images: image table.
        features: (n, d), of its rows.
        made: how they were: tower, block, grid, seed.

    Returns:
        its weights by name, and its card.
    """
    families = families_of(images)
    scores = images["score"].to_numpy(dtype=float)
    model = fitted(features, scores, families, compared_in(images).to_numpy(), "ridge, all images")
    scaler, ridge = model[0], model[-1]
    state = {
        "mean": torch.from_numpy(scaler.mean_),
        "scale": torch.from_numpy(scaler.scale_),
        "weight": torch.from_numpy(ridge.coef_),
        "bias": torch.tensor([ridge.intercept_], dtype=torch.float64),
    }
    sources = sorted(images["source"].unique())
    card = {"kind": RIDGE, "features": dict(made), "penalty": ridge.alpha, "sources": sources}
    return state, {**card, "train_images": len(images), "train_pairs": 0}


def read_made(path: Path) -> dict[str, Any]:
    """Read how a file of features was made.

    Raises:
        UserError: an older version of the step wrote it.
    """
    with np.load(path, allow_pickle=False) as data:
        if "made" not in data:
            problem = "it does not say by which tower it was made"
            raise UserError(path, problem, "Run 'fgresq step features' again")
        made: dict[str, Any] = json.loads(str(data["made"]))
    return made


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    parser.add_argument("method", help="name of the method in the score table")
    parser.add_argument("--features", type=Path, required=True, help="features of a tower (npz)")
    parser.add_argument("--images", type=Path, required=True, help="image table")
    parser.add_argument("--pairs", type=Path, required=True, help="pair table")
    parser.add_argument("--folds", type=Path, required=True, help="folds of the families")
    parser.add_argument("--out", type=Path, required=True, help="score table")
    parser.add_argument("--keep", type=Path, help="folder for the weights of a ridge of all images")


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    images = read_images(args.images)
    if images.empty:
        write_scores(args.out, empty(SCORE_COLUMNS))
        return
    features = read_features(args.features, images)
    folds = read_table(args.folds, FOLD_COLUMNS)
    parts = [by_family(images, features, folds), by_pairs(images, features, read_pairs(args.pairs))]
    scores = pd.concat(parts, ignore_index=True).assign(method=args.method, reason="")
    write_scores(args.out, scores.sort_values(["split", "image"]))
    if args.keep is not None:
        write_weights(args.keep, *kept(images, features, read_made(args.features)))
