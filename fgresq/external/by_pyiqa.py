"""Published methods by the pyiqa that a user installed, as keys `pyiqa` of the methods file.

pyiqa is under PolyForm Noncommercial 1.0.0: it is no dependency, never imported here, and run only
by the Python that data/weights/pyiqa/settings.yaml names, once the user has accepted its licence.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fgresq.absent import Absent
from fgresq.errors import UserError
from fgresq.external.foreign import Foreign
from fgresq.files import digest

PYIQA = Foreign(
    name="pyiqa",
    backend="pyiqa",
    consent="accept_licence",
    refused="non_commercial",
    nothing="non_commercial",
    licence="pyiqa is under PolyForm Noncommercial 1.0.0, so it is never installed from here",
    steps=(
        "if its licence suits you, install pyiqa into an environment of its own and write "
        "data/weights/pyiqa/settings.yaml with `accept_licence: true` and `python:` of that "
        "environment; see docs/published-weights.md"
    ),
    settings={},
    needs={},
)


@dataclass(frozen=True)
class PyiqaMetric:
    """A metric of the user's pyiqa.

    Args:
        metric: its name there.
        lower_better: what the methods file says; compared with what pyiqa says.
        since: the first version of pyiqa that has it, where older ones are about.
    """

    metric: str
    lower_better: bool
    since: str = ""

    def absent(self) -> Absent | None:
        """Say why pyiqa cannot be had, with the version that it takes."""
        found = PYIQA.absent()
        if found is None or not self.since:
            return found
        step = f"{found.next_step} (this metric takes pyiqa {self.since} or newer)"
        return replace(found, next_step=step)

    def version(self) -> str:
        """Name what is placed, and what is asked of it, by content."""
        return digest([PYIQA.version(), self.metric])

    def score(self, image: np.ndarray, reference: np.ndarray | None = None) -> float:
        """Give pyiqa's value of a uint8 RGB image; of a reference too where it takes one.

        Raises:
            UserError: pyiqa cannot be had, fails, or takes other values for the better ones.
        """
        images = [image] if reference is None else [image, reference]
        value, low = PYIQA.worker.ask({"metric": self.metric}, images)
        if low != self.lower_better:
            better = "lower" if low else "higher"
            problem = f"its {better} values are better"
            mend = "Correct `direction` in the methods file"
            raise UserError(f"pyiqa's metric '{self.metric}'", problem, mend)
        return value
