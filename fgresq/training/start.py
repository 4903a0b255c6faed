"""Where the heads start: if asked on features of mean 0 and spread 1, and at a ridge's solution.

With a few hundred images a randomly started head has to find, by small steps, what a ridge finds
at once; from the ridge, training begins where a frozen tower ends. The comparison head then starts
at the difference of the two scores. The paper's preset starts at random, as the paper says nothing
else.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch

from fgresq.model.fgresq import FGResQ
from fgresq.model.heads import QualityHeads
from fgresq.sections import Stage2
from fgresq.training.compared import compared_in, standard_scores
from fgresq.training.feed import ImageFeed
from fgresq.training.ridge import fitted

EDGE = 0.02  # a score of 0 or 1 has no finite logit


def start_heads(
    model: FGResQ,
    feed: ImageFeed,
    images: pd.DataFrame,
    rows: np.ndarray,
    degradation: torch.Tensor,
    settings: Stage2,
) -> None:
    """Fit the standardisation of both features to the training images, and start the score head.

    Args:
        model: its heads are changed in place.
        feed: of the images.
        images: image table.
        rows: numbers of the training images.
        degradation: (n, D) features of all images.
        settings: of stage 2; `standardise`, and `head_init`.
    """
    general = feed.features(model.tower, rows)
    if settings.standardise:
        model.heads.standardise(general, degradation[rows])
    if settings.head_init == "random":
        return
    chosen = images.iloc[rows]
    with torch.no_grad():
        quality = model.heads.quality(general, degradation[rows])
    features = quality.cpu().numpy().astype(np.float64)
    families = (chosen["source"] + "/" + chosen["family"]).to_numpy()
    groups = compared_in(chosen).to_numpy()
    if settings.head_init == "ridge_dataset":
        logits = standard_scores(images, rows)[rows]
    else:
        truth = chosen["score"].clip(EDGE, 1 - EDGE).to_numpy()
        logits = np.log(truth / (1 - truth))
    ridge = fitted(features, logits, families, groups, "the training side")
    scaler, regression = ridge[0], ridge[-1]
    weight = regression.coef_ / scaler.scale_
    bias = regression.intercept_ - float(scaler.mean_ @ weight)
    with torch.no_grad():
        head = model.heads.score_head
        head.weight[0] = torch.from_numpy(weight).float()
        head.bias.fill_(bias)
        compare_start(model.heads)


def compare_start(heads: QualityHeads) -> None:
    """Let A be ahead of B by the difference of their score logits; "equal" stays at zero."""
    slope, width = heads.score_head.weight[0] / 2, heads.score_head.in_features
    weight = torch.zeros_like(heads.compare_head.weight)
    # where F_A - F_B lies in the head's input; or F_A and F_B
    parts = {2 * width: 1.0} if heads.compare == "paper" else {0: 1.0, width: -1.0}
    for start, sign in parts.items():
        weight[1, start : start + width] = sign * slope
        weight[0, start : start + width] = -sign * slope
    heads.compare_head.weight.copy_(weight)
    heads.compare_head.bias.zero_()
