"""What a model on A-FINE's equations says of image files, and the moments that it says it by.

What the tower sees is kept, and is the same under any heads; what the heads say follows from it.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from fgresq.code_digest import code_identity
from fgresq.errors import UserError
from fgresq.files import atomic, digest
from fgresq.images import read_rgb
from fgresq.imperfect.encoding import LOOKS
from fgresq.model.adaptive import Afine
from fgresq.model.afine_heads import tower_digest
from fgresq.model.moments import Encoded, Moments, Terms, terms
from fgresq.networks.frozen import as_tensor

MEND = "Give a reference of the image's size"
BLOCK = 48  # images kept together

# of each image: F_s and D against its reference (NaN without one), N_s of both, lambda
VALUES = ("fidelity", "naturalness", "reference_naturalness", "weight", "distance")
IMAGE, REFERENCE, COMPARED = range(3)  # of what is kept: moments of both, terms of the pair


class Seen(NamedTuple):
    """What was seen of images: (n, 5) of VALUES, lower better; (n, 2, C) means and variances."""

    values: pd.DataFrame
    moments: np.ndarray


def seen_images(model: Afine, rows: pd.DataFrame, kept: Path) -> Seen:
    """Look at images by a model, each with its reference where it has one.

    Args:
        model: with its heads.
        rows: path, reference (path, or empty), sha256 of the image and reference_sha256.
        kept: folder in which what the tower saw is kept, block by block, under names that follow
            from all of it: a call that was killed goes on after its last block.

    Raises:
        UserError: a picture cannot be read, or its reference is of another size.
    """
    state = [tower_digest(model.tower), code_identity(*LOOKS)]
    order = rows["reference"].argsort(kind="stable").to_numpy()
    blocks = np.split(order, range(BLOCK, len(order), BLOCK))
    found = []
    for block in tqdm(blocks, desc="A-FINE, blocks of images", disable=None):
        own = rows.iloc[block]
        files = own[["sha256", "reference_sha256"]].to_numpy().tolist()
        path = kept / f"{digest([state, files])}.npy"
        if not path.exists():
            made = seen_block(model, own)
            kept.mkdir(parents=True, exist_ok=True)
            with atomic(path) as scratch, open(scratch, "wb") as file:
                np.save(file, made)
        found.append(np.load(path, allow_pickle=False))
    seen = np.concatenate(found)[np.argsort(order)]
    return Seen(said(model, seen), seen[:, IMAGE])


@torch.inference_mode()
def seen_block(model: Afine, rows: pd.DataFrame) -> np.ndarray:
    """Look at a block of images: float32 (n, 3, 2, C); NaN of a reference that is not there."""
    made = []
    beside: dict[str, Encoded] = {}  # the last reference
    for file, reference in zip(rows["path"], rows["reference"], strict=True):
        image = model.encode(as_tensor(read_rgb(file)))
        if reference and reference not in beside:
            beside = {reference: model.encode(as_tensor(read_rgb(reference)))}
        own = of_one(image.moments)
        none = np.full_like(own, np.nan)
        parts = [own, none, none]
        if reference:
            other = beside[reference]
            if image.size != other.size:
                raise UserError(file, f"its reference {reference} is of another size", MEND)
            parts = [own, of_one(other.moments), of_one(terms(other.levels, image.levels))]
        made.append(np.stack(parts))
    return np.stack(made)


def of_one(found: Moments | Terms) -> np.ndarray:
    """Give both parts of one image or pair: (2, C)."""
    return torch.stack([part[0] for part in found]).cpu().numpy()


@torch.inference_mode()
def said(model: Afine, seen: np.ndarray) -> pd.DataFrame:
    """Give what the heads say of what the tower saw, (n, 3, 2, C)."""
    parts = torch.from_numpy(seen)
    image, reference = (Moments(*parts[:, k].unbind(1)) for k in (IMAGE, REFERENCE))
    values = model.of_statistics(Terms(*parts[:, COMPARED].unbind(1)), image, reference)
    return pd.DataFrame(torch.stack(list(values), dim=1).numpy(), columns=list(VALUES))
