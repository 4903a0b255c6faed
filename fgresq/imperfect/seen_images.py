"""What a model on A-FINE's equations says of image files, and the moments that it says it by.

What the tower sees is kept as of any comparisons, and is the same under any heads; what the heads
say follows from it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from fgresq.imperfect.encoding import of_model
from fgresq.imperfect.seen_comparisons import encoded
from fgresq.imperfect.triplet_lessons import moments_at, terms_at
from fgresq.model.adaptive import Afine

# of each image: F_s and D against its reference (NaN without one), N_s of both, lambda
VALUES = ("fidelity", "naturalness", "reference_naturalness", "weight", "distance")
OF_PAIRS = [name for name in VALUES if name != "naturalness"]


class Seen(NamedTuple):
    """What was seen of images: (n, 5) of VALUES, lower better; (n, 2, C) means and variances."""

    values: pd.DataFrame
    moments: np.ndarray


@torch.inference_mode()
def seen_images(model: Afine, rows: pd.DataFrame) -> Seen:
    """Look at images by a model, each with its reference where it has one.

    Args:
        model: with its heads.
        rows: source, content, path, reference (path, or empty), sha256 of the image and
            reference_sha256.

    Raises:
        UserError: a picture cannot be read, or its reference is of another size.
    """
    alone = rows["reference"].eq("")  # such an image stands against itself
    asked = rows.assign(
        reference_path=rows["reference"].mask(alone, rows["path"]),
        reference_sha256=rows["reference_sha256"].mask(alone, rows["sha256"]),
    )
    found = encoded(asked, of_model(model), "A-FINE, images that people judged")
    assert found.moments is not None
    image, reference = (
        np.array([found.images[content] for content in asked[column]])
        for column in ("sha256", "reference_sha256")
    )
    on = model.raw_k.device
    compared = terms_at(found, np.arange(len(rows)), on)
    told = model.of_statistics(
        compared, moments_at(found, image, on), moments_at(found, reference, on)
    )
    values = pd.DataFrame(torch.stack(list(told), dim=1).cpu().numpy(), columns=list(VALUES))
    values.loc[alone.to_numpy(), OF_PAIRS] = np.nan
    return Seen(values, np.asarray(found.moments[image]))
