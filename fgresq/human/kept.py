"""The cache of pooled features: a file an image, named by content, that several processes share.

KEY/xx/SHA256.npy in the folder of tokens; KEY follows from the network, its weights, the views,
the code and the libraries. A file is written whole or not at all, so a stopped run goes on where it
was, and two processes at work on one set at worst compute an image twice.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from tqdm import tqdm

from fgresq import workspace
from fgresq.code_digest import code_identity
from fgresq.files import atomic, digest
from fgresq.human.pooled import made_of, pooler
from fgresq.human.tower_names import GLANCE

BATCH = 8  # images; of 16 the tokens no longer fit the processor's cache
CODE = "fgresq.human.pooled"


class Kept:
    """What is kept of one network, at one number of views.

    Args:
        name: of the network, or `glance`.
        grid: of views, a side of an image.
        seed: of the random tower's weights.
        depth: the deepest block that is wanted; what was kept down to a deeper one serves.

    Raises:
        UserError: the network's weights are not there.
    """

    def __init__(self, name: str, grid: int, seed: int, depth: int = 1) -> None:
        self.name, self.grid, self.seed, self.depth = name, grid, seed, depth
        key = digest([name, grid, seed, made_of(name), code_identity(CODE)])
        self.folder = workspace.tokens() / "pooled" / f"{name}-{key}"

    def path(self, sha256: str) -> Path:
        """Give the file of an image, by the SHA-256 of the image's own."""
        return self.folder / sha256[:2] / f"{sha256}.npy"

    def read(self, sha256: str) -> np.ndarray | None:
        """Read what is kept of an image; None where it is not deep enough, or damaged."""
        path = self.path(sha256)
        try:
            found = np.load(path, allow_pickle=False)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, EOFError):
            logging.info("%s: damaged, computed again", path)
            return None
        return found if self.name == GLANCE or len(found) >= self.depth else None

    def fill(self, images: pd.DataFrame) -> int:
        """Compute what is missing of the images of a table; say how many were.

        Raises:
            UserError: an image cannot be read.
        """
        rows = images.drop_duplicates("sha256")
        rows = rows[[self.read(name) is None for name in rows["sha256"]]]
        if not len(rows):
            return 0
        cv2.ipp.setUseIPP(False)  # its sums depend on where memory happens to lie
        compute = pooler(self.name, self.grid, self.seed, self.depth)
        with tqdm(total=len(rows), desc=self.name, disable=None) as bar:
            for start in range(0, len(rows), BATCH):
                batch = rows.iloc[start : start + BATCH]
                found = compute(batch["path"].tolist())
                for name, values in zip(batch["sha256"], found, strict=True):
                    with atomic(self.path(name)) as scratch:
                        np.save(scratch, values)
                bar.update(len(batch))
        return len(rows)

    def all(self, hashes: Sequence[str]) -> np.ndarray:
        """Give what is kept of images, in their order; `fill` comes before it.

        Raises:
            LookupError: nothing is kept of one of them.
        """
        found = [self.read(name) for name in hashes]
        if any(values is None for values in found):
            raise LookupError(f"{self.folder}: not all is there; fill it first")
        kept = [values for values in found if values is not None]
        return np.stack([v if self.name == GLANCE else v[: self.depth] for v in kept])
