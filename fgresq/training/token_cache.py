"""What lies below the first trained block, computed once for every image, and kept.

With `crop: native` one forward of the tower's frozen part over every view of a grid gives the
tokens at the cut, as float16, and, of the stand-in, the pooled features of every block below it, as
float32, which the ridge reads. With `crop: random` the images are kept, at 256 x 256, and crops are
drawn at each step. The bytes lie in the folder of tokens under a name that follows from the
images, the tower, its settings, this module with all it imports, and the libraries. Whoever needs
them and finds them gone makes them again.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.lib.format import open_memmap
from tqdm import tqdm

from fgresq import workspace
from fgresq.code_digest import code_identity
from fgresq.files import atomic, digest, sha256
from fgresq.networks.task_clip import build_tower
from fgresq.networks.towers import ClipTower, StandInTower
from fgresq.networks.vit import CROP, SIZE, normalised, resized, views
from fgresq.pretrained import STAND_INS, weights_file
from fgresq.sections import Tower
from fgresq.tables import TASKS
from fgresq.weights.cards import read_card

BATCH = 8  # images; of 16 the tokens no longer fit the processor's cache
KEYED = {
    *("tower", "pretrained", "levels", "trainable_blocks", "merge"),
    *("crop", "grid", "device", "seed"),
}


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock on a path, so that two jobs do not compute the same cache at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path.with_suffix(".lock"), "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def device_of(tower: Tower) -> torch.device:
    """Give the device of a tower's settings; the CPU where CUDA is asked for and there is none."""
    return torch.device("cuda" if tower.device == "cuda" and torch.cuda.is_available() else "cpu")


def name_of(on: torch.device) -> str:
    """Name a device: cpu, or the model of the GPU."""
    return torch.cuda.get_device_name(on) if on.type == "cuda" else "cpu"


def centre(images: torch.Tensor) -> torch.Tensor:
    """Cut the centre 224 x 224 out of (N, 256, 256, 3)."""
    edge = (SIZE - CROP) // 2
    return images[:, edge : edge + CROP, edge : edge + CROP]


def cache_key(images: pd.DataFrame, tower: Tower, weights: Path) -> str:
    """Name a cache by what its bytes follow from."""
    packaged = tower.tower == "dinov2_vits14" and tower.crop == "native"
    settings = tower.model_dump(mode="json", include=KEYED)
    if (file := weights_file(tower.pretrained)) and file.is_file():
        settings["pretrained"] = sha256(file)
    made_of = read_card("dinov2_vits14", weights) if packaged else None
    return digest([images["sha256"].tolist(), settings, made_of, code_identity(__name__)])


def reserved(scratch: Path, kind: np.dtype | type, shape: tuple[int, ...]) -> np.memmap:
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


def crops_of(paths: list[str], grid: int, on: torch.device) -> torch.Tensor:
    """Give the views (N * grid * grid, 224, 224, 3) of image files, uint8."""
    crops = np.stack([views(path, grid) for path in paths])
    return torch.from_numpy(crops.reshape(-1, CROP, CROP, 3)).to(on)


def tokens_of(
    lower: StandInTower | ClipTower, paths: list[str], grid: int, on: torch.device
) -> torch.Tensor:
    """Give the tokens (N, grid * grid, T, D) of image files, float16 as they are kept."""
    return lower.tokens(crops_of(paths, grid, on)).half().unflatten(0, (len(paths), -1))


def encode(
    lower: StandInTower | ClipTower, paths: list[str], grid: int, on: torch.device
) -> tuple[np.ndarray, np.ndarray | None]:
    """Give all that is kept of image files: tokens as `tokens_of`, and pooled features.

    Returns:
        Tokens, float16 (N, grid * grid, T, D), and the pooled features of every block below the
        cut, float32 (N, cut, 768), averaged over the views; None for a tower that has none.
    """
    if isinstance(lower, ClipTower):
        return tokens_of(lower, paths, grid, on).cpu().numpy(), None
    pixels = normalised(crops_of(paths, grid, on), lower.mean, lower.std)
    tokens, blocks = (
        part.unflatten(0, (len(paths), -1)) for part in lower.lower_and_blocks(pixels)
    )
    return tokens.half().cpu().numpy(), blocks.mean(dim=1).cpu().numpy()


def fill_tokens(
    rows: pd.DataFrame, tower: Tower, weights: Path, scratch: Path, beside: Path
) -> None:
    """Write what `encode` gives of all images: tokens, and beside them pooled features, if any."""
    on, grid = device_of(tower), tower.grid
    lower = build_tower(tower, weights, list(TASKS)).to(on)
    out: list[np.memmap] = []
    with torch.inference_mode():
        for start in tqdm(range(0, len(rows), BATCH), desc="encoding", disable=None):
            paths = rows["path"].iloc[start : start + BATCH].tolist()
            parts = [part for part in encode(lower, paths, grid, on) if part is not None]
            out = out or [
                reserved(file, part.dtype, (len(rows), *part.shape[1:]))
                for file, part in zip((scratch, beside), parts, strict=False)
            ]
            for array, part in zip(out, parts, strict=True):
                array[start : start + len(paths)] = part
    for array in out:
        array.flush()


def files_of(images: pd.DataFrame, tower: Tower, weights: Path) -> tuple[Path, Path]:
    """Name the files of a cache: tokens or pixels, and pooled features."""
    key = cache_key(images, tower, weights)
    return workspace.tokens() / f"{key}.npy", workspace.tokens() / f"{key}.blocks.npy"


def fill(images: pd.DataFrame, tower: Tower, weights: Path) -> tuple[Path, Path]:
    """Make the files of a cache where they are gone; the tokens last, as a sign that all is there.

    Returns:
        Their names, as `files_of` gives them; the second is there for a stand-in alone.
    """
    path, blocks = files_of(images, tower, weights)
    pooled = tower.crop == "native" and tower.tower in STAND_INS
    with locked(path):
        if path.exists() and (blocks.exists() or not pooled):
            return path, blocks
        with ExitStack() as stack:
            scratch = stack.enter_context(atomic(path))
            if tower.crop != "native":
                fill_pixels(images, scratch)
                return path, blocks
            beside = stack.enter_context(atomic(blocks)) if pooled else scratch
            fill_tokens(images, tower, weights, scratch, beside)
    return path, blocks


def encoded(images: pd.DataFrame, tower: Tower, weights: Path) -> np.ndarray:
    """Give the cached array of a table's images, one row each in its order, mapped read-only."""
    return np.load(fill(images, tower, weights)[0], mmap_mode="r")


def pooled_features(images: pd.DataFrame, tower: Tower, weights: Path, block: int) -> np.ndarray:
    """Give the stand-in's pooled features of a block (from 1) below the cut: float32 (N, 768)."""
    return np.load(fill(images, tower, weights)[1], mmap_mode="r")[:, block - 1]
