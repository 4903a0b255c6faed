"""What a model on A-FINE's equations says of image files, and the moments that it says it by."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from fgresq.code_digest import code_identity
from fgresq.files import atomic, digest
from fgresq.images import read_rgb
from fgresq.model.adaptive import Afine
from fgresq.model.afine_heads import heads_of, tower_digest
from fgresq.model.moments import Encoded
from fgresq.networks.frozen import as_tensor

BLOCK = 48  # images kept together
# of each image: F_s and D against its reference (NaN without one), N_s of both, lambda
VALUES = ("fidelity", "naturalness", "reference_naturalness", "weight", "distance")


class Seen(NamedTuple):
    """What was seen of images: (n, 5) of VALUES, lower better; (n, 2, C) means and variances."""

    values: pd.DataFrame
    moments: np.ndarray


def seen_images(model: Afine, rows: pd.DataFrame, kept: Path) -> Seen:
    """Look at images by a model, each with its reference where it has one.

    Args:
        model: with its heads.
        rows: path, reference (path, or empty), sha256 of the image and reference_sha256.
        kept: folder in which what was seen is kept, block by block, under names that follow from
            all of it: a call that was killed goes on after its last block.

    Raises:
        UserError: a picture cannot be read.
    """
    state = [tower_digest(model.tower), *heads_digest(model), code_identity(__name__)]
    order = rows["reference"].argsort(kind="stable").to_numpy()
    blocks = np.split(order, range(BLOCK, len(order), BLOCK))
    found = []
    for block in tqdm(blocks, desc="A-FINE, blocks of images", disable=None):
        own = rows.iloc[block]
        files = own[["sha256", "reference_sha256"]].to_numpy().tolist()
        path = kept / f"{digest([state, files])}.npz"
        if not path.exists():
            values, moments = seen_block(model, own)
            kept.mkdir(parents=True, exist_ok=True)
            with atomic(path) as scratch:
                np.savez(scratch, values=values, moments=moments)
        with np.load(path) as held:
            found.append((held["values"], held["moments"]))
    back = np.argsort(order)
    values, moments = (np.concatenate(part)[back] for part in zip(*found, strict=True))
    return Seen(pd.DataFrame(values, columns=list(VALUES)), moments)


@torch.inference_mode()
def seen_block(model: Afine, rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Look at a block of images: values (n, 5) and moments (n, 2, C)."""
    values, moments = np.full((len(rows), len(VALUES)), np.nan), []
    beside: dict[str, Encoded] = {}  # the last reference
    for row, (file, reference) in enumerate(zip(rows["path"], rows["reference"], strict=True)):
        image = model.encode(as_tensor(read_rgb(file)))
        if reference and reference not in beside:
            beside = {reference: model.encode(as_tensor(read_rgb(reference)))}
        if reference:
            told = model.values(image, beside[reference])
            values[row] = [float(value) for value in told]
        else:
            values[row, 1] = float(model.naturalness_scale(model.naturalness(image.moments)))
        moments.append(torch.stack([part[0] for part in image.moments]).numpy())
    return values, np.stack(moments)


def heads_digest(model: Afine) -> list[str]:
    """Name the heads of a model by content."""
    state = sorted(heads_of(model).items())
    return [f"{n} {hashlib.sha256(x.cpu().numpy().tobytes()).hexdigest()}" for n, x in state]
