"""Made-up runs of both training stages, in the form that training leaves on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fgresq.files import write_csv, write_json

TOWER = {
    "tower": "dinov2_vits14",
    "pretrained": None,
    "text": None,
    "levels": [4, 6, 8],
    "max_steps": None,
}
ABSENT = {"code": "not_placed", "reason": "no source is in place", "next_step": "bring one in"}


def history(steps: int, stage: int) -> pd.DataFrame:
    """Make a falling loss curve."""
    step = np.arange(steps)
    loss = 1 + 2 / (1 + step / 20) + 0.1 * np.sin(step)
    table = pd.DataFrame({"step": step, "lr_factor": 1 - step / steps, "loss": loss})
    return table if stage == 1 else table.assign(scene=loss / 10, rank=0.5 + loss / 20)


def write_stage1(folder: Path, images: pd.DataFrame, wrong: int = 0, steps: int = 30) -> Path:
    """Write a run of stage 1 that tests these images and names `wrong` of them wrongly."""
    run, variant = folder.name, folder.parent.name
    tasks = images[["image", "task"]].reset_index(drop=True)
    other = np.roll(sorted(tasks["task"].unique()), 1)
    swap = dict(zip(sorted(tasks["task"].unique()), other, strict=True))
    tasks["predicted"] = [swap[t] if i < wrong else t for i, t in enumerate(tasks["task"])]
    write_csv(folder / "history.csv", history(steps, 1))
    write_csv(folder / "tasks.csv", tasks)
    options = {"tower": TOWER, "stage1": {"seed": 0}}
    card = {"kind": "degradation encoder", "run": run, "options": options, "steps": steps}
    facts = {"train_images": 40, "test_images": len(tasks), "sha256": f"1{run}{variant}"}
    facts |= {"tasks": sorted(tasks["task"].unique())}
    write_json(folder / "card.json", {**card, **facts})
    return folder


def write_stage2(
    folder: Path,
    values: pd.Series,
    chances: pd.Series,
    steps: int = 30,
    tower: dict[str, Any] | None = None,
    **settings: Any,
) -> Path:
    """Write a run of stage 2 with values by image and P(A better) by pair of its test side."""
    write_csv(folder / "history.csv", history(steps, 2))
    write_csv(folder / "scores.csv", values.rename("value").rename_axis("image").reset_index())
    ranked = chances.rename("probability_a").rename_axis("pair").reset_index()
    write_csv(folder / "ranking.csv", ranked)
    card = {"kind": "FGResQ", "run": folder.name, "variant": folder.parent.name, "steps": steps}
    facts = {"train_images": 40, "test_images": len(values), "train_pairs": 90, "sha256": "ab12"}
    own = {"lambda_scene": 5, "lambda_rank": 1, **settings}
    card |= {"tower": {**TOWER, **(tower or {})}, "settings": own}
    write_json(folder / "card.json", {**card, **facts})
    return folder


def write_absent(folder: Path, stage: int) -> Path:
    """Write what a run leaves where it could not be trained."""
    outputs = {
        "history.csv": ["step", "lr_factor", "loss", "scene", "rank"][: 3 if stage == 1 else 5],
        "tasks.csv": ["image", "task", "predicted"],
        "scores.csv": ["image", "value"],
        "ranking.csv": ["pair", "probability_a"],
    }
    for name, header in outputs.items():
        write_csv(folder / name, pd.DataFrame(columns=header))
    write_json(folder / "card.json", {"kind": "absent", "absent": ABSENT})
    return folder
