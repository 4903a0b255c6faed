"""Synthetic tables for the tests of the analysis."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

import numpy as np
import pandas as pd

from fgresq.files import write_csv
from fgresq.tables import (
    IMAGE_COLUMNS,
    PAIR_COLUMNS,
    SCORE_COLUMNS,
    TASKS,
    VOTE_COLUMNS,
    empty,
    write_images,
    write_pairs,
    write_scores,
)

OPTIONS = '{"analysis": {"bootstrap": 60, "metric_ties": "half", "seed": 0}}'


def make_images(n: int, tasks: int = 2, families: int = 5, seed: int = 0) -> pd.DataFrame:
    """Make n images: each task has each family, a group is a family's images of one task."""
    rng = np.random.default_rng(seed)
    task = [TASKS[i % tasks] for i in range(n)]
    family = [f"f{i // tasks % families:03}" for i in range(n)]
    score = rng.random(n)
    table = pd.DataFrame({name: [""] * n for name in IMAGE_COLUMNS})
    return table.assign(
        image=[f"s/{i:05}.png" for i in range(n)],
        source="s",
        task=task,
        content=family,
        group=[f"{f}-{t}" for f, t in zip(family, task, strict=True)],
        family=family,
        algorithm="x",
        raw_score=score * 100,
        score=score,
    )


def make_pairs(images: pd.DataFrame, n: int, seed: int = 0) -> pd.DataFrame:
    """Make n pairs inside groups; the better score is preferred, one pair in ten is equal."""
    rng = np.random.default_rng(seed)
    groups = [rows for _, rows in images.groupby("group") if len(rows) > 1]
    drawn = [groups[i].sample(2, random_state=rng) for i in rng.integers(0, len(groups), n)]
    a, b = (pd.DataFrame([rows.iloc[side] for rows in drawn]).reset_index() for side in (0, 1))
    difference = a["score"] - b["score"]
    preference = np.where(rng.random(n) < 0.1, "equal", np.where(difference > 0, "A", "B"))
    return pd.DataFrame(
        {
            **{
                "pair": [f"s#{i:05}" for i in range(n)],
                "image_a": a["image"],
                "image_b": b["image"],
            },
            **{name: a[name] for name in ("task", "source", "group", "family")},
            **{"score_difference": difference, "ssim": 0.9, "preference": preference},
            "fraction_a": (0.5 + difference / 2).round(1),
            **dict.fromkeys(VOTE_COLUMNS, ""),
            **{"label_origin": "simulated", "fold": 0},
            "split_pairs": np.where(rng.random(n) < 0.2, "test", "train"),
        }
    )


def make_scores(
    images: pd.DataFrame, method: str, values: np.ndarray, split: str = "all"
) -> pd.DataFrame:
    """Make a score table; NaN gets a reason."""
    values = np.asarray(values, dtype=float)
    reasons = np.where(np.isnan(values), "no reference", "")
    rows = {"image": images["image"].to_numpy(copy=True), "method": method, "split": split}
    return pd.DataFrame({**rows, "value": values, "reason": reasons})[list(SCORE_COLUMNS)]


def run_step(
    folder: Path,
    step: str,
    images: pd.DataFrame | None = None,
    pairs: pd.DataFrame | None = None,
    scores: tuple[pd.DataFrame, ...] = (),
    options: str = OPTIONS,
    rankings: tuple[pd.DataFrame, ...] = (),
) -> pd.DataFrame:
    """Write the tables, run `performance` or `intervals` on them, read its table."""
    write_images(folder / "images.csv", empty(IMAGE_COLUMNS) if images is None else images)
    write_pairs(folder / "pairs.csv", empty(PAIR_COLUMNS) if pairs is None else pairs)
    words = ["--images", str(folder / "images.csv"), "--pairs", str(folder / "pairs.csv")]
    for number, table in enumerate(scores):
        write_scores(folder / f"scores{number}.csv", table)
    words += ["--scores", *(str(folder / f"scores{i}.csv") for i in range(len(scores)))]
    for number, table in enumerate(rankings):
        write_csv(folder / f"rankings{number}.csv", table)
    if rankings:
        words += ["--rankings", *(str(folder / f"rankings{i}.csv") for i in range(len(rankings)))]
    module = importlib.import_module(f"fgresq.analysis.{step}")
    parser = argparse.ArgumentParser()
    module.add_arguments(parser)
    words += ["--out", str(folder / f"{step}.csv")]
    args = parser.parse_args([*words, "--options", options])
    module.main(args)
    return pd.read_csv(folder / f"{step}.csv", keep_default_na=False, na_values={"value": [""]})
