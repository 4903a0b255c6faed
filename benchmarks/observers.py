"""How often people agree with full-reference measures, and how surely they see their differences.

    python -m benchmarks.observers --folder data/raw/srij

Evidence for the settings `labels/measure` and `labels/slopes`: which measure may stand for people
where observers are simulated. Every candidate is asked of the images of SRIJ (43 raters, families
of scenes), and is measured on its pairs of one content and scale:

  acc    share of decided pairs (paired test over the raters at .05) that it orders as people do;
         a tie counts half
  slope  of Thurstone's Case V, P(A preferred) = Phi(slope * (quality A - quality B)), fitted to the
         raters' shares of all pairs by maximum likelihood, 0 or more; 1 over the measure's unit
  nll    mean negative log-likelihood of a vote at that slope; a coin has .6931

with 95 % percentile intervals over families drawn with replacement. `lpips+dists` and the like are
sums of measures, each to mean 0 and spread 1 over the images.

Writes reports/human/observers.csv, and beside it observers.json: command, commit, what was read and
by which versions. Scores are kept in work/scores, so that a stopped call goes on.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.special import log_ndtr

from fgresq.analysis.accuracy import correct
from fgresq.analysis.bootstrap import LEVEL, Draws, draw
from fgresq.catalogues import catalogue
from fgresq.cli import main as fgresq_main
from fgresq.code_digest import library_versions
from fgresq.errors import UserError
from fgresq.files import digest, write_csv, write_json
from fgresq.sources.read import entry_of, read_placed
from fgresq.tables import read_scores, write_images

SOURCE = "srij"
OUT = Path("reports/human/observers.csv")
CANDIDATES = {
    **{name: (name,) for name in ("lpips", "lpips_vgg", "dists", "psnr", "ssim", "ms_ssim")},
    **{name: (name,) for name in ("fsim", "vsi", "vif", "gmsd")},
    "jod": ("cvvdp",),
    "lpips+dists": ("lpips", "dists"),
    "lpips+lpips_vgg+dists": ("lpips", "lpips_vgg", "dists"),
}
REPLICATES, SEED = 1000, 0
STEEPEST = 20.0  # slope looked for at most, over the spread of a measure's differences
DIGITS = 4


def quality_of(methods: tuple[str, ...], scores: dict[str, pd.Series]) -> pd.Series:
    """Give a candidate's values by image, higher better: one measure, or a sum of several."""
    directions = catalogue("methods")
    turned = [
        scores[name] * (1 if directions[name]["direction"] == "higher" else -1) for name in methods
    ]
    if len(turned) == 1:
        return turned[0]
    return pd.concat([(own - own.mean()) / own.std() for own in turned], axis=1).sum(axis=1)


def loss(slope: float, gap: np.ndarray, share: np.ndarray, weight: np.ndarray) -> float:
    """Give the mean negative log-likelihood of a vote.

    Args:
        slope: 1 over the unit of the gap.
        gap: (n,) quality of A minus quality of B.
        share: (n,) of the votes for A.
        weight: (n,) of the pairs.
    """
    log_likelihood = share * log_ndtr(slope * gap) + (1 - share) * log_ndtr(-slope * gap)
    return float(-np.average(log_likelihood, weights=weight))


def fitted(gap: np.ndarray, share: np.ndarray, weight: np.ndarray) -> float:
    """Fit the slope, 0 or more: the loss is convex in it."""
    spread = float(gap.std())
    found = minimize_scalar(
        lambda slope: loss(slope / spread, gap, share, weight),
        bounds=(0, STEEPEST),
        method="bounded",
        options={"xatol": 1e-6},
    )
    at_nought = loss(0.0, gap, share, weight)
    return float(found.x) / spread if found.fun < at_nought else 0.0


def measured(pairs: pd.DataFrame, quality: pd.Series, draws: Draws) -> dict[str, float]:
    """Measure a candidate on the pairs of people.

    Args:
        pairs: image_a, image_b, preference, fraction_a, and `cluster`, the family in the draws.
        quality: by image, higher better.
        draws: of the families.
    """
    gap = (pairs["image_a"].map(quality) - pairs["image_b"].map(quality)).to_numpy(dtype=float)
    share, cluster = pairs["fraction_a"].to_numpy(dtype=float), pairs["cluster"].to_numpy()
    decided = pairs["preference"].ne("equal").to_numpy()
    right = correct(gap[decided], pairs["preference"].to_numpy()[decided], "half")
    once = np.ones(len(pairs))
    slope = fitted(gap, share, once)
    weights = draws.weights[:, cluster]
    of_acc = [np.average(right, weights=w[decided]) for w in weights]
    of_slope = [fitted(gap, share, w) for w in weights]
    acc_low, acc_high = np.percentile(of_acc, LEVEL)
    low, high = np.percentile(of_slope, LEVEL)
    return {
        **{"acc": right.mean(), "acc_low": acc_low, "acc_high": acc_high},
        **{"slope": slope, "slope_low": low, "slope_high": high},
        "nll": loss(slope, gap, share, once),
        **{"decided": int(decided.sum()), "pairs": len(pairs), "families": len(draws.families)},
    }


def scored(images: pd.DataFrame, methods: set[str], work: Path) -> dict[str, pd.Series]:
    """Score the images by methods.

    Raises:
        SystemExit: a method fails.
        UserError: a method has no value for an image.
    """
    table, found = work / "images.csv", {}
    write_images(table, images)
    for name in sorted(methods):
        out = work / f"{name}.csv"
        if fgresq_main(["step", "score", name, "--images", str(table), "--out", str(out)]):
            raise SystemExit(f"fgresq step score {name} failed")
        scores = read_scores(out)
        lacking = scores[scores["value"].isna()]
        if len(lacking):
            row = lacking.iloc[0]
            problem = f"{name} has no value for '{row['image']}' ({row['reason']})"
            raise UserError(out, problem, f"Bring the method in: fgresq methods {name}")
        found[name] = scores.set_index("image")["value"]
    return found


def git(*words: str) -> str:
    """Give what git says in one line; empty where this is no checkout."""
    done = subprocess.run(["git", *words], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def main() -> None:
    """Measure every candidate; print and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=Path(f"data/raw/{SOURCE}"))
    parser.add_argument("--measures", nargs="*", choices=CANDIDATES, default=list(CANDIDATES))
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--work", type=Path, default=Path("work/observers"))
    args = parser.parse_args()
    images, pairs, _ = read_placed(SOURCE, args.folder, entry_of(SOURCE), 0.05)
    family = images.set_index("image")["family"]
    draws = draw(family, REPLICATES, SEED)
    pairs["cluster"] = draws.clusters(pairs["image_a"].map(family))
    candidates = {name: CANDIDATES[name] for name in args.measures}
    methods = {name for parts in candidates.values() for name in parts}
    scores = scored(images, methods, args.work)
    rows = [
        {"set": SOURCE, "measure": name, **measured(pairs, quality_of(parts, scores), draws)}
        for name, parts in candidates.items()
    ]
    table = pd.DataFrame(rows).sort_values(["nll", "measure"]).round(DIGITS)
    print(table.to_string(index=False))
    write_csv(args.out, table)
    used = [f"fgresq.metrics.{name}" for name in sorted(methods)]
    write_json(
        args.out.with_suffix(".json"),
        {
            "command": "python -m benchmarks.observers",
            "commit": git("rev-parse", "HEAD"),
            "images": len(images),
            "raters": "43 of every image",
            "manifest": digest(images[["image", "sha256", "raw_score"]].values.tolist()),
            "replicates": REPLICATES,
            "seed": SEED,
            "versions": library_versions("fgresq.analysis.bootstrap", *used),
        },
    )


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(str(error))
