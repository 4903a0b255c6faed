"""Compute once, for every image, what lies below the first trained block, and keep it.

With `crop: native` the tokens of the frozen lower part of the tower are kept as float16, for every
view of a grid; with `crop: random` the images are, at 256 x 256, and crops are drawn at each step.
The bytes lie in work/cache under a name that follows from the images, the tower and its settings;
the file written here says which. Whoever needs them and finds them gone makes them again.
"""

from __future__ import annotations

import argparse
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.lib.format import open_memmap
from tqdm import tqdm

from fgresq import workspace
from fgresq.code_digest import code_digest
from fgresq.files import atomic, digest, sha256, write_json
from fgresq.networks.towers import StandInTower, build_clip
from fgresq.networks.vit import CROP, SIZE, resized, views
from fgresq.runs import weights_file
from fgresq.settings import add_options, options_of
from fgresq.tables import TASKS, read_images, restored
from fgresq.weights.cards import read_card

BATCH = 16
KEYED = (
    *("tower", "pretrained", "levels", "trainable_blocks", "merge"),
    *("crop", "grid", "device", "seed"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb."""
    parser.add_argument("--images", required=True, help="image table")
    parser.add_argument("--weights", required=True, help="folder of the stand-in's weights")
    parser.add_argument("--out", required=True, help="record of the cache to write")
    add_options(parser, "tower")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock on a path, so that two jobs do not compute the same cache at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path.with_suffix(".lock"), "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def device_of(tower: dict[str, Any]) -> torch.device:
    """Give the device of a tower's settings; the CPU where CUDA is asked for and there is none."""
    return torch.device(
        "cuda" if tower["device"] == "cuda" and torch.cuda.is_available() else "cpu"
    )


def name_of(on: torch.device) -> str:
    """Name a device: cpu, or the model of the GPU."""
    return torch.cuda.get_device_name(on) if on.type == "cuda" else "cpu"


def centre(images: torch.Tensor) -> torch.Tensor:
    """Cut the centre 224 x 224 out of (N, 256, 256, 3)."""
    edge = (SIZE - CROP) // 2
    return images[:, edge : edge + CROP, edge : edge + CROP]


def cache_key(images: pd.DataFrame, tower: dict[str, Any], weights: Path) -> str:
    """Name a cache by what its bytes follow from."""
    packaged = tower["tower"] == "dinov2_vits14" and tower["crop"] == "native"
    settings = {name: tower[name] for name in KEYED}
    if (file := weights_file(tower)) and file.is_file():
        settings["pretrained"] = sha256(file)
    code = code_digest("fgresq.networks.towers", "fgresq.networks.vit")
    made_of = read_card("dinov2_vits14", weights) if packaged else None
    return digest([images["sha256"].tolist(), settings, made_of, code])


def reserved(scratch: Path, kind: type, shape: tuple[int, ...]) -> np.memmap:
    """Make an array on disk with all its space taken now: a full disk must not end in SIGBUS."""
    out = open_memmap(scratch, mode="w+", dtype=kind, shape=shape)
    with open(scratch, "r+b") as file:
        os.posix_fallocate(file.fileno(), 0, out.offset + out.nbytes)
    return out


def fill_pixels(rows: pd.DataFrame, scratch: Path) -> None:
    """Write all images at 256 x 256 as one uint8 array."""
    out = reserved(scratch, np.uint8, (len(rows), SIZE, SIZE, 3))
    for number, path in enumerate(tqdm(rows["path"], desc="decoding", disable=None)):
        out[number] = resized(path)
    out.flush()


def tokens_of(lower: StandInTower, paths: list[str], grid: int, on: torch.device) -> torch.Tensor:
    """Give the tokens (N, grid * grid, T, D) of image files, float16 as they are kept."""
    crops = np.stack([views(path, grid) for path in paths])
    flat = torch.from_numpy(crops.reshape(-1, CROP, CROP, 3)).to(on)
    return lower.tokens(flat).half().unflatten(0, (len(paths), -1))


def fill_tokens(rows: pd.DataFrame, tower: dict[str, Any], weights: Path, scratch: Path) -> None:
    """Write the tokens of all images as one float16 array (N, views, T, D)."""
    on = device_of(tower)
    lower: StandInTower = build_clip(tower, weights, list(TASKS)).visual.tower.to(on)
    out = None
    with torch.inference_mode():
        for start in tqdm(range(0, len(rows), BATCH), desc="encoding", disable=None):
            paths = rows["path"].iloc[start : start + BATCH].tolist()
            tokens = tokens_of(lower, paths, tower["grid"], on).cpu().numpy()
            if out is None:
                shape = (len(rows), *tokens.shape[1:])
                out = reserved(scratch, np.float16, shape)
            out[start : start + len(tokens)] = tokens
    out.flush()


def encoded(images: pd.DataFrame, tower: dict[str, Any], weights: Path) -> np.ndarray:
    """Give the cached array of a table's images, one row each in its order, mapped read-only."""
    path = workspace.tokens() / f"{cache_key(images, tower, weights)}.npy"
    with locked(path):
        if not path.exists():
            with atomic(path) as scratch:
                if tower["crop"] == "native":
                    fill_tokens(images, tower, weights, scratch)
                else:
                    fill_pixels(images, scratch)
    return np.load(path, mmap_mode="r")


def main(args: argparse.Namespace) -> None:
    """Run the verb."""
    torch.set_num_threads(args.threads)
    images, tower = restored(read_images(args.images)), options_of(args)
    weights = Path(args.weights)
    shape = list(encoded(images, tower, weights).shape) if len(images) else []
    key = cache_key(images, tower, weights)
    write_json(args.out, {"key": key, "shape": shape, "images": len(images)})
