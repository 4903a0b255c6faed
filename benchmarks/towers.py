"""Which frozen tower stands in for CLIP: DINOv2 ViT-S/14 or EfficientNet-Lite0, and which block.

    python -m benchmarks.towers --mini results/data/mini/images.csv --folder data/raw/srij

For every tower and block: ridge on pooled features, trained on the other families, and then
SRCC over all images, mean SRCC inside groups, and pair accuracy over all pairs of a group with
different scores. `--folder` is a placed data set with an images.csv of SRIJ's columns (image,
reference, group, family, mos). `random` is the ViT with random weights. Prints a table; `--out`
writes it as CSV. Needs `fgresq weights dinov2_vits14` and `fgresq weights efficientnet_lite0`.
"""

from __future__ import annotations

import argparse
import time
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image
from scipy.stats import spearmanr
from sklearn.model_selection import GroupKFold
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from fgresq.images import read_rgb
from fgresq.networks import vit as towers
from fgresq.networks.lite0 import efficientnet
from fgresq.training.ridge import fitted

BLOCKS = [2, 3, 4, 5, 6, 7, 8, 10, 12]
FOLDS = 6


def efficientnet_features(model: torch.nn.Module, paths: list[str]) -> list[np.ndarray]:
    """Mean and standard deviation over positions after each stage; a list of (n, 2 c)."""
    rows = []
    with torch.inference_mode():
        for path in tqdm(paths, desc="efficientnet", disable=None):
            size = (towers.SIZE, towers.SIZE)
            image = Image.fromarray(read_rgb(path)).resize(size, Image.Resampling.BILINEAR)
            pixels = np.asarray(image, np.float32)[16:240, 16:240]
            x = torch.from_numpy((pixels - 127) / 128).permute(2, 0, 1)[None]
            x, row = model.bn1(model.conv_stem(x)), []
            for stage in model.blocks:
                x = stage(x)
                row.append(torch.cat([x.mean((2, 3)), x.std((2, 3))], 1)[0].numpy())
            rows.append(row)
    return [np.stack(column) for column in zip(*rows, strict=True)]


def read_folder(folder: Path) -> pd.DataFrame:
    """Read a placed folder; a row that others name as their reference is no restored image."""
    table = pd.read_csv(folder / "images.csv", keep_default_na=False)
    table = table[~table["image"].isin(set(table["reference"]))].reset_index(drop=True)
    return pd.DataFrame(
        {
            "path": [str(folder / name) for name in table["image"]],
            "group": table["group"],
            "family": table["family"],
            "score": table["mos"].astype(float),
        }
    )


def read_mini(path: Path) -> pd.DataFrame:
    """Read an image table; a group is one task's."""
    table = pd.read_csv(path, keep_default_na=False)
    table["group"] = table["task"] + "/" + table["group"]
    return table[["path", "group", "family", "score"]]


def out_of_fold(features: np.ndarray, images: pd.DataFrame) -> np.ndarray:
    """Predict each family by a ridge trained on the others."""
    families, scores = images["family"].to_numpy(), images["score"].to_numpy()
    groups = images["group"].to_numpy()
    value = np.empty(len(images))
    folds = GroupKFold(min(FOLDS, len(np.unique(families))))
    for train, test in folds.split(features, groups=families):
        model = fitted(features[train], scores[train], families[train], groups[train], "fold")
        value[test] = model.predict(features[test])
    return value


def measures(value: np.ndarray, images: pd.DataFrame) -> dict[str, float]:
    """SRCC over all, mean SRCC inside groups, pair accuracy inside groups."""
    score = images["score"].to_numpy()
    inside, right, pairs = [], 0.0, 0
    for rows in images.groupby("group").indices.values():
        if len(rows) > 2 and np.ptp(score[rows]) > 0:
            inside.append(spearmanr(value[rows], score[rows]).statistic)
        for a, b in combinations(rows, 2):
            if score[a] != score[b]:
                right += np.sign(value[a] - value[b]) == np.sign(score[a] - score[b])
                pairs += 1
    return {
        "srcc": spearmanr(value, score).statistic,
        "srcc_groups": float(np.mean(inside)),
        "acc": right / pairs,
    }


def compare(source: str, images: pd.DataFrame, weights: Path) -> list[dict[str, object]]:
    """Measure every tower and block on one data set."""
    paths = images["path"].tolist()
    rows = []
    for name in towers.TOWERS:
        start = time.perf_counter()
        model = towers.tower(name, weights / "dinov2_vits14", 0)
        by_block = towers.features(model, paths, BLOCKS)
        seconds = (time.perf_counter() - start) / len(paths)
        for block, found in zip(BLOCKS, by_block, strict=True):
            rows.append(
                {
                    "source": source,
                    "tower": name,
                    "block": block,
                    "seconds": seconds,
                    **measures(out_of_fold(found, images), images),
                }
            )
    start = time.perf_counter()
    by_stage = efficientnet_features(efficientnet(weights / "efficientnet_lite0"), paths)
    seconds = (time.perf_counter() - start) / len(paths)
    for stage, found in enumerate(by_stage, start=1):
        rows.append(
            {
                "source": source,
                "tower": "efficientnet_lite0",
                "block": stage,
                "seconds": seconds,
                **measures(out_of_fold(found, images), images),
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mini", type=Path, help="image table of the embedded data")
    parser.add_argument("--folder", type=Path, help="placed data set with an images.csv")
    parser.add_argument("--weights", type=Path, default=Path("data/weights"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, help="table (CSV)")
    args = parser.parse_args()
    threadpool_limits(1, user_api="blas")  # the many small solves only wait for more
    torch.set_num_threads(args.threads)
    rows: list[dict[str, object]] = []
    if args.mini:
        rows += compare("mini", read_mini(args.mini), args.weights)
    if args.folder:
        rows += compare(args.folder.name, read_folder(args.folder), args.weights)
    table = pd.DataFrame(rows)
    print(table.to_string(index=False, float_format="%.3f"))
    if args.out:
        table.to_csv(args.out, index=False, lineterminator="\n", float_format="%.4f")


if __name__ == "__main__":
    main()
