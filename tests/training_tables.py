"""Made-up tables of the steps ablation and training, as the report reads them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from fgresq.analysis.ablation import ABLATION_COLUMNS, STATS
from fgresq.analysis.learning import CONFUSION_COLUMNS, CURVE_COLUMNS, RELIABILITY_COLUMNS
from fgresq.files import write_json
from fgresq.pretrained import STAND_INS
from fgresq.report.trained import TABLES
from fgresq.tables import TASKS, empty, write_table

ABSENT = {"code": "no_network", "reason": "no CLIP weights", "next_step": "connect once"}
VARIANTS = ("full", "diagonal", "frozen_encoder", "no_dfl", "no_rank", "official_zero")


def architecture(tower: str = "dinov2_vits14", trained: int = 1, **stage2: object) -> dict:
    """Give what a model is made of: encoders of 12 features, `trained` blocks each, a prompt of 4.

    Args:
        tower: a stand-in, of 8 blocks; or a model of open_clip, of 12.
        trained: blocks that either stage trains.
        stage2: settings that differ.
    """
    stand_in = tower in STAND_INS
    part = "above" if stand_in else "visual.transformer.resblocks"
    numbers = range(trained) if stand_in else range(12 - trained, 12)
    blocks = {f"{part}.{k}.mlp.weight": [6, 6] for k in numbers}
    heads = {"score_head.weight": [1, 16], "compare_head.weight": [2, 48]}
    heads |= {"general_centre": [12], "degradation_centre": [12], "prompt_block.prompt": [4]}
    heads |= {"prompt_block.task_mlp.0.weight": [4, 12], "prompt_block.prompt_mlp.weight": [4, 4]}
    settings = {"fuse": "paper", "compare": "paper", "scene_loss": "fidelity", "epochs": 3}
    settings |= {"lambda_scene": 5.0, "lambda_rank": 1.0, "batch": 64}
    rates = {"lr_encoder": 1e-5, "lr_heads": 1e-3}
    first = {"epochs": 2, "batch": 32, "targets": "same_text", "tasks": list(TASKS), **rates}
    return {
        "run": "0",
        "tower": {"tower": tower, "levels": [4, 6, 8], "grid": 1, "crop": "native"},
        "objective": "contrastive",
        "stage1": first,
        "stage2": {**settings, **rates, **stage2},
        "shapes": {f"quality.tower.{name}": shape for name, shape in blocks.items()}
        | {f"degradation.clip.visual.tower.{name}": shape for name, shape in blocks.items()}
        | {"degradation.clip.visual.projection.weight": [5, 12]}
        | {f"quality.heads.{name}": shape for name, shape in heads.items()},
    }


def ablation_rows(split: str = "family") -> pd.DataFrame:
    """Give made-up values: every variant a little worse than the one before."""
    rows = [
        {
            **{"split": split, "variant": variant, "stat": stat, "value": 0.75 - 0.02 * i},
            **{"sd_seeds": np.nan, "difference": -0.02 * i, "low": -0.02 * i - 0.015},
            **{"high": -0.02 * i + 0.03, "n": 120, "families": 8, "tasks": 6, "runs": 1},
            "note": "the ranking head is not trained in this variant"
            if (variant, stat) == ("no_rank", "acc_rank")
            else "",
        }
        for i, variant in enumerate(VARIANTS)
        for stat in STATS
    ]
    table = pd.DataFrame(rows)
    table.loc[table["variant"] == "full", ["low", "high"]] = np.nan
    return table


def curve_rows() -> pd.DataFrame:
    """Give made-up curves of two runs a stage."""
    rows = []
    for stage in (1, 2):
        for run in ("0", "1", "pairs"):
            for step in range(60):
                loss = 1 + 2 / (1 + step / (5 + int(run == "pairs"))) + 0.2 * np.sin(step * 1.7)
                row = {"stage": stage, "variant": "full", "run": run, "step": step, "loss": loss}
                both = {"scene": loss / 9, "rank": loss / 3} if stage == 2 else {}
                rows.append({**row, "scene": np.nan, "rank": np.nan, **both})
    return pd.DataFrame(rows)


def run_record(stage: int, variant: str, run: str, tower: str) -> dict:
    """Give the facts of one run."""
    facts = {"steps": 60, "train_images": 300, "test_images": 150, "train_pairs": 800}
    facts |= {"device": None, "sha256": "0123456789abcdef", "tower": tower, "truncated": False}
    return {"stage": stage, "variant": variant, "run": run, "absent": None, **facts}


def write_training(folder: Path, stand_in: bool = True, split: str = "family") -> None:
    """Write the files of a trained run."""
    write_table(folder / "ablation.csv", ablation_rows(split), ABLATION_COLUMNS)
    write_table(folder / "curves.csv", curve_rows(), CURVE_COLUMNS)
    counts = [
        {"task": t, "predicted": p, "count": 60 if t == p else (i + j) % 5}
        for i, t in enumerate(TASKS)
        for j, p in enumerate(TASKS)
    ]
    write_table(folder / "confusion.csv", pd.DataFrame(counts), CONFUSION_COLUMNS)
    bins = [
        {
            **{"bin": f"[{k / 10:.1f},{k / 10 + 0.1:.1f})", "predicted": k / 10 + 0.05},
            **{"observed": 0.1 + k * 0.085, "low": k * 0.085, "high": 0.2 + k * 0.085},
            **{"n": 40 + 10 * abs(k - 5), "families": 8},
        }
        for k in range(10)
    ]
    write_table(folder / "reliability.csv", pd.DataFrame(bins), RELIABILITY_COLUMNS)
    name = "dinov2_vits14" if stand_in else "ViT-B-16-quickgelu"
    words = f"{name}, a stand-in for CLIP ViT-B/16" if stand_in else f"{name} of open_clip"
    accuracy = {"value": 0.91, "low": 0.88, "high": 0.94, "n": 396, "families": 24}
    runs = [run_record(s, "full", r, name) for s in (1, 2) for r in ("0", "1", "pairs")]
    record = {
        "runs": runs + [run_record(2, v, "0", name) for v in VARIANTS[1:]],
        **{"absent": None, "truncated": False},
        "tower": {"settings": {}, "stand_in": stand_in, "words": words},
        "architecture": architecture(name),
        "task_accuracy": {**accuracy, "chance": 1 / 6, "by_task": {}},
    }
    write_json(folder / "training.json", record)


def write_untrained(folder: Path) -> None:
    """Write the files of a run whose training is absent."""
    for name, columns in TABLES.items():
        write_table(folder / f"{name}.csv", empty(columns), columns)
    absent = {**run_record(2, "full", "0", None), "absent": ABSENT, "steps": None}
    record = {"runs": [absent], "absent": ABSENT, "truncated": False, "tower": None}
    write_json(folder / "training.json", {**record, "task_accuracy": None})
