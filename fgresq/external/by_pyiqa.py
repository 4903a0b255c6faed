"""Published methods by toolkits that a user installed.

pyiqa is under PolyForm Noncommercial 1.0.0: it is no dependency, never imported here, and run only
by the Python that data/weights/pyiqa/settings.yaml names, once the user has accepted its licence.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from fgresq.absent import Absent
from fgresq.errors import UserError
from fgresq.external.foreign import Foreign

Parts = tuple[Callable[[], Absent | None], Callable[[], str], Callable[..., float]]

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


def by_pyiqa(metric: str, lower_better: bool, since: str = "") -> Parts:
    """Give `absent`, `version` and `score` of a metric of pyiqa.

    Args:
        metric: its name there.
        lower_better: what config/methods.yaml says; compared with what pyiqa says.
        since: the first version of pyiqa that has it, where older ones are about.
    """

    def absent() -> Absent | None:
        """Say why pyiqa cannot be had, with the version that it takes."""
        found = PYIQA.absent()
        if found is None or not since:
            return found
        step = f"{found.next_step} (this metric takes pyiqa {since} or newer)"
        return replace(found, next_step=step)

    def score(image: np.ndarray, reference: np.ndarray | None = None) -> float:
        """Give pyiqa's value of a uint8 RGB image; of a reference too where it takes one.

        Raises:
            UserError: pyiqa cannot be had, fails, or takes other values for the better ones.
        """
        images = [image] if reference is None else [image, reference]
        value, low = PYIQA.worker.ask({"metric": metric}, images)
        if low != lower_better:
            better = "lower" if low else "higher"
            mend = "Correct `direction` in config/methods.yaml, and the method's module"
            raise UserError(f"pyiqa's metric '{metric}'", f"its {better} values are better", mend)
        return value

    return absent, PYIQA.version, score
