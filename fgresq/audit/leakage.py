"""How many test images a random split by pairs puts into training too."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from fgresq.audit.averages import TEST_SHARE, counts_of
from fgresq.audit.finding import FIGURE2, LIKELY, Answer, Material, finding

MOST = 0.5


@finding(
    "Test images seen in training",
    "A random 8:2 split by pairs shows the model most test images in training, in every task.",
    "Table 3's numbers of trained methods are of images that they have seen: look for a split by "
    "photograph before you expect them on new ones.",
    FIGURE2,
    "results/pairs/{preset}/leak.json",
)
def pair_split_leak(material: Material) -> Answer:
    """Give the share of test images that also occur in training pairs, by the counts of Figure 2.

    Pairs are taken as drawn at random among the images of a task, each of which has one at least:
    the pairs of an image then follow a Poisson distribution without its zero. Beside it stands
    what the split by pairs of this run does, where there is a run.
    """
    counts = counts_of(material.printed)
    per_image = 2 * counts["n_pairs"] / counts["n_images"]
    shares = [seen(float(mean)) for mean in per_image]
    frame = pd.DataFrame(
        {
            "task": counts.index,
            "images": counts["n_images"].astype(int).to_numpy(),
            "pairs": counts["n_pairs"].astype(int).to_numpy(),
            "pairs an image": per_image.to_numpy(),
            "share in test pairs": [tested for tested, _ in shares],
            "share of these in training too": [both for _, both in shares],
        }
    )
    own = material.leak.get("pairs_split", {})
    if own:
        measured = {task: leak["share"] for task, leak in own.items()}
        ours = [measured.get(str(task), np.nan) for task in counts.index]
        frame["share in our split by pairs"] = ours
    share = frame["share of these in training too"]
    found = f"From {share.min():.1%} ({frame['task'][share.idxmin()]}) to {share.max():.1%} "
    found += f"({frame['task'][share.idxmax()]}) of test images also occur in training pairs."
    because = "Expected values for pairs drawn at random; the list of FGRestore's pairs, when it "
    because += "is placed, gives the exact ones."
    return Answer(bool(share.min() > MOST), found, frame, LIKELY, because)


def seen(mean: float, test: float = TEST_SHARE) -> tuple[float, float]:
    """Give the share of images in test pairs, and of these the share in training pairs too.

    Args:
        mean: pairs an image has, at least 1.
        test: share of the pairs that are test pairs.
    """
    if mean <= 1:
        return test, 0.0
    rate = brentq(lambda r: r / -np.expm1(-r) - mean, 1e-9, mean)
    none = np.exp(-rate)
    in_test = 1 - (np.exp(-rate * test) - none) / (1 - none)
    in_training = 1 - (np.exp(-rate * (1 - test)) - none) / (1 - none)
    return float(in_test), float((in_test + in_training - 1) / in_test)
