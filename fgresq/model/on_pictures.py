"""A model on A-FINE's equations as a method asks it: uint8 pictures, the reference seen once."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from fgresq.ops.least import need_pixels
from fgresq.ops.reference import OncePerReference

if TYPE_CHECKING:  # absence is asked at every call of Snakemake: torch comes with the model
    from fgresq.model.adaptive import Afine, Encoded, Values


class OnPictures:
    """Judges uint8 RGB by a model that is loaded when it is first needed.

    Args:
        load: gives the model.
        smallest: pixels that a side must have.

    Attributes:
        model: gives the model, loaded once.
        of_reference: gives what was seen of a reference, the last one kept.
    """

    def __init__(self, load: Callable[[], Afine], smallest: int) -> None:
        self.model, self.smallest = lru_cache(maxsize=1)(load), smallest
        self.of_reference = OncePerReference(self.encoded)

    def encoded(self, image: np.ndarray) -> Encoded:
        """See an image (h, w, 3)."""
        from fgresq.networks.frozen import as_tensor

        found = self.model()
        return found.encode(as_tensor(image).to(found.raw_k.device))

    def values(self, image: np.ndarray, reference: np.ndarray) -> Values:
        """Give F_s, N_s of both, lambda and D (raw, lower better), one number each.

        Args:
            image: uint8 RGB (h, w, 3).
            reference: of the same size; it need not be perfect, and the two are not to be swapped.

        Raises:
            UserError: the weights are missing or not whole.
            NoValue: a side has too few pixels.
            ValueError: they are not of one size.
        """
        need_pixels(image, self.smallest)
        import torch

        found = self.model()  # loaded before: weights that came in this mode have no gradient
        with torch.inference_mode():
            return found.values(self.encoded(image), self.of_reference(reference))

    def value_of(self, found: Values) -> float:
        """Give the method's value of what `values` gives: D, without ends, lower better."""
        return float(found.distance)

    def score(self, image: np.ndarray, reference: np.ndarray) -> float:
        """Give the method's value; arguments and errors are those of `values`."""
        return self.value_of(self.values(image, reference))

    def forget(self) -> None:
        """Let go of the model and of what was seen."""
        self.model.cache_clear()
        self.of_reference = OncePerReference(self.encoded)
