"""What the baselines are fed: features computed once and kept, or crops drawn at each step.

The stand-in's tokens are FGResQ's own cache, taken through its last block, which is frozen here.
They lie beside it in the folder of tokens, under a name that follows from what they are made of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch

from fgresq import workspace
from fgresq.baseline_sections import BaselineRun, Dbcnn
from fgresq.baselines.base import Feed, Inputs
from fgresq.baselines.second import SECONDS, folder_of, second_maps, second_network
from fgresq.baselines.shared import on_tokens
from fgresq.code_digest import code_identity
from fgresq.files import atomic, digest, read_json
from fgresq.networks.task_clip import build_tower
from fgresq.networks.towers import StandInTower
from fgresq.networks.vit import CROP, views
from fgresq.tables import TASKS
from fgresq.training.feed import ImageFeed
from fgresq.training.setup import Setup
from fgresq.training.token_cache import BATCH, cache_key, locked, reserved


class TokenFeed(Feed):
    """Rows of cached arrays, as float32; training and evaluation see the same.

    Args:
        arrays: by the name that networks read them under, a row an image.
        on: device.
    """

    def __init__(self, arrays: dict[str, np.ndarray], on: torch.device) -> None:
        self.arrays, self.on = arrays, on

    def evaluation(self, rows: np.ndarray) -> Inputs:
        """Give the rows of every array."""
        read = {name: np.ascontiguousarray(array[rows]) for name, array in self.arrays.items()}
        return {name: torch.from_numpy(part).to(self.on).float() for name, part in read.items()}

    def training(self, rows: np.ndarray, step: int) -> Inputs:
        """Give the rows of every array."""
        return self.evaluation(rows)


class CropFeed(Feed):
    """Crops of 224 out of 256 x 256: drawn by (seed, step) for training, else the centre."""

    def __init__(self, images: ImageFeed) -> None:
        self.images = images

    def training(self, rows: np.ndarray, step: int) -> Inputs:
        """Give the crops of a step, half of them mirrored if asked."""
        return {"crops": self.images.training(rows, step)}

    def evaluation(self, rows: np.ndarray) -> Inputs:
        """Give the centre crops."""
        return {"crops": self.images.evaluation(rows)}


def kept(key: str, parts: Callable[[], Iterator[torch.Tensor]], count: int) -> np.ndarray:
    """Give an array from the cache, float16, one row an image; fill it first if it is not there.

    Args:
        key: what it follows from.
        parts: gives the rows, some at a time, in order.
        count: of all rows.
    """
    path = workspace.tokens() / f"{key}.npy"
    with locked(path):
        if not path.exists():
            with atomic(path) as scratch, torch.inference_mode():
                out: np.memmap | None = None
                at = 0
                for part in parts():
                    rows = part.half().cpu().numpy()
                    if out is None:
                        out = reserved(scratch, np.float16, (count, *rows.shape[1:]))
                    out[at : at + len(rows)] = rows
                    at += len(rows)
                assert out is not None, "there is no image"
                out.flush()
    return np.load(path, mmap_mode="r")


def frozen_tokens(setup: Setup[BaselineRun]) -> np.ndarray:
    """Give tokens (N, views, T, 384): every level pooled, then the last block's own."""
    tower, images = setup.tower, setup.images
    key = digest(["frozen", cache_key(images, tower, setup.weights), code_identity(__name__)])

    def parts() -> Iterator[torch.Tensor]:
        feed = ImageFeed(images, tower, setup.weights, setup.on)
        stand_in = build_tower(tower, setup.weights, list(TASKS)).to(setup.on)
        assert isinstance(stand_in, StandInTower), "a method on tokens has no tower of its own"
        for rows in batches(len(images)):
            yield stand_in.every_token(feed.evaluation(rows))

    return kept(key, parts, len(images))


def batches(count: int) -> list[np.ndarray]:
    """Cut row numbers into runs of `BATCH`."""
    return [np.arange(at, min(at + BATCH, count)) for at in range(0, count, BATCH)]


def frozen_maps(setup: Setup[BaselineRun], name: str) -> np.ndarray:
    """Give the second stream's maps (N, views, 112, 8, 8) of the views that the tower saw."""
    tower, images = setup.tower, setup.images
    card = folder_of(setup.weights) / "card.json"
    made_of = read_json(card) if name == "efficientnet_lite0" else tower.seed
    code = code_identity(__name__)
    key = digest([name, made_of, images["sha256"].tolist(), tower.grid, str(setup.on), code])

    def parts() -> Iterator[torch.Tensor]:
        network = second_network(name, setup.weights, tower.seed).to(setup.on)
        for rows in batches(len(images)):
            crops = np.stack([views(p, tower.grid) for p in images["path"].iloc[rows]])
            flat = torch.from_numpy(crops.reshape(-1, CROP, CROP, 3)).to(setup.on)
            yield second_maps(network, flat).unflatten(0, (len(rows), -1))

    return kept(key, parts, len(images))


def feed_of(setup: Setup[BaselineRun]) -> Feed:
    """Give what the baseline of a run is fed."""
    settings = setup.settings
    if not on_tokens(settings):
        images = setup.images, setup.tower, setup.weights, setup.on, settings.seed
        return CropFeed(ImageFeed(*images))
    arrays = {"tokens": frozen_tokens(setup)}
    if isinstance(settings, Dbcnn) and settings.second in SECONDS:
        arrays["second"] = frozen_maps(setup, settings.second)
    return TokenFeed(arrays, setup.on)
