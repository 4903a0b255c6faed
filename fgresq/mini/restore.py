"""Degrade and restore the contents of FGRestore-mini for one task, and measure the results.

`fgresq step restore TASK --contents contents.csv --weights DIR --out-dir DIR --out TASK.csv` makes
one degraded input a content, restores it with every algorithm of the task at every strength, and
writes the restored images as PNG and a table of them; raw_score is what `--measure` says of them
against the clean content: minus LPIPS (up to 0), or the JOD of ColorVideoVDP (up to 10), higher
better. Images of one content may be compared (`group`); those of one photograph must not be split
(`family`). `--weights` (DAT-light) is needed by super-resolution only. Setting (section `mini`):
seed.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from fgresq.errors import unknown
from fgresq.files import sha256
from fgresq.images import read_rgb, write_png
from fgresq.measures import MEASURES, MeasureName
from fgresq.mini.degradations import DEGRADATIONS, Degraded, generator
from fgresq.mini.photographs import CONTENT_COLUMNS
from fgresq.mini.quality import QUALITY
from fgresq.mini.restored import RESTORED_COLUMNS, SOURCE, add_network
from fgresq.mini.restorers import RESTORERS
from fgresq.options import add_options, options_of
from fgresq.sections import Mini, Section
from fgresq.tables import TASKS, read_table, write_table


def degrade(clean: np.ndarray, task: str, content: str, turn: int, seed: int) -> Degraded:
    """Degrade one content (uint8 RGB) for a task; `turn` is its number among the contents."""
    rng = generator(seed, task, content)
    return DEGRADATIONS[task](clean.astype(np.float32) / np.float32(255), rng, turn)


def restorations(degraded: Degraded, task: str, weights: Path) -> dict[str, np.ndarray]:
    """Restore an input with every algorithm of its task; uint8 RGB by algorithm."""
    found = {name: restore(degraded) for name, restore in RESTORERS[task].items()}
    if task == "super-resolution":
        from fgresq.mini.dat import dat_restorations

        found |= dat_restorations(degraded, weights)
    return {n: (np.clip(image, 0, 1) * 255).round().astype(np.uint8) for n, image in found.items()}


def image_rows(
    content: Mapping[str, str],
    task: str,
    images: Mapping[str, np.ndarray],
    folder: Path,
    measure: MeasureName,
) -> list[dict[str, object]]:
    """Write the restored images of one content; their rows of the image table, without score."""
    quality = QUALITY[measure](np.stack(list(images.values())), read_rgb(content["path"]))
    rows = []
    for (algorithm, image), raw_score in zip(images.items(), quality, strict=True):
        path = folder / f"{content['content']}.{algorithm}.png"
        write_png(path, image)
        rows.append(
            {
                "image": f"{SOURCE}/{task}/{path.name}",
                "source": SOURCE,
                "dataset": SOURCE,
                "task": task,
                "content": content["content"],
                "group": content["content"],
                "family": content["family"],
                "algorithm": algorithm,
                "path": str(path),
                "reference": content["path"],
                "mask": "",
                "raw_score": float(raw_score),
                "raw_sd": math.nan,  # no rater
                "sha256": sha256(path),
                "reference_sha256": content["sha256"],
                "role": "",  # its folds train and test
            }
        )
    return rows


class Options(Section):
    """What this step reads of a preset."""

    mini: Mini


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    parser.add_argument("task", help=f"one of {', '.join(TASKS)}")
    parser.add_argument("--contents", type=Path, required=True, help="table of the contents")
    add_network(parser)
    parser.add_argument(
        "--measure", required=True, choices=MEASURES, help="what the simulated observers see"
    )
    parser.add_argument("--out-dir", type=Path, required=True, help="folder of the images")
    parser.add_argument("--out", type=Path, required=True, help="table of the restored images")
    add_options(parser, Options)


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    if args.task not in TASKS:
        raise unknown("fgresq step restore", "task", args.task, TASKS)
    cv2.setNumThreads(args.threads)
    torch.set_num_threads(args.threads)
    seed = options_of(args, Options).mini.seed
    contents = read_table(args.contents, CONTENT_COLUMNS).to_dict("records")
    rows: list[dict[str, object]] = []
    for turn, content in enumerate(tqdm(contents, desc=args.task, disable=None)):
        clean = read_rgb(content["path"])
        degraded = degrade(clean, args.task, content["content"], turn, seed)
        images = restorations(degraded, args.task, args.weights)
        rows += image_rows(content, args.task, images, args.out_dir, args.measure)
    table = pd.DataFrame(rows, columns=list(RESTORED_COLUMNS)).sort_values("image")
    write_table(args.out, table, RESTORED_COLUMNS)
